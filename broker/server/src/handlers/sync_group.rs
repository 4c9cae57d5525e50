//! SyncGroup (14): from the leader what all members do, to each member what it does.

use klamm_groups::Reply;
use klamm_model::ErrorCode;
use klamm_wire::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};

use crate::{Broker, RequestContext};

/// Waits until the leader has said what members do.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: SyncGroupRequest,
) -> SyncGroupResponse {
    let asked = match broker.groups.shard_of(broker, &request.group_id) {
        Ok(shard) => {
            let caller = ctx.caller();
            shard.ask(broker, |groups, turn, ticket| groups.sync(turn, &caller, request, ticket)).await
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
