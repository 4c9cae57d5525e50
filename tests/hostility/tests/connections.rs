//! Clients that write slowly, read slowly, or don't read at all; idle connections by the ten thousand; floods of them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what a test can't do without fails it"
)]

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::{Duration, Instant};

use klamm_conformance::{BrokerOptions, TestBroker};
use klamm_hostility::{
    Answer, Client, GoodClient, Process, amount, create_topic, error, fetch, produce, value_batch,
};
use klamm_model::ErrorCode;
use klamm_wire::messages::create_topics::{CreatableTopic, CreateTopicsRequest};
use klamm_wire::messages::fetch::FetchRequest;
use klamm_wire::{ApiVersionsRequest, MetadataRequest, decode_response};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const MIB: usize = 1 << 20;
/// `KLAMM_HOSTILE_CONNECTIONS` says another number.
const IDLE: usize = 10_000;
/// What one idle connection may cost the broker: its state, no buffers.
const IDLE_KIB: u64 = 16;
/// Requests whose answers, of about 10 KiB each, are more than sockets take while nobody reads.
const PIPELINED: usize = 4_000;
/// The lowest hundred descriptors are everything else's.
const OTHER_DESCRIPTORS: u64 = 100;

/// ApiVersions 0, with its size.
const API_VERSIONS: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff];

/// Lets this process, and brokers that it starts, have as many files open as the machine allows; how many that is.
fn raise_descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    usize::try_from(limit.maximum.unwrap_or(u64::MAX) - OTHER_DESCRIPTORS).unwrap_or(usize::MAX)
}

fn start(options: BrokerOptions) -> TestBroker {
    raise_descriptors();
    options.start()
}

/// The good client's report, after the hostile ones; and that nothing panicked.
fn settle(good: GoodClient, process: &Process<'_>, before: u64) {
    let [quiet, harmed] = good.finish();
    println!("memory: {before} KiB before, {} KiB at most", process.peak_kib());
    println!("good client, before: {quiet}");
    println!("good client, during: {harmed}");
    assert!(harmed.count() > 0);
    process.check_log();
}

fn quiet() -> Duration {
    Duration::from_millis(500)
}

/// A byte at a time: neither the first request nor a later one may take for ever.
#[test]
fn clients_that_write_slowly_are_let_go() {
    let broker = start(BrokerOptions::new());
    let process = Process(&broker);
    let good = GoodClient::start(process.address(), quiet());
    let before = process.memory_kib();
    let mut slow: Vec<Client> = (0..200).map(|_| Client::connect(process.address()).unwrap()).collect();
    let (_, frame) = slow[0].frame(3, &ApiVersionsRequest::default());
    // Half of them greet the broker first.
    for client in slow.iter_mut().step_by(2) {
        client.ask(&ApiVersionsRequest::default());
    }
    let open = |process: &Process<'_>| process.metric("klamm_connections");
    process.wait_until("200 slow connections", |process| open(process) >= 200);
    let begun = Instant::now();
    let mut sent = 0;
    while open(&process) > 1 {
        assert!(begun.elapsed() < Duration::from_secs(90), "{} slow connections are left", open(&process));
        // The last byte never comes.
        if let Some(byte) = frame.get(sent..=sent).filter(|_| sent < frame.len() - 1) {
            for client in &mut slow {
                // Those that the broker has let go can't be sent anything.
                drop(client.send(byte));
            }
            sent += 1;
        }
        process.wait_until("a second", |_| begun.elapsed() > Duration::from_secs(sent as u64));
    }
    println!("200 slow writers were let go after {:.1?}", begun.elapsed());
    settle(good, &process, before);
    assert!(process.peak_kib() < before + (32 << 10));
}

/// Large answers that nobody takes.
#[test]
fn clients_that_do_not_read_cost_a_bounded_amount() {
    let broker = start(BrokerOptions::new());
    let process = Process(&broker);
    let mut writer = Client::connect(process.address()).unwrap();
    create_topic(&mut writer, "large", &[]);
    let record = value_batch(&vec![b'x'; 900_000]);
    for _ in 0..24 {
        writer.call(9, &produce("large", record.clone()));
    }
    let good = GoodClient::start(process.address(), quiet());
    let before = process.memory_kib();
    let mut lazy: Vec<Client> = (0..100).map(|_| Client::connect(process.address()).unwrap()).collect();
    for client in &mut lazy {
        for _ in 0..20 {
            let (_, frame) = client.frame(12, &fetch("large", 0, 64 << 20));
            client.send(&frame).unwrap();
        }
    }
    let sent = |process: &Process<'_>| process.metric("klamm_network_sent_bytes_total");
    process.wait_until("each has something", |process| sent(process) > 100 * 64 * 1024);
    let asked = 100 * 24 * 900_000 / MIB;
    println!("100 clients asked for {asked} MiB and read nothing");
    // All of them are answered in the end, and meanwhile somebody who reads gets everything.
    let mut reader = Client::connect(process.address()).unwrap();
    let mut offset = 0;
    while offset < 24 {
        let answer = reader.call(12, &fetch("large", offset, 64 << 20));
        let partition = &answer.responses[0].partitions[0];
        assert_eq!(error(partition.error_code), ErrorCode::None);
        let bytes = partition.records.clone().unwrap().into_bytes();
        offset += bytes.len() as i64 / record.len() as i64;
    }
    settle(good, &process, before);
    // 256 MiB of unread answers in all, then about two batches for each connection, and what the allocator keeps.
    assert!(process.peak_kib() < before + (768 << 10), "{} KiB", process.peak_kib());
}

/// Thousands of requests, and nobody reads the answers until all are sent.
#[test]
fn clients_that_pipeline_without_reading_wait_and_lose_nothing() {
    let broker = start(BrokerOptions::new());
    let process = Process(&broker);
    let good = GoodClient::start(process.address(), quiet());
    let before = process.memory_kib();
    // Large answers, so that the sockets are full of them before all requests are sent.
    let mut admin = Client::connect(process.address()).unwrap();
    let many = CreatableTopic {
        name: "many".to_owned(),
        num_partitions: 200,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    admin.ask(&CreateTopicsRequest { topics: vec![many], timeout_ms: 30_000, ..Default::default() });
    let mut clients: Vec<Client> = (0..8).map(|_| Client::connect(process.address()).unwrap()).collect();
    for client in &mut clients {
        for _ in 0..PIPELINED {
            let (_, frame) = client.frame(12, &MetadataRequest::default());
            client.send(&frame).unwrap();
        }
    }
    let sent = |process: &Process<'_>| process.metric("klamm_network_sent_bytes_total");
    process.wait_until("the sockets are full", |process| {
        let before = sent(process);
        let begun = Instant::now();
        process.wait_until("a while", |_| begun.elapsed() > Duration::from_millis(500));
        // The good client goes on.
        sent(process) - before < MIB as u64
    });
    let unread = sent(&process);
    println!(
        "8 clients sent {PIPELINED} requests each; {unread} bytes of answers left the broker before it waited"
    );
    let mut all = unread;
    for client in &mut clients {
        for id in 1..=PIPELINED {
            let Answer::Frame(frame) = client.receive() else { panic!("request {id} is not answered") };
            all += frame.len() as u64;
            let (received, _) = decode_response::<klamm_wire::MetadataResponse>(frame, 12).unwrap();
            assert_eq!(received, i32::try_from(id).unwrap());
        }
    }
    println!("all were answered in order, with {} bytes", all - unread);
    settle(good, &process, before);
    assert!(unread < (all - unread) * 3 / 4, "the broker must stop where nobody reads its answers");
    assert!(process.peak_kib() < before + (64 << 10), "{} KiB", process.peak_kib());
}

/// A client that leaves while its Fetch waits for weeks, with another request behind it.
#[test]
fn clients_that_leave_while_they_are_waited_for_leave_nothing_behind() {
    let broker = start(BrokerOptions::new().set("connections.max.idle.ms", "2000"));
    let process = Process(&broker);
    let mut client = Client::connect(process.address()).unwrap();
    create_topic(&mut client, "t", &[]);
    drop(client);
    for _ in 0..100 {
        let mut client = Client::connect(process.address()).unwrap();
        let wait = FetchRequest { max_wait_ms: i32::MAX, min_bytes: i32::MAX, ..fetch("t", 0, 1 << 20) };
        for _ in 0..2 {
            let (_, frame) = client.frame(12, &wait);
            client.send(&frame).unwrap();
        }
    }
    process.wait_until("no connections", |process| process.metric("klamm_connections") == 0);
    process.check_log();
}

/// Connects from an address of this machine's own; closing it leaves no port behind that has to rest.
fn connect_from(from: Ipv4Addr, to: SocketAddr) -> std::io::Result<std::net::TcpStream> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::V4(SocketAddrV4::new(from, 0)).into())?;
    socket.set_linger(Some(Duration::ZERO))?;
    socket.connect(&to.into())?;
    Ok(socket.into())
}

#[test]
fn ten_thousand_idle_connections_cost_little() {
    let wanted = amount("KLAMM_HOSTILE_CONNECTIONS", IDLE);
    let count = wanted.min(raise_descriptors());
    if count < wanted {
        println!(
            "only {count} of {wanted} idle connections: the hard limit of open files (ulimit -Hn) allows no more"
        );
    }
    let broker = start(BrokerOptions::new().set("socket.listen.backlog.size", "4096"));
    let process = Process(&broker);
    let good = GoodClient::start(process.address(), quiet());
    let before = process.memory_kib();
    let begun = Instant::now();
    let idle: Vec<_> = (0..count)
        .map(|number| {
            let from = Ipv4Addr::new(127, 0, 0, 2 + (number % 8) as u8);
            let mut socket = connect_from(from, process.address()).unwrap();
            // A client that has never asked anything would be let go after half a minute.
            socket.write_all(&API_VERSIONS).unwrap();
            socket
        })
        .collect();
    process.wait_until("all are open", |process| process.metric("klamm_connections") > count as u64);
    println!("{count} idle connections in {:.1?}; {} descriptors", begun.elapsed(), process.descriptors());
    let growth = process.memory_kib().saturating_sub(before);
    println!("memory: {growth} KiB more, {} bytes for each", growth * 1024 / count as u64);
    let harmed_from = Instant::now();
    process.wait_until("a while", |_| harmed_from.elapsed() > Duration::from_secs(1));
    drop(idle);
    process.wait_until("all are closed", |process| process.metric("klamm_connections") == 1);
    println!("after they left: {} KiB more than before", process.memory_kib().saturating_sub(before));
    settle(good, &process, before);
    assert!(growth < IDLE_KIB * count as u64, "{growth} KiB");
}

#[test]
fn a_flood_of_connections_meets_its_limits() {
    let options = BrokerOptions::new().set("max.connections", "100").set("max.connections.per.ip", "40");
    let broker = start(options.set("socket.listen.backlog.size", "4096"));
    let process = Process(&broker);
    let good = GoodClient::start(process.address(), quiet());
    let before = process.memory_kib();
    let (begun, mut most) = (Instant::now(), 0);
    let floods = amount("KLAMM_HOSTILE_FLOOD", 5_000);
    let mut kept = Vec::new();
    for number in 0..floods {
        let from = Ipv4Addr::new(127, 0, 0, 1 + (number % 8) as u8);
        kept.push(connect_from(from, process.address()).unwrap());
        if kept.len() == 1_000 {
            most = most.max(process.metric("klamm_connections"));
            kept.clear();
        }
    }
    println!("{floods} connections in {:.1?}; {most} open at most", begun.elapsed());
    println!("{} were refused", process.metric("klamm_connections_refused_total"));
    drop(kept);
    process.wait_until("only the good client", |process| process.metric("klamm_connections") == 1);
    assert!((41..=100).contains(&most), "{most} connections at most");
    assert!(process.metric("klamm_connections_refused_total") > 0);
    // There is room again.
    let answer = Client::connect(process.address()).unwrap().ask(&ApiVersionsRequest::default());
    assert!(!answer.api_keys.is_empty());
    settle(good, &process, before);
    assert!(process.peak_kib() < before + (32 << 10));
}
