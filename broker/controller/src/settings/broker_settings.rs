//! A broker's settings, resolved.

use super::BrokerLayers;

/// A broker's settings, resolved and typed. Those that are defaults of topic settings are in
/// [`super::TopicSettings`].
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerSettings {
    /// `node.id`
    pub node_id: i32,
    /// `broker.rack`
    pub broker_rack: Option<String>,
    /// `log.dirs` or `log.dir`: one directory
    pub log_dir: Option<String>,
    /// `listeners`: `PLAINTEXT://host:port`
    pub listeners: Option<String>,
    /// `advertised.listeners`
    pub advertised_listeners: Option<String>,
    /// `num.partitions`
    pub num_partitions: i32,
    /// `default.replication.factor`
    pub default_replication_factor: i32,
    /// `auto.create.topics.enable`
    pub auto_create_topics_enable: bool,
    /// `delete.topic.enable`
    pub delete_topic_enable: bool,
    /// `log.retention.check.interval.ms`
    pub log_retention_check_interval_ms: i64,
    /// `log.flush.scheduler.interval.ms`
    pub log_flush_scheduler_interval_ms: i64,
    /// `log.flush.offset.checkpoint.interval.ms`
    pub log_flush_offset_checkpoint_interval_ms: i32,
    /// `log.flush.start.offset.checkpoint.interval.ms`
    pub log_flush_start_offset_checkpoint_interval_ms: i32,
    /// `num.recovery.threads.per.data.dir`
    pub num_recovery_threads_per_data_dir: i32,
    /// `producer.id.expiration.ms`
    pub producer_id_expiration_ms: i32,
    /// `socket.request.max.bytes`
    pub socket_request_max_bytes: i32,
    /// `socket.listen.backlog.size`
    pub socket_listen_backlog_size: i32,
    /// `max.connections`
    pub max_connections: i32,
    /// `max.connections.per.ip`
    pub max_connections_per_ip: i32,
    /// `connections.max.idle.ms`; `None` never closes idle connections
    pub connections_max_idle_ms: Option<i64>,
    /// `queued.max.request.bytes`; `None` is without limit
    pub queued_max_request_bytes: Option<i64>,
    /// `max.incremental.fetch.session.cache.slots`
    pub max_incremental_fetch_session_cache_slots: i32,
    /// `fetch.max.bytes`
    pub fetch_max_bytes: i32,
    /// `max.request.partition.size.limit`
    pub max_request_partition_size_limit: i32,
}

impl BrokerSettings {
    /// What is in force on a broker with these layers.
    pub fn resolve(_layers: BrokerLayers<'_>) -> BrokerSettings {
        todo!()
    }
}
