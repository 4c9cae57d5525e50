//! CPU a small request.

use std::time::Duration;

use crate::Result;
use crate::broker::{Broker, Durability, Make};
use crate::figure::Figure;
use crate::frames::{Batch, PRODUCE_VERSION, frame, produce};
use crate::load::{Driven, Load};
use crate::process::Usage;
use crate::runtime::on_one_thread;
use crate::scenarios::Extent;

const CONNECTIONS: i32 = 64;
const PARTITIONS: i32 = 8;

pub(super) fn run(make: &Make, extent: Extent) -> Result<Vec<Figure>> {
    let broker = Broker::start(make, Durability::PageCache)?;
    broker.client()?.create_topic("small", PARTITIONS)?;
    drive(&broker, extent.warm_up)?;
    let before = Usage::of(broker.pid())?;
    let driven = drive(&broker, extent.time)?;
    let used = Usage::of(broker.pid())?.since(before);
    let requests = driven.requests as f64;
    Ok(vec![
        Figure::new(
            "small, 64 connections: broker CPU",
            used.cpu.as_secs_f64() * 1e6 / requests,
            "us/request",
        ),
        Figure::new(
            "small, 64 connections: context switches",
            used.context_switches as f64 / requests,
            "/request",
        ),
        Figure::new("small, 64 connections: requests", requests / driven.elapsed.as_secs_f64(), "/s"),
        Figure::new(
            "small, 64 connections: p99",
            driven.latencies.value_at_quantile(0.99) as f64 / 1e3,
            "ms",
        ),
    ])
}

fn drive(broker: &Broker, time: Duration) -> Result<Driven> {
    let records = Batch::of(900, 900).build()?;
    let frame_of = |number| frame(PRODUCE_VERSION, &produce("small", [number % PARTITIONS], &records));
    let frames = (0..CONNECTIONS).map(frame_of).collect::<Result<_>>()?;
    on_one_thread(Load { frames, in_flight: 1, time, leash: None }.drive(broker.address()))
}
