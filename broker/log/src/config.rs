//! The settings of one log.

/// What a topic's settings say about its partitions' logs; Kafka's defaults, but durable
/// (`flush.messages=1`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// `segment.bytes`: a segment is sealed before it would grow beyond this; 1 to 2^31-1.
    pub segment_bytes: u32,
    /// `segment.ms`: a segment is sealed once its records span this time, in milliseconds.
    pub segment_ms: i64,
    /// What is taken off `segment_ms` so that not all partitions roll at once (chosen below `segment.jitter.ms`).
    pub segment_jitter_ms: i64,
    /// `index.interval.bytes`: an index entry is made about every so many bytes of log.
    pub index_interval_bytes: u32,
    /// `segment.index.bytes`: a segment is sealed once an index of it would be larger.
    pub segment_index_bytes: u32,
    /// Whether `cleanup.policy` has `delete`: else retention by time and size does not apply.
    pub delete: bool,
    /// `retention.ms`; `None` for Kafka's `-1`, forever.
    pub retention_ms: Option<i64>,
    /// `retention.bytes`; `None` for Kafka's `-1`, no limit.
    pub retention_bytes: Option<u64>,
    /// `flush.messages`: at most so many records are not yet on the disk; 1 is durable before acknowledgement.
    pub flush_messages: u64,
    /// `flush.ms`: a record is on the disk after this many milliseconds.
    pub flush_ms: i64,
    /// `file.delete.delay.ms`: files of deleted segments stay this long for reads that are under way.
    pub file_delete_delay_ms: i64,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig {
            segment_bytes: 1024 * 1024 * 1024,
            segment_ms: 7 * 24 * 3600 * 1000,
            segment_jitter_ms: 0,
            index_interval_bytes: 4096,
            segment_index_bytes: 10 * 1024 * 1024,
            delete: true,
            retention_ms: Some(7 * 24 * 3600 * 1000),
            retention_bytes: None,
            flush_messages: 1,
            flush_ms: i64::MAX,
            file_delete_delay_ms: 60_000,
        }
    }
}
