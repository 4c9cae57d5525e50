//! Sending of batches: several on their way to each leader, again after a failure, in order.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use klamm_model::{BrokerId, ErrorCode};
use klamm_wire::messages::ProduceRequest;
use klamm_wire::messages::produce::{PartitionProduceData, PartitionProduceResponse, TopicProduceData};

use super::batches::Batch;
use crate::client::{Backoff, Client, ClientError, Connection, Sent, Topic, check, within};
use crate::output::note;

/// As many as an idempotent producer may have on their way: the broker remembers five batches of each.
const MAX_IN_FLIGHT: usize = 5;

/// The way to one leader.
struct Lane {
    address: String,
    connection: Connection,
    in_flight: VecDeque<(Sent, Batch)>,
}

/// Sends batches to the leaders of their partitions.
pub(super) struct Sender {
    client: Client,
    topic: Topic,
    acks: i16,
    lanes: BTreeMap<BrokerId, Lane>,
    delivered: u64,
    /// Since when something waits to be acknowledged and nothing was.
    waiting_since: Option<Instant>,
    failing: Option<Backoff>,
}

impl Sender {
    pub(super) fn new(client: Client, topic: Topic, acks: i16) -> Sender {
        let lanes = BTreeMap::new();
        Sender { client, topic, acks, lanes, delivered: 0, waiting_since: None, failing: None }
    }

    /// How many records are acknowledged (with acks=0: sent).
    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Sends a batch, after waiting for an acknowledgement if too many are missing.
    pub(super) async fn send(&mut self, batch: Batch) -> Result<(), ClientError> {
        self.send_all(VecDeque::from([batch])).await
    }

    /// Waits for all acknowledgements.
    pub(super) async fn drain(&mut self) -> Result<(), ClientError> {
        while let Some(leader) =
            self.lanes.iter().find(|(_, lane)| !lane.in_flight.is_empty()).map(|(id, _)| *id)
        {
            if let Err(error) = self.await_answer(leader).await {
                let again = self.recover(error).await?;
                self.send_all(again).await?;
            }
        }
        Ok(())
    }

    async fn send_all(&mut self, mut batches: VecDeque<Batch>) -> Result<(), ClientError> {
        while let Some(batch) = batches.front() {
            if let Err(error) = self.try_send(batch.clone()).await {
                // Those on their way come before those that wait.
                let mut again = self.recover(error).await?;
                again.append(&mut batches);
                batches = again;
                continue;
            }
            batches.pop_front();
        }
        Ok(())
    }

    async fn try_send(&mut self, batch: Batch) -> Result<(), ClientError> {
        self.waiting_since.get_or_insert_with(Instant::now);
        let leader = self.topic.leader(batch.partition)?.broker;
        while self.lanes.get(&leader).is_some_and(|lane| lane.in_flight.len() >= MAX_IN_FLIGHT) {
            self.await_answer(leader).await?;
        }
        if !self.lanes.contains_key(&leader) {
            let connection = self.client.dedicated(leader).await?;
            let address = connection.address().to_owned();
            self.lanes.insert(leader, Lane { address, connection, in_flight: VecDeque::new() });
        }
        let request = self.request(&batch);
        let Some(lane) = self.lanes.get_mut(&leader) else {
            return Err(ClientError::UnknownBroker { id: leader });
        };
        let timeout = self.client.options().timeout;
        let doing = || format!("sending to {}", lane.address);
        let sent = within(timeout, doing, lane.connection.send(&request)).await?;
        if self.acks == 0 {
            self.delivered += batch.records as u64;
            self.waiting_since = None;
        } else {
            lane.in_flight.push_back((sent, batch));
        }
        Ok(())
    }

    fn request(&self, batch: &Batch) -> ProduceRequest {
        let partition = PartitionProduceData { index: batch.partition, records: Some(batch.bytes.clone()) };
        let topic = TopicProduceData {
            name: self.topic.name.clone(),
            topic_id: self.topic.id,
            partition_data: vec![partition],
        };
        ProduceRequest {
            acks: self.acks,
            timeout_ms: self.client.options().timeout.as_millis() as i32,
            topic_data: vec![topic],
            ..ProduceRequest::default()
        }
    }

    /// Takes the oldest answer of a lane; the batch stays on its way if it has to be sent again.
    async fn await_answer(&mut self, leader: BrokerId) -> Result<(), ClientError> {
        let timeout = self.client.options().timeout;
        let Some(lane) = self.lanes.get_mut(&leader) else { return Ok(()) };
        let Some((sent, batch)) = lane.in_flight.front() else { return Ok(()) };
        let doing = || format!("an acknowledgement by {}", lane.address);
        let response = within(timeout, doing, lane.connection.receive::<ProduceRequest>(*sent)).await?;
        let partition = response.responses.iter().flat_map(|topic| &topic.partition_responses).next();
        if let Some(partition) = partition {
            acknowledged(&self.topic.name, partition).map_err(|error| error.at(&lane.address))?;
        }
        self.delivered += batch.records as u64;
        lane.in_flight.pop_front();
        let waits = self.lanes.values().any(|lane| !lane.in_flight.is_empty());
        self.waiting_since = waits.then(Instant::now);
        self.failing = None;
        Ok(())
    }

    /// After a failure that may pass: what is not acknowledged, in its order, to be sent again to the leaders of
    /// now. An idempotent producer's batch that had arrived all the same is recognized by the broker.
    async fn recover(&mut self, mut error: ClientError) -> Result<VecDeque<Batch>, ClientError> {
        if !(error.is_retriable() || matches!(error, ClientError::Timeout { .. })) {
            return Err(error);
        }
        let lanes = std::mem::take(&mut self.lanes);
        let again = lanes.into_values().flat_map(|lane| lane.in_flight).map(|(_, batch)| batch).collect();
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let ends = since + self.client.options().timeout;
        let mut failing = self.failing.unwrap_or(Backoff::until(ends));
        while failing.wait().await {
            if self.failing.replace(failing).is_none() {
                note(&format!("{error}; trying again"));
            }
            match self.client.topic(&self.topic.name, false).await {
                Ok(topic) => {
                    self.topic = topic;
                    return Ok(again);
                }
                Err(later) if later.is_retriable() => error = later,
                Err(later) => return Err(later),
            }
        }
        Err(error)
    }
}

fn acknowledged(topic: &str, partition: &PartitionProduceResponse) -> Result<(), ClientError> {
    // A repeated batch that the broker has already is there: that is what was asked for.
    if partition.error_code == ErrorCode::DuplicateSequenceNumber.as_i16() {
        return Ok(());
    }
    let blamed = partition.record_errors.first().and_then(|record| {
        let reason = record.batch_index_error_message.as_deref()?;
        Some(format!("record {} of the batch: {reason}", record.batch_index))
    });
    let message = blamed.as_deref().or(partition.error_message.as_deref());
    check(partition.error_code, message, format!("writing to {topic}-{}", partition.index))
}
