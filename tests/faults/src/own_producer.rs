//! A producer of our own, for what librdkafka doesn't do: it sends lz4 only to a broker that has groups.
//!
//! It sends each batch until it is answered, always the same bytes, in the order of their making.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use klamm_model::{ErrorCode, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_records::{BatchBuilder, BuildOptions, Compression, Header, ProducerStamp};
use klamm_wire::messages::init_producer_id::InitProducerIdRequest;
use klamm_wire::messages::produce::{
    PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData,
};

use crate::REQUEST_TIMEOUT_MS;
use crate::client::Client;
use crate::content::{Content, HEADER, RecordId};
use crate::history::{Acknowledgement, Guarantee, ProducerHistory};
use crate::pause::pause;
use crate::progress::Progress;

/// The newest version that names topics.
pub(crate) const VERSION: i16 = 12;
/// Records in a batch.
pub(crate) const RECORDS: u64 = 20;
pub(crate) const BACKOFF: Duration = Duration::from_millis(5);

/// The producer, in its own thread.
pub(crate) struct OwnProducer {
    pub(crate) bootstrap: String,
    pub(crate) number: u32,
    pub(crate) guarantee: Guarantee,
    pub(crate) topic: String,
    pub(crate) partitions: i32,
    pub(crate) codec: Compression,
    pub(crate) content: fn(RecordId) -> Content,
    pub(crate) progress: Arc<Progress>,
}

/// A batch without an answer.
pub(crate) struct Batch {
    pub(crate) partition: i32,
    first: u64,
    pub(crate) request: ProduceRequest,
}

impl OwnProducer {
    /// Sends until it is stopped and all is answered; gives what happened and what went wrong.
    pub(crate) fn run(self, stop: &AtomicBool) -> (ProducerHistory, Vec<String>) {
        let id = (self.guarantee == Guarantee::ExactlyOnce).then(|| self.producer_id());
        let in_flight = if id.is_some() { 5 } else { 1 };
        let mut unanswered: VecDeque<Batch> = VecDeque::new();
        let (mut sent, mut acknowledged, mut failures) = (0, Vec::new(), Vec::new());
        let mut client = None;
        while failures.is_empty() && !(stop.load(Ordering::Relaxed) && unanswered.is_empty()) {
            let Some(connected) = &mut client else {
                client = self.connect(&unanswered);
                continue;
            };
            let mut broken = false;
            while !broken && !stop.load(Ordering::Relaxed) && unanswered.len() < in_flight {
                let batch = self.batch(id, sent);
                sent += RECORDS;
                self.progress.sent(RECORDS);
                broken = connected.send(VERSION, &batch.request).is_err();
                unanswered.push_back(batch);
            }
            let answer = if broken || unanswered.is_empty() { None } else { connected.receive(VERSION).ok() };
            match answer.map(|answer| result(&answer)) {
                Some(Ok(base)) => {
                    let batch = unanswered.pop_front().expect("an answer has a request");
                    acknowledged.extend(self.acknowledge(&batch, base));
                }
                // All before it are answered: nothing but a restart excuses a refusal.
                Some(Err(code)) if !code.is_retriable() => {
                    failures.push(format!("a batch is refused: {code:?}"));
                }
                Some(Err(_)) | None => client = None,
            }
        }
        let (producer, guarantee, topic) = (self.number, self.guarantee, self.topic);
        (ProducerHistory { producer, topic, guarantee, sent, acknowledged }, failures)
    }

    pub(crate) fn producer_id(&self) -> ProducerId {
        let request = InitProducerIdRequest { transaction_timeout_ms: 60_000, ..Default::default() };
        let answer = Client::connect(&self.bootstrap).and_then(|mut client| client.ask(&request));
        ProducerId(answer.expect("nobody is killed yet").producer_id)
    }

    /// A connection on which all that has no answer is sent again; `None` while that can't be done.
    fn connect(&self, unanswered: &VecDeque<Batch>) -> Option<Client> {
        pause(BACKOFF);
        let mut client = Client::connect(&self.bootstrap).ok()?;
        for batch in unanswered {
            client.send(VERSION, &batch.request).ok()?;
        }
        Some(client)
    }

    /// The batch of the records from `first` on. Batches go to the partitions in turn.
    pub(crate) fn batch(&self, id: Option<ProducerId>, first: u64) -> Batch {
        let turns = first / RECORDS;
        let partition = (turns % self.partitions as u64) as i32;
        let before = turns / self.partitions as u64 * RECORDS; // records in this partition
        let base_sequence = Sequence(before as i32);
        let stamp = id.map(|id| ProducerStamp { id, epoch: ProducerEpoch(0), base_sequence });
        let options = BuildOptions { producer: stamp, compression: self.codec, ..BuildOptions::default() };
        let mut builder = BatchBuilder::new(options);
        for counter in first..first + RECORDS {
            let content = (self.content)(RecordId { producer: self.number, counter });
            let header = Header { key: HEADER.as_bytes(), value: Some(&content.header) };
            let (key, value) = (content.key.as_deref(), content.value.as_deref());
            builder.append(TimestampMs(content.timestamp_ms), key, value, &[header]);
        }
        let records = builder.build().expect("a batch can be built");
        Batch { partition, first, request: self.request(partition, records) }
    }

    fn request(&self, partition: i32, records: Bytes) -> ProduceRequest {
        let data = PartitionProduceData { index: partition, records: Some(records) };
        let topic = TopicProduceData {
            name: self.topic.clone(),
            partition_data: vec![data],
            ..TopicProduceData::default()
        };
        ProduceRequest {
            acks: -1,
            timeout_ms: REQUEST_TIMEOUT_MS,
            topic_data: vec![topic],
            ..ProduceRequest::default()
        }
    }

    pub(crate) fn acknowledge(
        &self,
        batch: &Batch,
        base: i64,
    ) -> impl Iterator<Item = Acknowledgement> + use<> {
        let (partition, first) = (batch.partition, batch.first);
        (0..RECORDS).for_each(|_| self.progress.answered());
        (0..RECORDS).map(move |n| Acknowledgement { counter: first + n, partition, offset: base + n as i64 })
    }
}

/// The base offset, or why it was refused.
pub(crate) fn result(response: &ProduceResponse) -> Result<i64, ErrorCode> {
    let answer = &response.responses[0].partition_responses[0];
    match ErrorCode::from_i16(answer.error_code).unwrap_or(ErrorCode::UnknownServerError) {
        ErrorCode::None => Ok(answer.base_offset),
        code => Err(code),
    }
}
