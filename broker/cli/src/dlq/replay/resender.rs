//! Sending of one batch at a time, idempotently, and knowing where it went.

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use klamm_model::{ErrorCode, ProducerEpoch, ProducerId, Sequence};
use klamm_records::{BatchBuilder, BuildOptions, ProducerStamp};
use klamm_wire::messages::ProduceRequest;
use klamm_wire::messages::produce::{PartitionProduceData, PartitionProduceResponse, TopicProduceData};

use super::outgoing::Outgoing;
use crate::client::{Again, Client, ClientError, Target, Topic, check};
use crate::produce::init_producer;

/// All in-sync replicas must have a batch before it counts.
const ACKS_ALL: i16 = -1;

/// Where a batch went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Landed {
    pub producer_id: i64,
    /// The offset of its first record; none if the broker had the batch already and doesn't say.
    pub base_offset: Option<i64>,
}

/// An idempotent producer with one batch on its way.
#[derive(Debug)]
pub(super) struct Resender {
    client: Client,
    producer: (ProducerId, ProducerEpoch),
    next_sequence: BTreeMap<(String, i32), Sequence>,
}

impl Resender {
    pub(super) async fn new(mut client: Client) -> Result<Resender, ClientError> {
        let producer = init_producer(&mut client).await?;
        Ok(Resender { client, producer, next_sequence: BTreeMap::new() })
    }

    /// Goes on as a new producer: of a batch that was refused, brokers may have kept a part under its sequences, and
    /// would take another batch with these for a repeat.
    pub(super) async fn renew(&mut self) -> Result<(), ClientError> {
        self.producer = init_producer(&mut self.client).await?;
        self.next_sequence.clear();
        Ok(())
    }

    /// Sends a batch until it is acknowledged, refused for good, or the time is up.
    pub(super) async fn send(
        &mut self,
        topic: &str,
        partition: i32,
        records: &[Outgoing],
    ) -> Result<Landed, ClientError> {
        let place = (topic.to_owned(), partition);
        let base_sequence = self.next_sequence.get(&place).copied().unwrap_or(Sequence::FIRST);
        let doing = || format!("writing to {topic}-{partition}");
        let bytes = self.batch(base_sequence, records).map_err(|error| ClientError::Refused {
            doing: doing(),
            code: ErrorCode::MessageTooLarge,
            message: Some(error.to_string()),
            broker: None,
        })?;
        let sending = self.client.retrying(Again::Always, async |client| {
            let found = client.topic(topic, false).await?;
            let leader = found.leader(partition)?.broker;
            let request = request(client, &found, partition, bytes.clone());
            let response = client.call(Target::Broker(leader), &request).await?;
            let mut answers = response.responses.iter().flat_map(|topic| &topic.partition_responses);
            let answer = answers.next().ok_or_else(|| ClientError::Silent { doing: doing() })?;
            base_offset(answer, doing())
        });
        let base_offset = sending.await?;
        self.next_sequence.insert(place, base_sequence.plus(records.len() as i32));
        Ok(Landed { producer_id: self.producer.0.0, base_offset })
    }

    fn batch(&self, base_sequence: Sequence, records: &[Outgoing]) -> io::Result<Bytes> {
        let (id, epoch) = self.producer;
        let producer = Some(ProducerStamp { id, epoch, base_sequence });
        let mut batch = BatchBuilder::new(BuildOptions { producer, ..BuildOptions::default() });
        for record in records {
            let headers = record.headers();
            batch.append(record.timestamp, record.key.as_deref(), record.value.as_deref(), &headers);
        }
        batch.build()
    }
}

/// Whether a broker refuses what was sent, and would take other records.
pub(super) fn is_about_the_records(error: &ClientError) -> bool {
    matches!(
        error.code(),
        Some(
            ErrorCode::InvalidRecord
                | ErrorCode::InvalidTimestamp
                | ErrorCode::MessageTooLarge
                | ErrorCode::RecordListTooLarge
                | ErrorCode::PolicyViolation
        )
    )
}

fn request(client: &Client, topic: &Topic, partition: i32, bytes: Bytes) -> ProduceRequest {
    let partition = PartitionProduceData { index: partition, records: Some(bytes) };
    let topic =
        TopicProduceData { name: topic.name.clone(), topic_id: topic.id, partition_data: vec![partition] };
    ProduceRequest {
        acks: ACKS_ALL,
        timeout_ms: client.options().timeout.as_millis() as i32,
        topic_data: vec![topic],
        ..ProduceRequest::default()
    }
}

fn base_offset(answer: &PartitionProduceResponse, doing: String) -> Result<Option<i64>, ClientError> {
    // A batch that was sent again and is there already: that is what was asked for.
    if answer.error_code != ErrorCode::DuplicateSequenceNumber.as_i16() {
        let blamed = answer.record_errors.first();
        let blamed = blamed.and_then(|record| record.batch_index_error_message.as_deref());
        check(answer.error_code, blamed.or(answer.error_message.as_deref()), doing)?;
    }
    Ok(Some(answer.base_offset).filter(|offset| *offset >= 0))
}
