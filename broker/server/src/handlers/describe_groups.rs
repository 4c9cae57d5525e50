//! DescribeGroups (15): groups of the classic protocol with their members.

use klamm_groups::not_described;
use klamm_model::ErrorCode;
use klamm_wire::messages::describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup};

use crate::authorized_operations::{GROUP_OPERATIONS, NOT_ASKED};
use crate::groups::Asked;
use crate::{Broker, RequestContext};

/// The first version that tells that a group is not there (KIP-1043); before, such a group is dead.
const FIRST_TELLING: i16 = 6;

/// Describes each group.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: DescribeGroupsRequest,
) -> DescribeGroupsResponse {
    let asked = request.include_authorized_operations;
    let groups = request.groups.into_iter().map(|group_id| {
        let mut group = describe(broker, ctx, group_id);
        let tells = asked && group.error_code == ErrorCode::None.as_i16();
        group.authorized_operations = if tells { GROUP_OPERATIONS } else { NOT_ASKED };
        group
    });
    DescribeGroupsResponse { groups: groups.collect(), ..DescribeGroupsResponse::default() }
}

fn describe(broker: &Broker, ctx: &RequestContext, group_id: String) -> DescribedGroup {
    let shard = broker.groups.shard_of(broker, &group_id);
    let described =
        shard.and_then(|shard| shard.look(|groups| (groups.describe(&group_id), groups.contains(&group_id))));
    match described.map(Asked::at_once) {
        Ok((Some(group), _)) => group,
        Ok((None, other)) => not_described(group_id, ctx.api_version >= FIRST_TELLING, other),
        Err(code) => DescribedGroup { error_code: code.as_i16(), group_id, ..DescribedGroup::default() },
    }
}
