//! Serializers: other bytes for the same record.

use crate::abi::layout::{Edit, RawChange, Span};
use crate::batch::{Batch, Record};
use crate::bytes::Bytes;
use crate::failure::Failure;
use crate::filter::Note;
use crate::plugin::Plugin;

/// Rewrites keys and values. What isn't rewritten stays as it is.
pub trait Serializer: Plugin {
    /// From what the producer sent to what is stored.
    fn encode(&mut self, record: &Record<'_>, rewrite: &mut Rewrite<'_>) -> Result<(), Failure>;

    /// From what is stored to what a consumer reads; unchanged unless it is implemented.
    fn decode(&mut self, _record: &Record<'_>, _rewrite: &mut Rewrite<'_>) -> Result<(), Failure> {
        Ok(())
    }

    /// From one stored form to another; unchanged unless it is implemented.
    fn convert(&mut self, _record: &Record<'_>, _rewrite: &mut Rewrite<'_>) -> Result<(), Failure> {
        Ok(())
    }
}

/// What becomes of one record's key and value.
#[derive(Debug)]
pub struct Rewrite<'a> {
    blob: &'a mut Vec<u8>,
    change: &'a mut RawChange,
}

impl Rewrite<'_> {
    /// Other bytes for the value.
    pub fn set_value(&mut self, bytes: &[u8]) {
        self.write_value(|value| value.extend(bytes));
    }

    /// Other bytes for the value, which `write` appends piece by piece.
    pub fn write_value<R>(&mut self, write: impl FnOnce(&mut Bytes<'_>) -> R) -> R {
        let (span, result) = self.write(write);
        (self.change.value, self.change.value_bytes) = (Edit::SET, span);
        result
    }

    /// Null for the value, which makes the record a tombstone.
    pub fn clear_value(&mut self) {
        self.change.value = Edit::CLEAR;
    }

    /// Other bytes for the key.
    pub fn set_key(&mut self, bytes: &[u8]) {
        self.write_key(|key| key.extend(bytes));
    }

    /// Other bytes for the key, which `write` appends piece by piece.
    pub fn write_key<R>(&mut self, write: impl FnOnce(&mut Bytes<'_>) -> R) -> R {
        let (span, result) = self.write(write);
        (self.change.key, self.change.key_bytes) = (Edit::SET, span);
        result
    }

    /// Null for the key.
    pub fn clear_key(&mut self) {
        self.change.key = Edit::CLEAR;
    }

    fn write<R>(&mut self, write: impl FnOnce(&mut Bytes<'_>) -> R) -> (Span, R) {
        let start = self.blob.len();
        let result = write(&mut Bytes::at_the_end_of(self.blob));
        (Span { off: start as u32, len: (self.blob.len() - start) as i32 }, result)
    }
}

/// The contract's three directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// [`Serializer::encode`].
    Encode,
    /// [`Serializer::decode`].
    Decode,
    /// [`Serializer::convert`].
    Convert,
}

impl Operation {
    /// By its place in the contract's enum.
    #[cfg(any(target_arch = "wasm32", test))]
    pub(crate) fn at(place: u32) -> Option<Operation> {
        [Operation::Encode, Operation::Decode, Operation::Convert].get(place as usize).copied()
    }
}

/// Changes in the contract's form, which are kept from call to call.
#[derive(Debug, Default)]
pub struct Changes {
    pub(crate) blob: Vec<u8>,
    /// One for each record.
    pub(crate) each: Vec<RawChange>,
    pub(crate) notes: Vec<Note>,
}

/// All changes of a batch.
pub(crate) fn run<S: Serializer>(
    serializer: &mut S,
    operation: Operation,
    batch: &Batch<'_>,
    out: &mut Changes,
) -> Result<(), Failure> {
    out.blob.clear();
    out.each.clear();
    out.notes.clear();
    for (index, record) in batch.records().enumerate() {
        let before = out.blob.len();
        let mut change = RawChange::KEEP;
        let mut rewrite = Rewrite { blob: &mut out.blob, change: &mut change };
        let result = match operation {
            Operation::Encode => serializer.encode(&record, &mut rewrite),
            Operation::Decode => serializer.decode(&record, &mut rewrite),
            Operation::Convert => serializer.convert(&record, &mut rewrite),
        };
        match result {
            Ok(()) => {}
            Err(Failure::Record(reason)) => {
                out.blob.truncate(before);
                change = RawChange::KEEP;
                out.notes.push(Note { record: index as u32, reason });
            }
            Err(failure) => return Err(failure),
        }
        out.each.push(change);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Operation;

    #[test]
    fn operations_stand_in_the_contracts_order() {
        let contract = include_str!("../../wit/plugin.wit");
        let (_, ops) = contract.split_once("enum op {").unwrap();
        let place = |word: &str| ops.find(&format!("        {word},")).unwrap();
        assert!(place("encode") < place("decode") && place("decode") < place("convert"));
        assert_eq!(Operation::at(1), Some(Operation::Decode));
        assert_eq!(Operation::at(3), None);
    }
}
