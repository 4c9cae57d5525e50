//! Twelve producers under kills: nothing acknowledged is lost, order is kept, and an idempotent producer's records
//! are there once.

use std::sync::Arc;
use std::time::Instant;

use klamm_conformance::{BrokerOptions, TestBroker, run_klamm};
use klamm_faults::{
    CODECS, Client, Follower, Guarantee, History, KillSchedule, Partition, ProducerUnderTest, Progress,
    check, kill_all, kills, read_to_end, seed,
};
use klamm_records::Compression;

use crate::requests::create_topic;

const PARTITIONS: i32 = 3;
/// So many broken promises are shown; the others are of the same kind.
const SHOWN: usize = 20;

#[test]
fn nothing_is_lost_reordered_or_doubled() {
    let (kills, seed) = (kills(), seed());
    eprintln!("load: KLAMM_KILLS={kills} KLAMM_SEED={seed}");
    // Small indexes, so that segments roll and producers' states are saved all the time.
    let mut broker = BrokerOptions::new().set("log.index.size.max.bytes", "512").start();
    let partitions = create_topics(&broker);
    let progress = Progress::new();
    let producers = start_producers(&broker, &progress);
    let follower = Follower::start(&broker.bootstrap(), &partitions);

    let started = Instant::now();
    let under_load = kill_all(&mut broker, KillSchedule::new(seed, kills), &progress);
    let killing = started.elapsed();
    producers.iter().for_each(ProducerUnderTest::stop);

    let (histories, mut failures): (Vec<_>, Vec<_>) =
        producers.into_iter().map(ProducerUnderTest::finish).unzip();
    let (followed, trouble) = follower.finish();
    failures.push(trouble);
    broker.kill_and_restart(); // what was acknowledged last has seen a kill, too
    let last = read_to_end(&broker.bootstrap(), &partitions);
    let history = History { producers: histories, crashes: kills + 1, earlier: vec![followed], last };
    let verdict = check(&history);
    eprintln!(
        "load: {} kills in {killing:?}, {under_load} with records unanswered; {:?}",
        kills + 1,
        verdict.figures
    );
    let shown: Vec<String> = verdict.violations.iter().take(SHOWN).map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{} broken promises:\n{}", verdict.violations.len(), shown.join("\n"));
    let failures: Vec<String> = failures.concat();
    assert!(failures.is_empty(), "not every batch was answered as a success: {failures:?}");
    assert_eq!(verdict.figures.acknowledged, verdict.figures.sent);
    verify_files(&mut broker, &partitions);
    assert!(under_load > 0 && verdict.figures.read_before > 0);
}

/// After all those kills and a clean stop, our own tool finds segments, indexes and snapshots right.
fn verify_files(broker: &mut TestBroker, partitions: &[Partition]) {
    assert!(broker.stop().success());
    let directories = partitions.iter().map(|partition| broker.data_dir().join(partition.to_string()));
    let directories: Vec<String> =
        directories.map(|path| path.into_os_string().into_string().unwrap()).collect();
    let arguments = ["log", "dump", "--verify"].into_iter().chain(directories.iter().map(String::as_str));
    let dump = run_klamm(&arguments.collect::<Vec<_>>(), b"");
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stdout));
}

/// A topic for each codec.
fn create_topics(broker: &TestBroker) -> Vec<Partition> {
    let mut client = Client::connect(&broker.bootstrap()).unwrap();
    let mut partitions = Vec::new();
    for topic in CODECS {
        create_topic(&mut client, topic, PARTITIONS);
        partitions.extend((0..PARTITIONS).map(|index| Partition { topic: topic.to_owned(), index }));
    }
    partitions
}

/// An idempotent and a plain producer of librdkafka for each codec, which share its topic, and two of our own that really
/// send lz4: librdkafka does so only if the broker has groups.
fn start_producers(broker: &TestBroker, progress: &Arc<Progress>) -> Vec<ProducerUnderTest> {
    let mut producers = Vec::new();
    for codec in CODECS {
        for guarantee in [Guarantee::ExactlyOnce, Guarantee::AtLeastOnce] {
            let number = producers.len() as u32;
            producers.push(ProducerUnderTest::start(
                &broker.bootstrap(),
                (number, guarantee),
                (codec, codec),
                progress,
            ));
        }
    }
    for guarantee in [Guarantee::ExactlyOnce, Guarantee::AtLeastOnce] {
        let number = producers.len() as u32;
        let target = ("lz4", PARTITIONS, Compression::Lz4);
        producers.push(ProducerUnderTest::start_own(
            &broker.bootstrap(),
            (number, guarantee),
            target,
            progress,
        ));
    }
    producers
}
