//! What a topic asks of batches.

use klamm_model::TimestampMs;

use crate::attributes::TimestampType;
use crate::compression::{Compression, Level};

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
    /// The most bytes that the records of a compressed batch may decompress to.
    pub max_uncompressed_bytes: usize,
}

impl ProduceRules {
    /// Takes every batch that is whole, however much it unpacks to, and stores it as it comes: for what the broker itself has
    /// made, and for tests.
    pub const fn anything(now: TimestampMs) -> ProduceRules {
        ProduceRules {
            max_message_bytes: i32::MAX,
            compacted: false,
            timestamp_type: TimestampType::CreateTime,
            before_max_ms: i64::MAX,
            after_max_ms: i64::MAX,
            target_compression: None,
            zstd_allowed: true,
            now,
            max_uncompressed_bytes: usize::MAX,
        }
    }
}
