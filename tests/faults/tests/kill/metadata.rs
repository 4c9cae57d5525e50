//! Topics are made, changed and deleted while the broker is killed: what was answered is so after the restart, what was not is
//! done or not done, and nothing is half.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use klamm_conformance::{BrokerOptions, TestBroker};
use klamm_faults::{
    Client, KillSchedule, PATIENCE, Progress, Random, TopicModel, TopicState, kill_all, kills, pause, seed,
};
use klamm_records::{BatchBuilder, BuildOptions};

use crate::requests::{end_offset, produce};
use crate::topics::{self, Change, Outcome};

/// Each has a client and topics of its own.
const WORKERS: u64 = 4;
const TOPICS: usize = 5;

#[test]
fn answered_changes_of_topics_are_there_and_none_is_half() {
    let (kills, seed) = (kills(), seed());
    eprintln!("metadata: KLAMM_KILLS={kills} KLAMM_SEED={seed}");
    let mut broker = BrokerOptions::new().set("log.segment.delete.delay.ms", "0").start();
    let (progress, stop) = (Progress::new(), Arc::new(AtomicBool::new(false)));
    let workers: Vec<_> = (0..WORKERS)
        .map(|number| {
            let mut worker = Worker::new(&broker, number, seed, &progress);
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    worker.step();
                }
                worker
            })
        })
        .collect();
    kill_all(&mut broker, KillSchedule::new(seed, kills), &progress);
    stop.store(true, Ordering::Relaxed);
    let mut workers: Vec<Worker> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
    broker.kill_and_restart();
    workers.iter_mut().for_each(Worker::check_all);
    let expected: BTreeSet<String> = workers.iter().flat_map(Worker::partitions).collect();
    wait_for_directories(broker.data_dir(), &expected);
    let sum = |count: fn(&Worker) -> u64| workers.iter().map(count).sum::<u64>();
    let (answered, done, undone) = (sum(|w| w.answered), sum(|w| w.done), sum(|w| w.undone));
    eprintln!(
        "metadata: {} kills; {answered} changes answered, {} not: {done} of them done, {undone} not",
        kills + 1,
        done + undone
    );
    assert!(answered > kills);
}

struct Worker {
    bootstrap: String,
    client: Option<Client>,
    topics: Vec<(String, TopicModel)>,
    random: Random,
    progress: Arc<Progress>,
    answered: u64,
    done: u64,
    undone: u64,
}

impl Worker {
    fn new(broker: &TestBroker, number: u64, seed: u64, progress: &Arc<Progress>) -> Worker {
        let topics = (0..TOPICS).map(|n| (format!("topic-{number}-{n}"), TopicModel::new())).collect();
        let random = Random::new(seed ^ (number << 32));
        let progress = Arc::clone(progress);
        let bootstrap = broker.bootstrap();
        Worker { bootstrap, client: None, topics, random, progress, answered: 0, done: 0, undone: 0 }
    }

    /// One change of one topic, or a look at all of them after the connection broke.
    fn step(&mut self) {
        let Some(mut client) = self.client.take() else {
            self.client = self.look_at_all().ok();
            return;
        };
        let topic = self.random.below(TOPICS as u64) as usize;
        let (name, model) = &mut self.topics[topic];
        let state = model.state().expect("all were looked at");
        let change = Change::random(&mut self.random, state);
        let after = change.applied_to(state);
        self.progress.sent(1);
        match change.ask(&mut client, name) {
            Outcome::Done => {
                model.acknowledged(after);
                self.answered += 1;
                self.progress.answered();
                let used = matches!(change, Change::Create { .. }).then(|| use_new(&mut client, name, after));
                self.client = used.is_none_or(|used| used.is_ok()).then_some(client);
            }
            Outcome::Unknown => model.unanswered(after),
            Outcome::Refused(error) => panic!("{name}: {change:?} of {state:?} was refused: {error:?}"),
        }
    }

    /// Connects, and finds out what became of changes without an answer.
    fn look_at_all(&mut self) -> io::Result<Client> {
        let mut client = Client::connect(&self.bootstrap).inspect_err(|_| pause(Duration::from_millis(5)))?;
        for (name, model) in &mut self.topics {
            let state = topics::look(&mut client, name)?;
            match model.observed(state) {
                Ok(Some(true)) => self.done += 1,
                Ok(Some(false)) => self.undone += 1,
                Ok(None) => {}
                Err(error) => panic!("{name}: {error}"),
            }
        }
        Ok(client)
    }

    /// At the end: all topics are as they should be, no other is there, and each takes records.
    fn check_all(&mut self) {
        let mut client = self.look_at_all().unwrap();
        let prefix = self.topics[0].0.trim_end_matches('0').to_owned();
        let mut expected = BTreeSet::new();
        for (name, model) in &self.topics {
            if let Some(TopicState::Present { partitions, .. }) = model.state() {
                expected.insert(name.clone());
                for partition in 0..partitions {
                    produce(&mut client, name, partition, record()).unwrap().unwrap();
                }
            }
        }
        let listed = topics::list(&mut client).unwrap();
        let listed: BTreeSet<String> = listed.into_iter().filter(|name| name.starts_with(&prefix)).collect();
        assert_eq!(listed, expected);
    }

    /// The directories of its topics' partitions.
    fn partitions(&self) -> Vec<String> {
        let present = self.topics.iter().filter_map(|(name, model)| match model.state() {
            Some(TopicState::Present { partitions, .. }) => Some((name, partitions)),
            _ => None,
        });
        present.flat_map(|(name, count)| (0..count).map(move |n| format!("{name}-{n}"))).collect()
    }
}

/// A topic that was just made has none of the records of an older one of its name, and takes some.
fn use_new(client: &mut Client, name: &str, state: TopicState) -> io::Result<()> {
    let TopicState::Present { partitions, .. } = state else { return Ok(()) };
    for partition in 0..partitions {
        assert_eq!(end_offset(client, name, partition)?, 0, "{name}-{partition} is new");
        assert_eq!(produce(client, name, partition, record())?, Ok(0), "{name}-{partition} is new");
    }
    Ok(())
}

fn record() -> bytes::Bytes {
    let mut builder = BatchBuilder::new(BuildOptions::default());
    builder.append(klamm_model::TimestampMs(1_500_000_000_000), None, Some(b"value"), &[]);
    builder.build().unwrap()
}

/// Deleted topics' files are removed behind the scenes; in the end there are those of the topics and no others.
fn wait_for_directories(data_dir: &Path, expected: &BTreeSet<String>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let entries = std::fs::read_dir(data_dir).unwrap().map(|entry| entry.unwrap());
        let directories = entries.filter(|entry| entry.file_type().unwrap().is_dir());
        let names = directories.map(|entry| entry.file_name().into_string().unwrap());
        let found: BTreeSet<String> = names.filter(|name| !name.starts_with("__")).collect();
        if found == *expected {
            return;
        }
        assert!(Instant::now() < deadline, "{found:?}\nare on the disk instead of\n{expected:?}");
        pause(Duration::from_millis(20));
    }
}
