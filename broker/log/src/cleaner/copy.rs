//! Copying what stays of a group of segments.

use std::path::Path;
use std::sync::Arc;

use klamm_model::Offset;
use klamm_records::{BatchHeader, BatchView};

use super::filter::{Filter, FilterError, Verdict};
use super::keys::{MappedKeys, corrupt};
use super::output::Output;
use super::swap::remove_cleaned;
use super::view::Group;
use super::{CleanError, CleaningRun, CleaningView, Pace, go_on};
use crate::disk::{Disk, DiskError};
use crate::scanner::{Scanner, Step};
use crate::segment::SealedSegment;
use crate::segment_files::FileKind;

/// What a group of segments has become: a `.cleaned` file that is on the disk and takes their place with
/// [`crate::Log::begin_swap`].
#[derive(Debug)]
pub struct Cleaned {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: Arc<Path>,
    pub(crate) old: Vec<Arc<SealedSegment>>,
    pub(crate) new: SealedSegment,
    /// Bytes that were read.
    pub read_bytes: u64,
    /// Bytes that were written.
    pub written_bytes: u64,
}

impl Cleaned {
    /// Removes the files again.
    pub fn discard(&self) -> Result<(), DiskError> {
        remove_cleaned(&*self.disk, &self.dir, self.base())
    }

    pub(crate) fn base(&self) -> Offset {
        self.new.segment.base
    }

    pub(crate) fn end(&self) -> Offset {
        self.new.end
    }
}

/// The copying of a log's groups, in their order.
#[derive(Debug)]
pub struct Copying<'a> {
    view: &'a CleaningView,
    run: &'a CleaningRun<'a>,
    filter: Filter<'a>,
}

impl CleaningView {
    /// Begins the copying: of all [`CleaningView::groups`], one after the other.
    pub fn copying<'a>(&'a self, run: &'a CleaningRun<'a>, keys: &'a MappedKeys) -> Copying<'a> {
        Copying { view: self, run, filter: Filter::new(run, keys.transactions.as_ref()) }
    }
}

impl Copying<'_> {
    /// Copies what stays of a group; `None` if that is all of a single segment. Nothing is left on the disk then, nor
    /// after an error.
    pub fn group(&mut self, group: &Group, pace: &mut Pace<'_>) -> Result<Option<Cleaned>, CleanError> {
        let (Some(first), Some(last)) = (group.0.first(), group.0.last()) else { return Ok(None) };
        let (base, end) = (first.segment.base, last.end);
        let (disk, dir) = (&self.view.disk, &self.view.dir);
        let sizes = (self.view.config.index_interval_bytes, self.run.buffer_bytes);
        let mut output = Output::create(&**disk, dir, base, sizes)?;
        let copied = self.segments(group, &mut output, pace);
        let is_new = match copied {
            Ok(changed) => changed || group.0.len() > 1,
            Err(error) => {
                drop(output);
                remove_cleaned(&**disk, dir, base)?;
                return Err(error);
            }
        };
        if !is_new {
            remove_cleaned(&**disk, dir, base)?;
            return Ok(None);
        }
        let written_bytes = output.size_bytes();
        let new = match output.finish(end) {
            Ok(sealed) => SealedSegment::new(Arc::clone(&sealed.segment), sealed.size, end, None),
            Err(error) => {
                remove_cleaned(&**disk, dir, base)?;
                return Err(error.into());
            }
        };
        let read_bytes = group.0.iter().map(|sealed| sealed.size).sum();
        let (disk, dir) = (Arc::clone(disk), Arc::clone(dir));
        Ok(Some(Cleaned { disk, dir, old: group.0.clone(), new, read_bytes, written_bytes }))
    }

    /// Whether anything is different.
    fn segments(
        &mut self,
        group: &Group,
        output: &mut Output<'_>,
        pace: &mut Pace<'_>,
    ) -> Result<bool, CleanError> {
        let mut changed = false;
        for sealed in &group.0 {
            let mut scanner = Scanner::from(&sealed.segment, sealed.segment.beginning(), sealed.size);
            loop {
                match scanner.next_batch()? {
                    Step::End => break,
                    Step::Bad { position, reason } => {
                        return Err(corrupt(sealed, position, sealed.segment.base, reason).into());
                    }
                    Step::Batch { position, header } => {
                        go_on(pace, header.size_bytes())?;
                        let bytes = scanner.bytes(position, header.size_bytes())?;
                        let verdict = self.judge(&bytes).map_err(|error| {
                            corrupt(sealed, position, header.base_offset, error.to_string())
                        })?;
                        // What stood for records that went before is made anew, as it was.
                        changed |= verdict != Verdict::Keep && !header.is_filler();
                        put(output, &header, &bytes, &verdict, pace)?;
                    }
                }
            }
        }
        Ok(changed)
    }

    fn judge(&mut self, bytes: &[u8]) -> Result<Verdict, FilterError> {
        let batch = BatchView::read(bytes)?;
        batch.verify_crc()?;
        self.filter.judge(&batch)
    }
}

fn put(
    output: &mut Output<'_>,
    header: &BatchHeader,
    bytes: &[u8],
    verdict: &Verdict,
    pace: &mut Pace<'_>,
) -> Result<(), CleanError> {
    let bytes = match verdict {
        Verdict::Keep => bytes,
        Verdict::Replace(bytes) => bytes,
        Verdict::Drop => return Ok(output.leave_out(header)?),
    };
    go_on(pace, bytes.len())?;
    let (Ok(header), true) = (BatchHeader::read(bytes), output.has_room_for(bytes.len())) else {
        return Err(CleanError::TooLarge { file: output.segment().path(FileKind::Log) });
    };
    Ok(output.keep(&header, bytes)?)
}
