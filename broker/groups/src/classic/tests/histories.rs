//! Random histories: members that join, fall silent, leave, come back, say stale things; time that passes; restarts.
//!
//! Members are simulated with what real ones know: what they were answered, no more. At each step, and once all members behave
//! again, the promises are checked.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::random_histories::histories;

/// Members of a history.
const CLIENTS: usize = 4;
/// For how long members that behave may take to be in one generation: the longest timeouts one after the other.
const SETTLED_AFTER_MS: u64 = 5 * 60_000 + 3 * 30_000;
const STEP_MS: u64 = 1_000;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    /// The client does what comes next for it.
    Act(usize),
    /// It joins again although nobody asked it to, with other metadata.
    Change(usize),
    /// It says something of the generation before.
    Stale(usize),
    /// It asks again, as after a lost connection.
    Repeat(usize),
    Leave(usize),
    /// It forgets everything, as a process that is started again.
    Forget(usize),
    Pass(u64),
    /// The broker stands still for a time.
    Stall(u64),
    /// The broker is started again: it knows what it has written down.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let client = 0..CLIENTS;
    let step = prop_oneof![
        10 => client.clone().prop_map(Step::Act),
        1 => client.clone().prop_map(Step::Change),
        1 => client.clone().prop_map(Step::Stale),
        1 => client.clone().prop_map(Step::Repeat),
        1 => client.clone().prop_map(Step::Leave),
        1 => client.prop_map(Step::Forget),
        2 => (0u64..12_000).prop_map(Step::Pass),
        1 => (0u64..12_000).prop_map(Step::Stall),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..80)
}

/// What a client waits for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Waits {
    No,
    Join(Ticket),
    Sync(Ticket),
}

/// A member as it sees itself.
#[derive(Debug, Clone)]
struct Client {
    instance_id: Option<String>,
    member_id: String,
    generation: i32,
    /// The members, if it leads.
    leads: Option<Vec<String>>,
    waits: Waits,
    /// Whether it has an assignment of its generation.
    works: Option<Bytes>,
    version: &'static [u8],
    /// When it last heard that it is a member, and since when it has done all that it must.
    acted: u64,
}

impl Client {
    fn new(number: usize) -> Client {
        Client {
            // One of them is a static member.
            instance_id: (number == 0).then(|| "i".to_owned()),
            member_id: String::new(),
            generation: -1,
            leads: None,
            waits: Waits::No,
            works: None,
            version: b"one",
            acted: 0,
        }
    }

    fn says(&self) -> Says {
        let says = Says::id(&self.member_id).protocols(&[("range", self.version)]);
        match &self.instance_id {
            Some(instance_id) => says.instance(instance_id),
            None => says,
        }
    }

    fn out(&mut self) {
        (self.generation, self.leads, self.works, self.waits) = (-1, None, None, Waits::No);
    }
}

struct History {
    bench: Bench,
    clients: Vec<Client>,
    asked: BTreeSet<Ticket>,
    answered: BTreeSet<Ticket>,
    /// What the leader of each generation said, by member.
    assigned: BTreeMap<i32, BTreeMap<String, Bytes>>,
    written: Option<ClassicGroupValue>,
}

impl History {
    fn new() -> History {
        let clients = (0..CLIENTS).map(Client::new).collect();
        let (asked, answered) = (BTreeSet::new(), BTreeSet::new());
        History { bench: Bench::new(), clients, asked, answered, assigned: BTreeMap::new(), written: None }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Act(client) => self.act(client),
            Step::Change(client) => {
                self.clients[client].version =
                    if self.clients[client].version == b"one" { b"two" } else { b"one" };
                self.join(client);
            }
            Step::Stale(client) => {
                let member_id = self.clients[client].member_id.clone();
                let stale = self.bench.group.generation() - 1;
                assert_ne!(self.bench.heartbeat(&member_id, stale), ErrorCode::None);
            }
            Step::Repeat(client) => match self.clients[client].waits {
                Waits::No => {}
                Waits::Join(_) => self.join(client),
                Waits::Sync(_) => self.sync(client),
            },
            Step::Leave(client) => {
                let member_id = self.clients[client].member_id.clone();
                if !member_id.is_empty() {
                    self.bench.leave(&member_id, None);
                    self.clients[client].out();
                    self.clients[client].member_id.clear();
                    self.take_answers();
                }
            }
            Step::Forget(client) => self.clients[client] = Client::new(client),
            Step::Pass(milliseconds) => {
                self.bench.pass(milliseconds);
                self.take_answers();
            }
            Step::Stall(milliseconds) => {
                self.bench.stall(milliseconds);
                self.take_answers();
            }
            Step::Restart => self.restart(),
        }
        self.check();
    }

    /// Every question that waits is lost with the connection.
    fn restart(&mut self) {
        let now = self.bench.now();
        self.bench.group = match &self.written {
            Some(value) => ClassicGroup::from_record("g".to_owned(), value, now),
            None => ClassicGroup::new("g".to_owned(), now),
        };
        self.asked.clear();
        self.answered.clear();
        for client in &mut self.clients {
            client.waits = Waits::No;
        }
    }

    fn act(&mut self, number: usize) {
        let client = &self.clients[number];
        if client.waits != Waits::No {
            return;
        }
        if client.generation < 0 {
            return self.join(number);
        }
        if client.works.is_none() {
            return self.sync(number);
        }
        let (member_id, generation) = (client.member_id.clone(), client.generation);
        match self.bench.heartbeat(&member_id, generation) {
            ErrorCode::None => {}
            ErrorCode::RebalanceInProgress => self.join(number),
            ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => {
                self.clients[number].out();
                self.clients[number].member_id.clear();
            }
            ErrorCode::IllegalGeneration => self.clients[number].out(),
            other => panic!("{other}"),
        }
        self.clients[number].acted = self.bench.now;
    }

    fn join(&mut self, number: usize) {
        let says = self.clients[number].says();
        self.clients[number].works = None;
        let ticket = self.bench.join(&says);
        self.asked.insert(ticket);
        self.clients[number].waits = Waits::Join(ticket);
        self.take_answers();
    }

    fn sync(&mut self, number: usize) {
        let client = self.clients[number].clone();
        let request = SyncGroupRequest {
            group_id: "g".to_owned(),
            generation_id: client.generation,
            member_id: client.member_id.clone(),
            group_instance_id: client.instance_id.clone(),
            assignments: assignments(client.leads.as_deref().unwrap_or_default(), client.generation),
            ..SyncGroupRequest::default()
        };
        let ticket = self.bench.ticket();
        self.bench.turn(|group, turn, caller| group.sync(turn, caller, request, ticket));
        self.asked.insert(ticket);
        self.clients[number].waits = Waits::Sync(ticket);
        self.take_answers();
    }

    fn take_answers(&mut self) {
        for record in std::mem::take(&mut self.bench.records) {
            let GroupRecord::ClassicGroup { value: Some(value), .. } = record else { panic!("{record:?}") };
            let assigned = value.members.iter().map(|it| (it.member_id.clone(), it.assignment.clone()));
            if !value.members.is_empty() {
                self.assigned.insert(value.generation, assigned.collect());
            }
            self.written = Some(value);
        }
        for (ticket, reply) in std::mem::take(&mut self.bench.replies) {
            assert!(self.asked.contains(&ticket), "an answer to nobody");
            assert!(self.answered.insert(ticket), "a second answer");
            for number in 0..CLIENTS {
                self.take_answer(number, ticket, &reply);
            }
        }
    }

    fn take_answer(&mut self, number: usize, ticket: Ticket, reply: &Reply) {
        let client = &mut self.clients[number];
        match reply {
            Reply::Join(response) if client.waits == Waits::Join(ticket) => {
                client.waits = Waits::No;
                match ErrorCode::from_i16(response.error_code).unwrap() {
                    ErrorCode::None => {
                        client.member_id.clone_from(&response.member_id);
                        client.generation = response.generation_id;
                        let members = response.members.iter().map(|member| member.member_id.clone());
                        let leads = response.leader == response.member_id && !response.skip_assignment;
                        client.leads = leads.then(|| members.collect());
                    }
                    ErrorCode::MemberIdRequired => {
                        client.member_id.clone_from(&response.member_id);
                        client.generation = -1;
                    }
                    ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => {
                        client.out();
                        client.member_id.clear();
                    }
                    ErrorCode::RebalanceInProgress => client.out(),
                    other => panic!("{other}"),
                }
            }
            Reply::Sync(response) if client.waits == Waits::Sync(ticket) => {
                client.waits = Waits::No;
                match ErrorCode::from_i16(response.error_code).unwrap() {
                    ErrorCode::None => client.works = Some(response.assignment.clone()),
                    ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => {
                        client.out();
                        client.member_id.clear();
                    }
                    ErrorCode::RebalanceInProgress | ErrorCode::IllegalGeneration => client.out(),
                    other => panic!("{other}"),
                }
            }
            _ => {}
        }
    }

    fn check(&self) {
        let group = &self.bench.group;
        assert!(
            group.next_deadline().is_none_or(|deadline| deadline.0 >= self.bench.now),
            "a deadline was missed"
        );
        assert_eq!(group.is_empty(), group.members.is_empty() && group.state == State::Empty);
        assert_eq!(group.state == State::Empty, group.members.is_empty() && group.joining_ends.is_none());
        for client in &self.clients {
            // What a member works on is what the leader of its generation said.
            if let Some(works) = &client.works
                && let Some(assigned) = self.assigned.get(&client.generation)
                && let Some(assignment) = assigned.get(&client.member_id)
            {
                assert_eq!(assignment, works, "generation {}", client.generation);
            }
        }
        for member in group.members() {
            let waiting = [member.joining, member.syncing].into_iter().flatten();
            for ticket in waiting {
                assert!(!self.answered.contains(&ticket), "someone waits who was answered");
            }
        }
        let waiting: BTreeSet<Ticket> =
            group.members().flat_map(|member| [member.joining, member.syncing]).flatten().collect();
        let open: BTreeSet<Ticket> = self.asked.difference(&self.answered).copied().collect();
        assert_eq!(waiting, open, "every question is answered or waits");
    }

    /// All behave: they are in one stable generation soon, and stay there.
    fn settle(&mut self) {
        let deadline = self.bench.now + SETTLED_AFTER_MS;
        while !self.is_settled() {
            assert!(self.bench.now < deadline, "no progress: {:?} {:#?}", self.clients, self.bench.group);
            (0..CLIENTS).for_each(|client| self.step(Step::Act(client)));
            self.step(Step::Pass(STEP_MS));
        }
        let generation = self.bench.group.generation();
        for _ in 0..60 {
            (0..CLIENTS).for_each(|client| self.step(Step::Act(client)));
            self.step(Step::Pass(STEP_MS));
        }
        assert!(self.is_settled(), "a member that behaves is lost");
        assert_eq!(self.bench.group.generation(), generation, "a rebalance without a cause");
    }

    fn is_settled(&self) -> bool {
        let group = &self.bench.group;
        let works = |client: &Client| client.works.is_some() && client.generation == group.generation();
        group.state() == State::Stable && group.member_count() == CLIENTS && self.clients.iter().all(works)
    }
}

fn assignments(members: &[String], generation: i32) -> Vec<SyncGroupRequestAssignment> {
    let one = |(number, member_id): (usize, &String)| SyncGroupRequestAssignment {
        member_id: member_id.clone(),
        assignment: format!("{generation}/{number}").into(),
    };
    members.iter().enumerate().map(one).collect()
}

proptest! {
    #![proptest_config(histories(2_000))]

    #[test]
    fn promises_are_kept(steps in steps()) {
        let mut history = History::new();
        for step in steps {
            history.step(step);
        }
        history.settle();
    }
}
