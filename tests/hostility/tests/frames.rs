//! Broken frames of every API and version, by the hundred thousand.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what a test can't do without fails it"
)]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use klamm_conformance::BrokerOptions;
use klamm_hostility::{Answer, Client, Frames, GoodClient, Process, amount, create_topic, well_formed};
use klamm_wire::messages::create_topics::{CreatableTopic, CreateTopicsRequest};
use klamm_wire::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use klamm_wire::messages::describe_producers::{DescribeProducersRequest, TopicRequest};
use klamm_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use klamm_wire::{ApiKey, ApiVersionsRequest};

/// `KLAMM_HOSTILE_FRAMES` says another number.
const FRAMES: usize = 100_000;
const CONNECTIONS: usize = 4;
/// Frames that are sent before the answers to them are read.
const AT_ONCE: usize = 16;
/// What the broker may grow by, whatever is sent: the frames are small, and so must be what they cost.
const GROWTH_KIB: u64 = 128 << 10;

/// What became of frames.
#[derive(Debug, Default)]
struct Outcome {
    sent: usize,
    answered: usize,
    closed: usize,
}

/// One hostile connection, made anew whenever the broker closes it.
struct Hostile {
    address: SocketAddr,
    client: Client,
    /// Sent, and not yet answered.
    waiting: VecDeque<Vec<u8>>,
    outcome: Outcome,
}

impl Hostile {
    fn new(address: SocketAddr) -> Hostile {
        let client = Client::connect(address).unwrap();
        Hostile { address, client, waiting: VecDeque::new(), outcome: Outcome::default() }
    }

    fn send(&mut self, frame: Vec<u8>) {
        let size = i32::try_from(frame.len()).unwrap().to_be_bytes();
        self.outcome.sent += 1;
        // A broker that has closed the connection may have answered frames before: they are read first.
        let sent = self.client.send(&[&size[..], &frame].concat());
        self.waiting.push_back(frame);
        if sent.is_err() || self.waiting.len() == AT_ONCE {
            self.read_answers();
        }
    }

    /// Reads the answers to what was sent, or that the connection was closed at the first frame without one.
    fn read_answers(&mut self) {
        while let Some(request) = self.waiting.pop_front() {
            match self.client.receive() {
                Answer::Frame(answer) => {
                    well_formed(&request, answer);
                    self.outcome.answered += 1;
                }
                Answer::Closed => {
                    self.outcome.closed += 1;
                    self.client = Client::connect(self.address).unwrap();
                    self.outcome.sent -= self.waiting.len();
                    // What came after the frame that ended the connection was never looked at.
                    let unread: Vec<_> = self.waiting.drain(..).collect();
                    for frame in unread {
                        self.send(frame);
                    }
                }
                Answer::Silence => panic!("neither answered nor closed: {request:x?}"),
            }
        }
    }
}

/// The APIs that the broker says it has.
fn offered(address: SocketAddr) -> Vec<ApiKey> {
    let answer = Client::connect(address).unwrap().ask(&ApiVersionsRequest::default());
    answer.api_keys.iter().map(|api| ApiKey::from_i16(api.api_key).unwrap()).collect()
}

#[test]
fn broken_frames_are_answered_or_end_their_connection() {
    let broker = BrokerOptions::new().set("auto.create.topics.enable", "false").start();
    let process = Process(&broker);
    let address = process.address();
    let mut client = Client::connect(address).unwrap();
    // The names that the generated requests say most.
    for name in ["a", "Z", "ZZ", "aa", "aZ", "Za"] {
        create_topic(&mut client, name, &[]);
    }
    let good = GoodClient::start(address, Duration::from_secs(2));
    let (begun, before) = (Instant::now(), process.memory_kib());
    let keys = offered(address);
    let frames = amount("KLAMM_HOSTILE_FRAMES", FRAMES);
    let attack = |seed| {
        let mut hostile = Hostile::new(address);
        let mut source = Frames::new(&keys, seed);
        (0..frames / CONNECTIONS).for_each(|_| hostile.send(source.next_frame()));
        hostile.read_answers();
        hostile.outcome
    };
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (1..=CONNECTIONS as u64).map(|seed| scope.spawn(move || attack(seed))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let took = begun.elapsed();
    let [quiet, harmed] = good.finish();
    let sum = |of: fn(&Outcome) -> usize| outcomes.iter().map(of).sum::<usize>();
    let kinds = Frames::new(&keys, 1).kinds();
    println!(
        "{} frames of {kinds} APIs and versions in {took:.1?}: {} answered, {} ended their connection",
        sum(|o| o.sent),
        sum(|o| o.answered),
        sum(|o| o.closed)
    );
    println!("memory: {before} KiB before, {} KiB at most", process.peak_kib());
    println!("good client, before: {quiet}");
    println!("good client, during: {harmed}");
    process.check_log();
    assert_eq!(sum(|o| o.answered) + sum(|o| o.closed), sum(|o| o.sent));
    assert!(process.peak_kib() < before + GROWTH_KIB);
    assert!(harmed.count() > 0);
}

/// Sizes that lie: of frames, before anything is in them.
#[test]
fn sizes_that_lie_cost_the_connection_and_no_memory() {
    let broker = BrokerOptions::new().start();
    let process = Process(&broker);
    let before = process.memory_kib();
    for size in [i32::MIN, -1, 0, 7, i32::MAX, 104_857_601] {
        let mut client = Client::connect(process.address()).unwrap();
        client.send(&size.to_be_bytes()).unwrap();
        assert_eq!(client.receive(), Answer::Closed, "a size of {size}");
    }
    // The largest frame that is allowed, of which little comes, on many connections.
    let mut patient: Vec<Client> = Vec::new();
    for _ in 0..200 {
        let mut client = Client::connect(process.address()).unwrap();
        client.send(&[&104_857_600_i32.to_be_bytes()[..], &[0, 18, 0, 4]].concat()).unwrap();
        patient.push(client);
    }
    process.wait_until("200 connections", |process| process.metric("klamm_connections") >= 200);
    let answer = Client::connect(process.address()).unwrap().ask(&ApiVersionsRequest::default());
    assert!(!answer.api_keys.is_empty());
    println!("200 claims of 100 MiB: {before} KiB before, {} KiB at most", process.peak_kib());
    assert!(process.peak_kib() < before + (32 << 10));
}

/// A request that names one large thing very often.
#[test]
fn requests_that_repeat_themselves_cost_no_more_than_their_bytes() {
    let broker = BrokerOptions::new().start();
    let process = Process(&broker);
    let mut client = Client::connect(process.address()).unwrap();
    let topic = CreatableTopic {
        name: "t".to_owned(),
        num_partitions: 100,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    client.ask(&CreateTopicsRequest { topics: vec![topic], timeout_ms: 30_000, ..Default::default() });
    let before = process.memory_kib();
    let topic = MetadataRequestTopic { name: Some("t".to_owned()), ..Default::default() };
    let metadata = MetadataRequest { topics: Some(vec![topic; 100_000]), ..Default::default() };
    assert_eq!(client.ask(&metadata).topics.len(), 1);
    let (broker, all) = (4, None);
    let resource = DescribeConfigsResource {
        resource_type: broker,
        resource_name: "1".to_owned(),
        configuration_keys: all,
    };
    let configs = DescribeConfigsRequest {
        resources: vec![resource; 100_000],
        include_synonyms: true,
        include_documentation: true,
    };
    assert_eq!(client.ask(&configs).results.len(), 1);
    let topic = TopicRequest { name: "t".to_owned(), partition_indexes: vec![0; 1000] };
    let producers = DescribeProducersRequest { topics: vec![topic; 1000] };
    assert_eq!(client.ask(&producers).topics[0].partitions.len(), 1);
    println!("requests that repeat: {before} KiB before, {} KiB at most", process.peak_kib());
    assert!(process.peak_kib() < before + (64 << 10));
    process.check_log();
}
