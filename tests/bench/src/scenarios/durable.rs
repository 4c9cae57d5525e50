//! 64 producers whose every write is synced.

use std::time::Duration;

use crate::Result;
use crate::broker::{Broker, Durability, Make};
use crate::figure::Figure;
use crate::frames::{Batch, PRODUCE_VERSION, frame, produce};
use crate::load::{Driven, Load};
use crate::process::Usage;
use crate::runtime::on_one_thread;
use crate::scenarios::Extent;

const PRODUCERS: i32 = 64;

pub(super) fn run(make: &Make, extent: Extent) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for partitions in [1, 16] {
        let broker = Broker::start(make, Durability::Fsync)?;
        broker.client()?.create_topic("durable", partitions)?;
        drive(&broker, partitions, extent.warm_up)?;
        let before = Usage::of(broker.pid())?;
        let driven = drive(&broker, partitions, extent.time)?;
        let used = Usage::of(broker.pid())?.since(before);
        let of = |what| format!("durable, 64 producers, partitions {partitions}: {what}");
        let requests = driven.requests as f64;
        figures.extend([
            Figure::new(of("writes"), requests / driven.elapsed.as_secs_f64(), "/s"),
            Figure::new(of("p50"), driven.latencies.value_at_quantile(0.5) as f64 / 1e3, "ms"),
            Figure::new(of("p99"), driven.latencies.value_at_quantile(0.99) as f64 / 1e3, "ms"),
            Figure::new(of("broker CPU"), used.cpu.as_secs_f64() * 1e6 / requests, "us/request"),
        ]);
    }
    Ok(figures)
}

fn drive(broker: &Broker, partitions: i32, time: Duration) -> Result<Driven> {
    let records = Batch::of(1024, 1024).build()?;
    let frame_of = |number| frame(PRODUCE_VERSION, &produce("durable", [number % partitions], &records));
    let frames = (0..PRODUCERS).map(frame_of).collect::<Result<_>>()?;
    on_one_thread(Load { frames, in_flight: 1, time, leash: None }.drive(broker.address()))
}
