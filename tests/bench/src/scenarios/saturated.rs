//! As much as goes.

use std::time::Duration;

use crate::Result;
use crate::broker::{Broker, Durability, Make};
use crate::figure::Figure;
use crate::frames::{Batch, PRODUCE_VERSION, frame, produce};
use crate::load::{Driven, Load};
use crate::process::Usage;
use crate::runtime::on_one_thread;
use crate::scenarios::Extent;

const PRODUCERS: i32 = 4;

pub(super) fn run(make: &Make, extent: Extent) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, record_bytes, request_bytes) in
        [("100 B", 100, 64 * 1024), ("1 KiB", 1024, 256 * 1024), ("100 KB", 100_000, 500_000)]
    {
        // A fresh one each time: what the last load left to write back would slow the next.
        let broker = Broker::start(make, Durability::PageCache)?;
        broker.client()?.create_topic("saturated", PRODUCERS)?;
        let batch = Batch::of(record_bytes, request_bytes);
        drive(&broker, batch, extent.warm_up)?;
        let before = Usage::of(broker.pid())?;
        let driven = drive(&broker, batch, extent.time)?;
        let used = Usage::of(broker.pid())?.since(before);
        let bytes = driven.requests as f64 * batch.bytes() as f64;
        figures.extend([
            Figure::new(
                format!("saturated, {name}: produced"),
                bytes / 1e6 / driven.elapsed.as_secs_f64(),
                "MB/s",
            ),
            Figure::new(
                format!("saturated, {name}: broker CPU"),
                used.cpu.as_secs_f64() / (bytes / 1e9),
                "s/GB",
            ),
        ]);
    }
    Ok(figures)
}

fn drive(broker: &Broker, batch: Batch, time: Duration) -> Result<Driven> {
    let records = batch.build()?;
    let frame_of = |partition| frame(PRODUCE_VERSION, &produce("saturated", [partition], &records));
    let frames = (0..PRODUCERS).map(frame_of).collect::<Result<_>>()?;
    on_one_thread(Load { frames, in_flight: 5, time, leash: None }.drive(broker.address()))
}
