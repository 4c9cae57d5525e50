//! ListGroups (16): the groups that this broker coordinates.

use klamm_model::ErrorCode;
use klamm_wire::messages::list_groups::{ListGroupsRequest, ListGroupsResponse};

use crate::groups::Asked;
use crate::{Broker, RequestContext};

/// Lists the groups in the states and of the types asked for (KIP-518, KIP-848), in the order of their names.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: ListGroupsRequest,
) -> ListGroupsResponse {
    let mut response = ListGroupsResponse::default();
    for shard in broker.groups.shards() {
        let listed = shard.look(|groups| groups.list(&request.states_filter, &request.types_filter));
        match listed.map(Asked::at_once) {
            Ok(groups) => response.groups.extend(groups),
            // A list that looks complete and is not would mislead: the client asks again.
            Err(ErrorCode::CoordinatorLoadInProgress) => {
                let error_code = ErrorCode::CoordinatorLoadInProgress.as_i16();
                return ListGroupsResponse { error_code, ..ListGroupsResponse::default() };
            }
            Err(_) => {}
        }
    }
    response.groups.sort_by(|a, b| a.group_id.cmp(&b.group_id));
    response
}
