//! The door that produced batches pass (Kafka: `ProduceRequest.validateRecords`, `LogValidator`,
//! `DefaultRecordBatch.ensureValid`).

use std::io;

use bytes::Bytes;
use klamm_model::{ErrorCode, Offset, TimestampMs};

use crate::attributes::TimestampType;
use crate::batch::BatchView;
use crate::builder::{BatchBuilder, BuildOptions, ProducerStamp};
use crate::compression::{Compression, Level};
use crate::error::BatchError;
use crate::header::{BatchHeader, HEADER_BYTES};
use crate::produced::ProducedBatch;
use crate::walk::{RecordShape, walk};

/// What a topic and the request ask of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProduceRules {
    /// `max.message.bytes`: the largest batch, as it is stored.
    pub max_message_bytes: i32,
    /// Whether `cleanup.policy` has `compact`: every record needs a key.
    pub compacted: bool,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how far a record's time may lie back.
    pub before_max_ms: i64,
    /// `message.timestamp.after.max.ms`: how far it may lie ahead.
    pub after_max_ms: i64,
    /// `compression.type` with its level; `None` is `producer`: as it comes.
    pub target_compression: Option<(Compression, Level)>,
    /// Whether the request's version may carry zstd (Produce 7 and newer, KIP-110).
    pub zstd_allowed: bool,
    /// The broker's time.
    pub now: TimestampMs,
    /// The most bytes that records may decompress to where they must be compressed anew.
    pub max_uncompressed_bytes: usize,
}

/// A refused batch: what the client is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct InvalidProduce {
    /// Why, for the batch.
    pub reason: InvalidReason,
    /// Why, for each record to blame: its place in the batch and a sentence (KIP-467).
    pub record_errors: Vec<(i32, String)>,
}

/// Why a batch is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReason {
    /// No batch at all.
    #[error("a produce request must have one record batch for each partition, this one has none")]
    NoBatch,
    /// More than one.
    #[error("a produce request must have exactly one record batch for each partition, this one has more")]
    ManyBatches,
    /// A batch that is none.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// Larger than the topic allows.
    #[error(
        "the batch has {size} bytes, and max.message.bytes of the topic is {limit}; raise it or send smaller batches"
    )]
    TooLarge {
        /// Its bytes.
        size: usize,
        /// The most allowed.
        limit: i32,
    },
    /// Counts that contradict each other.
    #[error("the batch says {count} records and a last offset delta of {last_offset_delta}")]
    Counts {
        /// What its header says.
        count: i32,
        /// What its header says.
        last_offset_delta: i32,
    },
    /// A marker that only brokers write.
    #[error("clients can't write control batches")]
    Control,
    /// Half an idempotent producer.
    #[error(
        "the batch has producer id {producer_id}, epoch {epoch} and sequence {sequence}, which don't go together"
    )]
    Producer {
        /// Its producer id.
        producer_id: i64,
        /// Its producer epoch.
        epoch: i16,
        /// Its base sequence.
        sequence: i32,
    },
    /// A client that marks what only compaction does.
    #[error("clients can't set a delete horizon")]
    DeleteHorizon,
    /// A client that says when the broker appended.
    #[error("clients can't send a batch of type LogAppendTime")]
    LogAppendTime,
    /// zstd in an old version of the request.
    #[error("zstd needs version 7 of the produce request or newer")]
    ZstdVersion,
    /// Records to blame, in `record_errors`.
    #[error("{0}")]
    Records(&'static str),
    /// Times out of bounds, in `record_errors`.
    #[error("the batch has records whose timestamp is out of the topic's bounds")]
    Timestamps,
    /// The codec of the topic failed.
    #[error("the batch can't be compressed as the topic asks: {0}")]
    Compress(String),
}

impl From<InvalidReason> for InvalidProduce {
    fn from(reason: InvalidReason) -> InvalidProduce {
        InvalidProduce { reason, record_errors: Vec::new() }
    }
}

impl From<BatchError> for InvalidProduce {
    fn from(error: BatchError) -> InvalidProduce {
        InvalidReason::Batch(error).into()
    }
}

impl From<io::Error> for InvalidProduce {
    fn from(error: io::Error) -> InvalidProduce {
        InvalidReason::Compress(error.to_string()).into()
    }
}

impl InvalidProduce {
    /// The code that tells the client.
    pub fn error_code(&self) -> ErrorCode {
        match &self.reason {
            InvalidReason::Batch(error) => error.error_code(),
            InvalidReason::TooLarge { .. } => ErrorCode::MessageTooLarge,
            InvalidReason::ZstdVersion => ErrorCode::UnsupportedCompressionType,
            InvalidReason::Timestamps => ErrorCode::InvalidTimestamp,
            InvalidReason::Compress(_) => ErrorCode::CorruptMessage,
            _ => ErrorCode::InvalidRecord,
        }
    }
}

/// Checks the records of one partition of a produce request, and makes of them what the topic stores.
///
/// Uncompressed batches and those whose codec stays are not copied: the result shares `bytes`.
///
/// # Errors
/// If anything is wrong with the batch; nothing of it may be stored then.
pub fn validate_produced(bytes: &Bytes, rules: &ProduceRules) -> Result<ProducedBatch, InvalidProduce> {
    let header = the_only_batch(bytes)?;
    let limit = rules.max_message_bytes;
    if bytes.len() > usize::try_from(limit).unwrap_or(0) {
        return Err(InvalidReason::TooLarge { size: bytes.len(), limit }.into());
    }
    // Before anything in the header is believed.
    BatchView { header, bytes }.verify_crc()?;
    let codec = check_header(&header, rules)?;
    let body = bytes.slice(HEADER_BYTES..);
    let mut check = RecordCheck::new(&header, rules);
    match codec {
        Compression::None => {
            walk(&mut &body[..], header.record_count, |index, shape| check.record(index, shape))?;
        }
        codec => {
            let malformed =
                |error: io::Error| BatchError::Compression(crate::CompressionError::from_io(&error));
            let mut reader = codec.reader(&body).map_err(malformed)?;
            walk(&mut reader, header.record_count, |index, shape| check.record(index, shape))?;
        }
    }
    let (max_timestamp, max_timestamp_delta) = check.finish()?;
    let batch = match rules.target_compression {
        Some((target, level)) if target != codec => recompress(&header, bytes, target, level, rules)?,
        _ => (header, body),
    };
    Ok(stamp(batch, max_timestamp, max_timestamp_delta, rules))
}

fn the_only_batch(bytes: &Bytes) -> Result<BatchHeader, InvalidProduce> {
    if bytes.is_empty() {
        return Err(InvalidReason::NoBatch.into());
    }
    let header = BatchView::read(bytes)?.header;
    if header.size_bytes() < bytes.len() {
        return Err(InvalidReason::ManyBatches.into());
    }
    Ok(header)
}

fn check_header(header: &BatchHeader, rules: &ProduceRules) -> Result<Compression, InvalidProduce> {
    let attributes = header.attributes;
    let codec = attributes.compression().map_err(BatchError::from)?;
    if codec == Compression::Zstd && !rules.zstd_allowed {
        return Err(InvalidReason::ZstdVersion.into());
    }
    let (count, last_offset_delta) = (header.record_count, header.last_offset_delta);
    if count <= 0 || last_offset_delta != count - 1 {
        return Err(InvalidReason::Counts { count, last_offset_delta }.into());
    }
    if attributes.is_control() {
        return Err(InvalidReason::Control.into());
    }
    if attributes.has_delete_horizon() {
        return Err(InvalidReason::DeleteHorizon.into());
    }
    if attributes.timestamp_type() == TimestampType::LogAppendTime {
        return Err(InvalidReason::LogAppendTime.into());
    }
    let (producer_id, epoch, sequence) =
        (header.producer_id.0, header.producer_epoch.0, header.base_sequence.0);
    let idempotent = producer_id >= 0 && epoch >= 0 && sequence >= 0;
    let plain = producer_id < 0 && epoch < 0 && sequence < 0 && !attributes.is_transactional();
    if !idempotent && !plain {
        return Err(InvalidReason::Producer { producer_id, epoch, sequence }.into());
    }
    Ok(codec)
}

/// What is checked of each record, gathered over a walk.
struct RecordCheck<'a> {
    header: &'a BatchHeader,
    rules: &'a ProduceRules,
    max_timestamp: TimestampMs,
    max_timestamp_delta: i32,
    misplaced: bool,
    keyless: Vec<(i32, String)>,
    untimely: Vec<(i32, String)>,
}

/// How many records of a batch are blamed one by one: an answer has a bound.
const MAX_BLAMED: usize = 100;

impl<'a> RecordCheck<'a> {
    fn new(header: &'a BatchHeader, rules: &'a ProduceRules) -> RecordCheck<'a> {
        RecordCheck {
            header,
            rules,
            max_timestamp: TimestampMs::NONE,
            max_timestamp_delta: 0,
            misplaced: false,
            keyless: Vec::new(),
            untimely: Vec::new(),
        }
    }

    fn record(&mut self, index: i32, shape: RecordShape) {
        self.misplaced |= shape.offset_delta != index;
        let timestamp = self.header.base_timestamp.0.wrapping_add(shape.timestamp_delta);
        if timestamp > self.max_timestamp.0 {
            self.max_timestamp = TimestampMs(timestamp);
            self.max_timestamp_delta = shape.offset_delta;
        }
        if self.rules.compacted && !shape.has_key && self.keyless.len() < MAX_BLAMED {
            let what = "a record without a key can't go to a compacted topic".to_owned();
            self.keyless.push((index, what));
        }
        if self.is_untimely(timestamp) && self.untimely.len() < MAX_BLAMED {
            let (before, after) = (self.rules.before_max_ms, self.rules.after_max_ms);
            let what = format!(
                "timestamp {timestamp} is not within {before} ms before and {after} ms after the broker's time"
            );
            self.untimely.push((index, what));
        }
    }

    /// Bounds hold for the times that producers give (KIP-937); "no timestamp" has none.
    fn is_untimely(&self, timestamp: i64) -> bool {
        let behind = self.rules.now.0.saturating_sub(timestamp);
        self.rules.timestamp_type == TimestampType::CreateTime
            && timestamp != TimestampMs::NONE.0
            && (behind > self.rules.before_max_ms || behind.saturating_neg() > self.rules.after_max_ms)
    }

    fn finish(self) -> Result<(TimestampMs, i32), InvalidProduce> {
        let refuse = |reason, record_errors| Err(InvalidProduce { reason, record_errors });
        if self.misplaced {
            return refuse(InvalidReason::Records("the records' offsets don't count up from 0"), Vec::new());
        }
        if !self.keyless.is_empty() {
            return refuse(
                InvalidReason::Records("the topic is compacted and the batch has records without a key"),
                self.keyless,
            );
        }
        if !self.untimely.is_empty() {
            return refuse(InvalidReason::Timestamps, self.untimely);
        }
        Ok((self.max_timestamp, self.max_timestamp_delta))
    }
}

fn recompress(
    header: &BatchHeader,
    bytes: &Bytes,
    target: Compression,
    level: Level,
    rules: &ProduceRules,
) -> Result<(BatchHeader, Bytes), InvalidProduce> {
    let mut records = BatchView { header: *header, bytes }.records(rules.max_uncompressed_bytes)?;
    let producer = header.producer_id.is_some().then_some(ProducerStamp {
        id: header.producer_id,
        epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
    });
    let mut builder = BatchBuilder::new(BuildOptions {
        base_offset: Offset::ZERO,
        compression: target,
        level,
        producer,
        transactional: header.attributes.is_transactional(),
        ..BuildOptions::default()
    });
    while let Some(record) = records.next_record()? {
        builder.append(record.timestamp, record.key, record.value, &record.headers);
    }
    let built = builder.build()?;
    let limit = rules.max_message_bytes;
    if built.len() > usize::try_from(limit).unwrap_or(0) {
        return Err(InvalidReason::TooLarge { size: built.len(), limit }.into());
    }
    Ok((BatchHeader::read(&built)?, built.slice(HEADER_BYTES..)))
}

/// Gives the batch the times the topic asks for; the CRC covers them.
fn stamp(
    (mut header, body): (BatchHeader, Bytes),
    max_timestamp: TimestampMs,
    max_timestamp_delta: i32,
    rules: &ProduceRules,
) -> ProducedBatch {
    let (max, delta) = match rules.timestamp_type {
        TimestampType::CreateTime => (max_timestamp, max_timestamp_delta),
        // All records have the same time then, and the first of them is the first with the largest.
        TimestampType::LogAppendTime => (rules.now, 0),
    };
    let attributes = header.attributes.with_timestamp_type(rules.timestamp_type);
    if header.max_timestamp != max || header.attributes != attributes {
        header.max_timestamp = max;
        header.attributes = attributes;
        header.crc = header.compute_crc(&body);
    }
    header.base_offset = Offset::ZERO;
    ProducedBatch::new(header, body, delta)
}
