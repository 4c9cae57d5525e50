//! Answers of plug-ins as they lie in a guest's memory, and in the form that the host's checks get.

use crate::targets::BLOB_ADDRESS;

/// Good answers of each kind, for two records.
pub(super) fn all() -> Vec<(String, Vec<u8>)> {
    let seed = |name: &str, kind: u8, bytes: Vec<u8>| (name.to_owned(), [&[kind, 2][..], &bytes].concat());
    vec![
        seed("filter", 0, verdicts()),
        seed("serializer", 1, out()),
        seed("partitioner", 2, partitions()),
        seed("actions", 3, vec![2, 1, 0, 0, 3, 1, 2]),
        seed("rewrites", 4, vec![2, 0, 0, 7, 0, 9, 0, 2, 1, 4, 1, 2, 0, 3]),
        seed("assignments", 5, vec![2, 0, 4, 255]),
    ]
}

/// Words as a guest lays them out.
fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Two actions, and a note about the second record.
fn verdicts() -> Vec<u8> {
    let head = words(&[0, BLOB_ADDRESS + 20, 2, BLOB_ADDRESS + 24, 1]);
    let note = words(&[1, BLOB_ADDRESS + 36, 4]);
    [head, vec![1, 2, 0, 0], note, b"said".to_vec()].concat()
}

/// The first value becomes two bytes of the blob, the second key null.
fn out() -> Vec<u8> {
    let head = words(&[0, BLOB_ADDRESS + 76, 4, BLOB_ADDRESS + 28, 2, 0, 0]);
    let changes = words(&[0, 0, 0, 1, 1, 2, 2, 0, 0, 0, 0, 0]);
    [head, changes, b"blob".to_vec()].concat()
}

/// The last partition, and the producer's.
fn partitions() -> Vec<u8> {
    words(&[0, BLOB_ADDRESS + 12, 2, 4, u32::MAX])
}
