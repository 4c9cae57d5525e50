//! Notes of what was replayed, kept in the quarantine they are about.
//!
//! A note is a record with the key `klamm.replayed` in the partition of the records that it names, behind them. Its value is
//! JSON: `{"version":1,"replayed":[[17,17],[20,25]]}`, ranges of offsets, both ends included.

use klamm_records::Record;
use serde::{Deserialize, Serialize};

use super::envelope::Envelope;
use super::offset_set::OffsetSet;

/// The key of a note.
pub(super) const KEY: &[u8] = b"klamm.replayed";
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Note {
    version: u32,
    replayed: Vec<(i64, i64)>,
}

/// The values of notes about `done`, with the partition that each goes to.
pub(super) fn notes(done: &OffsetSet) -> Vec<(i32, Vec<u8>)> {
    let mut by_partition: Vec<(i32, Note)> = Vec::new();
    for (partition, first, last) in done.ranges() {
        match by_partition.last_mut() {
            Some((same, note)) if *same == partition => note.replayed.push((first, last)),
            _ => by_partition.push((partition, Note { version: VERSION, replayed: vec![(first, last)] })),
        }
    }
    // Numbers are always JSON.
    let bytes = |note: &Note| serde_json::to_vec(note).unwrap_or_default();
    by_partition.iter().map(|(partition, note)| (*partition, bytes(note))).collect()
}

/// The ranges that a record names, if it is a note. A dead letter with such a key is none, nor is anything that can't be
/// read as one: those are shown as records.
pub(super) fn read(record: &Record<'_>) -> Option<Vec<(i64, i64)>> {
    if record.key != Some(KEY) || Envelope::of(&record.headers).is_some() {
        return None;
    }
    let note: Note = serde_json::from_slice(record.value?).ok()?;
    // It can only name what was there before it.
    let possible = |(first, last): &(i64, i64)| 0 <= *first && first <= last && *last < record.offset.0;
    (note.version == VERSION && note.replayed.iter().all(possible)).then_some(note.replayed)
}

#[cfg(test)]
mod tests {
    use klamm_model::{Offset, TimestampMs};
    use klamm_records::{Header, Record};

    use super::{KEY, notes, read};
    use crate::dlq::letter_id::LetterId;
    use crate::dlq::offset_set::OffsetSet;

    fn record<'a>(offset: i64, key: &'a [u8], value: &'a [u8]) -> Record<'a> {
        let (offset, timestamp) = (Offset(offset), TimestampMs(1));
        Record { offset, timestamp, key: Some(key), value: Some(value), headers: Vec::new() }
    }

    #[test]
    fn notes_name_ranges_in_the_partition_they_are_about() {
        let ids = [(0, 17), (1, 4), (0, 20), (0, 21)];
        let done: OffsetSet =
            ids.map(|(partition, offset)| LetterId { partition, offset }).into_iter().collect();
        let written = notes(&done);
        let texts: Vec<_> =
            written.iter().map(|(p, value)| (*p, String::from_utf8(value.clone()).unwrap())).collect();
        assert_eq!(
            texts,
            [
                (0, r#"{"version":1,"replayed":[[17,17],[20,21]]}"#.to_owned()),
                (1, r#"{"version":1,"replayed":[[4,4]]}"#.to_owned())
            ]
        );
        assert_eq!(read(&record(22, KEY, &written[0].1)), Some(vec![(17, 17), (20, 21)]));
    }

    #[test]
    fn what_is_no_note_is_a_record() {
        let good = br#"{"version":1,"replayed":[[1,2]]}"#;
        assert!(read(&record(3, KEY, good)).is_some());
        assert_eq!(read(&record(3, b"other", good)), None);
        assert_eq!(read(&record(2, KEY, good)), None, "it names what comes later");
        let letter = vec![Header { key: b"klamm.dlq.topic", value: Some(b"t") }];
        assert_eq!(read(&Record { headers: letter, ..record(3, KEY, good) }), None);
        assert_eq!(read(&Record { value: None, ..record(3, KEY, good) }), None);
        for bad in ["", "{}", r#"{"version":2,"replayed":[]}"#, r#"{"version":1,"replayed":[[2,1]]}"#] {
            assert_eq!(read(&record(9, KEY, bad.as_bytes())), None, "{bad}");
        }
        assert_eq!(read(&record(9, KEY, br#"{"version":1,"replayed":[[-1,1]]}"#)), None);
    }
}
