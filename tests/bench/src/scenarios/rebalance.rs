//! How long a group of 2, 20 and 200 members needs until all know what they read, after one more has come, and after one has gone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Result;
use crate::broker::{Broker, Durability, Make};
use crate::figure::Figure;
use crate::members::{Board, Group, Protocol, start, wait_for_coordinator};
use crate::process::Usage;
use crate::scenarios::Extent;

const SIZES: [usize; 3] = [2, 20, 200];
/// How often members are heard of: the broker tells it those of the consumer protocol.
const INTERVAL: Duration = Duration::from_millis(200);
const SETTINGS: [(&str, &str); 4] = [
    ("group.consumer.min.heartbeat.interval.ms", "200"),
    ("group.consumer.heartbeat.interval.ms", "200"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("offsets.topic.num.partitions", "10"),
];
const PARTITIONS_OF_A_MEMBER: usize = 2;
/// Members come and go so often at the least.
const ROUNDS: usize = 5;

pub(super) fn run(make: &Make, extent: Extent) -> Result<Vec<Figure>> {
    let broker = Broker::start_set(make, Durability::PageCache, &SETTINGS)?;
    let mut figures = Vec::new();
    for members in SIZES {
        for protocol in [Protocol::Classic, Protocol::Consumer] {
            figures.extend(measure(&broker, protocol, members, extent)?);
        }
    }
    Ok(figures)
}

fn measure(broker: &Broker, protocol: Protocol, members: usize, extent: Extent) -> Result<Vec<Figure>> {
    let name = match protocol {
        Protocol::Classic => "classic",
        Protocol::Consumer => "consumer",
    };
    let group = Arc::new(group(broker, protocol, format!("{name}-{members}"), members)?);
    let board = Arc::new(Board::default());
    let mut threads: Vec<_> = (0..members).map(|number| start(&group, number, &board)).collect();
    let mut epoch = board.wait(members, group.partitions, 0)?;
    let before = Usage::of(broker.pid())?;
    let begun = Instant::now();
    let (mut joins, mut leaves) = (Vec::new(), Vec::new());
    while joins.len() < ROUNDS || begun.elapsed() < extent.time {
        let guest = members + joins.len();
        let joining = Instant::now();
        threads.push(start(&group, guest, &board));
        epoch = board.wait(members + 1, group.partitions, epoch)?;
        joins.push(joining.elapsed());
        let leaving = Instant::now();
        board.dismiss(guest);
        epoch = board.wait(members, group.partitions, epoch)?;
        leaves.push(leaving.elapsed());
    }
    let used = Usage::of(broker.pid())?.since(before);
    let rebalances = (joins.len() + leaves.len()) as f64;
    for number in 0..members {
        board.dismiss(number);
    }
    for thread in threads {
        thread.join().map_err(|_| "a member's thread panicked")?;
    }
    let of = |what: &str| format!("rebalance, {name}, {members} members: {what}");
    let cpu = used.cpu.as_secs_f64() * 1e3;
    let elapsed = begun.elapsed().as_secs_f64();
    let mut figures = Vec::new();
    for (what, times) in [("join", joins), ("leave", leaves)] {
        let time = median(times).as_secs_f64();
        figures.push(Figure::new(of(what), time * 1e3, "ms"));
        let intervals = format!("{what}, in heartbeat intervals");
        figures.push(Figure::new(of(&intervals), time / INTERVAL.as_secs_f64(), ""));
    }
    figures.push(Figure::new(of("broker CPU, heartbeats included"), cpu / rebalances, "ms"));
    figures.push(Figure::new(of("broker CPU, share of a core"), cpu / 10.0 / elapsed, "%"));
    Ok(figures)
}

fn group(broker: &Broker, protocol: Protocol, name: String, members: usize) -> Result<Group> {
    let mut client = broker.client()?;
    let partitions = (members * PARTITIONS_OF_A_MEMBER) as i32;
    client.create_topic(&name, partitions)?;
    let topic_id = client.topic(&name)?.ok_or("the topic is gone")?.topic_id;
    wait_for_coordinator(&mut client, &name)?;
    let (topic, address) = (name.clone(), broker.address());
    Ok(Group { name, protocol, topic, topic_id, partitions, address, interval: INTERVAL })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
