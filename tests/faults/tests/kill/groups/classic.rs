//! A member in the classic protocol: the group's leader deals out the partitions.

use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use klamm_faults::{Client, Generations, Random};
use klamm_model::ErrorCode;
use klamm_wire::messages::heartbeat::HeartbeatRequest;
use klamm_wire::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse};
use klamm_wire::messages::leave_group::{LeaveGroupRequest, MemberIdentity};
use klamm_wire::messages::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};

use super::group::{Group, away, is_away};
use super::{Member, SESSION_TIMEOUT_MS};
use crate::requests::error;

const PROTOCOL: &str = "dealt";

#[derive(Debug)]
pub struct ClassicMember {
    group: Arc<Group>,
    generations: Arc<Mutex<Generations>>,
    random: Random,
    /// Empty until the broker has given one.
    id: String,
    /// The newest generation in which it was told what to read.
    generation: i32,
    assigned: Vec<i32>,
    /// It was told what to read, so that the group's log has it.
    is_written: bool,
    phase: Phase,
    /// Ids with which it has left. The log has no word of that before the next generation: until then, a kill brings them back.
    former: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Joining,
    Stable,
    /// It asked to leave, and has no answer.
    Leaving,
}

impl ClassicMember {
    pub fn new(group: &Arc<Group>, generations: &Arc<Mutex<Generations>>, seed: u64) -> ClassicMember {
        ClassicMember {
            group: Arc::clone(group),
            generations: Arc::clone(generations),
            random: Random::new(seed),
            id: String::new(),
            generation: -1,
            assigned: Vec::new(),
            is_written: false,
            phase: Phase::Joining,
            former: Vec::new(),
        }
    }

    fn heartbeat(&mut self, client: &mut Client) -> io::Result<()> {
        let request = HeartbeatRequest {
            group_id: self.group.name.clone(),
            generation_id: self.generation,
            member_id: self.id.clone(),
            group_instance_id: None,
        };
        match error(client.ask(&request)?.error_code) {
            ErrorCode::None => {}
            ErrorCode::RebalanceInProgress => self.phase = Phase::Joining,
            code if is_away(code) => return Err(away(code)),
            // No generation can end without this member, and this one was told of it.
            code => panic!("{}: {} in {} is told {code:?}", self.group.name, self.id, self.generation),
        }
        Ok(())
    }

    /// Joins; the answer comes when all members have. `None`: it is to be tried again.
    fn join(&mut self, client: &mut Client) -> io::Result<Option<JoinGroupResponse>> {
        let protocol =
            JoinGroupRequestProtocol { name: PROTOCOL.to_owned(), metadata: Bytes::from_static(b"any") };
        let request = JoinGroupRequest {
            group_id: self.group.name.clone(),
            session_timeout_ms: SESSION_TIMEOUT_MS,
            rebalance_timeout_ms: SESSION_TIMEOUT_MS,
            member_id: self.id.clone(),
            protocol_type: "consumer".to_owned(),
            protocols: vec![protocol],
            ..Default::default()
        };
        let joined = client.ask(&request)?;
        match error(joined.error_code) {
            ErrorCode::None => Ok(Some(joined)),
            ErrorCode::MemberIdRequired => {
                self.id = joined.member_id;
                Ok(None)
            }
            ErrorCode::UnknownMemberId if !self.is_written => {
                self.id.clear();
                Ok(None)
            }
            code if is_away(code) => Err(away(code)),
            code => panic!("{}: {} can't join again: {code:?}", self.group.name, self.id),
        }
    }

    /// Hears what it reads; the leader says what all read.
    fn sync(&mut self, client: &mut Client, joined: &JoinGroupResponse) -> io::Result<()> {
        let is_leader = joined.leader == self.id;
        let request = SyncGroupRequest {
            group_id: self.group.name.clone(),
            generation_id: joined.generation_id,
            member_id: self.id.clone(),
            group_instance_id: None,
            protocol_type: Some("consumer".to_owned()),
            protocol_name: Some(PROTOCOL.to_owned()),
            assignments: if is_leader { self.deal(joined) } else { Vec::new() },
        };
        let synced = client.ask(&request)?;
        match error(synced.error_code) {
            ErrorCode::None => self.take(joined.generation_id, &synced.assignment),
            // Another member came meanwhile.
            ErrorCode::RebalanceInProgress => {}
            code if is_away(code) => return Err(away(code)),
            code => panic!("{}: {} can't sync: {code:?}", self.group.name, self.id),
        }
        Ok(())
    }

    /// Each member in turn gets a partition. A number that nobody else has drawn tells this assignment from all others.
    fn deal(&mut self, joined: &JoinGroupResponse) -> Vec<SyncGroupRequestAssignment> {
        let (drawn, members) = (self.random.next_u64(), joined.members.len() as i32);
        let deal = |(turn, member_id): (i32, String)| {
            let mut assignment = drawn.to_be_bytes().to_vec();
            let partitions = (0..self.group.partitions()).filter(|partition| partition % members == turn);
            assignment.extend(partitions.map(|partition| partition as u8));
            SyncGroupRequestAssignment { member_id, assignment: assignment.into() }
        };
        (0..).zip(joined.members.iter().map(|member| member.member_id.clone())).map(deal).collect()
    }

    fn take(&mut self, generation: i32, assignment: &[u8]) {
        let (drawn, partitions) = assignment.split_at(8);
        let partitions: Vec<i32> = partitions.iter().map(|partition| i32::from(*partition)).collect();
        let drawn = u64::from_be_bytes(drawn.try_into().unwrap());
        let told = self.generations.lock().unwrap().told(&self.id, generation, drawn, &partitions);
        if let Err(violation) = told {
            panic!("{}: {violation}", self.group.name);
        }
        (self.generation, self.assigned, self.is_written) = (generation, partitions, true);
        self.phase = Phase::Stable;
        self.former.clear();
    }

    /// Leaves again in its former lives.
    fn stay_away(&self, client: &mut Client) -> io::Result<()> {
        for id in &self.former {
            let code = self.leave_as(client, id)?;
            assert!(
                matches!(code, ErrorCode::None | ErrorCode::UnknownMemberId),
                "{id} can't leave: {code:?}"
            );
        }
        Ok(())
    }

    fn leave_as(&self, client: &mut Client, id: &str) -> io::Result<ErrorCode> {
        let member = MemberIdentity { member_id: id.to_owned(), ..Default::default() };
        let request = LeaveGroupRequest {
            group_id: self.group.name.clone(),
            members: vec![member],
            ..Default::default()
        };
        let answer = client.ask(&request)?;
        let code = error(answer.error_code);
        if is_away(code) {
            return Err(away(code));
        }
        Ok(answer.members.first().map_or(code, |member| error(member.error_code)))
    }
}

impl Member for ClassicMember {
    fn group(&self) -> &Arc<Group> {
        &self.group
    }

    fn live(&mut self, client: &mut Client) -> io::Result<()> {
        match self.phase {
            Phase::Leaving => self.leave(client)?,
            Phase::Stable => self.heartbeat(client)?,
            Phase::Joining => {}
        }
        if self.phase == Phase::Joining {
            self.stay_away(client)?;
        }
        while self.phase == Phase::Joining {
            if let Some(joined) = self.join(client)? {
                self.sync(client, &joined)?;
            }
        }
        Ok(())
    }

    fn leave(&mut self, client: &mut Client) -> io::Result<()> {
        let is_again = self.phase == Phase::Leaving;
        self.phase = Phase::Leaving;
        self.assigned.clear();
        self.stay_away(client)?;
        let left = self.leave_as(client, &self.id)?;
        match left {
            ErrorCode::None => {}
            ErrorCode::UnknownMemberId if is_again || !self.is_written => {}
            code => panic!("{}: {} can't leave: {code:?}", self.group.name, self.id),
        }
        self.former.push(std::mem::take(&mut self.id));
        self.is_written = false;
        self.phase = Phase::Joining;
        Ok(())
    }

    fn identity(&self) -> (&str, i32) {
        (&self.id, self.generation)
    }

    fn assigned(&self) -> &[i32] {
        &self.assigned
    }
}
