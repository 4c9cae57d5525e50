//! Produce (0): validate, append, wait until the records are as durable as the topic asks, answer.
//!
//! All appends happen when the handler is first polled, so that overlapping requests of one connection are
//! appended in the order in which they came; only the wait for durability overlaps. Where a topic has plug-ins, the
//! batch waits for its turn, which it asks for then ([`plugged`]).

mod plugged;

use std::sync::Arc;
use std::time::Duration;

use klamm_model::{ErrorCode, Offset, TimestampMs};
use klamm_partition::{AppendError, Appended, Commit, Partition};
use klamm_records::{InvalidProduce, ProduceRules, ProducedBatch, validate_produced};
use klamm_wire::messages::produce::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceData,
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceData, TopicProduceResponse,
};
use tokio::time::Instant;

use crate::error_code::KafkaError;
use crate::partitions::HostedTopic;
use crate::plugins::TopicPlugins;
use crate::storage_alarm::Refused;
use crate::{Broker, RequestContext};
use plugged::Plugged;

/// The first version whose batches may be compressed with zstd (KIP-110).
const FIRST_WITH_ZSTD: i16 = 7;
/// The first version that names topics by id (KIP-516).
const FIRST_BY_ID: i16 = 13;

/// The first version that tells who leads now (KIP-951).
const FIRST_WITH_LEADER: i16 = 10;

/// Kafka's name for clients that repair internal topics.
const ADMIN_CLIENT_ID: &str = "__admin_client";

/// What becomes of a Produce request.
#[derive(Debug)]
pub(crate) enum Produced {
    /// It is answered.
    Answer(ProduceResponse),
    /// It asked for no answer, and all went well.
    Silent,
    /// It asked for no answer, and this went wrong.
    SilentFailure(String),
}

/// Whose acknowledgement the producer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Acks {
    None,
    Leader,
    All,
}

impl Acks {
    fn from_wire(acks: i16) -> Option<Acks> {
        match acks {
            0 => Some(Acks::None),
            1 => Some(Acks::Leader),
            -1 => Some(Acks::All),
            _ => None,
        }
    }
}

/// A topic of the request with what became of its partitions.
struct TopicOutcome<T = Written> {
    name: String,
    id: klamm_model::TopicId,
    partitions: Vec<PartitionOutcome<T>>,
}

impl<T> TopicOutcome<T> {
    /// The same with what `then` makes of each partition that has no failure yet; it is told the partition's place and index.
    fn map<U>(self, mut then: impl FnMut(usize, i32, T) -> Result<U, Failure>) -> TopicOutcome<U> {
        let partitions = self.partitions.into_iter().enumerate();
        let partitions = partitions.map(|(place, PartitionOutcome { index, result })| PartitionOutcome {
            index,
            result: result.and_then(|value| then(place, index, value)),
        });
        TopicOutcome { name: self.name, id: self.id, partitions: partitions.collect() }
    }
}

struct PartitionOutcome<T = Written> {
    index: i32,
    result: Result<T, Failure>,
}

/// Records that passed the door.
enum Accepted {
    /// They are in the log.
    Written(Written),
    /// They are to pass plug-ins first.
    ForPlugins(Box<Plugged>),
}

/// Records that are in the log.
struct Written {
    partition: Arc<Partition>,
    appended: Appended,
    /// Those that plug-ins sent to other logs.
    elsewhere: Vec<(Arc<Partition>, Appended)>,
}

/// Why records are not in the log, or not known to be durable.
struct Failure {
    error: KafkaError,
    log_start_offset: Offset,
    record_errors: Vec<(i32, String)>,
}

impl From<KafkaError> for Failure {
    fn from(error: KafkaError) -> Failure {
        Failure { error, log_start_offset: Offset::UNKNOWN, record_errors: Vec::new() }
    }
}

impl From<InvalidProduce> for Failure {
    fn from(invalid: InvalidProduce) -> Failure {
        Failure {
            error: KafkaError::new(invalid.error_code(), invalid.to_string()),
            log_start_offset: Offset::UNKNOWN,
            record_errors: invalid.record_errors,
        }
    }
}

/// Appends what the request brings and answers when it is durable.
pub(crate) async fn handle(broker: &Arc<Broker>, ctx: &RequestContext, request: ProduceRequest) -> Produced {
    let acks = Acks::from_wire(request.acks);
    let timeout = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
    let append = Append { broker, ctx, acks, transactional: request.transactional_id.is_some() };
    let topics = request.topic_data.into_iter().map(|topic| append.topic(topic)).collect();
    let mut topics = append.pass_plugins(topics).await;
    if acks == Some(Acks::None) {
        return silent(&topics);
    }
    wait_until_durable(&mut topics, timeout).await;
    Produced::Answer(response(broker, ctx, topics))
}

/// One request's appends.
#[derive(Clone, Copy)]
struct Append<'a> {
    broker: &'a Arc<Broker>,
    ctx: &'a RequestContext,
    acks: Option<Acks>,
    transactional: bool,
}

impl Append<'_> {
    fn topic(&self, data: TopicProduceData) -> TopicOutcome<Accepted> {
        let by_id = self.ctx.api_version >= FIRST_BY_ID;
        let topic = if by_id {
            self.broker.partitions.by_id(data.topic_id)
        } else {
            self.broker.partitions.by_name(&data.name)
        };
        let partitions = data
            .partition_data
            .into_iter()
            .map(|partition| PartitionOutcome {
                index: partition.index,
                result: topic
                    .as_ref()
                    .map_err(|error| error.clone().into())
                    .and_then(|topic| self.partition(topic, partition)),
            })
            .collect();
        TopicOutcome { name: data.name, id: data.topic_id, partitions }
    }

    fn partition(&self, topic: &Arc<HostedTopic>, data: PartitionProduceData) -> Result<Accepted, Failure> {
        let acks = self.acks.ok_or_else(|| KafkaError::from(ErrorCode::InvalidRequiredAcks))?;
        let partition = topic.leader(data.index)?;
        self.check_not_internal(topic)?;
        if acks == Acks::All {
            topic.check_in_sync_replicas(data.index)?;
        }
        let now = self.broker.clock.now();
        let records = data.records.unwrap_or_default();
        let rules = topic.produce_rules(now, self.ctx.api_version >= FIRST_WITH_ZSTD);
        let plugins = topic.plugins();
        // What plug-ins look at is compressed once, when they are done with it.
        let door = if plugins.is_some_and(TopicPlugins::has_any) {
            ProduceRules { target_compression: None, ..rules }
        } else {
            rules
        };
        let batch = validate_produced(&records, &door).map_err(|invalid| Failure {
            log_start_offset: partition.log_start_offset(),
            ..Failure::from(invalid)
        })?;
        self.check_producer(&batch)?;
        let batch = batch.received_in(self.ctx.size_bytes);
        if plugins.is_some() {
            let (topic, partition) = (Arc::clone(topic), Arc::clone(partition));
            return Ok(Accepted::ForPlugins(Box::new(Plugged {
                topic,
                partition,
                batch,
                rules,
                size_bytes: records.len(),
            })));
        }
        self.take_room(partition, records.len())?;
        let appended = partition.append(&batch, now).map_err(|error| self.not_appended(partition, &error))?;
        self.broker.metrics.produced(records.len(), batch.header().record_count);
        Ok(Accepted::Written(Written { partition: Arc::clone(partition), appended, elsewhere: Vec::new() }))
    }

    fn check_producer(&self, batch: &ProducedBatch) -> Result<(), KafkaError> {
        if self.transactional || batch.header().attributes.is_transactional() {
            return Err(KafkaError::new(
                ErrorCode::InvalidTxnState,
                "no transaction is open: this broker does not coordinate transactions".to_owned(),
            ));
        }
        if batch.header().producer_id.is_derived() {
            let message = "producer ids from 2^62 on are the broker's own: a producer asks for its id with InitProducerId";
            return Err(KafkaError::new(ErrorCode::InvalidRecord, message.to_owned()));
        }
        Ok(())
    }

    /// Takes room on the disk for so many bytes of a partition.
    fn take_room(&self, partition: &Partition, bytes: usize) -> Result<(), KafkaError> {
        let partitions = &self.broker.partitions;
        let taken = self.broker.room.take(&**partitions.disk(), partitions.data_dir().path(), bytes);
        taken.inspect_err(|error| self.raise_alarm(partition, error))
    }

    fn not_appended(&self, partition: &Partition, error: &AppendError) -> KafkaError {
        let error = KafkaError::from(error);
        self.raise_alarm(partition, &error);
        error
    }

    fn raise_alarm(&self, partition: &Partition, error: &KafkaError) {
        if error.code == ErrorCode::KafkaStorageError {
            self.broker.storage_alarm.raise(self.broker.clock.now(), partition.id(), Refused::Writes, error);
        }
    }
}

impl Append<'_> {
    /// What is in the broker's own topics is the broker's state: only who says to be an admin client may write there, as in
    /// Kafka.
    fn check_not_internal(&self, topic: &HostedTopic) -> Result<(), KafkaError> {
        if !topic.image.is_internal() || self.ctx.client_id.as_deref() == Some(ADMIN_CLIENT_ID) {
            return Ok(());
        }
        let message = format!("{} is an internal topic: clients can't write to it", topic.image.name);
        Err(KafkaError::new(ErrorCode::InvalidTopicException, message))
    }
}

fn silent(topics: &[TopicOutcome]) -> Produced {
    let failed = topics.iter().find_map(|topic| {
        topic.partitions.iter().find_map(|partition| {
            let failure = partition.result.as_ref().err()?;
            Some(format!("{}-{}: {}", topic.name, partition.index, failure.error))
        })
    });
    failed.map_or(Produced::Silent, Produced::SilentFailure)
}

/// Waits for each append that is not yet durable. The partitions' fsyncs run side by side, however the waits
/// are lined up here.
async fn wait_until_durable(topics: &mut [TopicOutcome], timeout: Duration) {
    let mut deadline = Deadline { timeout, at: None };
    for outcome in topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        let Ok(written) = &outcome.result else { continue };
        if let Err(failed) = written.durable(&mut deadline).await {
            outcome.result = Err(failed.into());
        }
    }
}

/// When a client wants an answer at the latest; begins with the first append that is waited for.
struct Deadline {
    timeout: Duration,
    at: Option<Instant>,
}

impl Deadline {
    fn at(&mut self) -> Instant {
        *self.at.get_or_insert_with(|| Instant::now() + self.timeout)
    }
}

impl Written {
    /// Waits until all of it is durable.
    async fn durable(&self, deadline: &mut Deadline) -> Result<(), KafkaError> {
        let own = (&self.partition, &self.appended);
        let elsewhere = self.elsewhere.iter().map(|(partition, appended)| (partition, appended));
        for (partition, appended) in elsewhere.chain([own]) {
            if let Commit::Done = appended.commit {
                continue;
            }
            let committed = partition.committed(appended.last_offset);
            match tokio::time::timeout_at(deadline.at(), committed).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(KafkaError::from(&error)),
                Err(_elapsed) => return Err(not_durable(deadline.timeout)),
            }
        }
        Ok(())
    }
}

fn not_durable(timeout: Duration) -> KafkaError {
    let message = format!("the records were written but are not durable after {timeout:?}: the disk is slow");
    KafkaError::new(ErrorCode::RequestTimedOut, message)
}

fn response(broker: &Broker, ctx: &RequestContext, topics: Vec<TopicOutcome>) -> ProduceResponse {
    let mut lost_leaders = false;
    let responses = topics
        .into_iter()
        .map(|topic| TopicProduceResponse {
            partition_responses: topic
                .partitions
                .into_iter()
                .map(|partition| {
                    let current_leader = match &partition.result {
                        Err(failure)
                            if failure.error.code == ErrorCode::NotLeaderOrFollower
                                && ctx.api_version >= FIRST_WITH_LEADER =>
                        {
                            broker.partitions.leader_of(&topic.name, topic.id, partition.index)
                        }
                        _ => None,
                    };
                    lost_leaders |= current_leader.is_some();
                    let current_leader = current_leader.map(|(leader, epoch)| LeaderIdAndEpoch {
                        leader_id: leader.0,
                        leader_epoch: epoch.0,
                    });
                    PartitionProduceResponse {
                        current_leader: current_leader.unwrap_or_default(),
                        ..partition_response(partition)
                    }
                })
                .collect(),
            name: topic.name,
            topic_id: topic.id,
        })
        .collect();
    let node_endpoints = if lost_leaders { node_endpoints(broker, ctx) } else { Vec::new() };
    ProduceResponse { responses, node_endpoints, ..ProduceResponse::default() }
}

fn partition_response(outcome: PartitionOutcome) -> PartitionProduceResponse {
    let index = outcome.index;
    match outcome.result {
        Ok(Written { appended, .. }) => PartitionProduceResponse {
            index,
            error_code: ErrorCode::None.as_i16(),
            base_offset: appended.base_offset.0,
            log_append_time_ms: appended.log_append_time.0,
            log_start_offset: appended.log_start_offset.0,
            ..PartitionProduceResponse::default()
        },
        Err(failure) => PartitionProduceResponse {
            index,
            error_code: failure.error.code.as_i16(),
            base_offset: Offset::UNKNOWN.0,
            log_append_time_ms: TimestampMs::NONE.0,
            log_start_offset: failure.log_start_offset.0,
            record_errors: failure
                .record_errors
                .into_iter()
                .map(|(batch_index, message)| BatchIndexAndErrorMessage {
                    batch_index,
                    batch_index_error_message: Some(message),
                })
                .collect(),
            error_message: Some(failure.error.message),
            ..PartitionProduceResponse::default()
        },
    }
}

/// Where the brokers are, for a client that has to turn to another (KIP-951).
fn node_endpoints(broker: &Broker, ctx: &RequestContext) -> Vec<NodeEndpoint> {
    broker
        .endpoints(ctx.local)
        .into_iter()
        .map(|(id, endpoint, rack)| NodeEndpoint {
            node_id: id.0,
            host: endpoint.host,
            port: i32::from(endpoint.port),
            rack,
        })
        .collect()
}
