//! Reading and waiting for records.

use std::io;

use klamm_log::sim::{Fault, Operation};
use klamm_model::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};
use klamm_partition::{EpochEnd, Fetch, FetchError, FetchWait, Isolation, LeaderEpochError};
use klamm_records::{BuildOptions, ProducedBatch, ProducerStamp};

use crate::support::{
    Bench, Gate, NOW, append_committed, base_offsets, block_on, built, fetch, plain, visible_from,
};

#[test]
fn an_offset_within_a_batch_gives_the_whole_batch() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &plain(3));
    append_committed(&partition, &plain(3));
    assert_eq!(visible_from(&partition, 1), [0, 3]);
    assert_eq!(visible_from(&partition, 3), [3]);
    assert_eq!(visible_from(&partition, 6), [0_i64; 0], "the end is legal and empty");
}

#[test]
fn the_first_batch_may_be_larger_than_asked_for() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &plain(3));
    append_committed(&partition, &plain(3));
    let small = Fetch { max_bytes: 10, ..fetch(0) };
    assert_eq!(base_offsets(&partition.read(&small).unwrap().records), [0]);
    let strict = Fetch { min_one: false, ..small };
    assert_eq!(partition.read(&strict).unwrap().size_bytes(), 0);
}

#[test]
fn offsets_beyond_the_log_are_refused() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &plain(3));
    for offset in [-1, 4] {
        let error = partition.read(&fetch(offset)).unwrap_err();
        assert!(matches!(error, FetchError::OffsetOutOfRange { .. }), "{error}");
    }
}

#[test]
fn another_leader_epoch_is_refused() {
    let bench = Bench::new();
    let partition = bench.open();
    let ask = |epoch| Fetch { current_leader_epoch: Some(LeaderEpoch(epoch)), ..fetch(0) };
    assert!(partition.read(&ask(3)).is_ok());
    let old = partition.read(&ask(2)).unwrap_err();
    assert!(matches!(old, FetchError::LeaderEpoch(LeaderEpochError::Fenced { .. })), "{old}");
    let new = partition.read(&ask(4)).unwrap_err();
    assert!(matches!(new, FetchError::LeaderEpoch(LeaderEpochError::Unknown { .. })), "{new}");
}

#[test]
fn a_reader_whose_log_parts_from_this_one_is_told_where() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &plain(2));
    partition.set_leader_epoch(LeaderEpoch(5));
    append_committed(&partition, &plain(2));
    let ask = |offset, epoch| Fetch { last_fetched_epoch: Some(LeaderEpoch(epoch)), ..fetch(offset) };
    assert_eq!(partition.read(&ask(2, 3)).unwrap().diverging, None);
    let parted = partition.read(&ask(3, 3)).unwrap();
    let end = EpochEnd { leader_epoch: LeaderEpoch(3), end_offset: Offset(2) };
    assert_eq!((parted.diverging, parted.size_bytes()), (Some(end), 0));
    let between = partition.read(&ask(2, 4)).unwrap();
    assert_eq!(between.diverging, Some(end), "epoch 4 has no records here");
    let unknown = partition.read(&ask(2, 6)).unwrap_err();
    assert!(matches!(unknown, FetchError::UnknownLastFetchedEpoch { .. }), "{unknown}");
}

#[test]
fn read_committed_stops_before_a_transaction_under_way() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &plain(2));
    let producer = ProducerStamp { id: ProducerId(9), epoch: ProducerEpoch(0), base_sequence: Sequence(0) };
    let options = BuildOptions { producer: Some(producer), transactional: true, ..BuildOptions::default() };
    append_committed(&partition, &built(options, 1, NOW));
    append_committed(&partition, &plain(1));
    assert_eq!(visible_from(&partition, 0), [0, 2, 3]);
    let committed = partition.read(&Fetch { isolation: Isolation::ReadCommitted, ..fetch(0) }).unwrap();
    assert_eq!(base_offsets(&committed.records), [0]);
    assert_eq!((committed.last_stable_offset, committed.high_watermark), (Offset(2), Offset(4)));
}

#[test]
fn a_wait_is_over_when_its_bytes_are_durable() {
    let bench = Bench::new();
    let partition = bench.open();
    let seen = partition.read(&fetch(0)).unwrap().high_watermark;
    let batch = plain(1);
    let size = batch.header().size_bytes() as u64;
    let wait = FetchWait::on_one_partition(size * 2);
    partition.watch(seen, &wait);
    append_committed(&partition, &batch);
    assert!(!wait.is_ready());
    partition.append(&batch, NOW).unwrap();
    block_on(wait.ready());
    assert_eq!(visible_from(&partition, 0), [0, 1]);
}

#[test]
fn a_new_leader_and_the_end_wake_who_waits() {
    let bench = Bench::new();
    let partition = bench.open();
    let wait = FetchWait::new(1);
    partition.watch(Offset(0), &wait);
    partition.set_leader_epoch(LeaderEpoch(4));
    assert!(wait.is_ready());
    let wait = FetchWait::new(1);
    partition.watch(Offset(0), &wait);
    partition.close().unwrap();
    assert!(wait.is_ready());
    assert!(matches!(partition.read(&fetch(0)), Err(FetchError::Closed(_))));
}

#[test]
fn a_wait_that_is_given_up_leaves_nothing_behind() {
    let bench = Bench::new();
    let partition = bench.open();
    let wait = FetchWait::new(1);
    partition.watch(Offset(0), &wait);
    assert_eq!(partition.statistics().fetch_waiters, 1);
    drop(wait);
    assert_eq!(partition.statistics().fetch_waiters, 0);
}

/// A batch of about 40 KB that came in a request of its own.
fn large() -> ProducedBatch {
    let batch = plain(300);
    let size = batch.body().len();
    batch.received_in(size + 100)
}

#[test]
fn what_was_appended_just_now_comes_from_memory_and_is_the_same() {
    let bench = Bench::new();
    let partition = bench.open();
    for _ in 0..3 {
        append_committed(&partition, &large());
    }
    let from_disk = partition.read(&fetch(0)).unwrap();
    let from_memory = partition.fetch(&fetch(0)).unwrap();
    assert_eq!(from_memory.records.len(), 2 * 3, "header and body of each");
    assert_eq!(from_memory.records.concat(), from_disk.records.concat());
    assert_eq!(from_memory.high_watermark, from_disk.high_watermark);
    bench.disk.fail(Fault::always(Operation::Read, ".log", io::ErrorKind::Other));
    assert!(partition.read(&fetch(300)).is_err());
    assert_eq!(base_offsets(&partition.fetch(&fetch(300)).unwrap().records), [300, 600]);
}

#[test]
fn what_is_not_durable_is_not_shown_from_memory_either() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &large());
    let open = Gate::shut(&bench.group_commit);
    partition.append(&large(), NOW).unwrap();
    assert_eq!(base_offsets(&partition.fetch(&fetch(0)).unwrap().records), [0]);
    assert_eq!(partition.fetch(&fetch(300)).unwrap().size_bytes(), 0);
    open.send(()).unwrap();
}

#[test]
fn deleted_records_do_not_come_from_memory() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &large());
    append_committed(&partition, &large());
    partition.delete_records(Offset(300), NOW).unwrap();
    assert!(matches!(partition.fetch(&fetch(0)), Err(FetchError::OffsetOutOfRange { .. })));
    assert_eq!(base_offsets(&partition.fetch(&fetch(300)).unwrap().records), [300]);
}
