//! The table of broker settings, and the type that comes from it.

use super::BrokerLayers;
use super::choices::{CleanupPolicy, CompressionType, TimestampType};
use super::definition::Importance::{High, Low, Medium};
use super::definition::SettingDef;
use super::definition::Update::{Dynamic, ReadOnly};
use super::per_ip::ConnectionsPerIp;
use super::valid::Valid;
use super::value::{Limit, SettingValue, first};

/// Makes [`BrokerSettings`] and [`BROKER_SETTINGS`] of one table, so that they can't differ. A row is
/// `name => field: type = default, allowed values, importance, update [, group of synonyms], documentation;`.
macro_rules! broker_settings {
    ($($name:literal => $field:ident: $type:ty = $default:expr, $valid:expr, $importance:ident,
        $update:ident $(, group $group:ident)?, $doc:literal;)*) => {
        /// A broker's settings, resolved and typed. Many are only the defaults of topic settings:
        /// [`super::TopicSettings`] has what counts for a topic.
        #[derive(Debug, Clone, PartialEq)]
        pub struct BrokerSettings {
            $(
                #[doc = concat!("`", $name, "`: ", $doc)]
                pub $field: $type,
            )*
        }

        /// Every broker setting, by name.
        pub static BROKER_SETTINGS: &[SettingDef] = &[$(
            SettingDef {
                name: $name,
                kind: <$type as SettingValue>::KIND,
                valid: $valid,
                importance: $importance,
                update: $update,
                synonyms: broker_settings!(@group $name $(, $group)?),
                documentation: $doc,
                fallback: |_| { let default: $type = $default; default.show() },
            },
        )*];

        impl BrokerSettings {
            /// What is in force on a broker with these layers.
            pub fn resolve(layers: BrokerLayers<'_>) -> BrokerSettings {
                let layers = layers.strongest_first();
                BrokerSettings {
                    $($field: first(&layers, $name, $valid).unwrap_or_else(|| $default),)*
                }
            }
        }
    };
    (@group $name:literal) => { &[$name] };
    (@group $name:literal, $group:ident) => { $group };
}

const RETENTION: &[&str] = &["log.retention.ms", "log.retention.minutes", "log.retention.hours"];
const ROLL: &[&str] = &["log.roll.ms", "log.roll.hours"];
const ROLL_JITTER: &[&str] = &["log.roll.jitter.ms", "log.roll.jitter.hours"];
const FLUSH_INTERVAL: &[&str] = &["log.flush.interval.ms", "log.flush.scheduler.interval.ms"];

broker_settings! {
    "advertised.listeners" => advertised_listeners: Option<Vec<String>> = None, Valid::OneElement, High, ReadOnly,
        "The address that clients are told to connect to, where it differs from `listeners`: \
         `PLAINTEXT://HOST:PORT`.";
    "auto.create.topics.enable" => auto_create_topics_enable: bool = true, Valid::Any, High, ReadOnly,
        "Whether a client that asks for a topic that does not exist, and allows it, makes the topic.";
    "broker.rack" => broker_rack: Option<String> = None, Valid::Any, Medium, ReadOnly,
        "The rack or zone this broker stands in. Replicas are spread over racks.";
    "compression.gzip.level" => compression_gzip_level: i32 = -1, Valid::BetweenOr(1, 9, -1), Medium, Dynamic,
        "The gzip level for topics whose `compression.type` is gzip; -1 is gzip's own default.";
    "compression.lz4.level" => compression_lz4_level: i32 = 9, Valid::Between(1, 17), Medium, Dynamic,
        "The lz4 level for topics whose `compression.type` is lz4. The lz4 implementation here has one \
         level, so that the number is kept but changes nothing.";
    "compression.type" => compression_type: CompressionType = CompressionType::Producer, CompressionType::VALID, High, Dynamic,
        "How record batches are stored: `producer` keeps what the producer chose, `uncompressed` unpacks, \
         a codec's name packs anew what came differently.";
    "compression.zstd.level" => compression_zstd_level: i32 = 3, Valid::Between(-131_072, 22), Medium, Dynamic,
        "The zstd level for topics whose `compression.type` is zstd.";
    "connections.max.idle.ms" => connections_max_idle_ms: Limit = Limit::of(600_000), Valid::Any, Medium, ReadOnly,
        "A connection on which nothing happened for so many milliseconds is closed; a negative number \
         never closes.";
    "default.replication.factor" => default_replication_factor: i32 = 1, Valid::AtLeast(1), Medium, ReadOnly,
        "How many replicas a topic gets that does not say, such as one that is made automatically.";
    "delete.topic.enable" => delete_topic_enable: bool = true, Valid::Any, High, ReadOnly,
        "Whether topics can be deleted.";
    "fetch.max.bytes" => fetch_max_bytes: i32 = 57_671_680, Valid::AtLeast(1024), Medium, ReadOnly,
        "The most bytes of records in one fetch response, whatever the client asks for; a first batch that \
         is larger is still sent whole.";
    "group.consumer.assignors" => group_consumer_assignors: Vec<String> = vec!["uniform".to_owned(), "range".to_owned()], Valid::ListOf(&["uniform", "range"]), Medium, ReadOnly,
        "How partitions are dealt out to groups of the consumer protocol whose members don't wish for a way: \
         the first of these. Members may wish for any of them.";
    "group.consumer.heartbeat.interval.ms" => group_consumer_heartbeat_interval_ms: i32 = 5_000, Valid::AtLeast(1), Medium, ReadOnly,
        "How often members of the consumer protocol are told to give a sign of life, in milliseconds.";
    "group.consumer.max.heartbeat.interval.ms" => group_consumer_max_heartbeat_interval_ms: i32 = 15_000, Valid::AtLeast(1), Medium, ReadOnly,
        "The most that a group's `consumer.heartbeat.interval.ms` can be.";
    "group.consumer.max.session.timeout.ms" => group_consumer_max_session_timeout_ms: i32 = 60_000, Valid::AtLeast(1), Medium, ReadOnly,
        "The most that a group's `consumer.session.timeout.ms` can be.";
    "group.consumer.max.size" => group_consumer_max_size: i32 = i32::MAX, Valid::AtLeast(1), Medium, ReadOnly,
        "The most members of a group of the consumer protocol.";
    "group.consumer.migration.policy" => group_consumer_migration_policy: String = "bidirectional".to_owned(), Valid::OneOfAnyCase(&["bidirectional", "upgrade", "downgrade", "disabled"]), Medium, ReadOnly,
        "Which groups of consumers may change their protocol while they have members: from classic to \
         consumer (`upgrade`) when the first member joins that speaks the consumer protocol, from consumer \
         to classic (`downgrade`) when the last such member is gone, both (`bidirectional`) or none \
         (`disabled`). With `disabled`, members of the classic protocol can't join or rejoin a group that \
         speaks the consumer protocol, either. Groups without members always change.";
    "group.consumer.min.heartbeat.interval.ms" => group_consumer_min_heartbeat_interval_ms: i32 = 5_000, Valid::AtLeast(1), Medium, ReadOnly,
        "The least that a group's `consumer.heartbeat.interval.ms` can be.";
    "group.consumer.min.session.timeout.ms" => group_consumer_min_session_timeout_ms: i32 = 45_000, Valid::AtLeast(1), Medium, ReadOnly,
        "The least that a group's `consumer.session.timeout.ms` can be.";
    "group.consumer.regex.refresh.interval.ms" => group_consumer_regex_refresh_interval_ms: i32 = 600_000, Valid::AtLeast(10_000), Medium, ReadOnly,
        "How long the topics that a regular expression was found to match may stand before they are looked \
         for again, in milliseconds; new topics are noticed at once.";
    "group.consumer.session.timeout.ms" => group_consumer_session_timeout_ms: i32 = 45_000, Valid::AtLeast(1), Medium, ReadOnly,
        "After how long without a sign of life a member of the consumer protocol counts as dead, in \
         milliseconds.";
    "group.initial.rebalance.delay.ms" => group_initial_rebalance_delay_ms: i32 = 3_000, Valid::AtLeast(0), Medium, ReadOnly,
        "How long an empty group of the classic protocol waits for more members before its first \
         rebalance, in milliseconds.";
    "group.max.session.timeout.ms" => group_max_session_timeout_ms: i32 = 1_800_000, Valid::AtLeast(1), Medium, ReadOnly,
        "The longest session timeout that a member of the classic protocol may ask for, in milliseconds.";
    "group.max.size" => group_max_size: i32 = i32::MAX, Valid::AtLeast(1), Medium, ReadOnly,
        "The most members of a group of the classic protocol.";
    "group.min.session.timeout.ms" => group_min_session_timeout_ms: i32 = 6_000, Valid::AtLeast(1), Medium, ReadOnly,
        "The shortest session timeout that a member of the classic protocol may ask for, in milliseconds.";
    "klamm.plugins.max.bytes" => klamm_plugins_max_bytes: i64 = 1 << 30, Valid::AtLeast(0), Medium, ReadOnly,
        "The most bytes of plug-ins that are stored, all versions together. 0 lets none be pushed.";
    "klamm.plugins.require.signature" => klamm_plugins_require_signature: bool = false, Valid::Any, Medium, ReadOnly,
        "Whether only plug-ins are taken that a key of `klamm.plugins.trusted.keys` signed.";
    "klamm.plugins.trusted.keys" => klamm_plugins_trusted_keys: Vec<String> = Vec::new(), Valid::Any, Medium, ReadOnly,
        "The keys whose signatures of plug-ins count: `NAME:KEY` with commas between, each key an ed25519 public \
         key (32 bytes) in hexadecimal or base64. `klamm plugin keygen` makes one, `klamm plugin push --sign` \
         signs. What is signed is the text `klamm plug-in signature v1`, a zero byte, the SHA-256 (32 bytes) and \
         `NAME@VERSION`. Where keys are trusted, a signature of another key is refused even if none is required.";
    "listeners" => listeners: Vec<String> = vec!["PLAINTEXT://127.0.0.1:9092".to_owned()], Valid::OneElement, High, ReadOnly,
        "The address on which Kafka clients are served: `PLAINTEXT://HOST:PORT`. The flag `--kafka- \
         address` sets it.";
    "log.cleaner.backoff.ms" => log_cleaner_backoff_ms: i64 = 15_000, Valid::AtLeast(0), Medium, Dynamic,
        "How long the log cleaner waits, in milliseconds, when no log needs it.";
    "log.cleaner.dedupe.buffer.size" => log_cleaner_dedupe_buffer_size: i64 = 134_217_728, Valid::AtLeast(0), Medium, Dynamic,
        "Memory of all cleaner threads together for the keys of what they clean, in bytes: 24 for each key. \
         A log with more keys is cleaned in several runs.";
    "log.cleaner.delete.retention.ms" => log_cleaner_delete_retention_ms: i64 = 86_400_000, Valid::AtLeast(0), Medium, Dynamic,
        "For how long a compacted topic keeps a tombstone, in milliseconds.";
    "log.cleaner.enable" => log_cleaner_enable: bool = true, Valid::Any, Medium, ReadOnly,
        "Whether the log cleaner runs. Without it, topics whose `cleanup.policy` has `compact` keep all \
         records.";
    "log.cleaner.io.buffer.load.factor" => log_cleaner_io_buffer_load_factor: f64 = 0.9, Valid::Ratio, Medium, Dynamic,
        "The share of `log.cleaner.dedupe.buffer.size` that is filled at the most.";
    "log.cleaner.io.buffer.size" => log_cleaner_io_buffer_size: i32 = 524_288, Valid::AtLeast(0), Medium, Dynamic,
        "Bytes that all cleaner threads together gather before they write. What they read comes in pieces of \
         256 KiB.";
    "log.cleaner.io.max.bytes.per.second" => log_cleaner_io_max_bytes_per_second: f64 = f64::MAX, Valid::Any, Medium, Dynamic,
        "The log cleaner reads and writes no more bytes a second than this, on average.";
    "log.cleaner.max.compaction.lag.ms" => log_cleaner_max_compaction_lag_ms: i64 = i64::MAX, Valid::AtLeast(1), Medium, Dynamic,
        "A record of a compacted topic may stay uncompacted for at most so many milliseconds.";
    "log.cleaner.min.cleanable.ratio" => log_cleaner_min_cleanable_ratio: f64 = 0.5, Valid::Ratio, Medium, Dynamic,
        "The share of a compacted log that must be new before it is compacted again.";
    "log.cleaner.min.compaction.lag.ms" => log_cleaner_min_compaction_lag_ms: i64 = 0, Valid::AtLeast(0), Medium, Dynamic,
        "A record of a compacted topic stays uncompacted for at least so many milliseconds.";
    "log.cleaner.threads" => log_cleaner_threads: i32 = 1, Valid::AtLeast(0), Medium, Dynamic,
        "How many logs are compacted at once.";
    "log.cleanup.policy" => log_cleanup_policy: CleanupPolicy = CleanupPolicy::DELETE, CleanupPolicy::VALID, Medium, Dynamic,
        "What happens to old records: `delete` removes segments beyond the retention, `compact` keeps the \
         last record of each key, both do both, the empty list keeps everything.";
    "log.dir" => log_dir: Option<Vec<String>> = None, Valid::OneElement, High, ReadOnly,
        "The data directory, where `log.dirs` does not say.";
    "log.dirs" => log_dirs: Option<Vec<String>> = None, Valid::OneElement, High, ReadOnly,
        "The data directory; one. The flag `--data-dir` sets it.";
    "log.flush.interval.messages" => log_flush_interval_messages: i64 = 1, Valid::AtLeast(1), High, Dynamic,
        "A partition is flushed to disk (fsync) after so many records. 1 flushes before every \
         acknowledgement, and one flush serves all that wait; Kafka's default, 9223372036854775807, \
         acknowledges what is in the page cache.";
    "log.flush.interval.ms" => log_flush_interval_ms: Option<i64> = None, Valid::AtLeast(0), High, Dynamic, group FLUSH_INTERVAL,
        "A record is flushed to disk at most so many milliseconds after it was written; where it is not \
         set, `log.flush.scheduler.interval.ms` counts.";
    "log.flush.offset.checkpoint.interval.ms" => log_flush_offset_checkpoint_interval_ms: i32 = 60_000, Valid::AtLeast(0), High, ReadOnly,
        "How often it is written down up to where each partition is flushed, in milliseconds. Recovery \
         after a crash starts there.";
    "log.flush.scheduler.interval.ms" => log_flush_scheduler_interval_ms: i64 = i64::MAX, Valid::AtLeast(1), High, ReadOnly,
        "The default of `log.flush.interval.ms`. Partitions are looked through for records that are due \
         every second, whatever this says.";
    "log.flush.start.offset.checkpoint.interval.ms" => log_flush_start_offset_checkpoint_interval_ms: i32 = 60_000, Valid::AtLeast(0), High, ReadOnly,
        "How often the first offset of each partition is written down, in milliseconds.";
    "log.index.interval.bytes" => log_index_interval_bytes: i32 = 4096, Valid::AtLeast(0), Medium, Dynamic,
        "An index gets an entry after so many bytes of records. Less makes lookups faster and indexes \
         larger.";
    "log.index.size.max.bytes" => log_index_size_max_bytes: i32 = 10_485_760, Valid::AtLeast(4), Medium, Dynamic,
        "The most bytes an index of a segment can have; a full index starts a new segment.";
    "log.message.timestamp.after.max.ms" => log_message_timestamp_after_max_ms: i64 = 3_600_000, Valid::AtLeast(0), Medium, Dynamic,
        "A record whose time is more than so many milliseconds in the broker's future is refused. Without \
         effect for `LogAppendTime`.";
    "log.message.timestamp.before.max.ms" => log_message_timestamp_before_max_ms: i64 = i64::MAX, Valid::AtLeast(0), Medium, Dynamic,
        "A record whose time is more than so many milliseconds in the broker's past is refused. Without \
         effect for `LogAppendTime`.";
    "log.message.timestamp.type" => log_message_timestamp_type: TimestampType = TimestampType::CreateTime, TimestampType::VALID, Medium, Dynamic,
        "Whether a record's time is the one the producer gave (`CreateTime`) or the one at which it was \
         written (`LogAppendTime`).";
    "log.preallocate" => log_preallocate: bool = false, Valid::OnlyFalse, Medium, Dynamic,
        "Whether a new segment's file gets its full size at once. It never does here.";
    "log.retention.bytes" => log_retention_bytes: Limit = Limit::NONE, Valid::Any, High, Dynamic,
        "The most bytes of a partition before its oldest segments are deleted; -1 is without limit.";
    "log.retention.check.interval.ms" => log_retention_check_interval_ms: i64 = 300_000, Valid::AtLeast(1), Medium, ReadOnly,
        "How often partitions are looked through for segments to delete, in milliseconds.";
    "log.retention.hours" => log_retention_hours: i32 = 168, Valid::AtLeastOr(1, -1), High, ReadOnly, group RETENTION,
        "For how many hours records are kept, where neither `log.retention.ms` nor `log.retention.minutes` \
         says; -1 is for ever.";
    "log.retention.minutes" => log_retention_minutes: Option<i32> = None, Valid::AtLeastOr(1, -1), High, ReadOnly, group RETENTION,
        "For how many minutes records are kept, where `log.retention.ms` does not say; -1 is for ever.";
    "log.retention.ms" => log_retention_ms: Option<i64> = None, Valid::AtLeastOr(1, -1), High, Dynamic, group RETENTION,
        "For how many milliseconds records are kept before their segment is deleted; -1 is for ever. Where \
         it is not set, `log.retention.minutes` counts, then `log.retention.hours`.";
    "log.roll.hours" => log_roll_hours: i32 = 168, Valid::AtLeast(1), High, ReadOnly, group ROLL,
        "A new segment starts after so many hours, even if the last is not full, where `log.roll.ms` does \
         not say.";
    "log.roll.jitter.hours" => log_roll_jitter_hours: i32 = 0, Valid::AtLeast(0), High, ReadOnly, group ROLL_JITTER,
        "The most hours that are taken at random from `log.roll.hours`, where `log.roll.jitter.ms` does \
         not say.";
    "log.roll.jitter.ms" => log_roll_jitter_ms: Option<i64> = None, Valid::AtLeast(0), High, Dynamic, group ROLL_JITTER,
        "The most milliseconds that are taken at random from `log.roll.ms`, so that not all segments roll \
         at once. Where it is not set, `log.roll.jitter.hours` counts.";
    "log.roll.ms" => log_roll_ms: Option<i64> = None, Valid::AtLeast(1), High, Dynamic, group ROLL,
        "A new segment starts after so many milliseconds, even if the last is not full. Where it is not \
         set, `log.roll.hours` counts.";
    "log.segment.bytes" => log_segment_bytes: i32 = 1_073_741_824, Valid::AtLeast(1_048_576), High, Dynamic,
        "The most bytes of a segment's file.";
    "log.segment.delete.delay.ms" => log_segment_delete_delay_ms: i64 = 60_000, Valid::AtLeast(0), High, Dynamic,
        "A file is removed so many milliseconds after it was marked as deleted, so that reads under way \
         end well.";
    "max.connection.creation.rate" => max_connection_creation_rate: i32 = i32::MAX, Valid::AtLeast(0), Medium, Dynamic,
        "The most connections that are accepted in a second; up to a second's worth may come at once. \
         Further ones are not refused but wait in the listener's queue (`socket.listen.backlog.size`).";
    "max.connections" => max_connections: i32 = i32::MAX, Valid::AtLeast(0), Medium, Dynamic,
        "The most connections of all clients together; further ones are closed at once.";
    "max.connections.per.ip" => max_connections_per_ip: i32 = i32::MAX, Valid::AtLeast(0), Medium, Dynamic,
        "The most connections from one address; further ones are closed at once.";
    "max.connections.per.ip.overrides" => max_connections_per_ip_overrides: ConnectionsPerIp = ConnectionsPerIp::default(), Valid::ConnectionsPerIp, Medium, Dynamic,
        "Addresses to which `max.connections.per.ip` does not apply, each with the most connections from \
         it: `10.0.0.1:200,10.0.0.2:0`. Names of hosts, which Kafka takes too, are refused here.";
    "max.incremental.fetch.session.cache.slots" => max_incremental_fetch_session_cache_slots: i32 = 1000, Valid::AtLeast(0), Medium, ReadOnly,
        "The most fetch sessions that are remembered; clients beyond that send full fetch requests.";
    "max.request.partition.size.limit" => max_request_partition_size_limit: i32 = 2000, Valid::AtLeast(1), Medium, ReadOnly,
        "The most partitions that one answer to DescribeTopicPartitions has.";
    "message.max.bytes" => message_max_bytes: i32 = 1_048_588, Valid::AtLeast(0), High, Dynamic,
        "The largest record batch that is accepted, in bytes, after compression if there is any.";
    "min.insync.replicas" => min_insync_replicas: i32 = 1, Valid::AtLeast(1), High, Dynamic,
        "A write with acks=all is refused while fewer replicas than this are in sync.";
    "node.id" => node_id: i32 = 1, Valid::AtLeast(0), High, ReadOnly,
        "This broker's number in the cluster; no other broker may have it.";
    "num.network.threads" => num_network_threads: Option<i32> = None, Valid::AtLeast(1), High, ReadOnly,
        "How many threads serve clients. A connection stays with one thread, which reads, appends and \
         answers without waking another; where it is not set there is one for each core the process may \
         use. It can't change while the broker runs, unlike in Kafka.";
    "num.partitions" => num_partitions: i32 = 1, Valid::AtLeast(1), Medium, ReadOnly,
        "How many partitions a topic gets that does not say, such as one that is made automatically.";
    "num.recovery.threads.per.data.dir" => num_recovery_threads_per_data_dir: i32 = 2, Valid::AtLeast(1), High, ReadOnly,
        "How many threads open and recover partitions when the broker starts.";
    "offset.metadata.max.bytes" => offset_metadata_max_bytes: i32 = 4_096, Valid::AtLeast(0), High, ReadOnly,
        "The most bytes of what a consumer may keep beside a committed offset.";
    "offsets.retention.check.interval.ms" => offsets_retention_check_interval_ms: i64 = 600_000, Valid::AtLeast(1), High, ReadOnly,
        "How often committed offsets are looked through for those to forget, in milliseconds.";
    "offsets.retention.minutes" => offsets_retention_minutes: i32 = 10_080, Valid::AtLeast(1), High, ReadOnly,
        "For how many minutes committed offsets are kept after their group lost its last member, or after \
         the last commit where consumers only commit.";
    "offsets.topic.num.partitions" => offsets_topic_num_partitions: i32 = 50, Valid::AtLeast(1), High, ReadOnly,
        "How many partitions `__consumer_offsets` gets when it is made. It must not change later.";
    "offsets.topic.replication.factor" => offsets_topic_replication_factor: i32 = 3, Valid::AtLeast(1), High, ReadOnly,
        "How many replicas `__consumer_offsets` gets when it is made; as many as there are brokers, where \
         there are fewer.";
    "offsets.topic.segment.bytes" => offsets_topic_segment_bytes: i32 = 104_857_600, Valid::AtLeast(1_048_576), High, ReadOnly,
        "The most bytes of a segment's file of `__consumer_offsets`.";
    "producer.id.expiration.ms" => producer_id_expiration_ms: i32 = 86_400_000, Valid::AtLeast(1), Low, Dynamic,
        "What is known of an idempotent producer is forgotten after so many milliseconds without a write \
         of it.";
    "queued.max.request.bytes" => queued_max_request_bytes: Limit = Limit::NONE, Valid::Any, Medium, ReadOnly,
        "The most bytes of requests that are read but not yet answered; beyond that, connections are not \
         read from. -1 is without limit; else it is at least `socket.request.max.bytes`.";
    "quota.window.num" => quota_window_num: i32 = 11, Valid::AtLeast(1), Low, ReadOnly,
        "How many windows are kept of what a client with a quota used. Together they are the time over which its \
         rate is measured, and the longest it is held back at once.";
    "quota.window.size.seconds" => quota_window_size_seconds: i32 = 1, Valid::AtLeast(1), Low, ReadOnly,
        "How long each of those windows is, in seconds.";
    "socket.listen.backlog.size" => socket_listen_backlog_size: i32 = 1024, Valid::AtLeast(1), Medium, ReadOnly,
        "The most connections that wait to be accepted; the kernel caps it (net.core.somaxconn). Kafka's \
         default, 50, makes clients that come back all at once wait for a second and more, until they \
         try again; a place in the queue costs next to nothing.";
    "socket.receive.buffer.bytes" => socket_receive_buffer_bytes: i32 = -1, Valid::AtLeastOr(1, -1), High, ReadOnly,
        "The receive buffer of a client's socket (SO_RCVBUF). -1 leaves it to the operating system, which \
         grows and shrinks it with the connection's speed; Kafka's default, 102400, fixes it and so limits \
         what one connection far away can bring.";
    "socket.request.max.bytes" => socket_request_max_bytes: i32 = 104_857_600, Valid::AtLeast(1), High, ReadOnly,
        "The largest request, in bytes; a connection that announces a larger one is closed.";
    "socket.send.buffer.bytes" => socket_send_buffer_bytes: i32 = -1, Valid::AtLeastOr(1, -1), High, ReadOnly,
        "The send buffer of a client's socket (SO_SNDBUF). -1 leaves it to the operating system, which \
         grows and shrinks it with the connection's speed; Kafka's default, 102400, fixes it and so limits \
         what one connection far away can get.";
    "unclean.leader.election.enable" => unclean_leader_election_enable: bool = false, Valid::Any, High, Dynamic,
        "Whether a replica that is not in sync may lead when no other can, at the price of losing records. \
         It counts once partitions have several replicas.";
}

const MS_PER_MINUTE: i64 = 60_000;
const MS_PER_HOUR: i64 = 60 * MS_PER_MINUTE;

/// Settings that several names decide together.
impl BrokerSettings {
    /// What is built in.
    pub fn built_in() -> BrokerSettings {
        BrokerSettings::resolve(BrokerLayers::NONE)
    }

    /// The data directory, if a setting names it.
    pub fn data_dir(&self) -> Option<&str> {
        let dirs = self.log_dirs.as_ref().or(self.log_dir.as_ref())?;
        dirs.first().map(String::as_str)
    }

    /// The default of `retention.ms`: `log.retention.ms`, else `.minutes`, else `.hours`.
    pub fn retention_ms(&self) -> Limit {
        let minutes = |count: i32| i64::from(count) * MS_PER_MINUTE;
        let hours = i64::from(self.log_retention_hours) * MS_PER_HOUR;
        Limit::of(self.log_retention_ms.or(self.log_retention_minutes.map(minutes)).unwrap_or(hours))
    }

    /// The default of `segment.ms`: `log.roll.ms`, else `log.roll.hours`.
    pub fn segment_ms(&self) -> i64 {
        self.log_roll_ms.unwrap_or(i64::from(self.log_roll_hours) * MS_PER_HOUR)
    }

    /// The default of `segment.jitter.ms`: `log.roll.jitter.ms`, else `log.roll.jitter.hours`.
    pub fn segment_jitter_ms(&self) -> i64 {
        self.log_roll_jitter_ms.unwrap_or(i64::from(self.log_roll_jitter_hours) * MS_PER_HOUR)
    }

    /// The default of `flush.ms`: `log.flush.interval.ms`, else `log.flush.scheduler.interval.ms`.
    pub fn flush_ms(&self) -> i64 {
        self.log_flush_interval_ms.unwrap_or(self.log_flush_scheduler_interval_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::{BROKER_SETTINGS, BrokerSettings};
    use crate::settings::{
        BrokerLayers, CLIENT_METRICS_SETTINGS, Configs, GROUP_SETTINGS, Scope, StaticSettings, TOPIC_SETTINGS,
    };

    fn with(pairs: &[(&str, &str)]) -> BrokerSettings {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let fixed = StaticSettings::parse(pairs).unwrap();
        BrokerSettings::resolve(BrokerLayers { fixed: &fixed, ..BrokerLayers::NONE })
    }

    #[test]
    fn the_tables_are_in_order_and_their_names_exist() {
        for table in [BROKER_SETTINGS, TOPIC_SETTINGS, GROUP_SETTINGS, CLIENT_METRICS_SETTINGS] {
            assert!(table.windows(2).all(|pair| pair[0].name < pair[1].name));
            for def in table {
                for synonym in def.synonyms {
                    assert!(Scope::Broker.definition(synonym).is_some(), "{synonym}");
                }
            }
        }
    }

    #[test]
    fn what_is_built_in_is_allowed() {
        for def in
            BROKER_SETTINGS.iter().chain(TOPIC_SETTINGS).chain(GROUP_SETTINGS).chain(CLIENT_METRICS_SETTINGS)
        {
            if let Some(value) = def.default_value(&BrokerSettings::built_in()) {
                let shown = def.read(&value).unwrap().to_string();
                assert_eq!(shown, value, "{}", def.name);
            }
        }
    }

    #[test]
    fn retention_is_the_finest_unit_that_is_set() {
        assert_eq!(with(&[]).retention_ms().get(), Some(168 * 3_600_000));
        assert_eq!(with(&[("log.retention.hours", "2")]).retention_ms().get(), Some(7_200_000));
        let minutes = [("log.retention.hours", "2"), ("log.retention.minutes", "3")];
        assert_eq!(with(&minutes).retention_ms().get(), Some(180_000));
        let ms = [("log.retention.minutes", "3"), ("log.retention.ms", "4")];
        assert_eq!(with(&ms).retention_ms().get(), Some(4));
        assert_eq!(with(&[("log.retention.ms", "-1")]).retention_ms().get(), None);
        assert_eq!(with(&[("log.retention.hours", "-1")]).retention_ms().get(), None);
        assert_eq!(
            with(&[("log.retention.hours", "2147483647")]).retention_ms().get(),
            Some(7_730_941_129_200_000)
        );
    }

    #[test]
    fn other_synonyms_resolve_too() {
        assert_eq!(with(&[("log.roll.hours", "1")]).segment_ms(), 3_600_000);
        assert_eq!(with(&[("log.roll.hours", "1"), ("log.roll.ms", "9")]).segment_ms(), 9);
        assert_eq!(with(&[("log.roll.jitter.hours", "1")]).segment_jitter_ms(), 3_600_000);
        assert_eq!(with(&[]).flush_ms(), i64::MAX);
        assert_eq!(with(&[("log.flush.scheduler.interval.ms", "8")]).flush_ms(), 8);
        assert_eq!(with(&[("log.dir", "a")]).data_dir(), Some("a"));
        assert_eq!(with(&[("log.dir", "a"), ("log.dirs", "b")]).data_dir(), Some("b"));
    }

    #[test]
    fn one_brokers_dynamic_value_is_the_strongest() {
        let layer = |value: &str| Configs::from([("max.connections".to_owned(), value.to_owned())]);
        let fixed = StaticSettings::parse(layer("1")).unwrap();
        let (cluster, broker) = (layer("2"), layer("3"));
        let layers = BrokerLayers { fixed: &fixed, cluster: &cluster, broker: &broker };
        assert_eq!(BrokerSettings::resolve(layers).max_connections, 3);
    }
}
