//! LeaveGroup (13): members out of a group.

use klamm_model::ErrorCode;
use klamm_wire::messages::leave_group::{LeaveGroupRequest, LeaveGroupResponse};

use crate::groups::ImageTopics;
use crate::{Broker, RequestContext};

/// Takes the members out; the others are told to join again.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: LeaveGroupRequest,
) -> LeaveGroupResponse {
    let (caller, topics) = (ctx.caller(), ImageTopics(broker.controller.image()));
    let refused =
        |code: ErrorCode| LeaveGroupResponse { error_code: code.as_i16(), ..LeaveGroupResponse::default() };
    let shard = match broker.groups.shard_of(broker, &request.group_id) {
        Ok(shard) => shard,
        Err(code) => return refused(code),
    };
    match shard.run(broker, |groups, turn| groups.leave(turn, &topics, &caller, request)) {
        Ok(asked) => asked.when_durable(shard.partition()).await.unwrap_or_else(refused),
        Err(code) => refused(code),
    }
}
