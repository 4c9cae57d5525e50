//! What a call answers, in memory that stays until the next call.

use super::layout::{RawChange, RawHeader, Span};
use crate::failure::Failure;
use crate::filter::{Note, Verdicts};
use crate::plugin::Wants;
use crate::serializer::Changes;
use crate::transform::{Made, Output};

/// Buffers above this are given back before the next call.
const KEPT_BYTES: usize = 1 << 20;

/// The answers of all kinds; only one of them is on its way to the host at a time.
pub(super) struct Results {
    /// The `result` itself: its case, then what the case holds.
    area: [u32; 9],
    /// The sentence of an error.
    reason: String,
    notes: Vec<RawNote>,
    records: Vec<RawNewRecord>,
    pub(super) verdicts: Verdicts,
    pub(super) assigned: Vec<i32>,
    pub(super) changes: Changes,
    pub(super) output: Output,
}

/// `types.note`.
#[repr(C)]
struct RawNote {
    rec: u32,
    reason: *const u8,
    length: usize,
}

/// `transform-api.new-record`.
#[repr(C)]
struct RawNewRecord {
    source: u32,
    topic: *const u8,
    topic_length: usize,
    partition: i32,
    timestamp: i64,
    key: Span,
    value: Span,
}

const _: () = assert!(size_of::<RawNote>() == 12 && size_of::<RawNewRecord>() == 40);

impl Results {
    pub(super) const fn new() -> Results {
        Results {
            area: [0; 9],
            reason: String::new(),
            notes: Vec::new(),
            records: Vec::new(),
            verdicts: Verdicts { actions: Vec::new(), notes: Vec::new() },
            assigned: Vec::new(),
            changes: Changes { blob: Vec::new(), each: Vec::new(), notes: Vec::new() },
            output: Output { blob: Vec::new(), records: Vec::new(), headers: Vec::new(), notes: Vec::new() },
        }
    }

    /// Gives back what an unusually large batch needed.
    pub(super) fn shrink(&mut self) {
        for blob in [&mut self.changes.blob, &mut self.output.blob] {
            if blob.capacity() > KEPT_BYTES {
                *blob = Vec::new();
            }
        }
    }

    pub(super) fn wants(&mut self, wants: Wants) -> *const u32 {
        let flags = [wants.keys.into(), wants.values.into(), wants.headers.into(), 0];
        self.ok([u32::from_le_bytes(flags)])
    }

    pub(super) fn bad_config(&mut self, reason: String) -> *const u32 {
        self.error(0, reason)
    }

    pub(super) fn failure(&mut self, failure: Failure) -> *const u32 {
        match failure {
            Failure::Record(reason) => self.error(1, reason),
            Failure::Retriable(reason) => self.error(2, reason),
            Failure::Fatal(reason) => self.error(3, reason),
        }
    }

    pub(super) fn of_filter(&mut self) -> *const u32 {
        lower_notes(&mut self.notes, &self.verdicts.notes);
        let (actions, notes) = (list(&self.verdicts.actions), list(&self.notes));
        self.ok([actions[0], actions[1], notes[0], notes[1]])
    }

    pub(super) fn of_partitioner(&mut self) -> *const u32 {
        self.ok(list(&self.assigned))
    }

    pub(super) fn of_serializer(&mut self) -> *const u32 {
        lower_notes(&mut self.notes, &self.changes.notes);
        let blob = list(&self.changes.blob);
        let changes = list::<RawChange>(&self.changes.each);
        let notes = list(&self.notes);
        self.ok([blob[0], blob[1], changes[0], changes[1], notes[0], notes[1]])
    }

    pub(super) fn of_transform(&mut self) -> *const u32 {
        lower_notes(&mut self.notes, &self.output.notes);
        self.records.clear();
        self.records.extend(self.output.records.iter().map(lower_record));
        let blob = list(&self.output.blob);
        let records = list(&self.records);
        let headers = list::<RawHeader>(&self.output.headers);
        let notes = list(&self.notes);
        self.ok([blob[0], blob[1], records[0], records[1], headers[0], headers[1], notes[0], notes[1]])
    }

    fn ok<const N: usize>(&mut self, payload: [u32; N]) -> *const u32 {
        self.area[0] = 0;
        self.area[1..=N].copy_from_slice(&payload);
        self.area.as_ptr()
    }

    /// Case 1 of `result`: a `plugin-error`, which is a case of its own and a text.
    fn error(&mut self, case: u32, reason: String) -> *const u32 {
        self.reason = reason;
        let text = list(self.reason.as_bytes());
        self.area[..4].copy_from_slice(&[1, case, text[0], text[1]]);
        self.area.as_ptr()
    }
}

fn lower_notes(lowered: &mut Vec<RawNote>, notes: &[Note]) {
    lowered.clear();
    lowered.extend(notes.iter().map(|note| RawNote {
        rec: note.record,
        reason: note.reason.as_ptr(),
        length: note.reason.len(),
    }));
}

fn lower_record(record: &Made) -> RawNewRecord {
    RawNewRecord {
        source: record.source,
        topic: record.topic.as_ptr(),
        topic_length: record.topic.len(),
        partition: record.partition,
        timestamp: record.timestamp,
        key: record.key,
        value: record.value,
    }
}

/// Address and length.
fn list<T>(items: &[T]) -> [u32; 2] {
    [items.as_ptr().expose_provenance() as u32, items.len() as u32]
}
