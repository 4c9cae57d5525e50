//! What a replay does to a topic and its quarantine.

use std::sync::{Arc, Mutex};

use super::choice::{Choice, Placing, Wanted};
use super::outcome::Outcome;
use super::{Mending, look, plan, replay};
use crate::client::scripted::ScriptedBroker;
use crate::dlq::filter::FilterArguments;
use crate::dlq::letter_id::LetterId;
use crate::dlq::list::{self, Found};
use crate::dlq::quarantine::Quarantine;
use crate::dlq::scripted_quarantine::{Held, Kept, letter, note, plain};
use crate::error::CliError;
use crate::output::Present;

const ALL: fn() -> Wanted = || Wanted::All(FilterArguments::default());

fn id(partition: i32, offset: i64) -> LetterId {
    LetterId { partition, offset }
}

/// Topic `t` of two partitions, and its quarantine with the letters `a`, `b` and `c`; `b` was for partition 1.
fn three() -> Held {
    Held::new(&[("t", 2), ("t.dlq", 1)])
        .with("t.dlq", 0, letter("t", 0, 10, "a"))
        .with("t.dlq", 0, letter("t", 1, 11, "b"))
        .with("t.dlq", 0, letter("t", 0, 12, "c"))
}

async fn replayed(
    broker: &ScriptedBroker,
    wanted: Wanted,
    mending: Mending,
) -> (Outcome, Result<(), CliError>) {
    let quarantine = Quarantine::of("t");
    let mut client = broker.client(2.0).await.unwrap();
    let looked = look(&mut client, &quarantine).await.unwrap();
    let (client, plan) = plan(client, &quarantine, &looked, wanted, Placing::Original).await.unwrap();
    let sender = broker.client(2.0).await.unwrap();
    replay(client, sender, &looked, &plan, &mending, || Ok(())).await.unwrap()
}

/// All that is left to replay.
async fn open(broker: &ScriptedBroker) -> Vec<i64> {
    let mut client = broker.client(2.0).await.unwrap();
    let topic = client.topic("t.dlq", false).await.unwrap();
    let Found { headings, replayed } = list::find(client, topic, &FilterArguments::default()).await.unwrap();
    headings
        .iter()
        .map(|heading| heading.id)
        .filter(|id| !replayed.contains(*id))
        .map(|id| id.offset)
        .collect()
}

fn values(held: &Arc<Mutex<Held>>, topic: &str, partition: i32) -> Vec<String> {
    let mut held = held.lock().unwrap();
    let value = |record: &Kept| String::from_utf8(record.value.clone().unwrap()).unwrap();
    held.log(topic, partition).iter().map(value).collect()
}

fn tables(outcome: &impl Present) -> String {
    let tables: Vec<String> = outcome.tables(false).iter().map(ToString::to_string).collect();
    tables.join("\n\n")
}

#[tokio::test]
async fn records_go_back_as_they_were_and_only_once() {
    let (broker, held) = three().start().await;
    let (outcome, ended) = replayed(&broker, ALL(), Mending::default()).await;
    ended.unwrap();
    assert_eq!(outcome.sent, 3);
    let as_sent = |value: &str| Kept { headers: vec![("own".into(), "h".into())], ..plain(value) };
    assert_eq!(held.lock().unwrap().log("t", 0).clone(), [as_sent("a"), as_sent("c")]);
    assert_eq!(held.lock().unwrap().log("t", 1).clone(), [as_sent("b")]);
    assert_eq!(values(&held, "t.dlq", 0)[3..], [r#"{"version":1,"replayed":[[0,2]]}"#]);
    assert_eq!(open(&broker).await, [0; 0]);

    let (outcome, ended) = replayed(&broker, ALL(), Mending::default()).await;
    ended.unwrap();
    assert_eq!((outcome.sent, outcome.replayed_already), (0, 3));
    // What is named is sent again.
    let (outcome, _) = replayed(&broker, Wanted::These(vec![id(0, 1)]), Mending::default()).await;
    assert_eq!((outcome.sent, values(&held, "t", 1)), (1, vec!["b".to_owned(), "b".to_owned()]));
}

#[tokio::test]
async fn a_record_can_be_mended_on_the_way() {
    let (broker, held) = three().start().await;
    let mending = Mending {
        editor: None,
        value: Some(b"good".to_vec()),
        headers: vec![("own".into(), "x".into()), ("by".into(), "me".into())],
    };
    let (_, ended) = replayed(&broker, Wanted::These(vec![id(0, 0)]), mending).await;
    ended.unwrap();
    let headers = vec![("own".into(), "x".into()), ("by".into(), "me".into())];
    assert_eq!(held.lock().unwrap().log("t", 0).clone(), [Kept { headers, ..plain("good") }]);
    let mending = Mending { editor: Some("sed -i s/^/edited-/".into()), ..Mending::default() };
    let (_, ended) = replayed(&broker, ALL(), mending).await;
    ended.unwrap();
    assert_eq!(values(&held, "t", 0), ["good", "edited-c"]);
    assert_eq!(values(&held, "t", 1), ["edited-b"]);
}

#[tokio::test]
async fn an_answer_that_is_lost_doubles_nothing() {
    let (broker, held) = Held { answers_lost: 2, ..three() }.start().await;
    let (outcome, ended) = replayed(&broker, ALL(), Mending::default()).await;
    ended.unwrap();
    assert_eq!(
        (outcome.sent, values(&held, "t", 0), values(&held, "t", 1)),
        (3, letters("ac"), letters("b"))
    );
    assert_eq!(open(&broker).await, [0; 0]);
}

fn letters(text: &str) -> Vec<String> {
    text.chars().map(String::from).collect()
}

#[tokio::test]
async fn broken_off_anywhere_nothing_is_lost_and_nothing_noted_that_was_not_sent() {
    // The batches are: partition 0, partition 1, the note.
    for (batches, sent, left) in [(0, 0, vec![0, 1, 2]), (1, 2, vec![0, 1, 2]), (2, 3, vec![0, 1, 2])] {
        let (broker, held) = Held { batches_left: Some(batches), ..three() }.start().await;
        let (outcome, ended) = replayed(&broker, ALL(), Mending::default()).await;
        let said = ended.unwrap_err().to_string();
        assert!(said.contains("TOPIC_AUTHORIZATION_FAILED"), "{said}");
        if batches > 0 {
            let again = if batches == 1 { "again: 0, 2" } else { "again: 0 to 2" };
            assert!(said.ends_with(again), "{said}");
        }
        assert_eq!((outcome.sent, open(&broker).await), (sent, left), "{batches}");
        held.lock().unwrap().batches_left = None;
        let (_, ended) = replayed(&broker, ALL(), Mending::default()).await;
        ended.unwrap();
        assert_eq!(open(&broker).await, [0; 0]);
        for (partition, all) in [(0, vec!["a", "c"]), (1, vec!["b"])] {
            let there = values(&held, "t", partition);
            assert!(all.iter().all(|value| there.iter().any(|other| other == value)), "{batches}: {there:?}");
        }
    }
}

#[tokio::test]
async fn what_was_sent_before_a_failure_is_noted() {
    let (broker, held) = Held { closed: Some(("t", 1)), ..three() }.start().await;
    let (outcome, ended) = replayed(&broker, ALL(), Mending::default()).await;
    let said = ended.unwrap_err().to_string();
    assert!(said.starts_with("error: writing to t-1: "), "{said}");
    assert_eq!((outcome.sent, open(&broker).await), (2, vec![1]));
    held.lock().unwrap().closed = None;
    let (outcome, ended) = replayed(&broker, ALL(), Mending::default()).await;
    ended.unwrap();
    assert_eq!(
        (outcome.sent, values(&held, "t", 0), values(&held, "t", 1)),
        (1, letters("ac"), letters("b"))
    );
}

#[tokio::test]
async fn a_note_is_behind_the_records_it_names() {
    let held = Held::new(&[("t", 1), ("t.dlq", 3)])
        .with("t.dlq", 0, letter("t", 0, 1, "a"))
        .with("t.dlq", 2, letter("t", 0, 2, "b"))
        .with("t.dlq", 2, letter("t", 0, 3, "c"));
    let (broker, held) = held.start().await;
    let (outcome, ended) =
        replayed(&broker, Wanted::These(vec![id(2, 1), id(0, 0)]), Mending::default()).await;
    ended.unwrap();
    assert_eq!((outcome.sent, values(&held, "t", 0)), (2, letters("ac")));
    assert_eq!(values(&held, "t.dlq", 0)[1..], [r#"{"version":1,"replayed":[[0,0]]}"#]);
    assert_eq!(values(&held, "t.dlq", 1), [""; 0]);
    assert_eq!(values(&held, "t.dlq", 2)[2..], [r#"{"version":1,"replayed":[[1,1]]}"#]);
    assert_eq!(open(&broker).await, [0]);
}

#[tokio::test]
async fn what_is_deleted_meanwhile_is_told() {
    let (broker, held) = three().start().await;
    let quarantine = Quarantine::of("t");
    let mut client = broker.client(2.0).await.unwrap();
    let looked = look(&mut client, &quarantine).await.unwrap();
    let (client, plan) = plan(client, &quarantine, &looked, ALL(), Placing::Original).await.unwrap();
    held.lock().unwrap().gone = Some(("t.dlq", 1));
    let sender = broker.client(2.0).await.unwrap();
    let mending = Mending::default();
    let replaying = replay(client, sender, &looked, &plan, &mending, || Ok(()));
    let (outcome, ended) = replaying.await.unwrap();
    assert_eq!(
        ended.unwrap_err().to_string(),
        "error: 1 record was deleted from t.dlq before it could be sent"
    );
    assert_eq!((outcome.sent, values(&held, "t", 0)), (2, letters("ac")));
}

#[tokio::test]
async fn what_comes_back_is_told() {
    let held = three().with("t.dlq", 0, letter("t", 1, 13, "poison")).with("t.dlq", 0, plain("not ours"));
    let (broker, _) = held.start().await;
    let (outcome, ended) = replayed(&broker, ALL(), Mending::default()).await;
    ended.unwrap();
    assert_eq!(
        tables(&outcome),
        "\
TOPIC  SENT  RETURNED  REFUSED  SKIPPED  ALREADY
t      4     1         0        1        0

RETURNED  NOW  PLUGIN            REASON
3         5    json-guard@1.0.0  \"poison\" is not JSON

SKIPPED  WHY
4        it is not a dead letter: it has no klamm.dlq headers"
    );
    assert_eq!(
        serde_json::to_string(&outcome).unwrap(),
        r#"{"topic":"t","quarantine":"t.dlq","sent":4,"returned":[{"partition":0,"offset":3,"now":{"partition":0,"offset":5},"plugin":"json-guard","version":"1.0.0","reason":"\"poison\" is not JSON"}],"refused":[],"skipped":[{"partition":0,"offset":4,"why":"it is not a dead letter: it has no klamm.dlq headers"}],"replayed_already":0}"#
    );
    // The one that came back is a new one; of the first it is known that it was replayed.
    assert_eq!(open(&broker).await, [4, 5]);
}

#[tokio::test]
async fn a_record_that_is_refused_holds_no_other_up() {
    let held =
        three().with("t.dlq", 0, letter("t", 0, 13, "refuse")).with("t.dlq", 0, letter("t", 0, 14, "e"));
    let (broker, held) = held.start().await;
    let (outcome, ended) = replayed(&broker, ALL(), Mending::default()).await;
    ended.unwrap();
    assert_eq!((outcome.sent, outcome.refused.len(), outcome.refused[0].id), (4, 1, id(0, 3)));
    assert!(outcome.refused[0].error.contains("INVALID_RECORD"), "{}", outcome.refused[0].error);
    assert_eq!(values(&held, "t", 0), ["a", "c", "e"]);
    assert_eq!(open(&broker).await, [3]);
}

#[tokio::test]
async fn after_a_refusal_no_dead_letter_is_taken_for_a_repeat() {
    let large = |name: &str, size| format!("poison {name} {}", "x".repeat(size));
    // The first two are a batch, whose dead letter is kept although the batch is refused; the last is the next batch.
    let values = ["refuse".to_owned(), large("one", 200 << 10), large("two", 400 << 10)];
    let held = values.iter().fold(Held::new(&[("t", 1), ("t.dlq", 1)]), |held, value| {
        held.with("t.dlq", 0, letter("t", 0, 1, value))
    });
    let (broker, held) = held.start().await;
    let (outcome, ended) = replayed(&broker, ALL(), Mending::default()).await;
    ended.unwrap();
    assert_eq!((outcome.sent, outcome.refused.len(), outcome.returned.len()), (2, 1, 2));
    let mut held = held.lock().unwrap();
    let back = held.log("t.dlq", 0)[3..].iter().any(|record| record.value == Some(values[2].clone().into()));
    assert!(back, "it is acknowledged, so it must be somewhere");
}

#[tokio::test]
async fn what_can_not_be_is_refused_before_anything_is_sent() {
    let held = Held::new(&[("t", 1), ("t.dlq", 1), ("gone.dlq", 1)])
        .with("t.dlq", 0, letter("t", 0, 1, "a"))
        .with("t.dlq", 0, letter("t", 3, 2, "b"))
        .with("t.dlq", 0, letter("other", 0, 3, "c"))
        .with("t.dlq", 0, note(&[(0, 0)]));
    let (broker, _) = held.start().await;
    let planned = async |topic: &str, offset: i64, placing| {
        let quarantine = Quarantine::of(topic);
        let mut client = broker.client(2.0).await.unwrap();
        let looked = look(&mut client, &quarantine).await.map_err(|error| error.to_string())?;
        let planned = plan(client, &quarantine, &looked, Wanted::These(vec![id(0, offset)]), placing).await;
        planned.map(|(_, plan)| tables(&plan)).map_err(|error| error.to_string())
    };
    for (topic, offset, said) in [
        (
            "t",
            1,
            "error: record 1 of t.dlq can't be sent: the topic has no partition 3 any more\nnext: --partition by-key sends it by its key; nothing was sent",
        ),
        (
            "t",
            2,
            "error: record 2 of t.dlq can't be sent: it is a dead letter of another topic\nnext: nothing was sent; leave it out",
        ),
        (
            "t",
            3,
            "error: t.dlq has no record at offset 3\nnext: `klamm dlq list t` shows those it has; nothing was sent",
        ),
        (
            "gone",
            0,
            "error: topic gone does not exist: what is in gone.dlq has nowhere to go\nnext: `klamm topic create gone` makes it; nothing was sent",
        ),
        (
            "none",
            0,
            "error: topic none has no quarantine: there is no topic none.dlq\nnext: `klamm dlq list` shows the quarantines there are",
        ),
    ] {
        assert_eq!(planned(topic, offset, Placing::Original).await.unwrap_err(), said);
    }
    assert_eq!(
        planned("t.dlq", 0, Placing::Original).await.unwrap(),
        "OFFSET  TO   REPLAYED\n0       t-0  yes"
    );
    assert_eq!(planned("t", 1, Placing::ByKey).await.unwrap(), "OFFSET  TO   REPLAYED\n1       t-0  no");
}

mod choosing {
    //! Which records are chosen, and for which partitions.

    use klamm_model::{Offset, TimestampMs};
    use klamm_records::{Header, Record};

    use super::*;
    use crate::consume::Sink;

    /// The plan for letters with these keys and original partitions, in a topic of three.
    fn chosen(letters: &[(Option<&str>, &str)], placing: Placing) -> Vec<Option<i32>> {
        let mut choice = Choice::new(ALL(), &Quarantine::of("t"), placing, 3);
        for (offset, (key, partition)) in (0..).zip(letters) {
            let told = [("klamm.dlq.topic", "t"), ("klamm.dlq.partition", *partition)];
            let record = Record {
                offset: Offset(offset),
                timestamp: TimestampMs(0),
                key: key.map(str::as_bytes),
                value: None,
                headers: told
                    .iter()
                    .map(|(key, value)| Header { key: key.as_bytes(), value: Some(value.as_bytes()) })
                    .collect(),
            };
            choice.take(0, &record).unwrap();
        }
        let plan = choice.plan().unwrap();
        let to = |offset| plan.records.iter().find(|record| record.id.offset == offset);
        (0..letters.len() as i64).map(|offset| to(offset).map(|record| record.to_partition)).collect()
    }

    #[test]
    fn by_partition_or_by_key() {
        // The hash of abc is 479470107 (Kafka's own test vector).
        let letters =
            [(Some("abc"), "2"), (Some("abc"), "7"), (None, "2"), (None, "7"), (None, ""), (None, "-1")];
        assert_eq!(chosen(&letters, Placing::Original), [Some(2), None, Some(2), None, None, None]);
        let by_key = Some(479_470_107 % 3);
        assert_eq!(chosen(&letters, Placing::ByKey), [by_key, by_key, Some(2), Some(0), Some(0), Some(0)]);
    }
}
