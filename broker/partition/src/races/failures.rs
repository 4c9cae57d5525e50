//! A failed fsync, a close or a deletion reaches everyone who waits, and nobody hears of success afterwards.

use std::io::ErrorKind;
use std::sync::atomic::Ordering;

use klamm_log::sim::{Fault, Operation};
use klamm_log::sync::search::search;
use klamm_log::sync::thread;
use klamm_model::Offset;
use shuttle::future::block_on;

use super::bench::{Bench, NOW, ORDERS, join};
use super::model_disk::DiskBug;
use crate::Partition;

/// Producers that wait, and a disk of which one fsync fails; all later ones would succeed.
fn fail_once(after: u64, bug: DiskBug) {
    let bench = Bench::new(bug);
    let fault = Fault { after, ..Fault::once(Operation::SyncData, ".log", ErrorKind::Other) };
    bench.sim.fail(fault);
    let acknowledged = join(bench.producers(3));
    assert!(acknowledged as i64 <= bench.durable_records());
    if !bench.promises.failed.load(Ordering::SeqCst) {
        // So few fsyncs were enough.
        assert_eq!(acknowledged, 3);
        return;
    }
    let fsyncs = bench.fsyncs();
    assert!(bench.partition.append(bench.batch(), NOW).is_err(), "a stopped partition takes nothing");
    assert!(bench.partition.flush_now().is_err());
    for offset in 0..bench.partition.log_end_offset().0 {
        let later = block_on(bench.partition.committed(Offset(offset))).is_ok();
        assert_eq!(later, offset < bench.durable_records(), "what is said later is what is durable");
    }
    assert_eq!(bench.fsyncs(), fsyncs, "no fsync is tried again after a failure");
    assert!(bench.partition.high_watermark().0 <= bench.durable_records());
}

#[test]
fn a_failed_fsync_is_heard_by_all_who_wait_and_by_all_who_come_later() {
    search(ORDERS, || fail_once(0, DiskBug::None));
    search(ORDERS, || fail_once(1, DiskBug::None));
}

#[test]
#[should_panic(expected = "acknowledged before it was durable")]
fn planted_a_failure_that_is_not_heard_is_found() {
    search(ORDERS, || fail_once(0, DiskBug::HidesFailure));
}

/// Producers that wait while the partition ends: everyone gets an answer.
fn end(end: fn(&Partition)) {
    let bench = Bench::new(DiskBug::None);
    let producers = bench.producers(2);
    let partition = bench.partition.clone();
    let ending = thread::spawn(move || end(&partition));
    let acknowledged = join(producers);
    ending.join().unwrap();
    assert!(acknowledged as i64 <= bench.durable_records());
    assert_eq!(bench.partition.statistics().commit_waiters, 0);
    let never_written = block_on(bench.partition.committed(Offset(1000)));
    assert!(never_written.is_err(), "who waits for more hears that there will be no more");
    assert!(!bench.produce(), "a closed partition takes nothing");
}

#[test]
fn a_close_acknowledges_or_refuses_everyone() {
    search(ORDERS, || {
        end(|partition| {
            partition.close().unwrap();
        });
    });
}

#[test]
fn a_deletion_leaves_nobody_waiting() {
    search(ORDERS, || end(Partition::abandon));
}
