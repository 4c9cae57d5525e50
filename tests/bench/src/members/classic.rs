//! A member in the classic protocol, eager: it gives up all it reads with each rebalance.

use bytes::Bytes;
use klamm_model::ErrorCode;
use klamm_wire::messages::join_group::JoinGroupRequestProtocol;
use klamm_wire::messages::leave_group::MemberIdentity;
use klamm_wire::messages::sync_group::SyncGroupRequestAssignment;
use klamm_wire::{
    HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, SyncGroupRequest,
};

use super::{Board, Group, Heard, REBALANCE_TIMEOUT_MS, heard};
use crate::Result;
use crate::client::Client;

const JOIN_VERSION: i16 = 9;
const SYNC_VERSION: i16 = 5;
const HEARTBEAT_VERSION: i16 = 4;
const LEAVE_VERSION: i16 = 5;
/// Not `consumer`: nobody else reads what these members say.
const PROTOCOL_TYPE: &str = "benchmark";
const PROTOCOL: &str = "dealt";
/// What the leader writes for each partition.
const PARTITION_BYTES: usize = 4;

struct Member<'a> {
    group: &'a Group,
    client: Client,
    id: String,
    generation: i32,
}

/// Lives until it is dismissed.
pub(super) fn live(group: &Group, number: usize, board: &Board) -> Result<()> {
    let client = Client::connect(group.address)?;
    let mut member = Member { group, client, id: String::new(), generation: -1 };
    let mut is_gathering = true;
    loop {
        if is_gathering {
            let partitions = member.gather()?;
            board.told(number, member.generation, partitions);
        }
        if board.rest(number, group.interval) {
            return member.leave();
        }
        is_gathering = member.heartbeat()?;
    }
}

impl Member<'_> {
    /// Joins until it hears what it reads; gives how many partitions.
    fn gather(&mut self) -> Result<usize> {
        loop {
            let protocol =
                JoinGroupRequestProtocol { name: PROTOCOL.to_owned(), metadata: Bytes::from_static(b"any") };
            let request = JoinGroupRequest {
                group_id: self.group.name.clone(),
                session_timeout_ms: 45_000,
                rebalance_timeout_ms: REBALANCE_TIMEOUT_MS,
                member_id: self.id.clone(),
                protocol_type: PROTOCOL_TYPE.to_owned(),
                protocols: vec![protocol],
                ..JoinGroupRequest::default()
            };
            let joined = self.client.call(JOIN_VERSION, &request)?;
            if joined.error_code == ErrorCode::MemberIdRequired.as_i16() {
                self.id = joined.member_id;
            } else if matches!(heard(joined.error_code)?, Heard::Well)
                && let Some(partitions) = self.sync(&joined)?
            {
                return Ok(partitions);
            }
        }
    }

    fn sync(&mut self, joined: &JoinGroupResponse) -> Result<Option<usize>> {
        self.generation = joined.generation_id;
        let request = SyncGroupRequest {
            group_id: self.group.name.clone(),
            generation_id: self.generation,
            member_id: self.id.clone(),
            protocol_type: Some(PROTOCOL_TYPE.to_owned()),
            protocol_name: Some(PROTOCOL.to_owned()),
            assignments: self.deal(joined),
            ..SyncGroupRequest::default()
        };
        let synced = self.client.call(SYNC_VERSION, &request)?;
        Ok(match heard(synced.error_code)? {
            Heard::Well => Some(synced.assignment.len() / PARTITION_BYTES),
            Heard::Rebalance | Heard::Away => None,
        })
    }

    /// Only the leader knows the members.
    fn deal(&self, joined: &JoinGroupResponse) -> Vec<SyncGroupRequestAssignment> {
        let count = joined.members.len();
        let deal = |(turn, member_id): (usize, &String)| {
            let partitions = (0..self.group.partitions).skip(turn).step_by(count);
            let assignment: Vec<u8> = partitions.flat_map(i32::to_be_bytes).collect();
            SyncGroupRequestAssignment { member_id: member_id.clone(), assignment: assignment.into() }
        };
        joined.members.iter().map(|member| &member.member_id).enumerate().map(deal).collect()
    }

    /// Whether the group gathers anew.
    fn heartbeat(&mut self) -> Result<bool> {
        let request = HeartbeatRequest {
            group_id: self.group.name.clone(),
            generation_id: self.generation,
            member_id: self.id.clone(),
            group_instance_id: None,
        };
        let answer = self.client.call(HEARTBEAT_VERSION, &request)?;
        Ok(matches!(heard(answer.error_code)?, Heard::Rebalance))
    }

    fn leave(mut self) -> Result<()> {
        let member = MemberIdentity { member_id: self.id, ..MemberIdentity::default() };
        let request = LeaveGroupRequest {
            group_id: self.group.name.clone(),
            members: vec![member],
            ..LeaveGroupRequest::default()
        };
        heard(self.client.call(LEAVE_VERSION, &request)?.error_code)?;
        Ok(())
    }
}
