//! What is printed of what a broker gives.

use std::collections::BTreeMap;

use bytes::Bytes;
use klamm_model::{ErrorCode, Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_records::{BatchBuilder, BuildOptions, ProducerStamp};
use klamm_wire::messages::fetch::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use klamm_wire::messages::{FetchRequest, FetchResponse};

use super::fetcher::Cursor;
use super::printer::Printer;
use super::reader::Reader;
use super::sink::Sink;
use crate::client::Isolation;
use crate::client::scripted::{Act, Nature, ScriptedBroker, Seen};
use crate::error::CliError;
use crate::output::{OutputFormat, Page};

fn batch(base_offset: i64, values: &[&str], more: BuildOptions) -> Vec<u8> {
    let mut batch = BatchBuilder::new(BuildOptions { base_offset: Offset(base_offset), ..more });
    for value in values {
        batch.append(TimestampMs(1), None, Some(value.as_bytes()), &[]);
    }
    batch.build().unwrap().to_vec()
}

fn plain(base_offset: i64, values: &[&str]) -> Vec<u8> {
    batch(base_offset, values, BuildOptions::default())
}

fn in_transaction(producer: i64) -> BuildOptions {
    let stamp =
        ProducerStamp { id: ProducerId(producer), epoch: ProducerEpoch(0), base_sequence: Sequence::FIRST };
    BuildOptions { producer: Some(stamp), transactional: true, ..BuildOptions::default() }
}

/// The end of a transaction: type 0 aborts it, 1 commits it.
fn marker(base_offset: i64, producer: i64, kind: u8) -> Vec<u8> {
    let options =
        BuildOptions { base_offset: Offset(base_offset), control: true, ..in_transaction(producer) };
    let mut batch = BatchBuilder::new(options);
    batch.append(TimestampMs(1), Some(&[0, 0, 0, kind]), Some(&[0, 0, 0, 0, 0, 0]), &[]);
    batch.build().unwrap().to_vec()
}

/// An answer with these bytes of partition 0.
fn gives(seen: &Seen, bytes: Vec<u8>, aborted: Vec<AbortedTransaction>) -> Act {
    answer(
        seen,
        PartitionData {
            records: Some(Bytes::from(bytes).into()),
            aborted_transactions: Some(aborted),
            ..Default::default()
        },
    )
}

fn answer(seen: &Seen, partition: PartitionData) -> Act {
    let topic = FetchableTopicResponse { partitions: vec![partition], ..Default::default() };
    seen.answer(&FetchResponse { responses: vec![topic], ..Default::default() })
}

/// What is printed of partition 0 from one offset to before another, and how it ends.
async fn read(
    from: i64,
    to: i64,
    script: impl FnMut(&Seen, i64) -> Act + Send + 'static,
) -> (String, Result<(), CliError>) {
    let mut script = script;
    let broker = ScriptedBroker::start(Nature::default(), move |seen| {
        let request: FetchRequest = seen.decode();
        script(seen, request.topics[0].partitions[0].fetch_offset)
    })
    .await;
    let mut client = broker.client(5.0).await.unwrap();
    let topic = client.topic("t", false).await.unwrap();
    let cursor = Cursor { next: Offset(from), end: Some(Offset(to)), leader_epoch: -1 };
    let mut reader = Reader::new(client, topic, Isolation::ReadCommitted, BTreeMap::from([(0, cursor)]));
    let page = Page::default();
    let format = "%o=%s ".parse().unwrap();
    let mut printer =
        Printer::new(Box::new(page.clone()), OutputFormat::Table, Some(format), "t".into(), None);
    let outcome = loop {
        match reader.read(&mut printer).await {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    printer.flush().unwrap();
    (page.text(), outcome)
}

#[tokio::test]
async fn exactly_the_asked_for_offsets_are_printed() {
    let all = [plain(0, &["a", "b", "c"]), plain(3, &["d", "e"])];
    let (text, outcome) = read(1, 4, move |seen, offset| {
        // Whole batches, and the answer's size cuts off what comes behind the first.
        let bytes = if offset < 3 { [&all[0][..], &all[1][..40]].concat() } else { all[1].clone() };
        gives(seen, bytes, vec![])
    })
    .await;
    outcome.unwrap();
    assert_eq!(text, "1=b 2=c 3=d ");
}

#[tokio::test]
async fn records_of_aborted_transactions_and_markers_are_left_out() {
    let bytes = [
        batch(0, &["aborted"], in_transaction(5)),
        batch(1, &["committed"], in_transaction(6)),
        plain(2, &["plain"]),
        marker(3, 5, 0),
        batch(4, &["later"], in_transaction(5)),
        marker(5, 6, 1),
        marker(6, 5, 1),
    ]
    .concat();
    let (text, outcome) = read(0, 7, move |seen, _| {
        gives(seen, bytes.clone(), vec![AbortedTransaction { producer_id: 5, first_offset: 0 }])
    })
    .await;
    outcome.unwrap();
    assert_eq!(text, "1=committed 2=plain 4=later ");
}

#[tokio::test]
async fn reading_goes_on_where_it_was_when_the_leader_moves_or_the_connection_breaks() {
    let mut answers = 0;
    let (text, outcome) = read(0, 3, move |seen, offset| {
        answers += 1;
        let code = |code: ErrorCode| PartitionData { error_code: code.as_i16(), ..Default::default() };
        match answers {
            2 => answer(seen, code(ErrorCode::NotLeaderOrFollower)),
            4 => Act::Close,
            _ => gives(seen, plain(offset, &["v"]), vec![]),
        }
    })
    .await;
    outcome.unwrap();
    assert_eq!(text, "0=v 1=v 2=v ");
}

#[tokio::test]
async fn an_offset_that_is_not_there_is_told_at_once() {
    let (_, outcome) = read(7, 9, |seen, _| {
        let error_code = ErrorCode::OffsetOutOfRange.as_i16();
        answer(seen, PartitionData { error_code, ..Default::default() })
    })
    .await;
    let text = outcome.unwrap_err().to_string();
    assert!(text.starts_with("error: reading t-0 from offset 7: "), "{text}");
    assert!(text.contains("[OFFSET_OUT_OF_RANGE (1), broker 127.0.0.1:"), "{text}");
    assert!(text.contains("next: `klamm topic describe NAME` shows first and last offsets"), "{text}");
}

#[tokio::test]
async fn damage_on_the_way_is_noticed() {
    let (text, outcome) = read(0, 2, |seen, _| {
        let mut damaged = plain(1, &["b"]);
        let last = damaged.len() - 2;
        damaged[last] ^= 1;
        gives(seen, [plain(0, &["a"]), damaged].concat(), vec![])
    })
    .await;
    let error = outcome.unwrap_err().to_string();
    assert!(error.starts_with("error: reading t-0: the batch at offset 1 has CRC"), "{error}");
    assert_eq!(text, "0=a ");
}
