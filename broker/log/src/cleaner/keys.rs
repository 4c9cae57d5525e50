//! Noting the newest offset of each key of a log's dirty part.

use klamm_model::Offset;
use klamm_records::{BatchError, BatchHeader, BatchView};

use super::policy::Cleanable;
use super::transactions::Transactions;
use super::{CleanError, CleaningView, OffsetMap, Pace, go_on};
use crate::log::CorruptLog;
use crate::scanner::{Scanner, Step};
use crate::segment::SealedSegment;
use crate::segment_files::FileKind;

/// The work on one map.
struct Mapping<'a, 'p> {
    view: &'a CleaningView,
    cleanable: Cleanable,
    max_uncompressed_bytes: usize,
    /// Looked for when the first transactional batch comes.
    transactions: Option<Transactions>,
    map: OffsetMap,
    pace: &'a mut Pace<'p>,
}

/// The keys of a log's dirty part.
#[derive(Debug)]
pub struct MappedKeys {
    /// The newest offsets.
    pub map: OffsetMap,
    pub(super) transactions: Option<Transactions>,
}

impl CleaningView {
    /// Reads the dirty part and notes the newest offset of each key in `map`, as far as the map has room: the rest stays
    /// dirty. Every batch is verified: what is damaged must not be made valid by being copied.
    pub fn map_keys(
        &self,
        cleanable: Cleanable,
        map: OffsetMap,
        max_uncompressed_bytes: usize,
        pace: &mut Pace<'_>,
    ) -> Result<MappedKeys, CleanError> {
        let mut mapping =
            Mapping { view: self, cleanable, max_uncompressed_bytes, transactions: None, map, pace };
        mapping.map.set_upto(cleanable.first_dirty);
        for sealed in self.sealed.iter().filter(|sealed| sealed.end > cleanable.first_dirty) {
            if sealed.segment.base >= mapping.cleanable.upto || !mapping.segment(sealed)? {
                break;
            }
        }
        Ok(MappedKeys { map: mapping.map, transactions: mapping.transactions })
    }
}

impl Mapping<'_, '_> {
    /// Whether there is room for more.
    fn segment(&mut self, sealed: &SealedSegment) -> Result<bool, CleanError> {
        let segment = &sealed.segment;
        let from = self.cleanable.first_dirty.max(segment.base);
        let place = segment.place_before(&*self.view.disk, from, None)?;
        let mut scanner = Scanner::from(segment, place, sealed.size);
        loop {
            let (position, header) = match scanner.next_batch()? {
                Step::End => return Ok(true),
                Step::Bad { position, reason } => {
                    return Err(corrupt(sealed, position, segment.base, reason).into());
                }
                Step::Batch { header, .. } if header.last_offset() < from => continue,
                Step::Batch { position, header } => (position, header),
            };
            go_on(self.pace, header.size_bytes())?;
            let bytes = scanner.bytes(position, header.size_bytes())?;
            self.look_for_transactions(&header)?;
            if header.base_offset >= self.cleanable.upto {
                return Ok(false);
            }
            let full = self.batch(&bytes, &header);
            match full.map_err(|error| corrupt(sealed, position, header.base_offset, error.to_string()))? {
                None => self.map.set_upto(header.next_offset().min(self.cleanable.upto)),
                Some(offset) => {
                    self.map.set_upto(offset.min(self.cleanable.upto));
                    return Ok(false);
                }
            }
        }
    }

    /// With the first transactional batch, how all transactions ended must be known; what is behind the start of one
    /// without an end stays dirty.
    fn look_for_transactions(&mut self, header: &BatchHeader) -> Result<(), CleanError> {
        let attributes = header.attributes;
        if self.transactions.is_none() && (attributes.is_transactional() || attributes.is_control()) {
            let found = Transactions::find(self.view, self.cleanable.first_dirty)?;
            self.cleanable.upto = found.decided(self.cleanable.upto);
            self.transactions = Some(found);
        }
        Ok(())
    }

    /// Notes a batch's keys; the offset of the first record that there was no room for.
    fn batch(&mut self, bytes: &[u8], header: &BatchHeader) -> Result<Option<Offset>, BatchError> {
        let batch = BatchView::read(bytes)?;
        batch.verify_crc()?;
        let aborted = self.transactions.as_ref().is_some_and(|found| found.is_aborted(header));
        if header.attributes.is_control() || header.record_count == 0 || aborted {
            return Ok(None);
        }
        let mut records = batch.records(self.max_uncompressed_bytes)?;
        while let Some(record) = records.next_record()? {
            let is_dirty = record.offset >= self.cleanable.first_dirty;
            if let (true, Some(key)) = (is_dirty, record.key)
                && !self.map.put(key, record.offset)
            {
                return Ok(Some(record.offset));
            }
        }
        Ok(None)
    }
}

pub(super) fn corrupt(sealed: &SealedSegment, position: u64, offset: Offset, reason: String) -> CorruptLog {
    CorruptLog { file: sealed.segment.path(FileKind::Log), position, offset, reason }
}
