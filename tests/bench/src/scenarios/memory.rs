//! Memory.

use std::net::TcpStream;
use std::time::Duration;

use crate::Result;
use crate::broker::{Broker, Durability, Make};
use crate::figure::Figure;
use crate::frames::{Batch, PRODUCE_VERSION, frame, produce};
use crate::load::Load;
use crate::process::Memory;
use crate::runtime::on_one_thread;
use crate::scenarios::{Extent, start};

pub(super) fn run(make: &Make, extent: Extent) -> Result<Vec<Figure>> {
    let broker = Broker::start(make, Durability::PageCache)?;
    let idle = Memory::of(broker.pid())?;
    let many = connections(&broker, extent.many)?;
    drive(&broker, extent.time)?;
    let loaded = Memory::of(broker.pid())?;
    drop(broker);
    let mut figures = vec![
        Figure::new("memory: idle", idle.resident, "MiB"),
        Figure::new("memory: with idle connections", many.resident, "MiB"),
        Figure::new("memory: of a connection", kib_each(idle, many, extent.many), "KiB"),
        Figure::new("memory: peak under load", loaded.peak, "MiB"),
    ];
    let broker = Broker::start(make, Durability::PageCache)?;
    let idle = Memory::of(broker.pid())?;
    start::fill(&broker, extent.many)?;
    let many = Memory::of(broker.pid())?;
    figures.push(Figure::new(
        "memory: of a partition with a record",
        kib_each(idle, many, extent.many),
        "KiB",
    ));
    Ok(figures)
}

fn kib_each(before: Memory, after: Memory, count: u32) -> f64 {
    (after.resident - before.resident) * 1024.0 / f64::from(count)
}

/// The memory with so many connections on which nothing happens.
fn connections(broker: &Broker, count: u32) -> Result<Memory> {
    let limit = u64::from(count) + 100;
    let current = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: Some(limit), maximum: current.maximum };
    if current.current.is_some_and(|current| current < limit) {
        rustix::process::setrlimit(rustix::process::Resource::Nofile, raised)?;
    }
    let held: Vec<TcpStream> =
        (0..count).map(|_| TcpStream::connect(broker.address())).collect::<Result<_, _>>()?;
    // The last is served when it has its answer.
    broker.client()?.topic("")?;
    let memory = Memory::of(broker.pid())?;
    drop(held);
    Ok(memory)
}

fn drive(broker: &Broker, time: Duration) -> Result<()> {
    broker.client()?.create_topic("loaded", 8)?;
    let records = Batch::of(1024, 256 * 1024).build()?;
    let frame_of = |number| frame(PRODUCE_VERSION, &produce("loaded", [number % 8], &records));
    let frames = (0..32).map(frame_of).collect::<Result<_>>()?;
    on_one_thread(Load { frames, in_flight: 2, time, leash: None }.drive(broker.address()))?;
    Ok(())
}
