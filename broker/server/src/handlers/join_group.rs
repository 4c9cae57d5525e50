//! JoinGroup (11): a member of the classic protocol into a group.

use klamm_groups::{Coordinator, Reply, Turn};
use klamm_model::ErrorCode;
use klamm_wire::messages::join_group::{JoinGroupRequest, JoinGroupResponse};

use crate::groups::ImageTopics;
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
            let (caller, topics) = (ctx.caller(), ImageTopics(broker.controller.image()));
            let join = |groups: &mut Coordinator, turn: &mut Turn<'_>, ticket| {
                groups.join(turn, &topics, &caller, request, ticket);
            };
            shard.ask(broker, join).await
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
