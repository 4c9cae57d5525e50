//! Thousands of random histories of a group whose members are replaced, one by one, by ones of the other protocol and back:
//! with answers that get lost, members that vanish, topics that grow and coordinators that start again.
//!
//! What must hold: no partition is one that two members believe they may read, of whichever protocols; who believes that he may
//! read is a member; a coordinator that starts again is the same; and when nothing happens any more, the group gets to rest, with
//! each partition at one member.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::client::{Client, Kind};
use super::world::{TOPIC, World};
use crate::random_histories::histories;
use crate::{MigrationPolicy, Topics};

const CLIENTS: usize = 4;
const MOST_PARTITIONS: u32 = 9;

#[derive(Debug, Clone)]
enum Event {
    /// A client does what comes next; whether the answer arrives.
    Step(usize, bool),
    /// A client finishes giving back what it has to.
    GiveBack(usize),
    /// A client ends, and one of the other protocol takes its place.
    Replace(usize),
    Leave(usize),
    /// A client vanishes without a word; whether one of the other protocol comes instead.
    Vanish(usize, bool),
    Wait(i32),
    /// Time passes, and the coordinator comes too late for what falls due.
    Stall(i32),
    Restart,
    Grow,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let client = 0..CLIENTS;
    prop::collection::vec(
        prop_oneof![
            40 => (client.clone(), prop::bool::weighted(0.9)).prop_map(|(c, arrives)| Event::Step(c, arrives)),
            6 => client.clone().prop_map(Event::GiveBack),
            2 => client.clone().prop_map(Event::Replace),
            1 => client.clone().prop_map(Event::Leave),
            1 => (client, any::<bool>()).prop_map(|(c, other)| Event::Vanish(c, other)),
            4 => (1_i32..6_000).prop_map(Event::Wait),
            2 => (1_i32..6_000).prop_map(Event::Stall),
            1 => Just(Event::Restart),
            1 => Just(Event::Grow),
        ],
        1..200,
    )
}

struct Model {
    world: World,
    clients: Vec<Client>,
    classic: Kind,
}

impl Model {
    fn new(classic: Kind, policy: MigrationPolicy) -> Model {
        // A static cooperative member that comes back when it was about to give something back doesn't know that, and its group
        // leaves that to nobody, of whichever protocol the others are.
        let instance = |number| (classic == Kind::Eager && number < 2).then(|| format!("i{number}"));
        let clients = (0..CLIENTS).map(|number| Client::new(number, classic, instance(number))).collect();
        Model { world: World::new(5).policy(policy), clients, classic }
    }

    fn apply(&mut self, event: &Event) {
        match *event {
            Event::Step(number, arrives) => self.clients[number].step(&mut self.world, arrives),
            Event::GiveBack(number) => self.clients[number].give_back(),
            Event::Replace(number) => {
                self.clients[number].leave(&mut self.world);
                let other = self.other(number);
                self.clients[number].reborn(other);
            }
            Event::Leave(number) => self.clients[number].leave(&mut self.world),
            Event::Vanish(number, other) => {
                let kind = if other { self.other(number) } else { self.clients[number].kind };
                self.clients[number].reborn(kind);
            }
            Event::Wait(milliseconds) => self.world.wait(milliseconds),
            Event::Stall(milliseconds) => self.world.stall(milliseconds),
            Event::Restart => {
                self.world.restart();
                self.clients.iter_mut().for_each(Client::connection_lost);
            }
            Event::Grow => {
                let (_, partitions) = self.world.topics.by_name(TOPIC).unwrap();
                if partitions < MOST_PARTITIONS {
                    self.world.topics.grow(TOPIC, partitions + 1);
                }
            }
        }
    }

    fn other(&self, number: usize) -> Kind {
        if self.clients[number].kind == Kind::Consumer { self.classic } else { Kind::Consumer }
    }

    fn check_readers(&self) {
        let members = self.world.member_ids();
        let readers: Vec<&Client> = self.clients.iter().filter(|client| client.reads(&self.world)).collect();
        for client in readers.iter().filter(|client| !client.owned.is_empty()) {
            let is_member = members.contains(&client.member_id);
            assert!(is_member, "{} reads and is no member: {:#?}", client.number, self.clients);
        }
        let mut owners = BTreeMap::new();
        for client in readers {
            for partition in &client.owned {
                if let Some(other) = owners.insert(*partition, client.number) {
                    panic!("{other} and {} both read {partition}: {:#?}", client.number, self.clients);
                }
            }
        }
    }

    /// Nothing happens any more but that each client does what it has to: the group has to get to rest, and stay there.
    fn settle(&mut self) {
        let mut calm = 0;
        for _ in 0..300 {
            self.round();
            calm = if self.is_at_rest() { calm + 1 } else { 0 };
            if calm == 5 {
                break;
            }
        }
        assert_eq!(calm, 5, "{} {:#?} {:#?}", self.world.state(), self.clients, self.world.groups);
        self.world.restart();
        assert!(self.is_at_rest(), "{} {:#?}", self.world.state(), self.clients);
    }

    fn round(&mut self) {
        for number in 0..CLIENTS {
            self.world.wait(300);
            self.clients[number].give_back();
            self.clients[number].step(&mut self.world, true);
            self.check_readers();
        }
    }

    /// Whether all are members, of a group of the protocol that fits them, and each partition is read by one of them.
    fn is_at_rest(&self) -> bool {
        let speaks_consumer = self.clients.iter().any(|client| client.kind == Kind::Consumer);
        let may_stay = !self.world.config.consumer_migration_policy.downgrades();
        let state = self.world.state();
        let fits = match state.as_str() {
            "consumer Stable" => speaks_consumer || may_stay,
            "classic Stable" => !speaks_consumer,
            _ => false,
        };
        let mut read: Vec<i32> = self.clients.iter().flat_map(|client| client.owned.clone()).collect();
        read.sort_unstable();
        let (_, partitions) = self.world.topics.by_name(TOPIC).unwrap();
        let all: Vec<i32> = (0..i32::try_from(partitions).unwrap()).collect();
        let settled = self.clients.iter().all(|client| client.is_settled(&self.world));
        settled && fits && self.world.groups.member_count() == CLIENTS && read == all
    }
}

proptest! {
    #![proptest_config(histories(1_000))]

    #[test]
    fn no_partition_has_two_readers_and_every_history_comes_to_rest(
        events in events(),
        cooperative in any::<bool>(),
        downgrades in prop::bool::weighted(0.8),
    ) {
        let classic = if cooperative { Kind::Cooperative } else { Kind::Eager };
        let policy = if downgrades { MigrationPolicy::Bidirectional } else { MigrationPolicy::Upgrade };
        let mut model = Model::new(classic, policy);
        for event in &events {
            model.apply(event);
            model.check_readers();
        }
        model.settle();
    }
}
