//! A well-behaved producer at a steady pace, beside the hostile ones.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use klamm_model::ErrorCode;
use klamm_wire::{ProduceResponse, decode_response};

use crate::requests::{create_topic, error, produce, value_batch};
use crate::{Answer, Client, Latencies};

/// Of Produce.
const VERSION: i16 = 9;
const TOPIC: &str = "steady";
/// 200 small requests a second.
const GAP: Duration = Duration::from_millis(5);

/// Requests that may wait for their answers: a minute's.
const UNANSWERED: usize = 12_000;

/// Produces a record every 5 ms, whether the answers came or not, on threads of its own. Each request must succeed. Its topic does not wait
/// for the disk, which others may keep busy.
#[derive(Debug)]
pub struct SteadyProducer {
    stop: Arc<AtomicBool>,
    phase: Arc<AtomicUsize>,
    thread: JoinHandle<Vec<Latencies>>,
}

/// A request that was sent: in which phase, and when it was due.
type Sent = (usize, Instant);

impl SteadyProducer {
    /// Starts it, with a topic of its own.
    pub fn start(address: SocketAddr) -> SteadyProducer {
        let mut client = Client::connect(address).unwrap();
        create_topic(&mut client, TOPIC, &[("flush.messages", &i64::MAX.to_string())]);
        let (stop, phase) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, now) = (Arc::clone(&stop), Arc::clone(&phase));
        let (sent, asked) = sync_channel(UNANSWERED);
        let answers = client.reader().unwrap();
        std::thread::spawn(move || send(client, &sent, &stopped, &now));
        let thread = std::thread::spawn(move || receive(answers, &asked));
        SteadyProducer { stop, phase, thread }
    }

    /// What comes is counted apart from what came until now.
    pub fn next_phase(&self) {
        self.phase.fetch_add(1, Ordering::Relaxed);
    }

    /// Ends it: how long its requests took in each phase, from when they were due.
    ///
    /// # Panics
    /// If one failed.
    pub fn finish(self) -> Vec<Latencies> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("a request of the steady producer failed")
    }
}

/// Ends when it shall stop, or when nobody reads the answers any more, which then fails the test.
fn send(mut client: Client, sent: &SyncSender<Sent>, stop: &AtomicBool, phase: &AtomicUsize) {
    let begun = Instant::now();
    for number in 0.. {
        let due = begun + GAP * number;
        wait_until(due);
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let (_, frame) = client.frame(VERSION, &produce(TOPIC, value_batch(b"a record")));
        let told = sent.send((phase.load(Ordering::Relaxed), due));
        if told.is_err() || client.send(&frame).is_err() {
            return;
        }
    }
}

fn receive(mut client: Client, asked: &Receiver<Sent>) -> Vec<Latencies> {
    let mut phases = Vec::new();
    let mut offset = 0;
    while let Ok((phase, due)) = asked.recv() {
        let Answer::Frame(frame) = client.receive() else { panic!("request {offset} is not answered") };
        let (_, response): (_, ProduceResponse) = decode_response(frame, VERSION).unwrap();
        let answer = &response.responses[0].partition_responses[0];
        assert_eq!((error(answer.error_code), answer.base_offset), (ErrorCode::None, offset));
        phases.resize_with(phases.len().max(phase + 1), Latencies::default);
        phases[phase].add(due.elapsed());
        offset += 1;
    }
    phases
}

#[expect(clippy::disallowed_methods, reason = "a client that works at its own pace")]
fn wait_until(due: Instant) {
    std::thread::sleep(due.saturating_duration_since(Instant::now()));
}
