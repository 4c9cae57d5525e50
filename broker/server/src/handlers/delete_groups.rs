//! DeleteGroups (42): empty groups and their offsets away (KIP-229).

use klamm_model::ErrorCode;
use klamm_wire::messages::delete_groups::{DeletableGroupResult, DeleteGroupsRequest, DeleteGroupsResponse};

use crate::{Broker, RequestContext};

/// Deletes each group that has no members.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: DeleteGroupsRequest,
) -> DeleteGroupsResponse {
    let mut results = Vec::new();
    for group_id in request.groups_names {
        let code = delete(broker, &group_id).await.err().unwrap_or(ErrorCode::None);
        results.push(DeletableGroupResult { group_id, error_code: code.as_i16() });
    }
    DeleteGroupsResponse { results, ..DeleteGroupsResponse::default() }
}

async fn delete(broker: &Broker, group_id: &str) -> Result<(), ErrorCode> {
    let shard = broker.groups.shard_of(broker, group_id)?;
    let deleted = shard.run(broker, |groups, turn| groups.delete_group(turn, group_id))?;
    deleted.when_durable(shard.partition()).await?
}
