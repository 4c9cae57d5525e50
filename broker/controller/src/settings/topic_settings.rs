//! The table of topic settings, and the type that comes from it.

use klamm_model::{BindingSpec, PluginRole};

use super::choices::{CleanupPolicy, CompressionType, TimestampType, TopicCompression};
use super::definition::{Importance, SettingDef, Update};
use super::valid::Valid;
use super::value::{Limit, SettingValue, first};
use super::{BrokerSettings, Configs};

/// Makes [`TopicSettings`] and [`TOPIC_SETTINGS`] of one table, so that they can't differ. A row is
/// `name => field: type = the broker's default, allowed values, [broker settings that are the default],
/// documentation;`.
macro_rules! topic_settings {
    ($($name:literal => $field:ident: $type:ty = |$broker:ident| $default:expr, $valid:expr,
        [$($synonym:literal),*], $doc:literal;)*) => {
        /// A topic's settings, resolved and typed.
        #[derive(Debug, Clone, PartialEq)]
        pub struct TopicSettings {
            $(
                #[doc = concat!("`", $name, "`: ", $doc)]
                pub $field: $type,
            )*
        }

        /// Every topic setting, by name.
        pub static TOPIC_SETTINGS: &[SettingDef] = &[$(
            SettingDef {
                name: $name,
                kind: <$type as SettingValue>::KIND,
                valid: $valid,
                importance: Importance::Medium,
                update: Update::Dynamic,
                synonyms: &[$($synonym),*],
                documentation: $doc,
                fallback: |$broker| { let default: $type = $default; default.show() },
            },
        )*];

        impl TopicSettings {
            /// What is in force for a topic with these settings of its own.
            pub fn resolve(broker: &BrokerSettings, topic: &Configs) -> TopicSettings {
                TopicSettings {
                    $($field: first(&[topic], $name, $valid).unwrap_or_else(|| {
                        let $broker = broker;
                        $default
                    }),)*
                }
            }
        }
    };
}

topic_settings! {
    "cleanup.policy" => cleanup_policy: CleanupPolicy = |broker| broker.log_cleanup_policy, CleanupPolicy::VALID,
        ["log.cleanup.policy"],
        "What happens to old records: `delete` removes segments beyond the retention, `compact` keeps the \
         last record of each key (each record must have a key), both do both, the empty list keeps \
         everything. Compaction leaves out what is in the segment that is written to.";
    "compression.gzip.level" => compression_gzip_level: i32 = |broker| broker.compression_gzip_level, Valid::BetweenOr(1, 9, -1),
        ["compression.gzip.level"],
        "The gzip level where `compression.type` is gzip; -1 is gzip's own default.";
    "compression.lz4.level" => compression_lz4_level: i32 = |broker| broker.compression_lz4_level, Valid::Between(1, 17),
        ["compression.lz4.level"],
        "The lz4 level where `compression.type` is lz4. The lz4 implementation here has one level, so that \
         the number is kept but changes nothing.";
    "compression.type" => compression_type: CompressionType = |broker| broker.compression_type, CompressionType::VALID,
        ["compression.type"],
        "How record batches are stored: `producer` keeps what the producer chose, `uncompressed` unpacks, \
         a codec's name packs anew what came differently.";
    "compression.zstd.level" => compression_zstd_level: i32 = |broker| broker.compression_zstd_level, Valid::Between(-131_072, 22),
        ["compression.zstd.level"],
        "The zstd level where `compression.type` is zstd.";
    "delete.retention.ms" => delete_retention_ms: i64 = |broker| broker.log_cleaner_delete_retention_ms, Valid::AtLeast(0),
        ["log.cleaner.delete.retention.ms"],
        "For how long a compacted topic keeps a tombstone, in milliseconds.";
    "file.delete.delay.ms" => file_delete_delay_ms: i64 = |broker| broker.log_segment_delete_delay_ms, Valid::AtLeast(0),
        ["log.segment.delete.delay.ms"],
        "A file is removed so many milliseconds after it was marked as deleted, so that reads under way \
         end well.";
    "flush.messages" => flush_messages: i64 = |broker| broker.log_flush_interval_messages, Valid::AtLeast(1),
        ["log.flush.interval.messages"],
        "A partition is flushed to disk (fsync) after so many records. 1 flushes before every \
         acknowledgement, and one flush serves all that wait; Kafka's default, 9223372036854775807, \
         acknowledges what is in the page cache.";
    "flush.ms" => flush_ms: i64 = |broker| broker.flush_ms(), Valid::AtLeast(0),
        ["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
        "A record is flushed to disk at most so many milliseconds after it was written.";
    "index.interval.bytes" => index_interval_bytes: i32 = |broker| broker.log_index_interval_bytes, Valid::AtLeast(0),
        ["log.index.interval.bytes"],
        "An index gets an entry after so many bytes of records. Less makes lookups faster and indexes \
         larger.";
    "klamm.filters" => filters: Vec<BindingSpec> = |_broker| Vec::new(), Valid::Bindings(PluginRole::Filter),
        [],
        "The filters that say which records get into the topic, in the order in which they run: bindings of \
         plug-ins with commas between, such as `json-guard@1.0.0/required:id+amount/on-failure:reject`. After the \
         version come parameters of the plug-in and four that the broker takes: `on-failure` (`dead-letter`, \
         `reject`, `pass`: what happens to records on which the plug-in fails), `deadline-ms` (1 to 1000: the \
         longest time for a batch), `memory-mib` (1 to 256: the most memory) and `shadow` (`true`: it only runs \
         and is counted). In a value `,` `/` `%` `=` `[` `]` and blanks are written as `%2C` `%2F` `%25` `%3D` \
         `%5B` `%5D` and `%20`.";
    "klamm.partitioner" => partitioner: Option<BindingSpec> = |_broker| None, Valid::Bindings(PluginRole::Partitioner),
        [],
        "The plug-in that chooses the records' partitions, written as in `klamm.filters`.";
    "klamm.serializer" => serializer: Option<BindingSpec> = |_broker| None, Valid::Bindings(PluginRole::Serializer),
        [],
        "The plug-in that changes the records' bytes before they are stored, written as in `klamm.filters`.";
    "max.compaction.lag.ms" => max_compaction_lag_ms: i64 = |broker| broker.log_cleaner_max_compaction_lag_ms, Valid::AtLeast(1),
        ["log.cleaner.max.compaction.lag.ms"],
        "A record of a compacted topic may stay uncompacted for at most so many milliseconds.";
    "max.message.bytes" => max_message_bytes: i32 = |broker| broker.message_max_bytes, Valid::AtLeast(0),
        ["message.max.bytes"],
        "The largest record batch that is accepted, in bytes, after compression if there is any.";
    "message.timestamp.after.max.ms" => message_timestamp_after_max_ms: i64 = |broker| broker.log_message_timestamp_after_max_ms, Valid::AtLeast(0),
        ["log.message.timestamp.after.max.ms"],
        "A record whose time is more than so many milliseconds in the broker's future is refused. Without \
         effect for `LogAppendTime`.";
    "message.timestamp.before.max.ms" => message_timestamp_before_max_ms: i64 = |broker| broker.log_message_timestamp_before_max_ms, Valid::AtLeast(0),
        ["log.message.timestamp.before.max.ms"],
        "A record whose time is more than so many milliseconds in the broker's past is refused. Without \
         effect for `LogAppendTime`.";
    "message.timestamp.type" => message_timestamp_type: TimestampType = |broker| broker.log_message_timestamp_type, TimestampType::VALID,
        ["log.message.timestamp.type"],
        "Whether a record's time is the one the producer gave (`CreateTime`) or the one at which it was \
         written (`LogAppendTime`).";
    "min.cleanable.dirty.ratio" => min_cleanable_dirty_ratio: f64 = |broker| broker.log_cleaner_min_cleanable_ratio, Valid::Ratio,
        ["log.cleaner.min.cleanable.ratio"],
        "The share of a compacted log that must be new before it is compacted again.";
    "min.compaction.lag.ms" => min_compaction_lag_ms: i64 = |broker| broker.log_cleaner_min_compaction_lag_ms, Valid::AtLeast(0),
        ["log.cleaner.min.compaction.lag.ms"],
        "A record of a compacted topic stays uncompacted for at least so many milliseconds.";
    "min.insync.replicas" => min_insync_replicas: i32 = |broker| broker.min_insync_replicas, Valid::AtLeast(1),
        ["min.insync.replicas"],
        "A write with acks=all is refused while fewer replicas than this are in sync.";
    "preallocate" => preallocate: bool = |broker| broker.log_preallocate, Valid::OnlyFalse,
        ["log.preallocate"],
        "Whether a new segment's file gets its full size at once. It never does here.";
    "retention.bytes" => retention_bytes: Limit = |broker| broker.log_retention_bytes, Valid::Any,
        ["log.retention.bytes"],
        "The most bytes of a partition before its oldest segments are deleted; -1 is without limit.";
    "retention.ms" => retention_ms: Limit = |broker| broker.retention_ms(), Valid::AtLeast(-1),
        ["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
        "For how many milliseconds records are kept before their segment is deleted; -1 is for ever.";
    "segment.bytes" => segment_bytes: i32 = |broker| broker.log_segment_bytes, Valid::AtLeast(1_048_576),
        ["log.segment.bytes"],
        "The most bytes of a segment's file.";
    "segment.index.bytes" => segment_index_bytes: i32 = |broker| broker.log_index_size_max_bytes, Valid::AtLeast(4),
        ["log.index.size.max.bytes"],
        "The most bytes an index of a segment can have; a full index starts a new segment.";
    "segment.jitter.ms" => segment_jitter_ms: i64 = |broker| broker.segment_jitter_ms(), Valid::AtLeast(0),
        ["log.roll.jitter.ms", "log.roll.jitter.hours"],
        "The most milliseconds that are taken at random from `segment.ms`, so that not all segments roll \
         at once.";
    "segment.ms" => segment_ms: i64 = |broker| broker.segment_ms(), Valid::AtLeast(1),
        ["log.roll.ms", "log.roll.hours"],
        "A new segment starts after so many milliseconds, even if the last is not full.";
    "unclean.leader.election.enable" => unclean_leader_election_enable: bool = |broker| broker.unclean_leader_election_enable, Valid::Any,
        ["unclean.leader.election.enable"],
        "Whether a replica that is not in sync may lead when no other can, at the price of losing records. \
         It counts once partitions have several replicas.";
}

impl TopicSettings {
    /// `compression.type` with the level that belongs to it.
    pub fn compression(&self) -> TopicCompression {
        match self.compression_type {
            CompressionType::Producer => TopicCompression::Producer,
            CompressionType::Uncompressed => TopicCompression::Uncompressed,
            CompressionType::Snappy => TopicCompression::Snappy,
            CompressionType::Lz4 => TopicCompression::Lz4(self.compression_lz4_level),
            CompressionType::Zstd => TopicCompression::Zstd(self.compression_zstd_level),
            CompressionType::Gzip => {
                TopicCompression::Gzip(Some(self.compression_gzip_level).filter(|level| *level > 0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TopicSettings;
    use crate::settings::{BrokerSettings, CleanupPolicy, Configs, TopicCompression};

    fn topic(pairs: &[(&str, &str)]) -> TopicSettings {
        let configs: Configs =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        TopicSettings::resolve(&BrokerSettings::built_in(), &configs)
    }

    /// Kafka's defaults, except that every record is flushed before it is acknowledged.
    #[test]
    fn defaults_are_kafkas_and_durable() {
        let topic = topic(&[]);
        assert_eq!(topic.cleanup_policy, CleanupPolicy::DELETE);
        assert_eq!(topic.compression(), TopicCompression::Producer);
        assert_eq!(topic.retention_ms.get(), Some(604_800_000));
        assert_eq!(topic.retention_bytes.get(), None);
        assert_eq!(topic.segment_bytes, 1 << 30);
        assert_eq!(topic.segment_ms, 604_800_000);
        assert_eq!(topic.max_message_bytes, 1_048_588);
        assert_eq!(topic.min_insync_replicas, 1);
        assert_eq!(topic.flush_messages, 1);
        assert_eq!(topic.flush_ms, i64::MAX);
    }

    #[test]
    fn a_topics_own_value_is_the_strongest() {
        assert_eq!(topic(&[("retention.ms", "-1")]).retention_ms.get(), None);
        let broker = BrokerSettings { log_flush_interval_messages: 9, ..BrokerSettings::built_in() };
        assert_eq!(TopicSettings::resolve(&broker, &Configs::new()).flush_messages, 9);
        let own = Configs::from([("flush.messages".to_owned(), "4".to_owned())]);
        assert_eq!(TopicSettings::resolve(&broker, &own).flush_messages, 4);
    }

    #[test]
    fn compression_takes_the_level_of_its_codec() {
        let with =
            |codec, name: &str, level| topic(&[("compression.type", codec), (name, level)]).compression();
        assert_eq!(with("gzip", "compression.gzip.level", "5"), TopicCompression::Gzip(Some(5)));
        assert_eq!(with("gzip", "compression.gzip.level", "-1"), TopicCompression::Gzip(None));
        assert_eq!(with("zstd", "compression.zstd.level", "-7"), TopicCompression::Zstd(-7));
        assert_eq!(with("lz4", "compression.zstd.level", "7"), TopicCompression::Lz4(9));
    }
}
