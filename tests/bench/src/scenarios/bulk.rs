//! CPU a gigabyte.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::Result;
use crate::broker::{Broker, Durability, Make};
use crate::figure::Figure;
use crate::frames::{Batch, PRODUCE_VERSION, frame, produce};
use crate::load::{Leash, Load, consume};
use crate::process::Usage;
use crate::runtime::on_one_thread;
use crate::scenarios::Extent;

const REQUEST_BYTES: usize = 256 * 1024;
/// How far a consumer that keeps up is behind at the most: what a few milliseconds bring.
const NEAR_BYTES: i64 = 4 << 20;
/// How far one that does not is behind. What a broker keeps is more than this: nothing is deleted before it is read.
const FAR_BYTES: i64 = 64 << 20;
const GB: f64 = 1e9;

pub(super) fn run(make: &Make, extent: Extent) -> Result<Vec<Figure>> {
    let broker = Broker::start(make, Durability::PageCache)?;
    let batch = Batch::of(1024, REQUEST_BYTES);
    produced_and_fetched(&broker, "warm-up", batch, extent.warm_up, FAR_BYTES)?;
    let mut figures = Vec::new();
    for (topic, how, leash) in
        [("near", "consumer keeps up", NEAR_BYTES), ("far", "consumer 64 MB behind", FAR_BYTES)]
    {
        let before = (Usage::of(broker.pid())?, Usage::of(std::process::id())?);
        let done = produced_and_fetched(&broker, topic, batch, extent.time, leash)?;
        let used = Usage::of(broker.pid())?.since(before.0);
        let driver = Usage::of(std::process::id())?.since(before.1);
        let gigabytes = done.bytes / GB;
        let figure = |what: &str, value, unit| Figure::new(format!("bulk, {how}: {what}"), value, unit);
        figures.extend([
            figure("broker CPU", used.cpu.as_secs_f64() / gigabytes, "s/GB"),
            figure("driver CPU", driver.cpu.as_secs_f64() / gigabytes, "s/GB"),
            figure("produced and fetched", done.bytes / 1e6 / done.seconds, "MB/s"),
            figure("context switches", used.context_switches as f64 / done.requests, "/request"),
        ]);
    }
    Ok(figures)
}

struct Done {
    bytes: f64,
    requests: f64,
    seconds: f64,
}

/// One producer with five requests under way, one consumer that is no more than so many bytes behind; until all is read.
fn produced_and_fetched(
    broker: &Broker,
    topic: &str,
    batch: Batch,
    time: std::time::Duration,
    leash_bytes: i64,
) -> Result<Done> {
    broker.client()?.create_topic(topic, 1)?;
    let frames = vec![frame(PRODUCE_VERSION, &produce(topic, [0], &batch.build()?))?];
    let read = Arc::new(AtomicI64::new(0));
    let of_request = batch.records as i64;
    let leash =
        Leash { read: Arc::clone(&read), of_request, length: leash_bytes / batch.record_bytes as i64 };
    let load = Load { frames, in_flight: 5, time, leash: Some(leash) };
    let address = broker.address();
    let end = Arc::new(AtomicI64::new(i64::MAX));
    let topic = topic.to_owned();
    on_one_thread(async move {
        let begun = std::time::Instant::now();
        let consumer = tokio::spawn(consume(address, topic, Arc::clone(&end), read));
        let driven = load.drive(address).await?;
        end.store(driven.requests as i64 * batch.records as i64, Ordering::Relaxed);
        let read = consumer.await??;
        let bytes = driven.requests as f64 * batch.bytes() as f64;
        if (read as f64) < bytes {
            return Err(format!("{bytes} bytes were written, {read} read").into());
        }
        Ok(Done { bytes, requests: driven.requests as f64, seconds: begun.elapsed().as_secs_f64() })
    })
}
