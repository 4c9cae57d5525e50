//! Record batches. The first byte of the input says what the topic asks and whether lengths and CRC are repaired, so
//! that what they protect is reached; the batch follows.

use bytes::Bytes;
use klamm_model::{LeaderEpoch, Offset, TimestampMs};
use klamm_records::{
    BatchHeader, BatchView, Compression, HEADER_BYTES, LOG_OVERHEAD_BYTES, PlacedBatch, ProduceRules,
    TimestampType, batches, validate_produced,
};

use crate::bounds::within_bounds;
use crate::input::Input;

const MAX_UNCOMPRESSED_BYTES: usize = 1 << 20;
/// Windows and blocks of the codecs, and sentences about a hundred blamed records. (zstd's own window is C memory.)
const DOOR_FIXED: u64 = 1 << 20;
/// A record's header of two bytes is a struct of 32.
const READ_PER_DECOMPRESSED_BYTE: u64 = 16;

pub(super) fn batch(input: &[u8]) -> bool {
    let mut input = Input::new(input);
    let flags = input.byte();
    let mut bytes = input.rest().to_vec();
    if flags & 1 != 0 {
        repair(&mut bytes);
    }
    let bytes = Bytes::from(bytes);
    read_all(&bytes);
    let rules = rules(flags);
    // What is packed anew is built beside the batch, and may be as large as a batch may be.
    let per_byte = 2;
    let fixed = DOOR_FIXED + 4 * MAX_UNCOMPRESSED_BYTES as u64;
    let Ok(valid) = within_bounds(bytes.len(), per_byte, fixed, || validate_produced(&bytes, &rules)) else {
        return false;
    };
    admitted(&valid.place(Offset(7), LeaderEpoch(3)));
    true
}

/// Whatever passed the door can be read, and is what it says.
fn admitted(placed: &PlacedBatch) {
    let stored = Bytes::from(placed.parts().concat());
    let view = BatchView::read(&stored).unwrap();
    assert_eq!(view.bytes.len(), stored.len());
    view.verify_crc().unwrap();
    let mut records = view.records(MAX_UNCOMPRESSED_BYTES).unwrap();
    let mut largest = i64::MIN;
    for index in 0..view.header.record_count {
        let record = records.next_record().unwrap().unwrap();
        assert_eq!(record.offset, Offset(7 + i64::from(index)));
        largest = largest.max(record.timestamp.0);
    }
    assert_eq!(records.next_record(), Ok(None));
    assert_eq!(view.header.next_offset(), Offset(7 + i64::from(view.header.record_count)));
    if view.header.attributes.timestamp_type() == TimestampType::CreateTime {
        assert_eq!(view.header.max_timestamp.0, largest.max(TimestampMs::NONE.0));
    }
}

/// Reads every record of every batch, as a consumer of stored bytes does.
fn read_all(bytes: &Bytes) {
    for batch in batches(bytes) {
        let Ok(batch) = batch else { break };
        assert_eq!(BatchHeader::read(&batch.header.write()), Ok(batch.header));
        let fixed = DOOR_FIXED + (READ_PER_DECOMPRESSED_BYTE + 4) * MAX_UNCOMPRESSED_BYTES as u64;
        within_bounds(bytes.len(), READ_PER_DECOMPRESSED_BYTE, fixed, || {
            let Ok(mut records) = batch.records(MAX_UNCOMPRESSED_BYTES) else { return };
            while let Ok(Some(_)) = records.next_record() {}
        });
    }
}

fn rules(flags: u8) -> ProduceRules {
    let codec = Compression::from_code(i16::from(flags >> 5)).ok();
    ProduceRules {
        max_message_bytes: MAX_UNCOMPRESSED_BYTES as i32,
        compacted: flags & 2 != 0,
        timestamp_type: match flags & 4 {
            0 => TimestampType::CreateTime,
            _ => TimestampType::LogAppendTime,
        },
        before_max_ms: if flags & 8 == 0 { i64::MAX } else { 1000 },
        after_max_ms: if flags & 8 == 0 { i64::MAX } else { 1000 },
        target_compression: codec.filter(|_| flags & 16 != 0).map(|codec| (codec, None)),
        zstd_allowed: true,
        now: TimestampMs(1_000_000),
        max_uncompressed_bytes: MAX_UNCOMPRESSED_BYTES,
    }
}

/// Gives the batches in `bytes` the length and the CRC that they should have, where they have headers at all; the last
/// one reaches to the end.
pub(crate) fn repair(bytes: &mut [u8]) {
    let mut at = 0;
    while bytes.len() - at >= HEADER_BYTES {
        let available = bytes.len() - at;
        bytes[at + 16] = 2;
        let length = &bytes[at + 8..at + LOG_OVERHEAD_BYTES];
        let size = LOG_OVERHEAD_BYTES + u32::from_be_bytes(length.try_into().unwrap()) as usize;
        let size = if size < HEADER_BYTES || size > available { available } else { size };
        let length = (size - LOG_OVERHEAD_BYTES) as u32;
        bytes[at + 8..at + LOG_OVERHEAD_BYTES].copy_from_slice(&length.to_be_bytes());
        let crc = klamm_records::crc32c(&bytes[at + 21..at + size]);
        bytes[at + 17..at + 21].copy_from_slice(&crc.to_be_bytes());
        at += size;
    }
}
