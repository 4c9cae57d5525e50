//! A producer that sends batches again which were answered: the last five of a partition, whose answers it knows.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use klamm_model::{ErrorCode, ProducerId};
use klamm_records::Compression;
use klamm_wire::messages::produce::ProduceRequest;

use super::order::Order;
use super::topic::PluggedTopic;
use crate::client::Client;
use crate::history::{Acknowledgement, Guarantee, ProducerHistory};
use crate::own_producer::{BACKOFF, Batch, OwnProducer, RECORDS, VERSION, result};
use crate::pause::pause;
use crate::progress::{EndOnPanic, Progress};

/// So many batches of a producer a broker remembers in each partition.
const REMEMBERED: usize = 5;
/// After so many batches it sends old ones again, also without a kill.
const EVERY: u64 = 8;

/// An idempotent producer with one request in flight, in its own thread. After each break of its connection, and now and then
/// without one, it sends the last batches of every partition again.
#[derive(Debug)]
pub struct Retrier {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(ProducerHistory, u64)>,
}

impl Retrier {
    /// Starts one that writes orders to `topic` until it is told to finish.
    ///
    /// # Panics
    /// In its thread, if a batch is refused, or a retry is not answered as the batch was.
    pub fn start(
        bootstrap: &str,
        number: u32,
        (topic, codec): (&PluggedTopic, Compression),
        progress: &Arc<Progress>,
    ) -> Retrier {
        let own = OwnProducer {
            bootstrap: bootstrap.to_owned(),
            number,
            guarantee: Guarantee::ExactlyOnce,
            topic: topic.name.clone(),
            partitions: topic.partitions,
            codec,
            content: |id| Order(id).sent(),
            progress: Arc::clone(progress),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        Retrier { stop, thread: std::thread::spawn(move || Run::new(own).run(&stopped)) }
    }

    /// Lets it send no more.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Stops it, waits for the answers, and gives what happened, and how many retries were answered.
    ///
    /// # Panics
    /// If the producer did.
    pub fn finish(self) -> (ProducerHistory, u64) {
        self.stop();
        self.thread.join().unwrap_or_else(|_| panic!("a producer's thread panicked"))
    }
}

/// A batch that was answered with its base offset.
struct Answered {
    request: ProduceRequest,
    base: i64,
}

struct Run {
    own: OwnProducer,
    id: ProducerId,
    client: Option<Client>,
    /// The newest of each partition.
    answered: Vec<VecDeque<Answered>>,
    acknowledged: Vec<Acknowledgement>,
    retries: u64,
}

impl Run {
    fn new(own: OwnProducer) -> Run {
        let id = own.producer_id();
        let answered = (0..own.partitions).map(|_| VecDeque::new()).collect();
        Run { own, id, client: None, answered, acknowledged: Vec::new(), retries: 0 }
    }

    fn run(mut self, stop: &AtomicBool) -> (ProducerHistory, u64) {
        let _end = EndOnPanic(Arc::clone(&self.own.progress));
        let mut sent = 0;
        while !stop.load(Ordering::Relaxed) {
            let batch = self.own.batch(Some(self.id), sent);
            sent += RECORDS;
            self.own.progress.sent(RECORDS);
            let (base, broken) = self.send(&batch.request);
            self.took(batch, base);
            if broken || (sent / RECORDS).is_multiple_of(EVERY) {
                self.again();
            }
        }
        let OwnProducer { number: producer, guarantee, topic, .. } = self.own;
        (ProducerHistory { producer, topic, guarantee, sent, acknowledged: self.acknowledged }, self.retries)
    }

    fn took(&mut self, batch: Batch, base: i64) {
        self.acknowledged.extend(self.own.acknowledge(&batch, base));
        let answered = &mut self.answered[batch.partition as usize];
        answered.push_back(Answered { request: batch.request, base });
        if answered.len() > REMEMBERED {
            answered.pop_front();
        }
    }

    /// Sends every remembered batch again, the newest of a partition first or last by turns.
    fn again(&mut self) {
        let all = std::mem::take(&mut self.answered);
        for batches in &all {
            let backwards = self.retries.is_multiple_of(2);
            for at in 0..batches.len() {
                let batch = &batches[if backwards { batches.len() - 1 - at } else { at }];
                let (base, _) = self.send(&batch.request);
                assert_eq!(base, batch.base, "{}: the answer to a retry", self.own.topic);
                self.retries += 1;
            }
        }
        self.answered = all;
    }

    /// Sends a batch until it is answered; gives its base offset, and whether a connection broke meanwhile.
    fn send(&mut self, request: &ProduceRequest) -> (i64, bool) {
        let mut broken = false;
        loop {
            match self.try_send(request) {
                Ok(Ok(base)) => return (base, broken),
                Ok(Err(code)) => {
                    assert!(code.is_retriable(), "{}: a batch is refused: {code:?}", self.own.topic);
                }
                Err(_) => self.client = None,
            }
            broken = true;
            pause(BACKOFF);
        }
    }

    fn try_send(&mut self, request: &ProduceRequest) -> io::Result<Result<i64, ErrorCode>> {
        let client = match &mut self.client {
            Some(client) => client,
            None => self.client.insert(Client::connect(&self.own.bootstrap)?),
        };
        Ok(result(&client.call(VERSION, request)?))
    }
}
