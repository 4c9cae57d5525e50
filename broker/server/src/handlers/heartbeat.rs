//! Heartbeat (12): a member's sign of life.

use klamm_wire::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};

use crate::groups::{Asked, ImageTopics};
use crate::{Broker, RequestContext};

/// Notes it, and tells the member whether it has to join again.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: HeartbeatRequest,
) -> HeartbeatResponse {
    let topics = ImageTopics(broker.controller.image());
    let shard = broker.groups.shard_of(broker, &request.group_id);
    let code = shard
        .and_then(|shard| shard.run(broker, |groups, turn| groups.heartbeat(turn, &topics, &request)))
        .map_or_else(|code| code, Asked::at_once);
    HeartbeatResponse { error_code: code.as_i16(), ..HeartbeatResponse::default() }
}
