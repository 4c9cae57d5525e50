//! Who waits for durability is told once it is there, and not before.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use klamm_log::sync::search::search;
use klamm_log::sync::thread;
use klamm_model::{Offset, PartitionIndex, TopicPartition};
use shuttle::future::block_on;

use super::bench::{Bench, ORDERS, join};
use super::model_disk::DiskBug;
use crate::commit::{CommitError, CommitQueue, Committed, planted};
use crate::health::StopReason;

/// Producers that wait, and the disk.
fn produce_and_wait(bug: DiskBug) {
    let bench = Bench::new(bug);
    assert_eq!(join(bench.producers(3)), 3);
    assert_eq!(bench.durable_records(), 3);
    assert!((1..=3).contains(&bench.fsyncs()), "{} fsyncs for 3 appends", bench.fsyncs());
    assert_eq!(bench.partition.high_watermark(), Offset(3));
    assert_eq!(bench.partition.statistics().commit_waiters, 0);
}

#[test]
fn an_acknowledgement_comes_and_never_before_the_fsync_that_covers_it() {
    search(ORDERS, || produce_and_wait(DiskBug::None));
}

#[test]
#[should_panic(expected = "acknowledged before it was durable")]
fn planted_an_acknowledgement_before_the_fsync_is_found() {
    search(ORDERS, || produce_and_wait(DiskBug::ReportsEarly));
}

#[test]
fn all_that_was_appended_before_a_flush_shares_its_fsync() {
    search(ORDERS, || {
        let bench = Bench::new(DiskBug::None);
        let ends: Vec<_> = (0..3)
            .map(|_| bench.partition.append(bench.batch(), super::bench::NOW).unwrap().last_offset)
            .collect();
        let before = bench.fsyncs();
        let waits: Vec<_> = ends
            .into_iter()
            .map(|last_offset| {
                let partition = bench.partition.clone();
                thread::spawn(move || block_on(partition.committed(last_offset)).unwrap())
            })
            .collect();
        for wait in waits {
            wait.join().unwrap();
        }
        let more = bench.fsyncs() - before;
        assert!(more <= 2, "{more} fsyncs after the last append: one may have run, one serves the rest");
    });
}

fn reason() -> Arc<StopReason> {
    let partition = TopicPartition::new("t".parse().unwrap(), PartitionIndex(0));
    Arc::new(StopReason::Closed { partition })
}

/// One waits for two offsets, one after the other, while another makes the first durable and then stops.
fn wait_while<W>(wait: impl Fn(Committed) -> W, stop: impl FnOnce(&CommitQueue) + Send + 'static)
where
    W: Future<Output = Result<(), CommitError>>,
{
    let queue = Arc::new(CommitQueue::new(Offset(0)));
    let other = queue.clone();
    let other = thread::spawn(move || {
        other.advance(Offset(1));
        stop(&other);
    });
    assert!(
        block_on(wait(Committed::new(queue.clone(), Offset(0)))).is_ok(),
        "it was durable before the stop"
    );
    assert!(block_on(wait(Committed::new(queue.clone(), Offset(1)))).is_err());
    other.join().unwrap();
    assert_eq!(queue.waiting(), 0);
}

#[test]
fn an_advance_and_a_stop_reach_whoever_comes_at_that_moment() {
    search(ORDERS * 10, || wait_while(|wait| wait, |queue| queue.stop(reason())));
}

#[test]
#[should_panic(expected = "deadlock")]
fn planted_a_waker_that_is_left_too_late_is_found() {
    search(ORDERS * 10, || wait_while(planted::TornWait, |queue| queue.stop(reason())));
}

#[test]
#[should_panic(expected = "deadlock")]
fn planted_a_stop_that_tells_only_who_comes_later_is_found() {
    search(ORDERS * 10, || wait_while(|wait| wait, |queue| planted::stop_silently(queue, reason())));
}

/// A wait is given up while the queue advances; another goes on.
fn give_up(drop_wait: impl Fn(Committed) + Send + 'static) {
    let queue = Arc::new(CommitQueue::new(Offset(0)));
    let given_up = queue.clone();
    let given_up = thread::spawn(move || {
        let mut wait = Committed::new(given_up, Offset(1));
        let _ = pin!(&mut wait).poll(&mut Context::from_waker(Waker::noop()));
        drop_wait(wait);
    });
    let other = queue.clone();
    let other = thread::spawn(move || {
        other.advance(Offset(1));
        other.advance(Offset(3));
    });
    assert!(block_on(Committed::new(queue.clone(), Offset(2))).is_ok());
    assert_eq!(queue.advance(Offset(3)), 0);
    given_up.join().unwrap();
    other.join().unwrap();
    assert_eq!(queue.waiting(), 0, "a wait that was given up stayed");
}

#[test]
fn a_wait_may_be_given_up_at_any_moment() {
    search(ORDERS * 10, || give_up(drop));
    search(ORDERS * 10, || {
        // Nothing ever advances here: the wait has to go by itself.
        let queue = Arc::new(CommitQueue::new(Offset(0)));
        let waits: Vec<_> = (0..3).map(|_| thread::spawn(poll_once(queue.clone(), drop))).collect();
        for wait in waits {
            wait.join().unwrap();
        }
        assert_eq!(queue.waiting(), 0);
    });
}

fn poll_once(queue: Arc<CommitQueue>, drop_wait: impl Fn(Committed) + Send) -> impl FnOnce() + Send {
    move || {
        let mut wait = Committed::new(queue, Offset(0));
        assert!(pin!(&mut wait).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop_wait(wait);
    }
}

#[test]
#[should_panic(expected = "a wait that was given up stayed")]
fn planted_a_wait_that_stays_is_found() {
    search(ORDERS * 10, || {
        let queue = Arc::new(CommitQueue::new(Offset(0)));
        thread::spawn(poll_once(queue.clone(), |wait| {
            let _stays = ManuallyDrop::new(wait);
        }))
        .join()
        .unwrap();
        assert_eq!(queue.waiting(), 0, "a wait that was given up stayed");
    });
}
