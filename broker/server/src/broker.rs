//! What all handlers share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::{ArcSwap, Guard};
use klamm_controller::settings::{BrokerSettings, StaticSettings};
use klamm_controller::{BrokerImage, Controller, Endpoint};
use klamm_model::{BrokerId, ClusterId, ErrorCode};
use klamm_partition::Partition;

use crate::Clock;
use crate::advertised::Advertised;
use crate::cleaning::Cleaner;
use crate::error_code::KafkaError;
use crate::fetch_sessions::FetchSessions;
use crate::groups::Groups;
use crate::metrics::Metrics;
use crate::net::limits::{Connections, RequestBytes, UnsentBytes};
use crate::net::warning_limit::WarningLimit;
use crate::partitions::Partitions;
use crate::plugins::{Bound, Library, Plugins, TopicPlugins};
use crate::producer_ids::ProducerIds;
use crate::quotas::Quotas;
use crate::room::Room;
use crate::stop::StopSignal;
use crate::storage_alarm::{Refused, StorageAlarm};

/// What all handlers share: one for each process.
#[derive(Debug)]
pub struct Broker {
    /// This broker's number.
    pub node_id: BrokerId,
    /// The cluster that it belongs to.
    pub cluster_id: ClusterId,
    /// The settings that it was started with.
    pub static_settings: StaticSettings,
    /// The cluster's metadata.
    pub controller: Controller,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// The settings in force; swapped whole when a dynamic setting changes.
    pub(crate) settings: ArcSwap<BrokerSettings>,
    /// The partitions that this broker holds.
    pub(crate) partitions: Partitions,
    /// What the topics' plug-ins stand on.
    pub(crate) plugins: Arc<Plugins>,
    /// The consumer groups that this broker coordinates.
    pub(crate) groups: Groups,
    /// What the broker counts.
    pub(crate) metrics: Arc<Metrics>,
    /// What is told of connections that were refused or broke.
    pub(crate) connection_warnings: Arc<WarningLimit>,
    /// The connections there are.
    pub(crate) connections: Arc<Connections>,
    /// The bytes of requests under way.
    pub(crate) request_bytes: Arc<RequestBytes>,
    /// The bytes of answers that are not sent yet.
    pub(crate) unsent_bytes: Arc<UnsentBytes>,
    /// What clients fetch again and again (KIP-227).
    pub(crate) fetch_sessions: FetchSessions,
    /// What clients may use.
    pub(crate) quotas: Arc<Quotas>,
    /// Ids for idempotent producers.
    pub(crate) producer_ids: ProducerIds,
    /// Who clients are told to connect to.
    pub(crate) advertised: Advertised,
    /// Room on the disk.
    pub(crate) room: Room,
    /// Says that reads and writes fail.
    pub(crate) storage_alarm: StorageAlarm,
    /// What the log cleaner knows of the logs.
    pub(crate) cleaner: Cleaner,
    /// The plug-ins that there are.
    pub(crate) plugin_library: Arc<Library>,
    /// The wish that the broker stops.
    pub(crate) stop: StopSignal,
    /// Whether clients are served.
    pub(crate) ready: AtomicBool,
}

impl Broker {
    /// The settings in force now.
    pub fn settings(&self) -> Arc<BrokerSettings> {
        self.settings.load_full()
    }

    /// The plug-ins that are bound and run, in the order of topics and then of the chain.
    pub(crate) fn bound_plugins(&self) -> Vec<Arc<Bound>> {
        let mut topics = self.partitions.topics();
        topics.sort_by(|a, b| a.image.name.cmp(&b.image.name));
        let bound = topics.iter().filter_map(|topic| topic.plugins()).flat_map(TopicPlugins::bound);
        bound.cloned().collect()
    }

    /// Every broker, as a client is told of it that reached `local`.
    pub(crate) fn endpoints(&self, local: SocketAddr) -> Vec<(BrokerId, Endpoint, Option<String>)> {
        let image = self.controller.image();
        let endpoint = |broker: &BrokerImage| {
            if broker.id == self.node_id { self.advertised.to_client(local) } else { broker.kafka.clone() }
        };
        image.brokers().map(|broker| (broker.id, endpoint(broker), broker.rack.clone())).collect()
    }

    /// The settings in force now, for a look at them on a hot path: no count of readers is kept.
    pub(crate) fn glance_at_settings(&self) -> Guard<Arc<BrokerSettings>> {
        self.settings.load()
    }

    /// Says in the log that a partition can't be read, if it is the disk's or a file's fault.
    pub(crate) fn tell_of_failed_read(&self, partition: &Partition, error: &KafkaError) {
        if error.code == ErrorCode::KafkaStorageError {
            self.storage_alarm.raise(self.clock.now(), partition.id(), Refused::Reads, error);
        }
    }

    /// How many fsyncs of partitions there were since the start.
    pub fn flushes(&self) -> u64 {
        self.partitions.group_commit().counters().flushes
    }

    /// Whether clients are served: all partitions are open and the broker does not stop.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire) && !self.stop.is_requested()
    }
}
