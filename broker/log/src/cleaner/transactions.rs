//! Which transactional records were aborted: they count for nothing, and never stand for their keys.

use std::collections::HashMap;

use klamm_model::{Offset, ProducerId};
use klamm_records::{BatchError, BatchHeader, BatchView};

use super::CleanError;
use super::view::CleaningView;
use crate::log::CorruptLog;
use crate::scanner::{Scanner, Step};
use crate::segment_files::FileKind;

/// A marker's key: a version and this kind, big-endian; any other kind is a commit's.
const ABORT: [u8; 2] = [0, 0];
/// What a marker's batch may have uncompressed.
const MARKER_BYTES: usize = 1 << 20;

/// The transactions that begin or end in a log's dirty part.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    all: Vec<Transaction>,
    open: HashMap<ProducerId, Offset>,
}

#[derive(Debug, Clone, Copy)]
struct Transaction {
    producer_id: ProducerId,
    first: Offset,
    marker: Offset,
    aborted: bool,
}

impl Transactions {
    /// Those from `from` on.
    pub(super) fn find(view: &CleaningView, from: Offset) -> Result<Transactions, CleanError> {
        let mut found = Transactions::default();
        for sealed in view.sealed.iter().filter(|sealed| sealed.end > from) {
            let mut scanner = Scanner::from(&sealed.segment, sealed.segment.beginning(), sealed.size);
            loop {
                match scanner.next_batch()? {
                    Step::Batch { position, header } if header.attributes.is_control() => {
                        let bytes = scanner.bytes(position, header.size_bytes())?;
                        let aborted = is_abort(&bytes).map_err(|error| {
                            let file = sealed.segment.path(FileKind::Log);
                            CorruptLog {
                                file,
                                position,
                                offset: header.base_offset,
                                reason: error.to_string(),
                            }
                        })?;
                        found.ended(&header, aborted);
                    }
                    Step::Batch { header, .. } if header.attributes.is_transactional() => {
                        found.open.entry(header.producer_id).or_insert(header.base_offset);
                    }
                    Step::Batch { .. } => {}
                    Step::End => break,
                    Step::Bad { position, reason } => {
                        let file = sealed.segment.path(FileKind::Log);
                        return Err(CorruptLog { file, position, offset: sealed.segment.base, reason }.into());
                    }
                }
            }
        }
        Ok(found)
    }

    fn ended(&mut self, marker: &BatchHeader, aborted: bool) {
        if let Some(first) = self.open.remove(&marker.producer_id) {
            let (producer_id, marker) = (marker.producer_id, marker.base_offset);
            self.all.push(Transaction { producer_id, first, marker, aborted });
        }
    }

    pub(super) fn is_aborted(&self, header: &BatchHeader) -> bool {
        header.attributes.is_transactional()
            && self.all.iter().any(|transaction| {
                transaction.aborted
                    && transaction.producer_id == header.producer_id
                    && (transaction.first..transaction.marker).contains(&header.base_offset)
            })
    }

    /// The largest offset up to `upto` at which no transaction is under way: what one decides later must not be cleaned
    /// before.
    pub(super) fn decided(&self, mut upto: Offset) -> Offset {
        let open = self.open.values().map(|&first| (first, Offset(i64::MAX)));
        let ranges: Vec<(Offset, Offset)> =
            open.chain(self.all.iter().map(|transaction| (transaction.first, transaction.marker))).collect();
        while let Some(&(first, _)) = ranges.iter().find(|&&(first, marker)| first < upto && marker >= upto) {
            upto = first;
        }
        upto
    }
}

/// Whether a control batch's marker ends a transaction by aborting it.
fn is_abort(bytes: &[u8]) -> Result<bool, BatchError> {
    let batch = BatchView::read(bytes)?;
    batch.verify_crc()?;
    let mut records = batch.records(MARKER_BYTES)?;
    let key = records.next_record()?.and_then(|record| record.key);
    Ok(key.and_then(|key| key.get(2..4)) == Some(&ABORT))
}
