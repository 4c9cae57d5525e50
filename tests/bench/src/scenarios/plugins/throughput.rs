//! As much as goes to a topic without plug-ins, and to the same with one; in short slices that take turns, so that what the machine does
//! besides is shared by all.

use std::time::Duration;

use klamm_records::Compression;

use super::kit::{BATCH_BYTES, JSON_GUARD, bind, median, noop, orders, push};
use crate::Result;
use crate::broker::{Broker, Durability, Make};
use crate::figure::Figure;
use crate::frames::{PRODUCE_VERSION, frame, produce};
use crate::load::Load;
use crate::process::Usage;
use crate::runtime::on_one_thread;
use crate::scenarios::Extent;

const PRODUCERS: i32 = 4;
const SLICES: u32 = 6;
/// Topics, by what they bind.
const TOPICS: [(&str, &str); 3] =
    [("none", ""), ("no-op", "no-op@1"), ("json-guard", "json-guard@1/required:id+amount")];
/// Little is kept of each, so that all three together stay in pages that the machine has used before.
const KEPT: [(&str, &str); 2] = [("segment.bytes", "16777216"), ("retention.bytes", "33554432")];

/// What one topic came to.
#[derive(Debug, Default)]
struct Sum {
    bytes: f64,
    seconds: f64,
    cpu: f64,
    /// Bytes a second of each slice.
    rates: Vec<f64>,
}

pub(super) fn run(make: &Make, extent: Extent) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, compression) in [("uncompressed", Compression::None), ("lz4", Compression::Lz4)] {
        let broker = Broker::start(make, Durability::PageCache)?;
        prepare(&broker)?;
        for (topic, _) in TOPICS {
            drive(&broker, topic, compression, extent.warm_up, &mut Sum::default())?;
        }
        let mut sums: [Sum; TOPICS.len()] = Default::default();
        for slice in 0..SLICES as usize {
            for turn in 0..TOPICS.len() {
                let which = (slice + turn) % TOPICS.len();
                drive(&broker, TOPICS[which].0, compression, extent.time / SLICES, &mut sums[which])?;
            }
        }
        figures.extend(figures_of(name, &sums)?);
    }
    Ok(figures)
}

fn prepare(broker: &Broker) -> Result<()> {
    push(broker, "no-op", "1", &noop(0))?;
    push(broker, "json-guard", "1", JSON_GUARD)?;
    let mut client = broker.client()?;
    for (topic, filters) in TOPICS {
        client.create_topic_with(topic, PRODUCERS, &KEPT)?;
        if !filters.is_empty() {
            bind(&mut client, topic, filters)?;
        }
    }
    Ok(())
}

fn drive(
    broker: &Broker,
    topic: &str,
    compression: Compression,
    time: Duration,
    sum: &mut Sum,
) -> Result<()> {
    let records = orders(compression)?;
    let frame_of = |partition| frame(PRODUCE_VERSION, &produce(topic, [partition], &records));
    let frames = (0..PRODUCERS).map(frame_of).collect::<Result<_>>()?;
    let before = Usage::of(broker.pid())?;
    let driven = on_one_thread(Load { frames, in_flight: 5, time, leash: None }.drive(broker.address()))?;
    let used = Usage::of(broker.pid())?.since(before);
    let (bytes, seconds) = (driven.requests as f64 * BATCH_BYTES as f64, driven.elapsed.as_secs_f64());
    sum.bytes += bytes;
    sum.seconds += seconds;
    sum.cpu += used.cpu.as_secs_f64();
    sum.rates.push(bytes / seconds);
    Ok(())
}

/// The values' bytes are counted as they are before they are compressed.
fn figures_of(codec: &str, sums: &[Sum]) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for ((topic, _), sum) in TOPICS.into_iter().zip(sums) {
        let of = |what: &str| format!("plug-ins, {codec}, {topic}: {what}");
        figures.push(Figure::new(of("produced"), sum.bytes / 1e6 / sum.seconds, "MB/s"));
        figures.push(Figure::new(of("broker CPU"), sum.cpu / (sum.bytes / 1e9), "s/GB"));
        if topic != TOPICS[0].0 {
            let shares: Vec<f64> = sum.rates.iter().zip(&sums[0].rates).map(|(it, none)| it / none).collect();
            figures.push(Figure::new(of("of none"), median(&shares)? * 100.0, "%"));
        }
    }
    Ok(figures)
}
