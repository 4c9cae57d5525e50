//! ConsumerGroupHeartbeat (68): the consumer protocol (KIP-848).

use klamm_groups::Turn;
use klamm_model::ErrorCode;
use klamm_wire::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};

use crate::groups::ImageTopics;
use crate::{Broker, RequestContext};

/// Notes what the member says, and tells it what it may read.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: ConsumerGroupHeartbeatRequest,
) -> ConsumerGroupHeartbeatResponse {
    let refused = |code: ErrorCode| ConsumerGroupHeartbeatResponse {
        error_code: code.as_i16(),
        error_message: Some(code.text().to_owned()),
        ..ConsumerGroupHeartbeatResponse::default()
    };
    let shard = match broker.groups.shard_of(broker, &request.group_id) {
        Ok(shard) => shard,
        Err(code) => return refused(code),
    };
    let caller = ctx.caller();
    let topics = ImageTopics(broker.controller.image());
    let config = broker.groups.config_of(&topics.0, &request.group_id);
    let asked = shard.run(broker, |groups, turn| {
        let own = &mut Turn { now: turn.now, config: &config, ids: turn.ids, effects: turn.effects };
        groups.consumer_heartbeat(own, &topics, &caller, request)
    });
    match asked {
        Ok(asked) => asked.when_durable(shard.partition()).await.unwrap_or_else(refused),
        Err(code) => refused(code),
    }
}
