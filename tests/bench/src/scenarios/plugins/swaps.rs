//! Versions that are swapped every 200 ms under load: no produce may fail for it, none may wait longer than 50 ms for it. The same load
//! without swaps, in turns, shows what the machine does besides.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use klamm_records::Compression;

use super::kit::{bind, milliseconds, noop, orders, push};
use crate::Result;
use crate::broker::{Broker, Durability, Make};
use crate::figure::Figure;
use crate::frames::{Batch, PRODUCE_VERSION, frame, produce};
use crate::load::{Load, microseconds};
use crate::paced::Paced;
use crate::runtime::on_one_thread;
use crate::scenarios::Extent;

const TOPIC: &str = "swapped";
const CONNECTIONS: i32 = 4;
const RATE: u32 = 1000;
const INTERVAL: Duration = Duration::from_millis(200);
/// With and without swaps, so often in turns.
const TURNS: u32 = 4;
/// What a swap may delay a produce by.
const DELAYED_US: u64 = 50_000;
/// As much as in plug-ins that do something.
const CODE_BYTES: usize = 256 << 10;
const VERSIONS: [&str; 2] = ["filter@1", "filter@2"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pressure {
    Paced,
    Saturated,
}

/// What one kind of turns came to.
struct Sum {
    latencies: Histogram<u64>,
    refused: u64,
    swaps: Vec<Duration>,
}

pub(super) fn run(make: &Make, extent: Extent) -> Result<Vec<Figure>> {
    let broker = Broker::start(make, Durability::PageCache)?;
    broker.client()?.create_topic(TOPIC, CONNECTIONS)?;
    // Not the same bytes: a version that was bound a moment ago is not in memory any more.
    push(&broker, "filter", "1", &noop(CODE_BYTES))?;
    push(&broker, "filter", "2", &noop(CODE_BYTES + CODE_BYTES / 16))?;
    bind(&mut broker.client()?, TOPIC, VERSIONS[0])?;
    let mut figures = Vec::new();
    for (name, pressure) in [("1,000/s", Pressure::Paced), ("saturated", Pressure::Saturated)] {
        let (mut still, mut swapped) = (Sum::new()?, Sum::new()?);
        load(&broker, pressure, extent.warm_up, &mut Sum::new()?)?;
        for turn in 0..TURNS {
            let time = extent.time / TURNS;
            if turn % 2 == 0 {
                load(&broker, pressure, time, &mut still)?;
                load_and_swap(&broker, pressure, time, &mut swapped)?;
            } else {
                load_and_swap(&broker, pressure, time, &mut swapped)?;
                load(&broker, pressure, time, &mut still)?;
            }
        }
        figures.extend(still.figures(&format!("plug-ins, {name}, one version")));
        figures.extend(swapped.figures(&format!("plug-ins, {name}, swapped every 200 ms")));
    }
    Ok(figures)
}

impl Sum {
    fn new() -> Result<Sum> {
        Ok(Sum { latencies: microseconds()?, refused: 0, swaps: Vec::new() })
    }

    fn figures(&self, name: &str) -> Vec<Figure> {
        let of = |what: &str| format!("{name}: {what}");
        let delayed = self.latencies.count_between(DELAYED_US, u64::MAX);
        let mut figures = vec![
            Figure::new(of("requests"), self.latencies.len() as f64, ""),
            Figure::new(of("refused"), self.refused as f64, ""),
            Figure::new(of("longer than 50 ms"), delayed as f64, ""),
            Figure::new(of("longest"), self.latencies.max() as f64 / 1e3, "ms"),
            Figure::new(of("p99.9"), self.latencies.value_at_quantile(0.999) as f64 / 1e3, "ms"),
            Figure::new(of("p99"), self.latencies.value_at_quantile(0.99) as f64 / 1e3, "ms"),
        ];
        if let Some(longest) = self.swaps.iter().max() {
            figures.push(Figure::new(of("swaps"), self.swaps.len() as f64, ""));
            figures.push(Figure::new(of("longest swap"), milliseconds(*longest), "ms"));
        }
        figures
    }
}

fn load(broker: &Broker, pressure: Pressure, time: Duration, sum: &mut Sum) -> Result<()> {
    let records = match pressure {
        Pressure::Paced => Batch::of(1000, 1000).build()?,
        Pressure::Saturated => orders(Compression::None)?,
    };
    let frame_of = |partition| frame(PRODUCE_VERSION, &produce(TOPIC, [partition], &records));
    let frames = (0..CONNECTIONS).map(frame_of).collect::<Result<_>>()?;
    let (latencies, refused) = match pressure {
        Pressure::Paced => {
            let answered = Paced { frames, rate: RATE, time }.answered(broker.address())?;
            (answered.latencies, answered.refused)
        }
        Pressure::Saturated => {
            let load = Load { frames, in_flight: 5, time, leash: None };
            let driven = on_one_thread(load.answered(broker.address()))?;
            (driven.latencies, driven.refused)
        }
    };
    sum.latencies.add(latencies)?;
    sum.refused += refused;
    Ok(())
}

fn load_and_swap(broker: &Broker, pressure: Pressure, time: Duration, sum: &mut Sum) -> Result<()> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let swapping = scope.spawn(|| swap(broker, &stop));
        let loaded = load(broker, pressure, time, sum);
        stop.store(true, Ordering::Relaxed);
        let swaps = swapping.join().map_err(|_| "the thread that swaps panicked")??;
        sum.swaps.extend(swaps);
        loaded
    })
}

/// Binds one version, then the other; how long each took until it was answered.
fn swap(broker: &Broker, stop: &AtomicBool) -> Result<Vec<Duration>> {
    let mut client = broker.client()?;
    let mut swaps = Vec::new();
    // It ends with the version with which it began.
    while !stop.load(Ordering::Relaxed) || swaps.len() % VERSIONS.len() == 1 {
        let begun = Instant::now();
        bind(&mut client, TOPIC, VERSIONS[(swaps.len() + 1) % VERSIONS.len()])?;
        swaps.push(begun.elapsed());
        wait(INTERVAL.saturating_sub(begun.elapsed()));
    }
    Ok(swaps)
}

#[expect(clippy::disallowed_methods, reason = "swaps come at the clock's pace")]
fn wait(time: Duration) {
    thread::sleep(time);
}
