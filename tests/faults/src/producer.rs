//! A producer that sends as fast as answers come, and remembers them: of librdkafka, or our own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use klamm_records::Compression;
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use crate::content::{Content, HEADER, RecordId};
use crate::history::{Acknowledgement, Guarantee, ProducerHistory};
use crate::own_producer::OwnProducer;
use crate::progress::Progress;
use crate::{PATIENCE, REQUEST_TIMEOUT_MS};

/// Kafka's codecs, as librdkafka calls them.
pub const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

/// The most records without an answer: several batches, so that requests are pipelined.
const WINDOW: u64 = 200;

/// A running producer.
#[derive(Debug)]
pub struct ProducerUnderTest {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(ProducerHistory, Vec<String>)>,
}

impl ProducerUnderTest {
    /// Starts one of librdkafka that writes to `topic` until it is told to finish.
    pub fn start(
        bootstrap: &str,
        (number, guarantee): (u32, Guarantee),
        (topic, codec): (&str, &str),
        progress: &Arc<Progress>,
    ) -> ProducerUnderTest {
        ProducerUnderTest::start_with(
            RecordId::content,
            bootstrap,
            (number, guarantee),
            (topic, codec),
            progress,
        )
    }

    /// The same with other contents.
    pub fn start_with(
        content: fn(RecordId) -> Content,
        bootstrap: &str,
        (number, guarantee): (u32, Guarantee),
        (topic, codec): (&str, &str),
        progress: &Arc<Progress>,
    ) -> ProducerUnderTest {
        let answers = Answers { progress: Arc::clone(progress), ..Answers::default() };
        let producer: BaseProducer<Answers> = config(bootstrap, guarantee, codec)
            .create_with_context(answers)
            .expect("librdkafka takes the settings");
        let topic = topic.to_owned();
        ProducerUnderTest::spawn(move |stop| {
            let sent = send_until(stop, &producer, (number, content), &topic);
            // Retries go on until every record has its answer.
            let flushed = producer.flush(PATIENCE);
            let (acknowledged, mut failures) = producer.context().take();
            failures.extend(flushed.err().map(|error| format!("flush: {error}")));
            (ProducerHistory { producer: number, topic, guarantee, sent, acknowledged }, failures)
        })
    }

    /// The same with a producer of our own, for a codec that librdkafka doesn't use with every broker.
    pub fn start_own(
        bootstrap: &str,
        (number, guarantee): (u32, Guarantee),
        (topic, partitions, codec): (&str, i32, Compression),
        progress: &Arc<Progress>,
    ) -> ProducerUnderTest {
        let (bootstrap, topic) = (bootstrap.to_owned(), topic.to_owned());
        let progress = Arc::clone(progress);
        let content = RecordId::content;
        let own = OwnProducer { bootstrap, number, guarantee, topic, partitions, codec, content, progress };
        ProducerUnderTest::spawn(move |stop| own.run(stop))
    }

    fn spawn(
        run: impl FnOnce(&AtomicBool) -> (ProducerHistory, Vec<String>) + Send + 'static,
    ) -> ProducerUnderTest {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        ProducerUnderTest { stop, thread: std::thread::spawn(move || run(&stopped)) }
    }

    /// Lets it send no more.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Stops it, waits for the answers, and gives what happened and what went wrong.
    ///
    /// # Panics
    /// If the producer did.
    pub fn finish(self) -> (ProducerHistory, Vec<String>) {
        self.stop();
        self.thread.join().unwrap_or_else(|_| panic!("a producer's thread panicked"))
    }
}

fn config(bootstrap: &str, guarantee: Guarantee, codec: &str) -> ClientConfig {
    let (idempotence, in_flight) = match guarantee {
        Guarantee::ExactlyOnce => ("true", "5"),
        Guarantee::AtLeastOnce => ("false", "1"),
    };
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("broker.address.family", "v4");
    config.set("enable.idempotence", idempotence).set("max.in.flight", in_flight);
    config.set("acks", "all").set("compression.codec", codec);
    config.set("linger.ms", "2").set("batch.num.messages", "30");
    // A broker that is back is to be used at once, and none is to be given up.
    config.set("reconnect.backoff.ms", "10").set("reconnect.backoff.max.ms", "50");
    config.set("retry.backoff.ms", "20").set("retry.backoff.max.ms", "50");
    config.set("request.timeout.ms", REQUEST_TIMEOUT_MS.to_string());
    config.set("socket.timeout.ms", REQUEST_TIMEOUT_MS.to_string());
    config.set("message.timeout.ms", "600000").set("log_level", "2");
    config
}

fn send_until(
    stop: &AtomicBool,
    producer: &BaseProducer<Answers>,
    (number, content): (u32, fn(RecordId) -> Content),
    topic: &str,
) -> u64 {
    let progress = &producer.context().progress;
    let mut sent = 0;
    while !stop.load(Ordering::Relaxed) {
        let room = WINDOW.saturating_sub(sent - producer.context().count());
        for counter in sent..sent + room {
            let id = RecordId { producer: number, counter };
            send(producer, topic, id, &content(id));
        }
        sent += room;
        progress.sent(room);
        producer.poll(Duration::from_millis(5));
    }
    sent
}

fn send(producer: &BaseProducer<Answers>, topic: &str, id: RecordId, content: &Content) {
    let header = Header { key: HEADER, value: Some(&content.header) };
    let mut record: BaseRecord<'_, [u8], [u8], usize> =
        BaseRecord::with_opaque_to(topic, id.counter as usize)
            .timestamp(content.timestamp_ms)
            .headers(OwnedHeaders::new().insert(header));
    record.key = content.key.as_deref();
    record.payload = content.value.as_deref();
    if let Err((error, _)) = producer.send(record) {
        panic!("record {id} is not taken: {error}");
    }
}

/// Collects the answers.
#[derive(Debug, Default)]
struct Answers {
    progress: Arc<Progress>,
    inner: Mutex<(Vec<Acknowledgement>, Vec<String>)>,
}

impl Answers {
    fn count(&self) -> u64 {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        (inner.0.len() + inner.1.len()) as u64
    }

    fn take(&self) -> (Vec<Acknowledgement>, Vec<String>) {
        std::mem::take(&mut *self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ClientContext for Answers {}

impl ProducerContext for Answers {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, counter: usize) {
        {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            match result {
                Ok(message) => inner.0.push(Acknowledgement {
                    counter: counter as u64,
                    partition: message.partition(),
                    offset: message.offset(),
                }),
                Err((error, _)) => inner.1.push(format!("record {counter}: {error}")),
            }
        }
        self.progress.answered();
    }
}
