//! What is sent, and sent again, as a broker sees it.

use std::sync::{Arc, Mutex};

use klamm_model::{ErrorCode, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_records::{BatchBuilder, BatchHeader, BuildOptions, ProducerStamp};
use klamm_wire::messages::produce::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse,
};
use klamm_wire::messages::{ProduceRequest, ProduceResponse};

use super::batches::Batch;
use super::sender::Sender;
use crate::client::ClientError;
use crate::client::scripted::{Act, Nature, ScriptedBroker, Seen};

/// Batches of one record each, with the sequences from 0.
fn batches(count: i32) -> Vec<Batch> {
    (0..count)
        .map(|sequence| {
            let base_sequence = Sequence(sequence);
            let stamp = ProducerStamp { id: ProducerId(9), epoch: ProducerEpoch(0), base_sequence };
            let mut batch =
                BatchBuilder::new(BuildOptions { producer: Some(stamp), ..BuildOptions::default() });
            batch.append(TimestampMs(1), None, Some(b"v"), &[]);
            Batch { partition: 0, records: 1, bytes: batch.build().unwrap() }
        })
        .collect()
}

/// The first sequence of the batch in a request.
fn sequence(seen: &Seen) -> i32 {
    let request: ProduceRequest = seen.decode();
    let records = request.topic_data[0].partition_data[0].records.clone().unwrap();
    BatchHeader::read(&records).unwrap().base_sequence.0
}

fn answer(seen: &Seen, code: ErrorCode) -> Act {
    refusal(seen, PartitionProduceResponse { error_code: code.as_i16(), ..Default::default() })
}

fn refusal(seen: &Seen, partition: PartitionProduceResponse) -> Act {
    let topic = TopicProduceResponse { partition_responses: vec![partition], ..Default::default() };
    seen.answer(&ProduceResponse { responses: vec![topic], ..Default::default() })
}

/// The outcome of sending `count` batches to a broker with this script; how many records are acknowledged; and
/// which sequences came on each connection.
async fn send(
    count: i32,
    seconds: f64,
    mut script: impl FnMut(&Seen, i32, usize) -> Act + Send + 'static,
) -> (Result<(), ClientError>, u64, Vec<Vec<i32>>) {
    let came: Arc<Mutex<Vec<(usize, i32)>>> = Arc::default();
    let coming = came.clone();
    let broker = ScriptedBroker::start(Nature::default(), move |seen| {
        let sequence = sequence(seen);
        let mut coming = coming.lock().unwrap();
        coming.push((seen.connection, sequence));
        let mut connections: Vec<usize> = coming.iter().map(|(connection, _)| *connection).collect();
        connections.dedup();
        script(seen, sequence, connections.len())
    })
    .await;
    let mut client = broker.client(seconds).await.unwrap();
    let topic = client.topic("t", false).await.unwrap();
    let mut sender = Sender::new(client, topic, -1);
    let outcome = async {
        for batch in batches(count) {
            sender.send(batch).await?;
        }
        sender.drain().await
    }
    .await;
    let came = came.lock().unwrap();
    let by_connection = came.chunk_by(|a, b| a.0 == b.0);
    let by_connection = by_connection.map(|batches| batches.iter().map(|(_, sequence)| *sequence).collect());
    (outcome, sender.delivered(), by_connection.collect())
}

#[tokio::test]
async fn what_a_lost_connection_leaves_open_is_sent_again_in_order() {
    let script = |seen: &Seen, sequence: i32, connections: usize| match (connections, sequence) {
        (1, 0) | (2, _) => answer(seen, ErrorCode::None),
        _ => Act::Close,
    };
    let (outcome, delivered, came) = send(4, 20.0, script).await;
    outcome.unwrap();
    assert_eq!(delivered, 4);
    assert_eq!(came, [vec![0, 1], vec![1, 2, 3]]);
}

#[tokio::test]
async fn after_a_refusal_that_passes_the_ones_behind_it_are_sent_again_too() {
    let script = |seen: &Seen, sequence: i32, connections: usize| match (connections, sequence) {
        (1, 0) => answer(seen, ErrorCode::NotLeaderOrFollower),
        (1, _) => answer(seen, ErrorCode::OutOfOrderSequenceNumber),
        _ => answer(seen, ErrorCode::None),
    };
    let (outcome, delivered, came) = send(3, 20.0, script).await;
    outcome.unwrap();
    assert_eq!(delivered, 3);
    assert_eq!(came.last().unwrap(), &[0, 1, 2]);
}

#[tokio::test]
async fn a_batch_that_is_there_already_is_a_success() {
    let script = |seen: &Seen, _, _| answer(seen, ErrorCode::DuplicateSequenceNumber);
    let (outcome, delivered, _) = send(1, 20.0, script).await;
    outcome.unwrap();
    assert_eq!(delivered, 1);
}

#[tokio::test]
async fn a_refusal_for_good_names_the_record_and_the_broker() {
    let blamed =
        BatchIndexAndErrorMessage { batch_index: 0, batch_index_error_message: Some("it has no key".into()) };
    let script = move |seen: &Seen, sequence: i32, _| {
        let error_code = ErrorCode::InvalidRecord.as_i16();
        let refused = PartitionProduceResponse {
            error_code,
            record_errors: vec![blamed.clone()],
            ..Default::default()
        };
        if sequence == 0 { answer(seen, ErrorCode::None) } else { refusal(seen, refused) }
    };
    let (outcome, delivered, came) = send(2, 20.0, script).await;
    let text = outcome.unwrap_err().to_string();
    let said = "writing to t-0: record 0 of the batch: it has no key [INVALID_RECORD (87), broker 127.0.0.1:";
    assert!(text.starts_with(said), "{text}");
    assert_eq!((delivered, came), (1, vec![vec![0, 1]]));
}

#[tokio::test]
async fn no_more_than_five_batches_wait_for_a_silent_broker_and_not_for_ever() {
    let (outcome, delivered, came) = send(7, 0.4, |_, _, _| Act::Ignore).await;
    assert!(matches!(outcome.unwrap_err(), ClientError::Timeout { .. }));
    assert_eq!((delivered, came), (0, vec![vec![0, 1, 2, 3, 4]]));
}
