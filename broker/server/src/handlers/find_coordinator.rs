//! FindCoordinator (10): which broker looks after a group.

use klamm_controller::Endpoint;
use klamm_model::{BrokerId, ErrorCode};
use klamm_wire::messages::find_coordinator::{Coordinator, FindCoordinatorRequest, FindCoordinatorResponse};

use crate::error_code::KafkaError;
use crate::groups::{OFFSETS_TOPIC, ensure_offsets_topic, partition_for};
use crate::{Broker, RequestContext};

/// What a key is of.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
/// The first version that asks for many (KIP-699).
const FIRST_BATCHED: i16 = 4;

/// Finds the coordinators; makes `__consumer_offsets` if nobody needed it before.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: FindCoordinatorRequest,
) -> FindCoordinatorResponse {
    let batched = ctx.api_version >= FIRST_BATCHED;
    let keys = if batched { request.coordinator_keys } else { vec![request.key] };
    let ready = prepare(broker, request.key_type).await;
    let found = keys.into_iter().map(|key| {
        let found = ready.clone().and_then(|()| find(broker, ctx, &key));
        coordinator(key, found)
    });
    let mut found: Vec<Coordinator> = found.collect();
    if batched {
        return FindCoordinatorResponse { coordinators: found, ..FindCoordinatorResponse::default() };
    }
    let only = found.pop().unwrap_or_default();
    FindCoordinatorResponse {
        error_code: only.error_code,
        error_message: only.error_message,
        node_id: only.node_id,
        host: only.host,
        port: only.port,
        ..FindCoordinatorResponse::default()
    }
}

async fn prepare(broker: &Broker, key_type: i8) -> Result<(), KafkaError> {
    let message = match key_type {
        GROUP => return ensure_offsets_topic(broker).await.map_err(KafkaError::from),
        TRANSACTION => {
            "Transactions are not offered yet: produce without transactional.id (idempotence works)."
                .to_owned()
        }
        other => format!("No coordinator of the type {other} is offered."),
    };
    Err(KafkaError::new(ErrorCode::InvalidRequest, message))
}

fn find(broker: &Broker, ctx: &RequestContext, key: &str) -> Result<(BrokerId, Endpoint), KafkaError> {
    let image = broker.controller.image();
    let topic = image.topic(OFFSETS_TOPIC).ok_or(ErrorCode::CoordinatorNotAvailable)?;
    let index = usize::try_from(partition_for(key, topic.partitions.len())).unwrap_or(0);
    let leader = topic.partitions.get(index).map(|partition| partition.leader);
    let brokers = broker.endpoints(ctx.local).into_iter();
    let found = brokers.map(|(id, endpoint, _)| (id, endpoint)).find(|(id, _)| Some(*id) == leader);
    found.ok_or_else(|| ErrorCode::CoordinatorNotAvailable.into())
}

fn coordinator(key: String, found: Result<(BrokerId, Endpoint), KafkaError>) -> Coordinator {
    match found {
        Ok((id, endpoint)) => Coordinator {
            key,
            node_id: id.0,
            host: endpoint.host,
            port: i32::from(endpoint.port),
            error_message: Some(String::new()),
            ..Coordinator::default()
        },
        Err(error) => Coordinator {
            key,
            node_id: BrokerId::NONE.0,
            port: -1,
            error_code: error.code.as_i16(),
            error_message: Some(error.message),
            ..Coordinator::default()
        },
    }
}
