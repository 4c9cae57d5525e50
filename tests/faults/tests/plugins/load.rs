//! Producers of topics with plug-ins under kills: what was acknowledged is there once, in its partition and with its bytes, or once in
//! quarantine with the reason; the order of a key is kept; what producers were told of offsets is true.

use std::sync::Arc;
use std::time::Instant;

use klamm_conformance::TestBroker;
use klamm_faults::{
    Follower, Guarantee, KillSchedule, Order, PluggedHistory, PluggedTopic, ProducerUnderTest, Progress,
    Retrier, check_plugged, kill_all, kills, read_topic, seed,
};
use klamm_records::Compression;

use crate::bound;

/// So many broken promises are shown; the others are of the same kind.
const SHOWN: usize = 20;
/// What the two producers of each topic, and its retrier, compress with.
const CODECS: [([&str; 2], Compression); 4] = [
    (["none", "zstd"], Compression::Gzip),
    (["snappy", "gzip"], Compression::None),
    (["lz4", "none"], Compression::Zstd),
    (["zstd", "snappy"], Compression::Lz4),
];

#[test]
fn nothing_is_lost_doubled_or_out_of_order_with_plugins() {
    let (kills, seed) = (kills(), seed());
    eprintln!("plugins: KLAMM_KILLS={kills} KLAMM_SEED={seed}");
    let topics = bound::topics();
    let mut broker = bound::start(&topics);
    let progress = Progress::new();
    let producers = Producers::start(&broker, &topics, &progress);
    let all: Vec<_> = topics.iter().flat_map(PluggedTopic::all_partitions).collect();
    let follower = Follower::start(&broker.bootstrap(), &all);

    let started = Instant::now();
    let under_load = kill_all(&mut broker, KillSchedule::new(seed, kills), &progress);
    let killing = started.elapsed();

    let mut history = PluggedHistory::default();
    let (mut failures, retries) = producers.finish(&mut history);
    let (followed, trouble) = follower.finish();
    failures.extend(trouble);
    history.earlier.push(followed);
    broker.kill_and_restart(); // what was acknowledged last has seen a kill, too
    for topic in topics {
        let reading = read_topic(&broker.bootstrap(), &topic);
        history.topics.push((topic, reading));
    }
    let verdict = check_plugged(&history);
    let figures = verdict.figures;
    eprintln!(
        "plugins: {} kills in {killing:?}, {under_load} with records unanswered; {retries} retries of answered batches; {figures:?}",
        kills + 1,
    );
    let shown: Vec<String> = verdict.violations.iter().take(SHOWN).map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{} broken promises:\n{}", verdict.violations.len(), shown.join("\n"));
    assert!(failures.is_empty(), "not every batch was answered as a success: {failures:?}");
    assert_eq!(figures.acknowledged, figures.sent);
    assert!(figures.elsewhere > 0 && figures.quarantined > 0 && figures.read_before > 0 && retries > 0);
    assert!(under_load > 0);
}

/// For each topic two producers of librdkafka, and one that retries what was answered.
struct Producers {
    librdkafka: Vec<ProducerUnderTest>,
    retriers: Vec<Retrier>,
}

impl Producers {
    fn start(broker: &TestBroker, topics: &[PluggedTopic], progress: &Arc<Progress>) -> Producers {
        let (mut librdkafka, mut retriers) = (Vec::new(), Vec::new());
        let at = broker.bootstrap();
        let mut numbers = 0..;
        let mut number = || numbers.next().unwrap_or_default();
        for (topic, (codecs, retried)) in topics.iter().zip(CODECS) {
            for codec in codecs {
                let content = |id| Order(id).sent();
                let producer = (number(), Guarantee::ExactlyOnce);
                let target = (topic.name.as_str(), codec);
                librdkafka.push(ProducerUnderTest::start_with(content, &at, producer, target, progress));
            }
            retriers.push(Retrier::start(&at, number(), (topic, retried), progress));
        }
        Producers { librdkafka, retriers }
    }

    /// What they did; gives what went wrong, and how many retries were answered.
    fn finish(self, history: &mut PluggedHistory) -> (Vec<String>, u64) {
        self.librdkafka.iter().for_each(ProducerUnderTest::stop);
        self.retriers.iter().for_each(Retrier::stop);
        let (mut failures, mut retries) = (Vec::new(), 0);
        for producer in self.librdkafka {
            let (done, failed) = producer.finish();
            history.producers.push(done);
            failures.extend(failed);
        }
        for retrier in self.retriers {
            let (done, answered) = retrier.finish();
            history.producers.push(done);
            retries += answered;
        }
        (failures, retries)
    }
}
