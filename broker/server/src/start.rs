//! The order of starting.
//!
//! ```text
//!   settings -> ports -> data directory -> metadata log -> HTTP, gRPC (not ready)
//!      -> registration -> partitions -> Kafka listener -> ready
//! ```
//!
//! Ports come first, since they fail at once where recovery may take minutes. The Kafka port is bound but does
//! not listen before the partitions are open, so that clients are refused and go elsewhere instead of waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use klamm_controller::settings::{BrokerLayers, BrokerSettings, Configs, StaticSettings};
use klamm_controller::{BrokerRegistration, Controller, ControllerOptions, Endpoint};
use klamm_log::checkpoint::CheckpointError;
use klamm_log::data_dir::{DataDir, Identity};
use klamm_log::{Disk, GroupCommit, RealDisk, checkpoint};
use klamm_model::{BrokerId, Offset, TopicPartition};
use klamm_partition::RecentBatches;
use tracing::{error, info, warn};

use crate::advertised::Advertised;
use crate::cleaning::Cleaner;
use crate::durability::Durability;
use crate::fetch_sessions::FetchSessions;
use crate::groups::{self, Groups};
use crate::metrics::Metrics;
use crate::net::acceptor;
use crate::net::limits::{Connections, RequestBytes};
use crate::partitions::{Checkpoints, Ground, Partitions, recovery_threads};
use crate::plugins::{Library, Plugins, rollback};
use crate::ports::Ports;
use crate::producer_ids::ProducerIds;
use crate::quotas::Quotas;
use crate::room::Room;
use crate::runtime::{CoreRuntime, CoreRuntimes};
use crate::stop::StopSignal;
use crate::storage_alarm::StorageAlarm;
use crate::{
    Broker, Clock, RunningServer, ServerOptions, StartError, SystemClock, cleaning, descriptors, following,
    grpc, housekeeping, http,
};

/// Requests with large batches that are kept in memory for a second or two, for consumers that keep up.
const RECENT_BYTES: usize = 4 << 20;

/// Threads that flush. With one, a slow fsync would keep all partitions waiting; many only queue at the disk.
const FLUSH_THREADS: usize = 2;

/// A broker in this process.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Starts a broker; when this returns, it serves. Blocks; must not be called from a runtime.
    pub fn start(options: ServerOptions) -> Result<RunningServer, StartError> {
        Server::start_on(Arc::new(RealDisk::new(descriptors::raise_limit())), options)
    }

    /// As [`Server::start`], with the partitions' files on `disk`, for tests whose disk fails.
    pub fn start_on(disk: Arc<dyn Disk>, mut options: ServerOptions) -> Result<RunningServer, StartError> {
        let begun = Instant::now();
        info!(version = env!("CARGO_PKG_VERSION"), pid = std::process::id(), "klamm starts");
        let static_settings = StaticSettings::parse(std::mem::take(&mut options.settings))?;
        let ports = Ports::bind(&options)?;
        let control = CoreRuntime::start("klamm-control".to_owned()).map_err(StartError::Threads)?;
        let foundation = Foundation::lay(disk, &options, &static_settings)?;
        let broker = foundation.build(static_settings, &control, ports.advertised.clone())?;
        let server = serve(broker, ports, control)?;
        info!(
            kafka = %server.kafka_address,
            http = server.http_address.map(tracing::field::display),
            grpc = server.grpc_address.map(tracing::field::display),
            partitions = server.broker().partitions.count(),
            durability = %Durability::of(&server.broker().settings()),
            milliseconds = begun.elapsed().as_millis() as u64,
            "the broker serves clients"
        );
        Ok(server)
    }
}

/// What is in force before the metadata is known.
fn resolve(fixed: &StaticSettings) -> BrokerSettings {
    let none = Configs::new();
    BrokerSettings::resolve(BrokerLayers { fixed, cluster: &none, broker: &none })
}

/// The data directory, taken, and what the last run left in it.
struct Foundation {
    node_id: BrokerId,
    disk: Arc<dyn Disk>,
    data_dir: Arc<DataDir>,
    checkpoints: Checkpoints,
}

impl Foundation {
    fn lay(
        disk: Arc<dyn Disk>,
        options: &ServerOptions,
        static_settings: &StaticSettings,
    ) -> Result<Foundation, StartError> {
        let node_id = BrokerId(resolve(static_settings).node_id);
        let identity = Identity { cluster_id: None, node_id };
        let data_dir = DataDir::open(Arc::clone(&disk), &options.data_dir, &identity)?;
        let clean = data_dir.was_clean();
        info!(data_dir = %options.data_dir.display(), cluster_id = %data_dir.cluster_id(), node_id = node_id.0, clean, "data directory is open");
        let recovery_points =
            read_checkpoint(&*disk, &data_dir.path().join(checkpoint::RECOVERY_POINT_FILE))?;
        let checkpoints = Checkpoints {
            settled: false,
            there: BTreeSet::new(),
            // Whoever damaged the file may have damaged others.
            clean: clean && !recovery_points.is_damaged,
            recovery_points: recovery_points.offsets.unwrap_or_default(),
            log_starts: read_checkpoint(&*disk, &data_dir.path().join(checkpoint::LOG_START_FILE))?.offsets,
            cleaned: read_cleaned(&*disk, &data_dir)?,
        };
        Ok(Foundation { node_id, data_dir: Arc::new(data_dir), disk, checkpoints })
    }

    fn build(
        self,
        static_settings: StaticSettings,
        control: &CoreRuntime,
        advertised: Advertised,
    ) -> Result<Arc<Broker>, StartError> {
        let controller = control.block_on(Controller::start(ControllerOptions {
            dir: self.data_dir.path().join(METADATA_DIR),
            node_id: self.node_id,
            cluster_id: self.data_dir.cluster_id().clone(),
        }))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let metrics = Arc::new(Metrics::new()?);
        let flushes = Arc::clone(&metrics);
        let group_commit = GroupCommit::start(FLUSH_THREADS, Box::new(move |took| flushes.flushed(took)))
            .map_err(StartError::Threads)?;
        let settings = resolve(&static_settings);
        let library = Library::new(Arc::clone(&self.disk), self.data_dir.path(), &settings)?;
        let plugin_library = Arc::new(library);
        let slots = usize::try_from(settings.max_incremental_fetch_session_cache_slots).unwrap_or(0);
        // Another start, another first id: a client must not find a stranger's session under its id.
        let first_session = (clock.now().0 & 0x3fff_ffff) as i32;
        let plugins = Arc::new(Plugins::new(Arc::clone(&plugin_library)));
        let ground = Ground {
            node_id: self.node_id,
            controller: controller.clone(),
            plugins: Arc::clone(&plugins),
            disk: self.disk,
            data_dir: Arc::clone(&self.data_dir),
            group_commit,
            recent: RecentBatches::new(RECENT_BYTES),
            clock: Arc::clone(&clock),
        };
        let broker = Broker {
            node_id: self.node_id,
            cluster_id: self.data_dir.cluster_id().clone(),
            static_settings,
            controller,
            clock,
            plugins,
            groups: Groups::new(&settings),
            quotas: Arc::new(Quotas::new(&settings)),
            settings: ArcSwap::from_pointee(settings),
            partitions: Partitions::new(ground, self.checkpoints),
            metrics,
            connection_warnings: Arc::default(),
            connections: Arc::new(Connections::default()),
            request_bytes: RequestBytes::new(),
            unsent_bytes: Arc::default(),
            fetch_sessions: FetchSessions::new(slots, first_session),
            producer_ids: ProducerIds::new(),
            plugin_library,
            advertised,
            stop: StopSignal::new(),
            ready: AtomicBool::new(false),
            room: Room::default(),
            cleaner: Cleaner::default(),
            storage_alarm: StorageAlarm::default(),
        };
        Ok(Arc::new(broker))
    }
}

/// What a checkpoint said.
struct ReadCheckpoint {
    /// Offsets; `None` if there is no file that can be relied on.
    offsets: Option<BTreeMap<TopicPartition, Offset>>,
    is_damaged: bool,
}

/// A damaged checkpoint is no reason not to start: what it says is in the logs, but for the records that DeleteRecords
/// deleted from the middle of a segment.
fn read_checkpoint(disk: &dyn Disk, file: &Path) -> Result<ReadCheckpoint, CheckpointError> {
    match checkpoint::read(disk, file) {
        Ok(offsets) => Ok(ReadCheckpoint { offsets, is_damaged: false }),
        Err(error @ CheckpointError::Disk(_)) => Err(error),
        Err(error) => {
            warn!(%error, "a checkpoint is not used: logs are read through instead, and deleted records may be back");
            Ok(ReadCheckpoint { offsets: None, is_damaged: true })
        }
    }
}

/// Up to where logs were cleaned; without it they are cleaned from their starts.
fn read_cleaned(
    disk: &dyn Disk,
    data_dir: &DataDir,
) -> Result<BTreeMap<TopicPartition, Offset>, CheckpointError> {
    match checkpoint::read(disk, &data_dir.path().join(checkpoint::CLEANER_FILE)) {
        Ok(offsets) => Ok(offsets.unwrap_or_default()),
        Err(error @ CheckpointError::Disk(_)) => Err(error),
        Err(error) => {
            warn!(%error, "compacted logs are cleaned from their starts");
            Ok(BTreeMap::new())
        }
    }
}

/// The metadata log's place in the data directory; no topic can have this name.
const METADATA_DIR: &str = "__cluster_metadata";

/// Brings a broker from its metadata to serving.
fn serve(broker: Arc<Broker>, ports: Ports, control: CoreRuntime) -> Result<RunningServer, StartError> {
    let (http_address, grpc_address) = (ports.http_address(), ports.grpc_address());
    spawn_side_doors(&broker, &control, ports.http, ports.grpc);
    check_metadata_is_there(&broker)?;
    let registration = BrokerRegistration {
        id: broker.node_id,
        kafka: broker.advertised.to_brokers(),
        grpc: grpc_address.map(|at| Endpoint { host: at.ip().to_string(), port: at.port() }),
        rack: broker.settings().broker_rack.clone(),
    };
    control.block_on(broker.controller.register_broker(registration)).map_err(StartError::Registration)?;
    control.block_on(broker.plugin_library.tidy(&broker.controller));
    let image = broker.controller.image();
    let leftovers = broker.partitions.retire_leftovers(&image, recovery_threads(&broker.settings()))?;
    let retired = following::apply(&broker, &image);
    control
        .block_on(async { following::remove_later(&broker, leftovers.into_iter().chain(retired).collect()) });

    let net = Arc::new(CoreRuntimes::start(network_threads(&broker)).map_err(StartError::Threads)?);
    let kafka_address = ports.kafka_address;
    let listener = acceptor::listen(ports.kafka, &broker.settings()).map_err(|source| {
        StartError::port("Kafka clients", "--kafka-address", kafka_address.to_string(), source)
    })?;
    control.spawn(acceptor::accept(Arc::clone(&broker), listener, Arc::clone(&net)));
    let following = control.spawn(following::follow(Arc::clone(&broker)));
    let housekeeping = control.spawn(housekeeping::keep(Arc::clone(&broker)));
    let bringing_back = control.spawn(rollback::keep(Arc::clone(&broker)));
    let tending = control.spawn(groups::tend(Arc::clone(&broker)));
    let cleaning = control.spawn(cleaning::keep(Arc::clone(&broker)));
    broker.ready.store(true, Ordering::Release);
    Ok(RunningServer {
        broker,
        kafka_address,
        http_address,
        grpc_address,
        control,
        net,
        tasks: vec![following, housekeeping, bringing_back, tending, cleaning],
    })
}

/// `num.network.threads`: one for each core unless the setting says otherwise.
fn network_threads(broker: &Broker) -> usize {
    let given = broker.settings().num_network_threads.and_then(|number| usize::try_from(number).ok());
    given.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get))
}

/// HTTP and gRPC, from now on: probes want to know that the broker is starting.
fn spawn_side_doors(
    broker: &Arc<Broker>,
    control: &CoreRuntime,
    http: Option<std::net::TcpListener>,
    grpc: Option<std::net::TcpListener>,
) {
    if let Some(listener) = http {
        let broker = Arc::clone(broker);
        control.spawn(async move {
            if let Err(error) = http::serve(broker, listener).await {
                error!(%error, "HTTP is not served any more; Kafka clients are");
            }
        });
    }
    if let Some(listener) = grpc {
        let broker = Arc::clone(broker);
        control.spawn(async move {
            if let Err(error) = grpc::serve(broker, listener).await {
                error!(%error, "gRPC is not served any more; Kafka clients are");
            }
        });
    }
}

/// Without its metadata a broker would take all partitions for leftovers of deleted topics, and delete them.
fn check_metadata_is_there(broker: &Broker) -> Result<(), StartError> {
    let is_new = broker.controller.image().brokers().next().is_none();
    let partitions = if is_new { broker.partitions.data_dir().partitions(1)? } else { Vec::new() };
    match partitions.first() {
        None => Ok(()),
        Some(dir) => Err(StartError::MetadataLost {
            metadata: broker.partitions.data_dir().path().join(METADATA_DIR),
            partitions: partitions.len(),
            example: dir.path.clone(),
        }),
    }
}
