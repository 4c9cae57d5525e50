//! A group under test.

mod histories;
mod joining;
mod leaving;
mod static_members;
mod syncing;

use bytes::Bytes;
use klamm_model::{ErrorCode, TimestampMs};
use klamm_wire::messages::heartbeat::HeartbeatRequest;
use klamm_wire::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse};
use klamm_wire::messages::leave_group::{LeaveGroupRequest, MemberIdentity};
use klamm_wire::messages::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse};

use super::{ClassicGroup, State};
use crate::records::{ClassicGroupValue, GroupRecord};
use crate::{Caller, Effects, GroupConfig, MemberIds, Now, Reply, Tick, Ticket, Turn};

const SESSION_MS: i32 = 10_000;
const REBALANCE_MS: i32 = 30_000;

/// Ids that can be told apart at a glance.
#[derive(Debug, Clone, Default)]
struct Counting(u128);

impl MemberIds for Counting {
    fn next_id(&mut self) -> u128 {
        self.0 += 1;
        self.0
    }
}

/// A group, its clock, and all that came of it.
#[derive(Debug, Clone)]
struct Bench {
    group: ClassicGroup,
    config: GroupConfig,
    ids: Counting,
    now: u64,
    tickets: u64,
    api_version: i16,
    /// What came of the last event.
    replies: Vec<(Ticket, Reply)>,
    records: Vec<GroupRecord>,
}

/// What a member says when it joins.
#[derive(Debug, Clone)]
struct Says {
    member_id: String,
    instance_id: Option<String>,
    protocols: Vec<(&'static str, &'static [u8])>,
}

impl Says {
    fn id(member_id: &str) -> Says {
        Says { member_id: member_id.to_owned(), instance_id: None, protocols: vec![("range", b"topics")] }
    }

    fn instance(mut self, instance_id: &str) -> Says {
        self.instance_id = Some(instance_id.to_owned());
        self
    }

    fn protocols(mut self, protocols: &[(&'static str, &'static [u8])]) -> Says {
        self.protocols = protocols.to_vec();
        self
    }

    fn request(&self) -> JoinGroupRequest {
        let protocol = |&(name, metadata): &(&str, &'static [u8])| JoinGroupRequestProtocol {
            name: name.to_owned(),
            metadata: Bytes::from_static(metadata),
        };
        JoinGroupRequest {
            group_id: "g".to_owned(),
            session_timeout_ms: SESSION_MS,
            rebalance_timeout_ms: REBALANCE_MS,
            member_id: self.member_id.clone(),
            group_instance_id: self.instance_id.clone(),
            protocol_type: "consumer".to_owned(),
            protocols: self.protocols.iter().map(protocol).collect(),
            ..JoinGroupRequest::default()
        }
    }
}

impl Bench {
    fn new() -> Bench {
        Bench::with(GroupConfig { initial_rebalance_delay_ms: 0, ..GroupConfig::default() })
    }

    fn with(config: GroupConfig) -> Bench {
        let now = Now { time: TimestampMs(1_000_000), tick: Tick(0) };
        Bench {
            group: ClassicGroup::new("g".to_owned(), now),
            config,
            ids: Counting::default(),
            now: 0,
            tickets: 0,
            api_version: 9,
            replies: Vec::new(),
            records: Vec::new(),
        }
    }

    fn now(&self) -> Now {
        Now { time: TimestampMs(1_000_000 + self.now.cast_signed()), tick: Tick(self.now) }
    }

    fn turn<T>(&mut self, event: impl FnOnce(&mut ClassicGroup, &mut Turn<'_>, &Caller) -> T) -> T {
        let mut effects = Effects::default();
        let now = self.now();
        let caller = Caller {
            api_version: self.api_version,
            client_id: "c".to_owned(),
            client_host: [127, 0, 0, 1].into(),
        };
        let mut turn = Turn { now, config: &self.config, ids: &mut self.ids, effects: &mut effects };
        let value = event(&mut self.group, &mut turn, &caller);
        self.replies = effects.replies;
        self.records = effects.records;
        self.check_told();
        value
    }

    /// Who was just told a generation is a member of it.
    fn check_told(&self) {
        for (_, reply) in &self.replies {
            if let Reply::Join(told) = reply
                && told.error_code == ErrorCode::None.as_i16()
            {
                assert!(self.group.members.contains_key(&told.member_id), "told, and thrown out: {told:?}");
                assert_eq!(told.generation_id, self.group.generation());
            }
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    fn join(&mut self, says: &Says) -> Ticket {
        let ticket = self.ticket();
        let request = says.request();
        self.turn(|group, turn, caller| group.join(turn, caller, &request, ticket));
        ticket
    }

    /// Is told an id, and joins with it; gives the id and the ticket.
    fn join_new(&mut self) -> (String, Ticket) {
        let asked = self.join(&Says::id(""));
        let told = self.joined(asked);
        assert_eq!(told.error_code, ErrorCode::MemberIdRequired.as_i16());
        let ticket = self.join(&Says::id(&told.member_id));
        (told.member_id, ticket)
    }

    fn sync(&mut self, member_id: &str, generation: i32, assignments: &[(&str, &'static [u8])]) -> Ticket {
        let assignments = assignments.iter().map(|(member, assignment)| SyncGroupRequestAssignment {
            member_id: (*member).to_owned(),
            assignment: Bytes::from_static(assignment),
        });
        let request = SyncGroupRequest {
            group_id: "g".to_owned(),
            generation_id: generation,
            member_id: member_id.to_owned(),
            assignments: assignments.collect(),
            ..SyncGroupRequest::default()
        };
        let ticket = self.ticket();
        self.turn(|group, turn, caller| group.sync(turn, caller, request, ticket));
        ticket
    }

    fn heartbeat(&mut self, member_id: &str, generation_id: i32) -> ErrorCode {
        let request = HeartbeatRequest {
            group_id: "g".to_owned(),
            generation_id,
            member_id: member_id.to_owned(),
            ..HeartbeatRequest::default()
        };
        let now = self.now();
        self.group.heartbeat(now, &request)
    }

    fn leave(&mut self, member_id: &str, instance_id: Option<&str>) -> ErrorCode {
        let member = MemberIdentity {
            member_id: member_id.to_owned(),
            group_instance_id: instance_id.map(str::to_owned),
            ..MemberIdentity::default()
        };
        let request = LeaveGroupRequest { members: vec![member], ..LeaveGroupRequest::default() };
        let response = self.turn(|group, turn, caller| group.leave(turn, caller, request));
        ErrorCode::from_i16(response.members[0].error_code).expect("a known code")
    }

    /// Time passes; each deadline is met on its way.
    fn pass(&mut self, milliseconds: u64) {
        let end = self.now + milliseconds;
        let (mut replies, mut records) = (Vec::new(), Vec::new());
        while let Some(Tick(at)) = self.group.next_deadline().filter(|deadline| deadline.0 <= end) {
            self.now = self.now.max(at);
            self.turn(|group, turn, _| group.tick(turn));
            replies.append(&mut self.replies);
            records.append(&mut self.records);
        }
        self.now = end;
        (self.replies, self.records) = (replies, records);
    }

    /// The broker stands still for a time: what fell due is met when it goes on.
    fn stall(&mut self, milliseconds: u64) {
        self.now += milliseconds;
        self.turn(|group, turn, _| group.tick(turn));
    }

    fn reply(&self, ticket: Ticket) -> Option<&Reply> {
        self.replies.iter().find(|(answered, _)| *answered == ticket).map(|(_, reply)| reply)
    }

    fn joined(&self, ticket: Ticket) -> JoinGroupResponse {
        match self.reply(ticket) {
            Some(Reply::Join(response)) => response.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn synced(&self, ticket: Ticket) -> SyncGroupResponse {
        match self.reply(ticket) {
            Some(Reply::Sync(response)) => response.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn join_error(&self, ticket: Ticket) -> ErrorCode {
        ErrorCode::from_i16(self.joined(ticket).error_code).expect("a known code")
    }

    fn sync_error(&self, ticket: Ticket) -> ErrorCode {
        ErrorCode::from_i16(self.synced(ticket).error_code).expect("a known code")
    }

    fn waits(&self, ticket: Ticket) -> bool {
        self.reply(ticket).is_none()
    }

    /// The only record that came of the last event.
    fn record(&self) -> &ClassicGroupValue {
        match &self.records[..] {
            [GroupRecord::ClassicGroup { value: Some(value), .. }] => value,
            other => panic!("{other:?}"),
        }
    }

    /// A stable group of one member; gives its id.
    fn with_one_member() -> (Bench, String) {
        let mut bench = Bench::new();
        let (member_id, ticket) = bench.join_new();
        assert_eq!(bench.joined(ticket).generation_id, 1);
        bench.sync(&member_id, 1, &[(&member_id, b"all")]);
        assert_eq!(bench.group.state(), State::Stable);
        (bench, member_id)
    }

    /// A stable group of two members in generation 2; gives their ids, the leader's first.
    fn with_two_members() -> (Bench, String, String) {
        let (mut bench, first) = Bench::with_one_member();
        let (second, waiting) = bench.join_new();
        assert!(bench.waits(waiting));
        bench.join(&Says::id(&first));
        bench.sync(&second, 2, &[]);
        bench.sync(&first, 2, &[(&first, b"one"), (&second, b"two")]);
        assert_eq!((bench.group.state(), bench.group.generation()), (State::Stable, 2));
        (bench, first, second)
    }
}
