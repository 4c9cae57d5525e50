//! Why a batch is refused, and what the client is told.

use std::io;

use klamm_model::ErrorCode;

use crate::compression::CompressionError;
use crate::error::BatchError;

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
    /// Larger than the topic allows, once it is compressed as the topic asks.
    #[error(
        "the batch has more than {limit} bytes, max.message.bytes of the topic, once it is compressed as the topic's \
         compression.type asks; raise it or send smaller batches"
    )]
    TooLargePacked {
        /// The most allowed.
        limit: i32,
    },
    /// A place that only brokers give.
    #[error("the base offset of a produced batch must be 0, this one has {base_offset}")]
    BaseOffset {
        /// What its header says.
        base_offset: i64,
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
            // Too few bytes for the batch they begin: Kafka finds no batch then.
            InvalidReason::Batch(BatchError::Truncated { .. }) => ErrorCode::InvalidRecord,
            // Clients that are told this split the batch, which helps here too.
            InvalidReason::Batch(BatchError::Compression(CompressionError::TooLarge { .. }))
            | InvalidReason::TooLarge { .. }
            | InvalidReason::TooLargePacked { .. } => ErrorCode::MessageTooLarge,
            InvalidReason::Batch(error) => error.error_code(),
            InvalidReason::ZstdVersion => ErrorCode::UnsupportedCompressionType,
            InvalidReason::Timestamps | InvalidReason::LogAppendTime => ErrorCode::InvalidTimestamp,
            InvalidReason::Compress(_) => ErrorCode::UnknownServerError,
            _ => ErrorCode::InvalidRecord,
        }
    }
}
