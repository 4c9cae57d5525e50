//! A topic's settings, resolved.

use super::{BrokerLayers, Configs};

/// A topic's settings, resolved and typed.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicSettings {
    /// `cleanup.policy`
    pub cleanup_policy: CleanupPolicy,
    /// `compression.type` with its level
    pub compression: TopicCompression,
    /// `delete.retention.ms`
    pub delete_retention_ms: i64,
    /// `file.delete.delay.ms`
    pub file_delete_delay_ms: i64,
    /// `flush.messages`: fsync after so many records; 1 is before every acknowledgement
    pub flush_messages: i64,
    /// `flush.ms`
    pub flush_ms: i64,
    /// `index.interval.bytes`
    pub index_interval_bytes: i32,
    /// `max.compaction.lag.ms`
    pub max_compaction_lag_ms: i64,
    /// `max.message.bytes`
    pub max_message_bytes: i32,
    /// `message.timestamp.after.max.ms`
    pub message_timestamp_after_max_ms: i64,
    /// `message.timestamp.before.max.ms`
    pub message_timestamp_before_max_ms: i64,
    /// `message.timestamp.type`
    pub message_timestamp_type: TimestampType,
    /// `min.cleanable.dirty.ratio`
    pub min_cleanable_dirty_ratio: f64,
    /// `min.compaction.lag.ms`
    pub min_compaction_lag_ms: i64,
    /// `min.insync.replicas`
    pub min_insync_replicas: i32,
    /// `preallocate`
    pub preallocate: bool,
    /// `retention.bytes`; `None` is without limit
    pub retention_bytes: Option<i64>,
    /// `retention.ms`; `None` is without limit
    pub retention_ms: Option<i64>,
    /// `segment.bytes`
    pub segment_bytes: i32,
    /// `segment.index.bytes`
    pub segment_index_bytes: i32,
    /// `segment.jitter.ms`
    pub segment_jitter_ms: i64,
    /// `segment.ms`
    pub segment_ms: i64,
    /// `unclean.leader.election.enable`
    pub unclean_leader_election_enable: bool,
}

/// `cleanup.policy`; neither keeps everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Old segments are deleted.
    pub delete: bool,
    /// Only the last record of each key is kept.
    pub compact: bool,
}

/// `compression.type`, with the level that belongs to it; `None` is the codec's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicCompression {
    /// As the producer sent it.
    Producer,
    /// Not compressed.
    Uncompressed,
    /// gzip, level 1 to 9.
    Gzip(Option<i32>),
    /// snappy.
    Snappy,
    /// lz4, level 1 to 17.
    Lz4(i32),
    /// zstd, level -131072 to 22.
    Zstd(i32),
}

/// `message.timestamp.type`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's time.
    CreateTime,
    /// The broker's time.
    LogAppendTime,
}

impl TopicSettings {
    /// What is in force for a topic with these settings on a broker with these layers.
    pub fn resolve(_layers: BrokerLayers<'_>, _topic: &Configs) -> TopicSettings {
        todo!()
    }
}
