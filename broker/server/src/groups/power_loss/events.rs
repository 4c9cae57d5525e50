//! What clients, operators and time do.

use std::sync::Arc;

use klamm_groups::records::OffsetKey;
use klamm_groups::{Commit, Coordinator, OffsetToCommit};
use klamm_log::sim::Random;
use klamm_model::TopicId;

use super::super::Shard;
use super::claims::Claim;
use super::client::{Reach, Wait};
use super::ledger::told;
use super::machine::{Machine, Promise};
use super::world::{AUDIT, ORDERS, PARTITIONS, caller};

/// Groups of members, and one of consumers that only commit.
const GROUPS: [&str; 4] = ["a", "b", "c", "d"];

impl Machine {
    /// Something happens to the groups. A coordinator that does not serve at the moment is asked again later.
    pub(super) fn event(&mut self, shard: &Arc<Shard>, random: &mut Random) {
        let reach = self.reach(shard);
        match random.below(60) {
            0..28 => {
                let client = random.below(self.clients.len() as u64) as usize;
                self.clients[client].step(&reach, random);
            }
            28..40 => self.commit_as_member(&reach, random),
            40..44 => {
                let group = GROUPS[random.below(4) as usize];
                self.commit(&reach, random, group, "", -1);
            }
            44..50 => self.pass(&reach, random),
            50..52 => self.leave(&reach, random),
            52..54 => self.delete_group(&reach, random),
            54..56 => self.delete_offsets(&reach, random),
            56..58 => self.fetch(&reach, random),
            58 => {
                let topics = self.world.topics();
                let _forgotten = reach.run(|groups, turn| groups.forget_deleted_topics(turn, &topics));
            }
            _ => {
                let _expired = reach.run(Coordinator::expire);
            }
        }
        self.follow(shard);
    }

    /// After an event: notes what was appended, who is a member no more, and which groups were given up.
    pub(super) fn follow(&mut self, shard: &Shard) {
        if self.ledger.end() == shard.partition().log_end_offset() {
            return;
        }
        // Without power there is nothing to be read; the next start finds what the last append has left.
        let _noted = self.ledger.note(shard.partition());
        let (topics, claims, ledger) = (self.world.topics(), &mut self.claims, &mut self.ledger);
        let _followed = shard.look(|live| claims.follow(ledger, live, &topics));
    }

    fn promise(&mut self, reach: &Reach, claim: Claim, accepted: Wait<bool>) {
        let end = reach.end();
        self.promises.push(Promise { claim, end, accepted });
    }

    /// Time passes: who was not heard of for too long is no member any more.
    fn pass(&mut self, reach: &Reach, random: &mut Random) {
        let longest = if random.one_in(6) { 12_000 } else { 1500 };
        self.world.pass(random.below(longest));
        let topics = self.world.topics();
        let config_of = |_: &str| reach.world.settings();
        let _ticked = reach.run(|groups, turn| groups.tick(turn, &topics, &config_of));
    }

    fn commit_as_member(&mut self, reach: &Reach, random: &mut Random) {
        let client = &self.clients[random.below(self.clients.len() as u64) as usize];
        if client.is_member() {
            let ((group, member_id), epoch) = (client.member(), client.epoch);
            self.commit(reach, random, &group, &member_id, epoch);
        }
    }

    fn commit(&mut self, reach: &Reach, random: &mut Random, group: &str, member_id: &str, epoch: i32) {
        self.commits += 1;
        let topic = if random.one_in(3) { AUDIT } else { ORDERS };
        let (partition, metadata) =
            (random.below(PARTITIONS as u64) as i32, format!("metadata {}", self.commits));
        let offset = OffsetToCommit {
            topic: topic.to_owned(),
            topic_id: self.world.topics().id(topic),
            partition,
            offset: self.commits,
            leader_epoch: -1,
            metadata: metadata.clone(),
        };
        let commit = Commit {
            group_id: group.to_owned(),
            member_id: member_id.to_owned(),
            instance_id: None,
            generation_or_epoch: epoch,
            retention_ms: None,
            offsets: vec![offset],
        };
        let caller = caller();
        if let Ok(wait) = reach.run(|groups, turn| groups.commit(turn, &caller, commit)) {
            let accepted = async move { Ok(wait.await?.is_ok_and(|codes| codes[0].as_i16() == 0)) };
            let claim = Claim::Offsets(vec![(key(group, topic, partition), Some((self.commits, metadata)))]);
            self.promise(reach, claim, Box::pin(accepted));
        }
    }

    fn leave(&mut self, reach: &Reach, random: &mut Random) {
        let client = random.below(self.clients.len() as u64) as usize;
        self.claims.forget(&self.clients[client].member());
        if let Some((claim, accepted)) = self.clients[client].leave(reach, random) {
            self.promise(reach, claim, accepted);
        }
    }

    fn delete_group(&mut self, reach: &Reach, random: &mut Random) {
        let group = GROUPS[random.below(4) as usize];
        if let Ok(wait) = reach.run(|groups, turn| groups.delete_group(turn, group)) {
            let accepted = async move { Ok(wait.await?.is_ok()) };
            self.promise(reach, Claim::Deleted(group.to_owned()), Box::pin(accepted));
        }
    }

    fn delete_offsets(&mut self, reach: &Reach, random: &mut Random) {
        let group = GROUPS[random.below(4) as usize];
        let topic = if random.one_in(2) { AUDIT } else { ORDERS };
        let named: Vec<(String, i32)> = (0..2).map(|partition| (topic.to_owned(), partition)).collect();
        if let Ok(wait) = reach.run(|groups, turn| groups.delete_offsets(turn, group, &named)) {
            let all_gone = |codes: Vec<klamm_model::ErrorCode>| codes.iter().all(|code| code.as_i16() == 0);
            let accepted = async move { Ok(wait.await?.is_ok_and(all_gone)) };
            let gone = named.iter().map(|(topic, partition)| (key(group, topic, *partition), None));
            self.promise(reach, Claim::Offsets(gone.collect()), Box::pin(accepted));
        }
    }

    /// Someone asks what is committed.
    fn fetch(&mut self, reach: &Reach, random: &mut Random) {
        let group = GROUPS[random.below(4) as usize];
        let mut seen = Vec::new();
        let looked = reach.shard.look(|groups| {
            for (topic, partition) in
                [ORDERS, AUDIT].into_iter().flat_map(|topic| (0..PARTITIONS).map(move |p| (topic, p)))
            {
                let value = told(groups.offsets().get(group, topic, partition));
                seen.push((key(group, topic, partition), value));
            }
        });
        if let Ok(asked) = looked {
            let wait = reach.answer(asked);
            let accepted = async move { wait.await.map(|()| true) };
            self.promise(reach, Claim::Offsets(seen), Box::pin(accepted));
        }
    }
}

fn key(group: &str, topic: &str, partition: i32) -> OffsetKey {
    OffsetKey { group: group.to_owned(), topic: topic.to_owned(), partition }
}

/// By a consumer that is no member of its group.
pub(super) fn commit_of(number: i64) -> Commit {
    let offset = OffsetToCommit {
        topic: ORDERS.to_owned(),
        topic_id: TopicId::ZERO,
        partition: 0,
        offset: number,
        leader_epoch: -1,
        metadata: String::new(),
    };
    Commit {
        group_id: "d".to_owned(),
        member_id: String::new(),
        instance_id: None,
        generation_or_epoch: -1,
        retention_ms: None,
        offsets: vec![offset],
    }
}
