//! What the host passes.

#![expect(unsafe_code, reason = "the canonical ABI passes addresses")]

use super::layout::{RawHeader, RawRecord};
use super::memory::List;
use crate::batch::Batch;
use crate::parameters::Parameters;

/// A `types.batch`, flat.
#[derive(Debug, Clone, Copy)]
pub struct RawBatch {
    /// The topic's name, and its length.
    pub topic: (*mut u8, usize),
    /// The partition that the producer chose.
    pub partition: i32,
    /// The bytes, and how many there are.
    pub blob: (*mut u8, usize),
    /// The records.
    pub records: (*mut RawRecord, usize),
    /// The headers.
    pub headers: (*mut RawHeader, usize),
}

/// A batch that owns its memory.
pub(super) struct OwnedBatch {
    topic: List<u8>,
    partition: i32,
    blob: List<u8>,
    records: List<RawRecord>,
    headers: List<RawHeader>,
}

impl OwnedBatch {
    /// # Safety
    /// The addresses must come from the host, for this call.
    pub(super) unsafe fn of_host(raw: RawBatch) -> OwnedBatch {
        // SAFETY: the caller's promise.
        unsafe {
            OwnedBatch {
                topic: List::of_host(raw.topic.0, raw.topic.1),
                partition: raw.partition,
                blob: List::of_host(raw.blob.0, raw.blob.1),
                records: List::of_host(raw.records.0, raw.records.1),
                headers: List::of_host(raw.headers.0, raw.headers.1),
            }
        }
    }

    pub(super) fn view(&self) -> Batch<'_> {
        Batch {
            topic: self.topic.as_text(),
            partition: self.partition,
            blob: self.blob.as_slice(),
            records: self.records.as_slice(),
            headers: self.headers.as_slice(),
        }
    }
}

/// A `tuple<string, string>`: two addresses and lengths.
pub(super) type RawPair = [usize; 4];

/// The parameters of `lifecycle.init`.
///
/// # Safety
/// The addresses must come from the host, for this call.
pub(super) unsafe fn parameters(topic: (*mut u8, usize), pairs: (*mut RawPair, usize)) -> Parameters {
    // SAFETY: the caller's promise.
    let (topic, pairs) = unsafe { (List::of_host(topic.0, topic.1), List::of_host(pairs.0, pairs.1)) };
    let text = |address: usize, length: usize| {
        // SAFETY: each pair owns its two texts.
        let text = unsafe { List::of_host(std::ptr::with_exposed_provenance_mut::<u8>(address), length) };
        text.as_text().to_owned()
    };
    let given = pairs.as_slice().iter().map(|&[name, name_length, value, value_length]| {
        (text(name, name_length), text(value, value_length))
    });
    Parameters::new(topic.as_text(), given)
}
