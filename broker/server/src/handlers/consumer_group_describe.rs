//! ConsumerGroupDescribe (69): groups of the consumer protocol with their members (KIP-848).

use klamm_model::ErrorCode;
use klamm_wire::messages::consumer_group_describe::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, DescribedGroup,
};

use crate::authorized_operations::{GROUP_OPERATIONS, NOT_ASKED};
use crate::groups::{Asked, ImageTopics};
use crate::{Broker, RequestContext};

/// Describes each group.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: ConsumerGroupDescribeRequest,
) -> ConsumerGroupDescribeResponse {
    let topics = ImageTopics(broker.controller.image());
    let asked = request.include_authorized_operations;
    let groups = request.group_ids.into_iter().map(|group_id| {
        let mut group = describe(broker, &topics, group_id);
        let tells = asked && group.error_code == ErrorCode::None.as_i16();
        group.authorized_operations = if tells { GROUP_OPERATIONS } else { NOT_ASKED };
        group
    });
    ConsumerGroupDescribeResponse { groups: groups.collect(), ..ConsumerGroupDescribeResponse::default() }
}

fn describe(broker: &Broker, topics: &ImageTopics, group_id: String) -> DescribedGroup {
    let shard = broker.groups.shard_of(broker, &group_id);
    let described = shard
        .and_then(|shard| {
            shard.look(|groups| (groups.describe_consumer(&group_id, topics), groups.contains(&group_id)))
        })
        .map(Asked::at_once);
    let (code, message) = match described {
        Ok((Some(group), _)) => return group,
        Ok((None, true)) => {
            (ErrorCode::GroupIdNotFound, format!("Group {group_id} is not a consumer group."))
        }
        Ok((None, false)) => (ErrorCode::GroupIdNotFound, format!("Group {group_id} not found.")),
        Err(code) => (code, code.text().to_owned()),
    };
    DescribedGroup {
        error_code: code.as_i16(),
        error_message: Some(message),
        group_id,
        ..DescribedGroup::default()
    }
}
