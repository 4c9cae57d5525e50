//! Building of batches.

use std::io;

use bytes::Bytes;
use klamm_model::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};

use crate::attributes::{Attributes, TimestampType};
use crate::compression::{Compression, Level};
use crate::header::{BatchHeader, HEADER_BYTES, LOG_OVERHEAD_BYTES};
use crate::record::Header;
use crate::varint::{size_i32, size_i64, write_i32, write_i64};

/// What an idempotent producer stamps its batches with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerStamp {
    /// Its id.
    pub id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// The sequence of the batch's first record.
    pub base_sequence: Sequence,
}

/// What a batch is to be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildOptions {
    /// The offset of its first record.
    pub base_offset: Offset,
    /// The leader epoch in it.
    pub leader_epoch: LeaderEpoch,
    /// How to compress it.
    pub compression: Compression,
    /// How hard.
    pub level: Level,
    /// Whose time its timestamps are.
    pub timestamp_type: TimestampType,
    /// The idempotent producer, if there is one.
    pub producer: Option<ProducerStamp>,
    /// Whether it belongs to a transaction.
    pub transactional: bool,
    /// Whether it is a control batch.
    pub control: bool,
    /// From when on its tombstones may be deleted (KIP-534): what the records' timestamps count from then.
    pub delete_horizon: Option<TimestampMs>,
}

impl Default for BuildOptions {
    fn default() -> BuildOptions {
        BuildOptions {
            base_offset: Offset::ZERO,
            leader_epoch: LeaderEpoch::UNKNOWN,
            compression: Compression::None,
            level: None,
            timestamp_type: TimestampType::CreateTime,
            producer: None,
            transactional: false,
            control: false,
            delete_horizon: None,
        }
    }
}

/// Gathers records and makes a batch of them.
#[derive(Debug, Clone)]
pub struct BatchBuilder {
    options: BuildOptions,
    records: Vec<u8>,
    count: i32,
    base_timestamp: TimestampMs,
    max_timestamp: TimestampMs,
}

impl BatchBuilder {
    /// An empty batch.
    pub fn new(options: BuildOptions) -> BatchBuilder {
        let none = TimestampMs::NONE;
        BatchBuilder { options, records: Vec::new(), count: 0, base_timestamp: none, max_timestamp: none }
    }

    /// How many records there are.
    pub fn record_count(&self) -> i32 {
        self.count
    }

    /// Whether there is no record yet.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The size of the batch, were it not compressed.
    pub fn size_bytes(&self) -> usize {
        HEADER_BYTES + self.records.len()
    }

    /// Adds a record after the last.
    pub fn append(
        &mut self,
        timestamp: TimestampMs,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header<'_>],
    ) {
        self.append_at(self.count, timestamp, key, value, headers);
    }

    /// Adds a record at `offset_delta` after the batch's base offset, which must be after the last one's.
    pub fn append_at(
        &mut self,
        offset_delta: i32,
        timestamp: TimestampMs,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header<'_>],
    ) {
        if self.count == 0 {
            self.base_timestamp = self.options.delete_horizon.unwrap_or(timestamp);
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        // Wrapping, as readers add it: any pair of timestamps survives.
        let delta = timestamp.0.wrapping_sub(self.base_timestamp.0);
        let size = 1
            + size_i64(delta)
            + size_i32(offset_delta)
            + size_field(key)
            + size_field(value)
            + size_i32(headers.len() as i32)
            + headers.iter().map(|h| size_field(Some(h.key)) + size_field(h.value)).sum::<usize>();
        let out = &mut self.records;
        write_i32(out, size as i32);
        out.push(0);
        write_i64(out, delta);
        write_i32(out, offset_delta);
        write_field(out, key);
        write_field(out, value);
        write_i32(out, headers.len() as i32);
        for header in headers {
            write_field(out, Some(header.key));
            write_field(out, header.value);
        }
        self.count += 1;
    }

    /// The batch; its last offset is that of the last of `self.record_count()` consecutive records.
    ///
    /// # Errors
    /// If the codec refuses its level, or the batch is larger than the format allows (2 GiB).
    pub fn build(self) -> io::Result<Bytes> {
        let last_offset_delta = self.count - 1;
        self.build_ending_at(last_offset_delta)
    }

    /// The batch, ending at `last_offset_delta`, where records were left out (as compaction does).
    ///
    /// # Errors
    /// As those of [`BatchBuilder::build`].
    pub fn build_ending_at(self, last_offset_delta: i32) -> io::Result<Bytes> {
        let options = self.options;
        let compressed = match options.compression {
            Compression::None => self.records,
            codec => codec.compress(&self.records, options.level)?,
        };
        let batch_length = i32::try_from(HEADER_BYTES - LOG_OVERHEAD_BYTES + compressed.len())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a batch can't be larger than 2 GiB"))?;
        let producer = options.producer.unwrap_or(ProducerStamp {
            id: ProducerId::NONE,
            epoch: ProducerEpoch::NONE,
            base_sequence: Sequence::NONE,
        });
        let mut header = BatchHeader {
            base_offset: options.base_offset,
            batch_length,
            leader_epoch: options.leader_epoch,
            crc: 0,
            attributes: Attributes::default()
                .with_compression(options.compression)
                .with_timestamp_type(options.timestamp_type)
                .with_transactional(options.transactional)
                .with_control(options.control)
                .with_delete_horizon(options.delete_horizon.is_some()),
            last_offset_delta,
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            base_sequence: producer.base_sequence,
            record_count: self.count,
        };
        header.crc = header.compute_crc(&compressed);
        Ok(Bytes::from([&header.write(), compressed.as_slice()].concat()))
    }
}

fn size_field(field: Option<&[u8]>) -> usize {
    field.map_or(size_i32(-1), |bytes| size_i32(bytes.len() as i32) + bytes.len())
}

fn write_field(out: &mut Vec<u8>, field: Option<&[u8]>) {
    match field {
        None => write_i32(out, -1),
        Some(bytes) => {
            write_i32(out, bytes.len() as i32);
            out.extend_from_slice(bytes);
        }
    }
}
