//! Reading from the disk while producing.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::broker::{Broker, Durability, Make};
use crate::figure::Figure;
use crate::frames::{Batch, PRODUCE_VERSION, frame, produce};
use crate::load::{Load, consume};
use crate::runtime::on_one_thread;
use crate::scenarios::{Extent, paced};

pub(super) fn run(make: &Make, extent: Extent) -> Result<Vec<Figure>> {
    let broker = Broker::start(make, Durability::PageCache)?;
    let mut client = broker.client()?;
    client.create_topic_with("old", 1, &[("retention.bytes", "-1")])?;
    client.create_topic("paced", 4)?;
    let batch = Batch::of(1024, 256 * 1024);
    let frames = vec![frame(PRODUCE_VERSION, &produce("old", [0], &batch.build()?))?];
    let written =
        on_one_thread(Load { frames, in_flight: 5, time: extent.time, leash: None }.drive(broker.address()))?;
    paced::load(extent.warm_up)?.drive(broker.address())?;
    let alone = paced::load(extent.time)?.drive(broker.address())?;
    drop_from_cache(&broker)?;
    let (address, end) = (broker.address(), written.requests as i64 * batch.records as i64);
    let begun = Instant::now();
    let reader = thread::spawn(move || -> Result<(u64, Duration)> {
        let read =
            on_one_thread(consume(address, "old".to_owned(), Arc::new(AtomicI64::new(end)), Arc::default()))?;
        Ok((read, begun.elapsed()))
    });
    let beside = paced::load(extent.time)?.drive(broker.address())?;
    let (read, took) = reader.join().map_err(|_| "the reader panicked")??;
    let milliseconds =
        |latencies: &hdrhistogram::Histogram<u64>, at| latencies.value_at_quantile(at) as f64 / 1e3;
    Ok(vec![
        Figure::new("cold reads: p99 of producing alone", milliseconds(&alone, 0.99), "ms"),
        Figure::new("cold reads: p99 of producing beside", milliseconds(&beside, 0.99), "ms"),
        Figure::new("cold reads: read from the disk", read as f64 / 1e6 / took.as_secs_f64(), "MB/s"),
    ])
}

/// Has the kernel forget what is on the disk of the topic.
fn drop_from_cache(broker: &Broker) -> Result<()> {
    for entry in std::fs::read_dir(broker.data_dir().join("old-0"))? {
        let file = File::open(entry?.path())?;
        file.sync_all()?;
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
    }
    Ok(())
}
