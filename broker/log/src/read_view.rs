//! Reading in two steps: a view under the partition's lock, the disk outside it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use klamm_model::Offset;
use klamm_records::{BatchError, BatchHeader};

use crate::disk::{Action, Disk, DiskError};
use crate::index::OffsetEntry;
use crate::log::CorruptLog;
use crate::segment::{Place, Segment};
use crate::segment_files::FileKind;

/// What is read at the least, and beyond what was asked where the start is not known exactly: about an index interval.
const SLACK_BYTES: usize = 4096;

/// What to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRequest {
    /// The first wanted record; the batch that holds it is returned whole.
    pub offset: Offset,
    /// Only batches below this are returned.
    pub upto: Offset,
    /// At most so many bytes.
    pub max_bytes: usize,
    /// The first batch is returned even if it is larger than `max_bytes` (KIP-74).
    pub min_one: bool,
}

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The offset is not in the log.
    #[error("offset {offset} is not in the log, which covers {start} to {end}")]
    OutOfRange {
        /// The asked offset.
        offset: Offset,
        /// The log's start.
        start: Offset,
        /// The log's end.
        end: Offset,
    },
    /// The segment was deleted meanwhile: ask again.
    #[error("{} was deleted while it was read", file.display())]
    Gone {
        /// The deleted file.
        file: PathBuf,
    },
    /// The file is damaged there.
    #[error(transparent)]
    Corrupt(#[from] CorruptLog),
    /// The operating system refused.
    #[error(transparent)]
    Disk(DiskError),
}

impl From<DiskError> for ReadError {
    fn from(error: DiskError) -> ReadError {
        match error.source.kind() {
            io::ErrorKind::NotFound => ReadError::Gone { file: error.path },
            _ => ReadError::Disk(error),
        }
    }
}

/// Where a read begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start {
    /// At the wanted batch.
    At(Place),
    /// At the batch of this entry, or behind it.
    Entry(OffsetEntry),
    /// Where the first so many entries of the index file say; `None` for all of them.
    InIndexFile(Option<usize>),
}

/// A part of one segment that can be read without the lock.
#[derive(Debug)]
pub(crate) struct Span {
    pub segment: Arc<Segment>,
    /// Bytes of the segment that may be read.
    pub limit: u64,
    /// The offset after the segment's last.
    pub end: Offset,
    pub start: Start,
}

/// A read that is prepared. (A cache of recent batches in memory would be a second kind of it.)
#[derive(Debug)]
pub struct ReadView(Kind);

#[derive(Debug)]
enum Kind {
    Nothing,
    Disk { disk: Arc<dyn Disk>, request: ReadRequest, span: Span },
}

impl ReadView {
    pub(crate) fn nothing() -> ReadView {
        ReadView(Kind::Nothing)
    }

    pub(crate) fn of_disk(disk: Arc<dyn Disk>, request: ReadRequest, span: Span) -> ReadView {
        ReadView(Kind::Disk { disk, request, span })
    }

    /// Reads whole batches of one segment, the one with the asked offset first; empty if there are none.
    ///
    /// The structure of what is returned was checked, the CRCs were not: that is the consumer's part, as in Kafka.
    pub fn read(self) -> Result<Vec<Bytes>, ReadError> {
        match self.0 {
            Kind::Nothing => Ok(Vec::new()),
            Kind::Disk { disk, request, span } => span.read(&*disk, &request),
        }
    }
}

impl Span {
    fn read(&self, disk: &dyn Disk, request: &ReadRequest) -> Result<Vec<Bytes>, ReadError> {
        let mut place = match self.start {
            Start::At(place) => place,
            Start::Entry(entry) => self.segment.place_of(entry)?,
            Start::InIndexFile(entries) => self.segment.place_before(disk, request.offset, entries)?,
        };
        let mut wanted = request.max_bytes.saturating_add(SLACK_BYTES);
        loop {
            let from = place.position;
            let bytes = self.bytes_at(from, wanted)?;
            let Some(header) = self.find(&bytes, &mut place, request.offset)? else {
                // Everything was before the wanted batch, but for what is left of the last one.
                wanted = request.max_bytes.saturating_add(SLACK_BYTES);
                continue;
            };
            let size = header.size_bytes();
            if header.base_offset >= request.upto || (size > request.max_bytes && !request.min_one) {
                return Ok(Vec::new());
            }
            let at = (place.position - from) as usize;
            if at + size > bytes.len() {
                wanted = size.max(request.max_bytes);
                continue;
            }
            return Ok(self.collect(&bytes, from, at, request));
        }
    }

    /// Up to `length` bytes at `position`, never beyond the limit and never none.
    fn bytes_at(&self, position: u64, length: usize) -> Result<Bytes, ReadError> {
        let left = self.limit.saturating_sub(position);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(length);
        let path = || self.segment.path(FileKind::Log);
        let read = self.segment.file.read_at(position, wanted);
        let bytes = read.map_err(|source| DiskError { action: Action::Read, path: path(), source })?;
        if bytes.len() < wanted || wanted == 0 {
            let ends = position + bytes.len() as u64;
            let reason = format!("the file ends here, but its records go on to offset {}", self.end);
            return Err(self.corrupt(ends, self.segment.base, reason).into());
        }
        Ok(bytes)
    }

    /// The first batch that reaches `offset`, to which `place` moves from the beginning of `bytes`; `None` if it comes
    /// after them, and `place` is where they end.
    fn find(
        &self,
        bytes: &Bytes,
        place: &mut Place,
        offset: Offset,
    ) -> Result<Option<BatchHeader>, ReadError> {
        let from = place.position;
        loop {
            let at = (place.position - from) as usize;
            let header = match BatchHeader::read(bytes.get(at..).unwrap_or_default()) {
                Ok(header) => header,
                Err(BatchError::Truncated { .. }) if at > 0 => return Ok(None),
                Err(error) => {
                    return Err(self.corrupt(place.position, place.offset, error.to_string()).into());
                }
            };
            self.check_place(*place, &header)?;
            if header.next_offset() > offset {
                return Ok(Some(header));
            }
            place.position += header.size_bytes() as u64;
            place.offset = header.next_offset();
        }
    }

    /// Neither length nor base offset are covered by a batch's CRC; both must fit in with the batches around it.
    fn check_place(&self, place: Place, header: &BatchHeader) -> Result<(), CorruptLog> {
        if header.base_offset != place.offset {
            let reason = format!("a batch of offset {} stands here", header.base_offset);
            return Err(self.corrupt(place.position, place.offset, reason));
        }
        self.check_fits(place.position, header)
    }

    fn check_fits(&self, position: u64, header: &BatchHeader) -> Result<(), CorruptLog> {
        if position + header.size_bytes() as u64 <= self.limit {
            return Ok(());
        }
        let reason = format!("a batch of {} bytes goes beyond the segment's end", header.size_bytes());
        Err(self.corrupt(position, header.base_offset, reason))
    }

    /// As many whole batches from `at` on as the request allows; the first is there in full.
    fn collect(&self, bytes: &Bytes, position: u64, at: usize, request: &ReadRequest) -> Vec<Bytes> {
        let mut upto = at;
        let mut next = request.offset;
        while let Some(header) = bytes.get(upto..).and_then(|rest| BatchHeader::read(rest).ok()) {
            let end = upto + header.size_bytes();
            let too_much = upto > at && end - at > request.max_bytes;
            // It is read by itself the next time, and refused then.
            let out_of_order = upto > at && header.base_offset != next;
            if too_much || out_of_order || end > bytes.len() || header.base_offset >= request.upto {
                break;
            }
            upto = end;
            next = header.next_offset();
        }
        self.segment.hints.note(self.segment.relative(next), position + upto as u64);
        vec![bytes.slice(at..upto)]
    }

    pub(crate) fn corrupt(&self, position: u64, offset: Offset, reason: String) -> CorruptLog {
        CorruptLog { file: self.segment.path(FileKind::Log), position, offset, reason }
    }
}
