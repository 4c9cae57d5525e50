//! A well-behaved client beside the hostile ones.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use klamm_model::ErrorCode;

use crate::requests::{create_topic, error, fetch, produce, value_batch};
use crate::{Client, Latencies};

const TOPIC: &str = "good";
/// Between two rounds: a client that works, not one that loads the machine.
const PAUSE: Duration = Duration::from_millis(2);

/// Produces a record and fetches it, again and again, on a thread of its own. Each request must succeed.
#[derive(Debug)]
pub struct GoodClient {
    stop: Arc<AtomicBool>,
    harmed: Arc<AtomicBool>,
    thread: JoinHandle<[Latencies; 2]>,
}

impl GoodClient {
    /// Starts it, and lets it work undisturbed for `quiet`.
    pub fn start(address: SocketAddr, quiet: Duration) -> GoodClient {
        let mut client = Client::connect(address).unwrap();
        create_topic(&mut client, TOPIC, &[]);
        let (stop, harmed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (stopped, during) = (Arc::clone(&stop), Arc::clone(&harmed));
        let thread = std::thread::spawn(move || work(client, &stopped, &during));
        pause(quiet);
        harmed.store(true, Ordering::Relaxed);
        GoodClient { stop, harmed, thread }
    }

    /// Ends it: how long its rounds took before anything hostile happened, and since.
    ///
    /// # Panics
    /// If a request of it failed.
    pub fn finish(self) -> [Latencies; 2] {
        assert!(self.harmed.load(Ordering::Relaxed));
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("a request of the well-behaved client failed")
    }
}

fn work(mut client: Client, stop: &AtomicBool, harmed: &AtomicBool) -> [Latencies; 2] {
    let mut latencies = [Latencies::default(), Latencies::default()];
    let mut offset = 0;
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        round(&mut client, offset);
        // A round that hostile clients came into is one of those that they harmed.
        let phase = usize::from(harmed.load(Ordering::Relaxed));
        latencies[phase].add(begun.elapsed());
        offset += 1;
        pause(PAUSE);
    }
    latencies
}

/// Produces the record at `offset` and fetches it.
fn round(client: &mut Client, offset: i64) {
    let batch = value_batch(format!("record {offset}").as_bytes());
    let produced = client.call(9, &produce(TOPIC, batch.clone()));
    let answer = &produced.responses[0].partition_responses[0];
    assert_eq!((error(answer.error_code), answer.base_offset), (ErrorCode::None, offset));
    let fetched = client.call(12, &fetch(TOPIC, offset, 1 << 20));
    let answer = &fetched.responses[0].partitions[0];
    assert_eq!(error(answer.error_code), ErrorCode::None);
    let bytes = answer.records.clone().unwrap().into_bytes();
    assert_eq!(bytes[61..], batch[61..], "the records that were produced");
}

#[expect(clippy::disallowed_methods, reason = "a client that works at its own pace")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
