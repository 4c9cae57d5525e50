//! Hostile plug-ins at work on several topics at once, and the latency of a topic that has none.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use klamm_hostility::{Client, SteadyProducer, amount, create_topic, error};
use klamm_model::ErrorCode;
use klamm_plugin_host::Kind;

use crate::world::{World, send, taken};
use crate::{RULES, alone, corpus, pause, settle};

/// How many seconds each phase takes; `KLAMM_HOSTILE_SECONDS` says another number.
const SECONDS: usize = 4;
/// What is hostile here is the plug-in, not the rate.
const PACE: Duration = Duration::from_millis(10);
const FAILING: [&str; 6] =
    ["endless-loop", "recursion", "memory-hog", "giant-answer", "log-flood", "realloc-endless"];

/// The topics, each with a value that its plug-in takes ill.
fn topics() -> Vec<(String, Vec<u8>)> {
    let failing = FAILING.map(|name| (name.to_owned(), b"poison".to_vec()));
    let leaking = ("leaking".to_owned(), vec![b'x'; 64 << 10]);
    let slow = ["slow", "slow-too"].map(|name| (name.to_owned(), b"x".to_vec()));
    failing.into_iter().chain([leaking]).chain(slow).collect()
}

fn bind(world: &World, topics: &[(String, Vec<u8>)]) {
    for name in FAILING {
        world.push(name, &corpus::by_name(name).guest.component()).unwrap();
    }
    world.push("leaking", &corpus::leaking().component()).unwrap();
    world.push("slow", &corpus::slow().component()).unwrap();
    for (number, (topic, _)) in topics.iter().enumerate() {
        let plugin = topic.strip_suffix("-too").unwrap_or(topic);
        let (rule, _) = RULES[number % RULES.len()];
        let deadline_ms = if plugin == "slow" { 1_000 } else { 30 };
        world.bind_for(topic, Kind::Filter, plugin, rule, deadline_ms).unwrap();
    }
}

#[test]
fn hostile_plug_ins_at_work_leave_other_topics_alone() {
    let _alone = alone();
    let world = World::new();
    let mut client = world.client();
    let process = world.process();
    let topics = topics();
    for (topic, _) in &topics {
        create_topic(&mut client, topic, &[]);
    }
    let phase = Duration::from_secs(amount("KLAMM_HOSTILE_SECONDS", SECONDS) as u64);
    let steady = SteadyProducer::start(process.address());
    pause(phase);
    let (stop, requests) = (AtomicBool::new(false), AtomicU64::new(0));
    let before = std::thread::scope(|scope| {
        for (topic, value) in &topics {
            let (address, stop, requests) = (process.address(), &stop, &requests);
            scope.spawn(move || attack(address, topic, value, stop, requests));
        }
        // The same requests, to topics without plug-ins.
        steady.next_phase();
        pause(phase);
        println!("{} requests to topics without plug-ins", requests.swap(0, Ordering::Relaxed));
        let before = process.memory_kib();
        steady.next_phase();
        bind(&world, &topics);
        steady.next_phase();
        requests.store(0, Ordering::Relaxed);
        pause(phase);
        println!("{} requests to topics with hostile plug-ins", requests.load(Ordering::Relaxed));
        stop.store(true, Ordering::Relaxed);
        before
    });
    let metrics = world.metrics();
    for (topic, _) in topics {
        let of = |name: &str| metrics.of(&topic, name, None);
        println!(
            "{topic}: {} calls, {} records failed, {} instances thrown away, breaker opened {} times",
            of("klamm_plugin_calls_total"),
            of("klamm_plugin_failed_records_total"),
            of("klamm_plugin_recycled_instances_total"),
            of("klamm_plugin_breaker_opened_total")
        );
        assert!(of("klamm_plugin_calls_total") > 0, "{topic}");
        world.unbind(&topic);
        taken(&mut client, &topic, &["poison without a plug-in"]);
    }
    let names =
        ["alone", "with the same load and no plug-ins", "while they are bound", "with hostile plug-ins"];
    settle(steady, &names, &process, before);
}

/// Produces ten records at a time, of which one is poison, and has an answer to each request.
fn attack(address: SocketAddr, topic: &str, value: &[u8], stop: &AtomicBool, requests: &AtomicU64) {
    let mut client = Client::connect(address).unwrap();
    let mut values = vec![&b"good"[..]; 9];
    values.push(value);
    while !stop.load(Ordering::Relaxed) {
        let code = error(send(&mut client, topic, &values).error_code);
        assert!(matches!(code, ErrorCode::None | ErrorCode::InvalidRecord), "{topic}: {code:?}");
        requests.fetch_add(1, Ordering::Relaxed);
        pause(PACE);
    }
}
