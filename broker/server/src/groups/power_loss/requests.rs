//! Requests as clients write them.

use bytes::Bytes;
use klamm_wire::messages::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;
use klamm_wire::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponseMember};
use klamm_wire::messages::sync_group::SyncGroupRequestAssignment;

use super::world::{ORDERS, PARTITIONS, SESSION_MS};

/// How long members may take to join again, and to give partitions back.
const REBALANCE_MS: i32 = 15_000;

pub(super) fn join(group: &str, member_id: &str, instance: Option<&str>) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: group.to_owned(),
        session_timeout_ms: SESSION_MS,
        rebalance_timeout_ms: REBALANCE_MS,
        member_id: member_id.to_owned(),
        group_instance_id: instance.map(str::to_owned),
        protocol_type: "consumer".to_owned(),
        protocols: vec![JoinGroupRequestProtocol { name: "range".to_owned(), metadata: subscription() }],
        ..JoinGroupRequest::default()
    }
}

/// A heartbeat that says all there is to say.
pub(super) fn beat(
    group: &str,
    member_id: &str,
    epoch: i32,
    instance: Option<&str>,
) -> ConsumerGroupHeartbeatRequest {
    let joins = epoch == 0;
    ConsumerGroupHeartbeatRequest {
        group_id: group.to_owned(),
        member_id: member_id.to_owned(),
        member_epoch: epoch,
        instance_id: instance.map(str::to_owned),
        rebalance_timeout_ms: if joins { REBALANCE_MS } else { -1 },
        subscribed_topic_names: joins.then(|| vec![ORDERS.to_owned()]),
        topic_partitions: joins.then(Vec::new),
        ..ConsumerGroupHeartbeatRequest::default()
    }
}

/// What a leader says: the partitions to the members, one after the other.
pub(super) fn deal(members: &[JoinGroupResponseMember]) -> Vec<SyncGroupRequestAssignment> {
    let share =
        |number: usize| (0..PARTITIONS).filter(|p| *p as usize % members.len() == number).collect::<Vec<_>>();
    let deal = |(number, member): (usize, &JoinGroupResponseMember)| SyncGroupRequestAssignment {
        member_id: member.member_id.clone(),
        assignment: assignment(&share(number)),
    };
    members.iter().enumerate().map(deal).collect()
}

/// Version 0 of a consumer's subscription: topics, and nothing for the leader besides.
fn subscription() -> Bytes {
    let mut bytes = vec![0, 0, 0, 0, 0, 1];
    put_name(&mut bytes, ORDERS);
    bytes.extend((-1_i32).to_be_bytes());
    bytes.into()
}

/// Version 0 of a consumer's assignment.
fn assignment(partitions: &[i32]) -> Bytes {
    let mut bytes = vec![0, 0, 0, 0, 0, 1];
    put_name(&mut bytes, ORDERS);
    bytes.extend((partitions.len() as i32).to_be_bytes());
    for partition in partitions {
        bytes.extend(partition.to_be_bytes());
    }
    bytes.extend((-1_i32).to_be_bytes());
    bytes.into()
}

fn put_name(bytes: &mut Vec<u8>, name: &str) {
    bytes.extend((name.len() as i16).to_be_bytes());
    bytes.extend(name.as_bytes());
}
