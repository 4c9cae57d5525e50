//! Offsets by time and by epoch.

use klamm_model::{LeaderEpoch, Offset, TimestampMs};
use klamm_partition::{
    EpochEnd, Isolation, LeaderEpochError, ListOffsetsError, ListedOffset, OffsetQuery, Partition,
    TimestampQuery,
};
use klamm_records::BuildOptions;

use crate::support::{Bench, NOW, append_committed, built, plain};

fn ask(partition: &Partition, timestamp: TimestampQuery) -> Option<(i64, i64, i32)> {
    let query = OffsetQuery { timestamp, isolation: Isolation::ReadUncommitted, current_leader_epoch: None };
    let listed = partition.list_offsets(&query).unwrap();
    listed.map(|ListedOffset { offset, timestamp, leader_epoch }| (offset.0, timestamp.0, leader_epoch.0))
}

#[test]
fn special_timestamps() {
    let bench = Bench::new();
    let partition = bench.open();
    for ms in [10, 30, 20] {
        append_committed(&partition, &built(BuildOptions::default(), 2, TimestampMs(ms)));
    }
    assert_eq!(ask(&partition, TimestampQuery::Latest), Some((6, -1, 3)));
    assert_eq!(ask(&partition, TimestampQuery::Earliest), Some((0, -1, 3)));
    assert_eq!(ask(&partition, TimestampQuery::EarliestLocal), Some((0, -1, 3)));
    assert_eq!(ask(&partition, TimestampQuery::MaxTimestamp), Some((2, 30, 3)));
    assert_eq!(ask(&partition, TimestampQuery::LatestTiered), None);
    assert_eq!(ask(&partition, TimestampQuery::EarliestPendingUpload), None);
}

#[test]
fn the_first_record_at_or_after_a_time() {
    let bench = Bench::new();
    let partition = bench.open();
    for ms in [10, 30, 20] {
        append_committed(&partition, &built(BuildOptions::default(), 2, TimestampMs(ms)));
    }
    let at = |ms| ask(&partition, TimestampQuery::At(TimestampMs(ms)));
    assert_eq!(at(0), Some((0, 10, 3)));
    assert_eq!(at(11), Some((2, 30, 3)));
    assert_eq!(at(31), None);
}

#[test]
fn an_empty_partition_has_ends_but_no_records() {
    let bench = Bench::new();
    let partition = bench.open();
    assert_eq!(ask(&partition, TimestampQuery::Latest), Some((0, -1, 3)));
    assert_eq!(ask(&partition, TimestampQuery::MaxTimestamp), None);
    assert_eq!(ask(&partition, TimestampQuery::At(TimestampMs(0))), None);
}

#[test]
fn records_that_are_not_visible_are_not_found() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &plain(1));
    let fault = klamm_log::sim::Fault::always;
    let failing = fault(klamm_log::sim::Operation::SyncData, ".log", std::io::ErrorKind::Other);
    bench.disk.fail(failing);
    let later = TimestampMs(NOW.0 + 1);
    partition.append(&built(BuildOptions::default(), 1, later), NOW).unwrap();
    assert_eq!(ask(&partition, TimestampQuery::At(later)), None);
    assert_eq!(ask(&partition, TimestampQuery::MaxTimestamp), Some((0, NOW.0, 3)));
    assert_eq!(ask(&partition, TimestampQuery::Latest), Some((1, -1, 3)));
}

#[test]
fn the_leader_epoch_of_the_request_counts() {
    let bench = Bench::new();
    let partition = bench.open();
    let query = OffsetQuery {
        timestamp: TimestampQuery::Latest,
        isolation: Isolation::ReadUncommitted,
        current_leader_epoch: Some(LeaderEpoch(2)),
    };
    let error = partition.list_offsets(&query).unwrap_err();
    assert!(matches!(error, ListOffsetsError::LeaderEpoch(LeaderEpochError::Fenced { .. })), "{error}");
}

#[test]
fn epochs_end_where_the_next_begins() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &plain(2));
    partition.set_leader_epoch(LeaderEpoch(5));
    append_committed(&partition, &plain(1));
    let end = |epoch| partition.epoch_end_offset(LeaderEpoch(epoch));
    let epoch_end =
        |epoch, offset| Some(EpochEnd { leader_epoch: LeaderEpoch(epoch), end_offset: Offset(offset) });
    assert_eq!(end(3), epoch_end(3, 2));
    assert_eq!(end(4), epoch_end(3, 2));
    assert_eq!(end(5), epoch_end(5, 3));
    assert_eq!(end(6), None);
}

#[test]
fn numbers_on_the_wire() {
    assert_eq!(TimestampQuery::from_wire(-3), Some(TimestampQuery::MaxTimestamp));
    assert_eq!(TimestampQuery::from_wire(0), Some(TimestampQuery::At(TimestampMs(0))));
    assert_eq!(TimestampQuery::from_wire(-7), None);
}
