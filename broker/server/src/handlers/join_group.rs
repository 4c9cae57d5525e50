//! JoinGroup (11): a member into a group of the classic protocol.

use klamm_groups::Reply;
use klamm_model::ErrorCode;
use klamm_wire::messages::join_group::{JoinGroupRequest, JoinGroupResponse};

use crate::{Broker, RequestContext};

/// The first version in which the chosen protocol may be null.
const FIRST_NULLABLE_PROTOCOL: i16 = 7;

/// Joins, and waits until the group has a generation.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: JoinGroupRequest,
) -> JoinGroupResponse {
    let member_id = request.member_id.clone();
    let asked = match broker.groups.shard_of(broker, &request.group_id) {
        Ok(shard) => {
            let caller = ctx.caller();
            shard.ask(broker, |groups, turn, ticket| groups.join(turn, &caller, request, ticket)).await
        }
        Err(code) => Err(code),
    };
    let refused = |code: ErrorCode| JoinGroupResponse {
        error_code: code.as_i16(),
        member_id,
        ..JoinGroupResponse::default()
    };
    match asked {
        Ok(Reply::Join(mut response)) => {
            // Before the version that made it nullable, no protocol is the empty text.
            if response.protocol_name.is_none() && ctx.api_version < FIRST_NULLABLE_PROTOCOL {
                response.protocol_name = Some(String::new());
            }
            response
        }
        Ok(Reply::Sync(_)) => refused(ErrorCode::UnknownServerError),
        Err(code) => JoinGroupResponse { protocol_name: Some(String::new()), ..refused(code) },
    }
}
