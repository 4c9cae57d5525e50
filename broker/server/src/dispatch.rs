//! From a request's API key to its handler: the one table of what this broker serves.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use klamm_wire::messages::produce::ProduceRequest;
use klamm_wire::{
    ApiKey, DecodeError, EncodeError, EncodedFrame, Limits, Request, RequestHead, RequestHeader,
};

use crate::handlers;
use crate::handlers::produce::Produced;
use crate::metrics::Throttled;
use crate::net::Endpoints;
use crate::quotas::{Meter, Mute, Timed};
use crate::{Broker, RequestContext};

/// A request that is being answered.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Answer, RequestError>> + Send>>;

/// Where a request comes from, and what measures it.
struct Origin {
    endpoints: Endpoints,
    meter: Option<Arc<Meter>>,
}

/// A request whose header is read.
pub(crate) struct Begun {
    /// Its API.
    pub(crate) key: ApiKey,
    /// Whether it may run beside other requests of its connection that may, too. Such a request takes effect
    /// when it is first polled.
    pub(crate) overlaps: bool,
    /// Its answer to be.
    pub(crate) answering: Answering,
}

/// What a connection does with an answered request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Sends this.
    Frame(EncodedFrame),
    /// Nothing: the client expects no answer (Produce with acks=0).
    Nothing,
}

/// Why a connection can't go on after a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    /// Nothing here serves the key in that version. Kafka closes the connection, too.
    #[error("no API here has key {key} in version {version}; ApiVersions says what is served")]
    NotServed {
        /// The request's key.
        key: i16,
        /// The request's version.
        version: i16,
    },
    /// The request is not what its key and version say.
    #[error("the request can't be read: {0}")]
    Decode(#[from] DecodeError),
    /// The answer can't be written in the request's version: an error of this broker.
    #[error("the answer can't be written: {0}")]
    Encode(#[from] EncodeError),
    /// A Produce request with acks=0 failed; to close is the only way to tell the client.
    #[error("a Produce request with acks=0 failed: {0}")]
    SilentProduce(String),
}

macro_rules! served {
    ($( $key:ident => $handler:path, )*) => {
        /// Every API that this broker serves and advertises.
        pub(crate) const SERVED: &[ApiKey] = &[ApiKey::Produce, $( ApiKey::$key, )*];

        /// Begins to answer a request whose key and version are served.
        fn answering(key: ApiKey, broker: Arc<Broker>, origin: Origin, version: i16, frame: Bytes) -> Answering {
            match key {
                ApiKey::Produce => Box::pin(produce(broker, origin, version, frame)),
                $( ApiKey::$key => Box::pin(async move {
                    let (correlation_id, ctx, request) = open(origin, version, frame)?;
                    let mut response = $handler(&broker, &ctx, request).await;
                    throttle(&ctx, &mut response);
                    broker.metrics.failures(ApiKey::$key, &response);
                    Ok(Answer::Frame(klamm_wire::encode_response(correlation_id, version, &response)?))
                }), )*
            }
        }
    };
}

served! {
    AlterClientQuotas => handlers::alter_client_quotas::handle,
    AlterConfigs => handlers::alter_configs::handle,
    AlterPartitionReassignments => handlers::alter_partition_reassignments::handle,
    AlterReplicaLogDirs => handlers::alter_replica_log_dirs::handle,
    ApiVersions => handlers::api_versions::handle,
    ConsumerGroupDescribe => handlers::consumer_group_describe::handle,
    ConsumerGroupHeartbeat => handlers::consumer_group_heartbeat::handle,
    CreatePartitions => handlers::create_partitions::handle,
    CreateTopics => handlers::create_topics::handle,
    DeleteGroups => handlers::delete_groups::handle,
    DeleteRecords => handlers::delete_records::handle,
    DeleteTopics => handlers::delete_topics::handle,
    DescribeClientQuotas => handlers::describe_client_quotas::handle,
    DescribeCluster => handlers::describe_cluster::handle,
    DescribeConfigs => handlers::describe_configs::handle,
    DescribeGroups => handlers::describe_groups::handle,
    DescribeLogDirs => handlers::describe_log_dirs::handle,
    DescribeProducers => handlers::describe_producers::handle,
    DescribeQuorum => handlers::describe_quorum::handle,
    DescribeTopicPartitions => handlers::describe_topic_partitions::handle,
    ElectLeaders => handlers::elect_leaders::handle,
    Fetch => handlers::fetch::handle,
    FindCoordinator => handlers::find_coordinator::handle,
    Heartbeat => handlers::heartbeat::handle,
    IncrementalAlterConfigs => handlers::incremental_alter_configs::handle,
    InitProducerId => handlers::init_producer_id::handle,
    JoinGroup => handlers::join_group::handle,
    LeaveGroup => handlers::leave_group::handle,
    ListConfigResources => handlers::list_config_resources::handle,
    ListGroups => handlers::list_groups::handle,
    ListOffsets => handlers::list_offsets::handle,
    ListPartitionReassignments => handlers::list_partition_reassignments::handle,
    Metadata => handlers::metadata::handle,
    OffsetCommit => handlers::offset_commit::handle,
    OffsetDelete => handlers::offset_delete::handle,
    OffsetFetch => handlers::offset_fetch::handle,
    OffsetForLeaderEpoch => handlers::offset_for_leader_epoch::handle,
    SyncGroup => handlers::sync_group::handle,
    UpdateFeatures => handlers::update_features::handle,
}

/// Begins to answer the request in `frame`, which starts with its header.
pub(crate) fn begin(
    broker: &Arc<Broker>,
    endpoints: Endpoints,
    mute: &Arc<Mute>,
    frame: Bytes,
) -> Result<Begun, RequestError> {
    let RequestHead { api_key, api_version: version, correlation_id } = RequestHeader::peek(&frame)?;
    let not_served = RequestError::NotServed { key: api_key, version };
    let Some(key) = ApiKey::from_i16(api_key) else { return Err(not_served) };
    if !key.versions().contains(&version) {
        return match key {
            ApiKey::ApiVersions => Ok(unknown_api_versions(correlation_id)),
            _ => Err(not_served),
        };
    }
    let overlaps = key == ApiKey::Produce;
    let meter = Meter::begin(broker, mute, key);
    let origin = Origin { endpoints, meter: meter.clone() };
    let answering = answering(key, Arc::clone(broker), origin, version, frame);
    let answering = match meter {
        Some(meter) => Box::pin(Timed { answering, meter }),
        None => answering,
    };
    Ok(Begun { key, overlaps, answering })
}

/// Tells the client for how long it is held back, if it is.
fn throttle(ctx: &RequestContext, response: &mut impl Throttled) {
    if let Some(meter) = &ctx.meter {
        response.set_throttle_time_ms(meter.answered(ctx.client_id()));
    }
}

/// A client newer than this broker asks in a version that is not known here: it is answered in version 0, which
/// every client reads, and learns the versions of ApiVersions (KIP-511).
fn unknown_api_versions(correlation_id: i32) -> Begun {
    let response = handlers::api_versions::unsupported_version();
    let answer = klamm_wire::encode_response(correlation_id, 0, &response);
    let answering = Box::pin(async move { Ok(Answer::Frame(answer?)) });
    Begun { key: ApiKey::ApiVersions, overlaps: false, answering }
}

/// Reads a request and what its handler needs to know beside it.
fn open<R: Request>(
    origin: Origin,
    version: i16,
    frame: Bytes,
) -> Result<(i32, RequestContext, R), RequestError> {
    let size_bytes = frame.len();
    let (header, request) = klamm_wire::decode_request(frame, Limits::REQUEST)?;
    let ctx = RequestContext {
        api_version: version,
        client_id: header.client_id,
        size_bytes,
        peer: origin.endpoints.peer,
        local: origin.endpoints.local,
        meter: origin.meter,
    };
    Ok((header.correlation_id, ctx, request))
}

/// Produce is the one API whose request may have no answer.
async fn produce(
    broker: Arc<Broker>,
    origin: Origin,
    version: i16,
    frame: Bytes,
) -> Result<Answer, RequestError> {
    let (correlation_id, ctx, request) = open::<ProduceRequest>(origin, version, frame)?;
    if let Some(meter) = &ctx.meter {
        meter.produced(ctx.client_id(), ctx.size_bytes);
    }
    match handlers::produce::handle(&broker, &ctx, request).await {
        Produced::Answer(mut response) => {
            throttle(&ctx, &mut response);
            broker.metrics.failures(ApiKey::Produce, &response);
            Ok(Answer::Frame(klamm_wire::encode_response(correlation_id, version, &response)?))
        }
        Produced::Silent => Ok(Answer::Nothing),
        Produced::SilentFailure(why) => Err(RequestError::SilentProduce(why)),
    }
}
