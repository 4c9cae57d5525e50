//! Histories that a broker may leave, and planted ones that it may not.

use crate::checker::{Figures, check};
use crate::content::{Digest, RecordId};
use crate::history::{Acknowledgement, Guarantee, History, Partition, ProducerHistory, ReadRecord, Reading};
use crate::violation::Violation;

const TOPIC: &str = "orders";

fn partition() -> Partition {
    Partition { topic: TOPIC.to_owned(), index: 0 }
}

fn id(counter: u64) -> RecordId {
    RecordId { producer: 0, counter }
}

fn read(offset: i64, record: RecordId) -> ReadRecord {
    ReadRecord { offset, record: Some(record), digest: record.content().digest() }
}

/// The log with these counters of producer 0, from offset 0 on.
fn log(counters: &[u64]) -> Reading {
    let records = (0..).zip(counters).map(|(offset, counter)| read(offset, id(*counter))).collect();
    Reading::from([(partition(), records)])
}

/// Producer 0 was told `acknowledged` (counter, offset), and the log has `counters`.
fn history(guarantee: Guarantee, acknowledged: &[(u64, i64)], counters: &[u64]) -> History {
    let answer = |&(counter, offset): &(u64, i64)| Acknowledgement { counter, partition: 0, offset };
    let producer = ProducerHistory {
        producer: 0,
        topic: TOPIC.to_owned(),
        guarantee,
        sent: 10,
        acknowledged: acknowledged.iter().map(answer).collect(),
    };
    History { producers: vec![producer], crashes: 1, earlier: vec![log(counters)], last: log(counters) }
}

fn idempotent(acknowledged: &[(u64, i64)], counters: &[u64]) -> Vec<Violation> {
    check(&history(Guarantee::ExactlyOnce, acknowledged, counters)).violations
}

fn plain(acknowledged: &[(u64, i64)], counters: &[u64]) -> Vec<Violation> {
    check(&history(Guarantee::AtLeastOnce, acknowledged, counters)).violations
}

#[test]
fn what_was_acknowledged_and_is_there_is_right() {
    let verdict = check(&history(Guarantee::ExactlyOnce, &[(1, 1), (0, 0), (2, 2)], &[0, 1, 2]));
    assert_eq!(verdict.violations, []);
    let figures = Figures { sent: 10, acknowledged: 3, read: 3, read_before: 3, duplicates: 0, resends: 0 };
    assert_eq!(verdict.figures, figures);
}

#[test]
fn counters_of_other_partitions_are_no_gap() {
    assert_eq!(idempotent(&[(0, 0), (4, 1), (9, 2)], &[0, 4, 9]), []);
}

#[test]
fn a_record_that_was_written_but_not_acknowledged_is_right_in_its_place() {
    assert_eq!(idempotent(&[(0, 0), (2, 2)], &[0, 1, 2]), []);
    let misplaced = Violation::Reordered { record: id(1), partition: partition(), offset: 2 };
    assert!(idempotent(&[(0, 0), (2, 1)], &[0, 2, 1]).contains(&misplaced));
}

#[test]
fn a_lost_record_at_the_end_is_found() {
    let lost = Violation::Lost { record: id(2), partition: partition(), offset: 2 };
    assert_eq!(idempotent(&[(0, 0), (1, 1), (2, 2)], &[0, 1]), vec![lost.clone()]);
    assert_eq!(plain(&[(0, 0), (1, 1), (2, 2)], &[0, 1]), [lost]);
}

#[test]
fn a_lost_partition_is_found() {
    let mut history = history(Guarantee::ExactlyOnce, &[(0, 0)], &[]);
    history.last.clear();
    let lost = Violation::Lost { record: id(0), partition: partition(), offset: 0 };
    assert_eq!(check(&history).violations, [lost]);
}

#[test]
fn a_lost_record_in_the_middle_is_found() {
    for violations in
        [idempotent(&[(0, 0), (1, 1), (2, 2)], &[0, 2]), plain(&[(0, 0), (1, 1), (2, 2)], &[0, 2])]
    {
        let displaced =
            Violation::Displaced { record: id(1), partition: partition(), offset: 1, found: Some(id(2)) };
        let skipped =
            Violation::Skipped { record: id(2), partition: partition(), offset: 1, expected: id(1) };
        assert!(violations.contains(&displaced) && violations.contains(&skipped), "{violations:?}");
    }
}

#[test]
fn a_reordered_record_is_found_also_where_its_offset_is_right() {
    for violations in
        [idempotent(&[(0, 0), (2, 1), (1, 2)], &[0, 2, 1]), plain(&[(0, 0), (2, 1), (1, 2)], &[0, 2, 1])]
    {
        let skipped =
            Violation::Skipped { record: id(2), partition: partition(), offset: 1, expected: id(1) };
        let reordered = Violation::Reordered { record: id(1), partition: partition(), offset: 2 };
        assert_eq!(violations, [skipped, reordered]);
    }
}

#[test]
fn a_duplicate_of_an_idempotent_producer_is_found() {
    let duplicate =
        |counter, offset| Violation::Duplicate { record: id(counter), partition: partition(), offset };
    assert_eq!(idempotent(&[(0, 0), (1, 1)], &[0, 1, 1]), [duplicate(1, 2)]);
    assert_eq!(idempotent(&[(0, 2), (1, 3)], &[0, 1, 0, 1]), [duplicate(0, 2), duplicate(1, 3)]);
}

#[test]
fn a_plain_producer_may_send_again_what_was_not_answered() {
    let verdict =
        check(&history(Guarantee::AtLeastOnce, &[(0, 0), (1, 3), (2, 4), (3, 5)], &[0, 1, 2, 1, 2, 3]));
    assert_eq!(verdict.violations, []);
    assert_eq!((verdict.figures.duplicates, verdict.figures.resends), (2, 1));
}

#[test]
fn a_plain_producer_goes_on_after_a_resend_without_a_gap() {
    let skipped = Violation::Skipped { record: id(3), partition: partition(), offset: 4, expected: id(2) };
    assert_eq!(plain(&[(0, 0), (1, 3), (2, 2), (3, 4)], &[0, 1, 2, 1, 3]), [skipped]);
}

#[test]
fn a_plain_producers_record_is_not_there_after_its_answer() {
    let after = Violation::AfterAnswer { record: id(1), partition: partition(), offset: 2, acknowledged: 1 };
    assert_eq!(plain(&[(0, 0), (1, 1)], &[0, 1, 1]), [after]);
}

#[test]
fn more_resends_than_crashes_are_found() {
    let resent = Violation::TooManyResends { producer: 0, resends: 2, crashes: 1 };
    assert_eq!(plain(&[(0, 2)], &[0, 0, 0]), [resent]);
}

#[test]
fn changed_bytes_are_found() {
    let mut history = history(Guarantee::ExactlyOnce, &[(0, 0), (1, 1)], &[0, 1]);
    history.earlier.clear();
    let records = history.last.get_mut(&partition()).expect("the partition");
    records[1].digest = Digest(records[1].digest.0 ^ 1);
    let changed = Violation::Changed { record: id(1), partition: partition(), offset: 1 };
    assert_eq!(check(&history).violations, [changed]);
}

#[test]
fn a_record_that_nobody_sent_is_found() {
    for (counter, producer) in [(10, 0), (0, 9)] {
        let mut history = history(Guarantee::ExactlyOnce, &[(0, 0)], &[0]);
        let stranger = RecordId { producer, counter };
        history.last.get_mut(&partition()).expect("the partition").push(read(1, stranger));
        let never = Violation::NeverSent { record: Some(stranger), partition: partition(), offset: 1 };
        assert!(check(&history).violations.contains(&never));
    }
    let mut history = history(Guarantee::ExactlyOnce, &[], &[]);
    let unreadable = ReadRecord { offset: 0, record: None, digest: Digest(0) };
    history.last.insert(partition(), vec![unreadable]);
    let never = Violation::NeverSent { record: None, partition: partition(), offset: 0 };
    assert_eq!(check(&history).violations, [never]);
}

#[test]
fn a_record_in_another_partition_is_found() {
    let mut history = history(Guarantee::ExactlyOnce, &[(0, 0)], &[0]);
    let other = Partition { index: 1, ..partition() };
    history.last.insert(other.clone(), vec![read(0, id(0))]);
    let elsewhere = Violation::Elsewhere { record: id(0), partition: other, offset: 0 };
    assert_eq!(check(&history).violations, [elsewhere]);
}

#[test]
fn acknowledgements_that_contradict_themselves_are_found() {
    let twice = idempotent(&[(0, 0), (0, 0)], &[0]);
    assert_eq!(twice, [Violation::AcknowledgedTwice { record: id(0) }]);
    let nowhere = idempotent(&[(0, -1)], &[0]);
    assert!(nowhere.contains(&Violation::NoOffset { record: id(0), offset: -1 }));
}

#[test]
fn a_gap_in_the_offsets_is_found() {
    let mut history = history(Guarantee::ExactlyOnce, &[(0, 0), (1, 2)], &[0, 1]);
    history.earlier.clear();
    history.last.get_mut(&partition()).expect("the partition")[1].offset = 2;
    let gap = Violation::OffsetGap { partition: partition(), expected: 1, found: 2 };
    assert_eq!(check(&history).violations, vec![gap.clone()]);
    history.earlier = vec![history.last.clone()];
    assert_eq!(check(&history).violations, [gap.clone(), gap]);
}

#[test]
fn what_was_read_before_must_stay() {
    let mut gone = history(Guarantee::ExactlyOnce, &[(0, 0)], &[0]);
    gone.earlier = vec![log(&[0, 1])];
    let vanished = Violation::Vanished { partition: partition(), offset: 1 };
    assert_eq!(check(&gone).violations, [vanished]);
    let mut other = history(Guarantee::ExactlyOnce, &[(0, 0)], &[0, 2]);
    other.earlier = vec![log(&[0, 1])];
    let rewritten = Violation::Rewritten { partition: partition(), offset: 1 };
    assert_eq!(check(&other).violations, [rewritten]);
}
