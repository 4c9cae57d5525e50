//! From a topic's settings to its partitions' rules.

use klamm_controller::settings::{TimestampType as SettingTimestampType, TopicCompression, TopicSettings};
use klamm_log::LogConfig;
use klamm_model::{TimestampMs, TopicId};
use klamm_records::{Compression, Level, ProduceRules, TimestampType};

/// The most bytes that the records of a stored batch may have uncompressed, where the broker has to look at them: ten
/// times the largest request that is accepted by default.
pub(super) const MAX_UNCOMPRESSED_BYTES: usize = 1 << 30;
/// What the records of a produced batch may always grow to. The whole of a batch is unpacked to be checked, on a thread
/// that serves others too: without a bound, a small batch of zeros takes seconds of it.
const UNCOMPRESSED_BYTES: usize = 128 << 20;
/// How often larger than `max.message.bytes` the records of a produced batch may be uncompressed, beyond that.
const GROWTH: usize = 10;

/// The settings of one partition's log.
pub(super) fn log_config(settings: &TopicSettings, topic: TopicId, index: usize) -> LogConfig {
    // The jitter differs between partitions, so that they don't roll at once, and not between starts.
    let topic_seed = u64::from_be_bytes(*topic.to_bytes().first_chunk().unwrap_or(&[0; 8]));
    let jitter_seed = topic_seed.wrapping_add(index as u64);
    let segment_ms = segment_ms(settings);
    LogConfig {
        segment_bytes: settings.segment_bytes.unsigned_abs(),
        segment_ms,
        segment_jitter_ms: jitter(settings.segment_jitter_ms.min(segment_ms), jitter_seed),
        index_interval_bytes: settings.index_interval_bytes.unsigned_abs(),
        segment_index_bytes: settings.segment_index_bytes.unsigned_abs(),
        delete: settings.cleanup_policy.delete,
        retention_ms: settings.retention_ms.get(),
        retention_bytes: settings.retention_bytes.get().map(i64::unsigned_abs),
        flush_messages: settings.flush_messages.unsigned_abs(),
        flush_ms: settings.flush_ms,
        file_delete_delay_ms: settings.file_delete_delay_ms,
    }
}

/// A record can only be compacted once its segment is sealed (`LogConfig.maxSegmentMs`).
fn segment_ms(settings: &TopicSettings) -> i64 {
    let lag_ms = settings.max_compaction_lag_ms;
    if settings.cleanup_policy.compact { settings.segment_ms.min(lag_ms) } else { settings.segment_ms }
}

/// A number below `most` that depends on nothing but `seed`.
fn jitter(most: i64, seed: u64) -> i64 {
    if most <= 0 {
        return 0;
    }
    // Fibonacci hashing spreads neighbouring seeds over the whole range.
    let spread = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1;
    (spread % most.unsigned_abs()).cast_signed()
}

/// What a topic asks of produced batches; `now` and `zstd_allowed` are the request's.
pub(super) fn produce_rules(settings: &TopicSettings) -> ProduceRules {
    ProduceRules {
        max_message_bytes: settings.max_message_bytes,
        compacted: settings.cleanup_policy.compact,
        timestamp_type: match settings.message_timestamp_type {
            SettingTimestampType::CreateTime => TimestampType::CreateTime,
            SettingTimestampType::LogAppendTime => TimestampType::LogAppendTime,
        },
        before_max_ms: settings.message_timestamp_before_max_ms,
        after_max_ms: settings.message_timestamp_after_max_ms,
        target_compression: target_compression(settings.compression()),
        zstd_allowed: true,
        now: TimestampMs::NONE,
        max_uncompressed_bytes: max_uncompressed_bytes(settings.max_message_bytes),
    }
}

fn max_uncompressed_bytes(max_message_bytes: i32) -> usize {
    let largest = usize::try_from(max_message_bytes).unwrap_or(0);
    largest.saturating_mul(GROWTH).clamp(UNCOMPRESSED_BYTES, MAX_UNCOMPRESSED_BYTES)
}

fn target_compression(compression: TopicCompression) -> Option<(Compression, Level)> {
    match compression {
        TopicCompression::Producer => None,
        TopicCompression::Uncompressed => Some((Compression::None, None)),
        TopicCompression::Snappy => Some((Compression::Snappy, None)),
        TopicCompression::Gzip(level) => Some((Compression::Gzip, level)),
        TopicCompression::Lz4(level) => Some((Compression::Lz4, Some(level))),
        TopicCompression::Zstd(level) => Some((Compression::Zstd, Some(level))),
    }
}

#[cfg(test)]
mod tests {
    use super::{jitter, max_uncompressed_bytes};

    #[test]
    fn batches_may_grow_and_not_without_bound() {
        assert_eq!(max_uncompressed_bytes(1_048_588), 128 << 20);
        assert_eq!(max_uncompressed_bytes(20 << 20), 200 << 20);
        assert_eq!(max_uncompressed_bytes(i32::MAX), 1 << 30);
    }

    #[test]
    fn jitter_spreads_and_stays_below() {
        assert_eq!(jitter(0, 7), 0);
        let spread: std::collections::BTreeSet<_> = (0..100).map(|seed| jitter(1_000_000, seed)).collect();
        assert!(spread.len() > 95 && spread.iter().all(|jitter| (0..1_000_000).contains(jitter)));
    }
}
