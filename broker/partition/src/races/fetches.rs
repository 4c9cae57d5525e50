//! Who waits for bytes misses none that came while he came himself, is woken once, and leaves nothing behind.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::pin;
use std::sync::Arc;
use std::task::Context;

use klamm_log::LogConfig;
use klamm_log::sync::search::search;
use klamm_log::sync::thread;
use klamm_model::{LeaderEpoch, Offset};
use shuttle::future::block_on;

use super::bench::{Bench, NOW, ORDERS, join};
use super::model_disk::DiskBug;
use crate::counting_waker::CountingWaker;
use crate::fetch_wait::{FetchWait, FetchWaiters, planted};
use crate::watermarks::Position;
use crate::{Fetch, Isolation, Partition};

const RECORDS: i64 = 3;

type Watch = fn(&Partition, Offset, &FetchWait);

/// Reads until all records are there, and waits for all that is left whenever there is nothing.
fn consume(bench: &Bench, watch: Watch) {
    let mut next = 0;
    while next < RECORDS {
        let fetch = Fetch {
            offset: Offset(next),
            max_bytes: 1 << 20,
            min_one: true,
            isolation: Isolation::ReadUncommitted,
            current_leader_epoch: None,
            last_fetched_epoch: None,
        };
        let fetched = bench.partition.read(&fetch).unwrap();
        assert_eq!(fetched.size_bytes() as u64 % bench.batch_bytes(), 0);
        next += (fetched.size_bytes() as u64 / bench.batch_bytes()) as i64;
        if fetched.records.is_empty() {
            let left = (RECORDS - next) as u64 * bench.batch_bytes();
            let wait = FetchWait::on_one_partition(left);
            watch(&bench.partition, fetched.high_watermark, &wait);
            block_on(wait.ready());
        }
    }
}

fn produce_and_consume(flush_messages: u64, watch: Watch) {
    let config = LogConfig { flush_messages, ..LogConfig::default() };
    let bench = Bench::with(DiskBug::None, &config);
    let consumer = bench.clone();
    let consumer = thread::spawn(move || consume(&consumer, watch));
    if flush_messages == 1 {
        assert_eq!(join(bench.producers(RECORDS as usize)), RECORDS as usize);
    } else {
        for _ in 0..RECORDS {
            bench.partition.append(bench.batch(), NOW).unwrap();
        }
    }
    consumer.join().unwrap();
    assert_eq!(bench.partition.statistics().fetch_waiters, 0);
}

#[test]
fn a_consumer_misses_no_record_that_came_while_he_began_to_wait() {
    search(ORDERS, || produce_and_consume(1, Partition::watch));
    search(ORDERS, || produce_and_consume(u64::MAX, Partition::watch));
}

#[test]
#[should_panic(expected = "deadlock")]
fn planted_a_wait_that_begins_without_a_look_is_found() {
    search(ORDERS, || produce_and_consume(u64::MAX, planted::watch_blindly));
}

fn at(offset: i64, bytes: u64) -> Position {
    Position { offset: Offset(offset), bytes }
}

fn two_partitions() -> [Arc<FetchWaiters>; 2] {
    [(); 2].map(|()| Arc::new(FetchWaiters::new(at(0, 0))))
}

/// Each partition brings a half, in two steps.
fn bring_halves(partitions: &[Arc<FetchWaiters>; 2]) -> [thread::JoinHandle<()>; 2] {
    partitions.clone().map(|partition| {
        thread::spawn(move || {
            partition.advance(at(1, 30));
            partition.advance(at(2, 50));
        })
    })
}

#[test]
fn bytes_of_two_partitions_wake_once() {
    search(ORDERS * 10, || {
        let (partitions, wait) = (two_partitions(), FetchWait::new(100));
        let threads = bring_halves(&partitions);
        for partition in &partitions {
            partition.watch(Offset(0), &wait);
        }
        let (waker, count) = CountingWaker::new();
        let pending = pin!(wait.ready()).poll(&mut Context::from_waker(&waker)).is_pending();
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(wait.is_ready());
        assert_eq!(count.calls(), usize::from(pending), "a wait that was pending wakes once");
        partitions[0].advance(at(3, 500));
        assert_eq!(count.calls(), usize::from(pending));
        drop(wait);
        assert_eq!(partitions.map(|partition| partition.waiting()), [0, 0]);
    });
}

#[test]
fn a_wait_over_two_partitions_ends() {
    search(ORDERS * 10, || {
        let (partitions, wait) = (two_partitions(), FetchWait::new(100));
        let threads = bring_halves(&partitions);
        for partition in &partitions {
            partition.watch(Offset(0), &wait);
        }
        block_on(wait.ready());
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Waits for more than ever comes, while another ends the partition.
fn watch_while(end: fn(&FetchWaiters)) {
    let partition = Arc::new(FetchWaiters::new(at(0, 0)));
    let other = partition.clone();
    let other = thread::spawn(move || end(&other));
    let wait = FetchWait::on_one_partition(1000);
    partition.watch(Offset(0), &wait);
    block_on(wait.ready());
    other.join().unwrap();
}

#[test]
fn a_close_wakes_whoever_comes_at_that_moment() {
    search(ORDERS * 10, || watch_while(FetchWaiters::close));
}

#[test]
#[should_panic(expected = "deadlock")]
fn planted_a_close_that_forgets_who_comes_later_is_found() {
    search(ORDERS * 10, || watch_while(FetchWaiters::wake_all));
}

#[test]
fn a_new_leader_epoch_wakes_a_fetch_that_has_seen_the_old_one() {
    search(ORDERS, || {
        let bench = Bench::new(DiskBug::None);
        let wait = FetchWait::on_one_partition(1000);
        bench.partition.watch(Offset(0), &wait);
        let partition = bench.partition.clone();
        let leader = thread::spawn(move || partition.set_leader_epoch(LeaderEpoch(4)));
        block_on(wait.ready());
        assert_eq!(bench.partition.leader_epoch(), LeaderEpoch(4));
        leader.join().unwrap();
    });
}

/// A fetch gives up (its time is over, its client is gone) while bytes come and while a partition closes.
fn give_up(drop_wait: fn(FetchWait)) {
    let partitions = two_partitions();
    let mut threads = Vec::from(bring_halves(&partitions));
    let closed = partitions[1].clone();
    threads.push(thread::spawn(move || closed.close()));
    let wait = FetchWait::new(1000);
    for partition in &partitions {
        partition.watch(Offset(0), &wait);
    }
    let (waker, _) = CountingWaker::new();
    let _ = pin!(wait.ready()).poll(&mut Context::from_waker(&waker));
    drop_wait(wait);
    for thread in threads {
        thread.join().unwrap();
    }
    for partition in partitions {
        assert_eq!(partition.waiting(), 0, "a wait that was given up stayed");
        assert_eq!(Arc::strong_count(&partition), 1, "a wait that was given up holds its partition");
    }
}

#[test]
fn a_wait_may_be_given_up_at_any_moment() {
    search(ORDERS * 10, || give_up(drop));
}

#[test]
#[should_panic(expected = "a wait that was given up")]
fn planted_a_wait_that_stays_is_found() {
    search(ORDERS * 10, || {
        give_up(|wait| {
            let _stays = ManuallyDrop::new(wait);
        });
    });
}
