//! The header of a batch.

use klamm_model::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};

use crate::attributes::Attributes;
use crate::checksum::crc32c_of_parts;
use crate::compression::Compression;
use crate::error::BatchError;

/// Bytes of a batch before its records.
pub const HEADER_BYTES: usize = 61;
/// Bytes of a batch before what its length field counts: base offset and length.
pub const LOG_OVERHEAD_BYTES: usize = 12;
/// The only format spoken here.
pub const MAGIC: i8 = 2;

const MAGIC_POSITION: usize = 16;
/// The CRC covers everything from the attributes on.
pub(crate) const CRC_POSITION: usize = 17;
pub(crate) const CRC_COVERS_FROM: usize = 21;

/// The first 61 bytes of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// The offset of its first record, or of where that was before compaction.
    pub base_offset: Offset,
    /// Bytes that follow the length field.
    pub batch_length: i32,
    /// The leader epoch in which it was appended.
    pub leader_epoch: LeaderEpoch,
    /// CRC-32C of everything from the attributes on.
    pub crc: u32,
    /// Codec and kind.
    pub attributes: Attributes,
    /// The last record's offset less the base offset; kept by compaction.
    pub last_offset_delta: i32,
    /// The timestamp that the records' deltas count from.
    pub base_timestamp: TimestampMs,
    /// The largest timestamp of a record.
    pub max_timestamp: TimestampMs,
    /// Who produced it, if idempotent.
    pub producer_id: ProducerId,
    /// In which epoch of the producer.
    pub producer_epoch: ProducerEpoch,
    /// The first record's sequence.
    pub base_sequence: Sequence,
    /// How many records it has.
    pub record_count: i32,
}

fn take<const N: usize>(bytes: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    std::array::from_fn(|index| bytes[at + index])
}

impl BatchHeader {
    /// Reads the header at the start of `bytes`, which may go on.
    ///
    /// # Errors
    /// If there are fewer than 61 bytes, the length is impossible, or the format is another.
    pub fn read(bytes: &[u8]) -> Result<BatchHeader, BatchError> {
        // An old message set has its magic byte at the same place but may be shorter than a header.
        if let Some(&magic) = bytes.get(MAGIC_POSITION)
            && magic as i8 != MAGIC
        {
            return Err(BatchError::Magic { magic: magic as i8 });
        }
        let Some(bytes) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(BatchError::Truncated { needed: HEADER_BYTES, available: bytes.len() });
        };
        let header = BatchHeader {
            base_offset: Offset(i64::from_be_bytes(take(bytes, 0))),
            batch_length: i32::from_be_bytes(take(bytes, 8)),
            leader_epoch: LeaderEpoch(i32::from_be_bytes(take(bytes, 12))),
            crc: u32::from_be_bytes(take(bytes, CRC_POSITION)),
            attributes: Attributes(i16::from_be_bytes(take(bytes, 21))),
            last_offset_delta: i32::from_be_bytes(take(bytes, 23)),
            base_timestamp: TimestampMs(i64::from_be_bytes(take(bytes, 27))),
            max_timestamp: TimestampMs(i64::from_be_bytes(take(bytes, 35))),
            producer_id: ProducerId(i64::from_be_bytes(take(bytes, 43))),
            producer_epoch: ProducerEpoch(i16::from_be_bytes(take(bytes, 51))),
            base_sequence: Sequence(i32::from_be_bytes(take(bytes, 53))),
            record_count: i32::from_be_bytes(take(bytes, 57)),
        };
        let smallest = (HEADER_BYTES - LOG_OVERHEAD_BYTES) as i32;
        if header.batch_length < smallest {
            return Err(BatchError::Length { length: header.batch_length, smallest });
        }
        Ok(header)
    }

    /// The 61 bytes.
    pub fn write(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(0, &self.base_offset.0.to_be_bytes());
        put(8, &self.batch_length.to_be_bytes());
        put(12, &self.leader_epoch.0.to_be_bytes());
        put(MAGIC_POSITION, &MAGIC.to_be_bytes());
        put(CRC_POSITION, &self.crc.to_be_bytes());
        put(21, &self.attributes.0.to_be_bytes());
        put(23, &self.last_offset_delta.to_be_bytes());
        put(27, &self.base_timestamp.0.to_be_bytes());
        put(35, &self.max_timestamp.0.to_be_bytes());
        put(43, &self.producer_id.0.to_be_bytes());
        put(51, &self.producer_epoch.0.to_be_bytes());
        put(53, &self.base_sequence.0.to_be_bytes());
        put(57, &self.record_count.to_be_bytes());
        bytes
    }

    /// The CRC that a batch of this header and these record bytes should have.
    pub fn compute_crc(&self, records: &[u8]) -> u32 {
        let header = self.write();
        crc32c_of_parts([&header[CRC_COVERS_FROM..], records])
    }

    /// The offset of the last record. (Offsets are outside the CRC: damaged ones saturate.)
    pub const fn last_offset(&self) -> Offset {
        Offset(self.base_offset.0.saturating_add(self.last_offset_delta as i64))
    }

    /// The offset after the last record.
    pub const fn next_offset(&self) -> Offset {
        Offset(self.last_offset().0.saturating_add(1))
    }

    /// The sequence of the last record; [`Sequence::NONE`] without an idempotent producer.
    pub const fn last_sequence(&self) -> Sequence {
        if self.base_sequence.0 < 0 || self.last_offset_delta < 0 {
            Sequence::NONE
        } else {
            self.base_sequence.plus(self.last_offset_delta)
        }
    }

    /// The largest timestamp of a record; `None` if there is no record (which compaction brings about), or none has a
    /// timestamp.
    pub fn newest(&self) -> Option<TimestampMs> {
        (self.record_count > 0 && self.max_timestamp.0 >= 0).then_some(self.max_timestamp)
    }

    /// From when on the batch's tombstones may be deleted (KIP-534); `None` until a cleaner has seen them.
    pub fn delete_horizon(&self) -> Option<TimestampMs> {
        self.attributes.has_delete_horizon().then_some(self.base_timestamp)
    }

    /// The batch without its records: what compaction leaves of one that must still tell of its producer
    /// (`DefaultRecordBatch.writeEmptyHeader`). Place, producer, sequence and time stay.
    #[must_use]
    pub fn emptied(&self) -> BatchHeader {
        let attributes = self.attributes.with_compression(Compression::None).with_delete_horizon(false);
        let mut header = BatchHeader {
            batch_length: (HEADER_BYTES - LOG_OVERHEAD_BYTES) as i32,
            attributes,
            base_timestamp: TimestampMs::NONE,
            record_count: 0,
            ..*self
        };
        header.crc = header.compute_crc(&[]);
        header
    }

    /// A batch without records and without a producer that takes the place of the offsets from `first` to `last`, at
    /// most 2^31 of them, whose batches are gone.
    #[must_use]
    pub fn filler(first: Offset, last: Offset, leader_epoch: LeaderEpoch) -> BatchHeader {
        let blank = BatchHeader {
            base_offset: first,
            batch_length: 0,
            leader_epoch,
            crc: 0,
            attributes: Attributes::default(),
            last_offset_delta: i32::try_from(last.0 - first.0).unwrap_or(i32::MAX),
            base_timestamp: TimestampMs::NONE,
            max_timestamp: TimestampMs::NONE,
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            base_sequence: Sequence::NONE,
            record_count: 0,
        };
        blank.emptied()
    }

    /// Whether it is nothing but a place; see [`BatchHeader::filler`].
    pub fn is_filler(&self) -> bool {
        self.record_count == 0 && !self.producer_id.is_some()
    }

    /// Bytes of the whole batch, header included.
    pub const fn size_bytes(&self) -> usize {
        LOG_OVERHEAD_BYTES + self.batch_length as usize
    }
}

#[cfg(test)]
mod tests {
    use klamm_model::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};

    use super::{BatchHeader, HEADER_BYTES};
    use crate::{Attributes, BatchError, BatchView};

    fn header() -> BatchHeader {
        BatchHeader {
            base_offset: Offset(7),
            batch_length: 100,
            leader_epoch: LeaderEpoch(3),
            crc: 0xdead_beef,
            attributes: Attributes(4),
            last_offset_delta: 9,
            base_timestamp: TimestampMs(1_000),
            max_timestamp: TimestampMs(2_000),
            producer_id: ProducerId(11),
            producer_epoch: ProducerEpoch(2),
            base_sequence: Sequence(i32::MAX - 3),
            record_count: 10,
        }
    }

    #[test]
    fn round_trips() {
        let header = header();
        assert_eq!(BatchHeader::read(&header.write()), Ok(header));
        assert_eq!(header.last_offset(), Offset(16));
        assert_eq!(header.last_sequence(), Sequence(5));
        assert_eq!(header.size_bytes(), 112);
    }

    #[test]
    fn an_emptied_batch_tells_of_its_producer_and_nothing_else() {
        let full = BatchHeader { attributes: Attributes(0x5c), ..header() };
        assert_eq!(
            (full.newest(), full.delete_horizon()),
            (Some(full.max_timestamp), Some(full.base_timestamp))
        );
        let empty = full.emptied();
        assert_eq!(empty.size_bytes(), HEADER_BYTES);
        assert_eq!((empty.record_count, empty.newest(), empty.delete_horizon()), (0, None, None));
        assert_eq!(
            empty.attributes,
            Attributes(0x18),
            "no codec, but still of a transaction and its log's time"
        );
        assert_eq!((empty.last_offset(), empty.last_sequence()), (full.last_offset(), full.last_sequence()));
        assert_eq!((empty.producer_id, empty.max_timestamp), (full.producer_id, full.max_timestamp));
        assert!(BatchView::read(&empty.write()).unwrap().verify_crc().is_ok() && !empty.is_filler());
    }

    #[test]
    fn a_filler_has_offsets_and_no_records() {
        let filler = BatchHeader::filler(Offset(10), Offset(19), LeaderEpoch(4));
        let bytes = filler.write();
        let batch = BatchView::read(&bytes).unwrap();
        assert!(batch.verify_crc().is_ok() && filler.is_filler());
        assert_eq!((filler.last_offset(), filler.leader_epoch), (Offset(19), LeaderEpoch(4)));
        assert_eq!(batch.records(0).unwrap().next_record(), Ok(None));
    }

    #[test]
    fn damaged_numbers_saturate() {
        let late = BatchHeader { base_offset: Offset(i64::MAX - 3), ..header() };
        assert_eq!((late.last_offset(), late.next_offset()), (Offset(i64::MAX), Offset(i64::MAX)));
        let backwards = BatchHeader { last_offset_delta: -7, ..header() };
        assert_eq!((backwards.last_offset(), backwards.last_sequence()), (Offset(0), Sequence::NONE));
    }

    #[test]
    fn what_is_no_header_is_refused() {
        let mut bytes = header().write();
        let short = BatchHeader::read(&bytes[..60]);
        assert_eq!(short, Err(BatchError::Truncated { needed: HEADER_BYTES, available: 60 }));
        bytes[11] = 48;
        assert_eq!(BatchHeader::read(&bytes), Err(BatchError::Length { length: 48, smallest: 49 }));
        bytes[16] = 1;
        assert_eq!(BatchHeader::read(&bytes[..30]), Err(BatchError::Magic { magic: 1 }));
    }
}
