//! Consumer groups and a compacted topic under kills, with small segments and a cleaner that always runs, also over the groups'
//! own log: no acknowledged commit is lost or goes back, members and generations outlive the broker, and of each key the newest
//! acknowledged record is there, at its offset.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use klamm_conformance::{BrokerOptions, TestBroker};
use klamm_faults::{Client, Generations, KillSchedule, Ownership, Progress, kill_all, kills, seed};
use klamm_model::TopicId;

use crate::groups::{self, ClassicMember, ConsumerMember, Group, Member};
use crate::keyed::{self, Writer};
use crate::requests::create_topic;

const TOPIC: &str = "read-by-groups";
const PARTITIONS: i32 = 5;
const GROUPS: usize = 2;
const MEMBERS: usize = 3;

#[test]
fn groups_and_compacted_keys_are_what_was_acknowledged() {
    let (kills, seed) = (kills(), seed());
    eprintln!("upkeep: KLAMM_KILLS={kills} KLAMM_SEED={seed}");
    let mut broker = start_broker();
    let (progress, stop) = (Progress::new(), Arc::new(AtomicBool::new(false)));
    let bootstrap = broker.bootstrap();
    let mut client = Client::connect(&bootstrap).unwrap();
    keyed::create(&mut client);
    let topic_id = create_topic(&mut client, TOPIC, PARTITIONS);
    let groups = Groups::new(&mut client, &progress);
    let members = groups.start_members(&bootstrap, topic_id, seed, &stop);
    let partitions = 0..keyed::PARTITIONS;
    let writers: Vec<_> =
        partitions.map(|index| Writer::start(&bootstrap, index, seed, (&progress, &stop))).collect();

    kill_all(&mut broker, KillSchedule::new(seed, kills), &progress);
    stop.store(true, Ordering::Relaxed);
    for member in members {
        member.join().unwrap();
    }
    let mut writers: Vec<Writer> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
    broker.kill_and_restart(); // what was acknowledged last has seen a kill, too
    let mut client = Client::connect(&bootstrap).unwrap();
    for writer in &mut writers {
        writer.look(&mut client).unwrap();
    }
    groups.check(&mut client, topic_id);

    let log = broker.log();
    let cleanings = |topic: &str| {
        log.lines().filter(|line| line.contains("log compacted") && line.contains(topic)).count()
    };
    let [keys, commits] = [keyed::TOPIC, "__consumer_offsets"].map(cleanings);
    let sum = |count: fn(&Writer) -> u64| writers.iter().map(count).sum::<u64>();
    eprintln!(
        "upkeep: {} kills; {} records of keys acknowledged, read whole {} times; {} commits acknowledged; generations {:?}, \
         epochs {:?}; compacted {keys} times, the groups' log {commits} times",
        kills + 1,
        sum(|writer| writer.acknowledged),
        sum(|writer| writer.looks),
        groups.commits(),
        groups.generations(),
        groups.epochs(),
    );
    assert!(keys > 0 && commits > 0, "the cleaner has run");
    assert!(
        groups.commits() > kills && groups.generations().iter().chain(&groups.epochs()).all(|it| *it > 1)
    );
}

/// Segments roll after 16 entries of their index, of which a few batches share one.
fn start_broker() -> TestBroker {
    let settings = [
        ("log.index.size.max.bytes", "128"),
        ("log.index.interval.bytes", "200"),
        ("log.cleaner.min.cleanable.ratio", "0.01"),
        ("log.cleaner.delete.retention.ms", "0"),
        ("log.cleaner.backoff.ms", "1"),
        ("log.segment.delete.delay.ms", "0"),
        ("offsets.topic.num.partitions", "3"),
        ("group.initial.rebalance.delay.ms", "0"),
        ("group.consumer.max.session.timeout.ms", "600000"),
        ("group.consumer.session.timeout.ms", "600000"),
    ];
    settings.into_iter().fold(BrokerOptions::new(), |options, (name, value)| options.set(name, value)).start()
}

struct Groups {
    classic: Vec<(Arc<Group>, Arc<Mutex<Generations>>)>,
    consumer: Vec<(Arc<Group>, Arc<Mutex<Ownership>>)>,
}

impl Groups {
    fn new(client: &mut Client, progress: &Arc<Progress>) -> Groups {
        let mut group = |name: String| Group::new(client, &name, (TOPIC, PARTITIONS), progress);
        let classic = (0..GROUPS).map(|n| (group(format!("classic-{n}")), Arc::default())).collect();
        let consumer = (0..GROUPS).map(|n| (group(format!("consumer-{n}")), Arc::default())).collect();
        Groups { classic, consumer }
    }

    fn start_members(
        &self,
        bootstrap: &str,
        topic_id: TopicId,
        seed: u64,
        stop: &Arc<AtomicBool>,
    ) -> Vec<JoinHandle<()>> {
        let mut members = Vec::new();
        for number in 0..MEMBERS {
            for (group, generations) in &self.classic {
                let seed = seed ^ (members.len() as u64 + 1) << 24;
                let member = ClassicMember::new(group, generations, seed);
                members.push(groups::start(bootstrap, member, seed, stop));
            }
            for (group, ownership) in &self.consumer {
                let seed = seed ^ (members.len() as u64 + 1) << 24;
                let member = ConsumerMember::new(group, ownership, topic_id, number);
                members.push(groups::start(bootstrap, member, seed, stop));
            }
        }
        members
    }

    /// After the last kill, and with all members gone: every commit is there, and who comes now is told a newer generation.
    fn check(&self, client: &mut Client, topic_id: TopicId) {
        let all: Vec<i32> = (0..PARTITIONS).collect();
        for (group, generations) in &self.classic {
            groups::settled(client, |client| group.look(client, &all));
            let before = generations.lock().unwrap().newest();
            let mut late = ClassicMember::new(group, generations, 0);
            groups::settled(client, |client| late.live(client));
            assert!(late.identity().1 > before, "{}: {late:?}, after {before}", group.name);
        }
        for (group, ownership) in &self.consumer {
            groups::settled(client, |client| group.look(client, &all));
            let before = ownership.lock().unwrap().newest();
            let mut late = ConsumerMember::new(group, ownership, topic_id, MEMBERS);
            groups::settled(client, |client| late.live(client));
            assert!(late.identity().1 > before, "{}: {late:?}, after {before}", group.name);
        }
    }

    fn commits(&self) -> u64 {
        let groups = self.classic.iter().map(|it| &it.0).chain(self.consumer.iter().map(|it| &it.0));
        groups.map(|group| group.commits.load(Ordering::Relaxed)).sum()
    }

    fn generations(&self) -> Vec<i32> {
        self.classic.iter().map(|(_, generations)| generations.lock().unwrap().newest()).collect()
    }

    fn epochs(&self) -> Vec<i32> {
        self.consumer.iter().map(|(_, ownership)| ownership.lock().unwrap().newest()).collect()
    }
}
