//! SyncGroup (14): from the leader what all members do, to each member what it does.

use klamm_groups::{Coordinator, Reply, Turn};
use klamm_model::ErrorCode;
use klamm_wire::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};

use crate::groups::ImageTopics;
use crate::{Broker, RequestContext};

/// Waits until the leader has said what members do.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: SyncGroupRequest,
) -> SyncGroupResponse {
    let asked = match broker.groups.shard_of(broker, &request.group_id) {
        Ok(shard) => {
            let (caller, topics) = (ctx.caller(), ImageTopics(broker.controller.image()));
            let sync = |groups: &mut Coordinator, turn: &mut Turn<'_>, ticket| {
                groups.sync(turn, &topics, &caller, request, ticket);
            };
            shard.ask(broker, sync).await
        }
        Err(code) => Err(code),
    };
    let code = match asked {
        Ok(Reply::Sync(response)) => return response,
        Ok(Reply::Join(_)) => ErrorCode::UnknownServerError,
        Err(code) => code,
    };
    SyncGroupResponse { error_code: code.as_i16(), ..SyncGroupResponse::default() }
}
