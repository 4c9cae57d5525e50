//! The group commit under many orders of its threads: see [`crate::sync`].
//!
//! `cargo test -p klamm-log --features shuttle --lib races`. The tests that expect a panic plant a bug, so that the
//! search is seen to find it.

use std::sync::Arc;

use super::{Flush, FlushSlot, GroupCommit, QUEUED};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::search::search;
use crate::sync::thread;
use crate::sync::{Condvar, Mutex};

const ORDERS: usize = 3000;

/// A bug that is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    /// A submission puts its target into the queue and calls nobody.
    CallsNobody,
    /// A submission during a flush is forgotten when that flush ends.
    ForgetsWhatCameDuringAFlush,
    /// A submission during a flush goes into the queue at once, so that two threads may flush one target.
    QueuesWhatRuns,
}

/// How far a log is; in steps instead of bytes.
#[derive(Debug, Default)]
struct Reached {
    written: usize,
    submitted: usize,
    durable: usize,
    flushes: usize,
}

/// A log whose appenders wait for the flush that covers them.
struct WaitedFor {
    slot: FlushSlot,
    reached: Mutex<Reached>,
    changed: Condvar,
    flushing: AtomicBool,
    /// The first flush ends only after so many submissions.
    first_flush_waits_for: usize,
    bug: Bug,
}

impl WaitedFor {
    fn new(first_flush_waits_for: usize, bug: Bug) -> Arc<WaitedFor> {
        Arc::new(WaitedFor {
            slot: FlushSlot::default(),
            reached: Mutex::default(),
            changed: Condvar::new(),
            flushing: AtomicBool::new(false),
            first_flush_waits_for,
            bug,
        })
    }

    /// Writes one step and has it flushed; gives the step.
    fn append(self: &Arc<Self>, commit: &GroupCommit) -> usize {
        let mut reached = self.reached.lock();
        reached.written += 1;
        let written = reached.written;
        drop(reached);
        match self.bug {
            Bug::CallsNobody => {
                if self.slot.submit() {
                    commit.shared.queue.lock().targets.push_back(self.clone());
                }
            }
            Bug::QueuesWhatRuns => {
                self.slot.state.store(QUEUED, Ordering::SeqCst);
                commit.shared.queue.lock().targets.push_back(self.clone());
                commit.shared.not_empty.notify_one();
            }
            Bug::None | Bug::ForgetsWhatCameDuringAFlush => commit.submit(self.clone()),
        }
        self.reached.lock().submitted += 1;
        self.changed.notify_all();
        written
    }

    fn wait_until_durable(&self, step: usize) {
        let mut reached = self.reached.lock();
        while reached.durable < step {
            self.changed.wait(&mut reached);
        }
    }
}

impl Flush for WaitedFor {
    fn slot(&self) -> &FlushSlot {
        &self.slot
    }

    fn flush(&self) {
        assert!(!self.flushing.swap(true, Ordering::SeqCst), "two threads flush one target");
        let mut reached = self.reached.lock();
        let covered = reached.written;
        while reached.flushes == 0 && reached.submitted < self.first_flush_waits_for {
            self.changed.wait(&mut reached);
        }
        drop(reached);
        // Here the disk works, and anything may happen.
        thread::yield_now();
        if self.bug == Bug::ForgetsWhatCameDuringAFlush {
            self.slot.start();
        }
        let mut reached = self.reached.lock();
        reached.durable = reached.durable.max(covered);
        reached.flushes += 1;
        drop(reached);
        self.changed.notify_all();
        self.flushing.store(false, Ordering::SeqCst);
    }
}

fn start(threads: usize) -> Arc<GroupCommit> {
    GroupCommit::start(threads, Box::new(|_| {})).unwrap()
}

/// Three appenders and two threads that flush.
fn append_and_wait(bug: Bug) {
    let (commit, log) = (start(2), WaitedFor::new(0, bug));
    let appenders: Vec<_> = (0..3)
        .map(|_| {
            let (commit, log) = (commit.clone(), log.clone());
            thread::spawn(move || log.wait_until_durable(log.append(&commit)))
        })
        .collect();
    for appender in appenders {
        appender.join().unwrap();
    }
    drop(commit);
    let flushes = log.reached.lock().flushes;
    assert!((1..=3).contains(&flushes), "{flushes} flushes for 3 submissions");
}

#[test]
fn every_submission_is_followed_by_a_flush_and_no_two_flush_at_once() {
    search(ORDERS, || append_and_wait(Bug::None));
}

#[test]
#[should_panic(expected = "deadlock")]
fn planted_a_call_that_is_left_out_is_found() {
    search(ORDERS, || append_and_wait(Bug::CallsNobody));
}

#[test]
#[should_panic(expected = "deadlock")]
fn planted_a_submission_that_is_forgotten_during_a_flush_is_found() {
    search(ORDERS, || append_and_wait(Bug::ForgetsWhatCameDuringAFlush));
}

#[test]
#[should_panic(expected = "two threads flush one target")]
fn planted_two_flushes_at_once_are_found() {
    search(ORDERS, || append_and_wait(Bug::QueuesWhatRuns));
}

/// While one flush runs all others submit: one further flush serves them all.
fn append_during_a_flush(bug: Bug) {
    let (commit, log) = (start(2), WaitedFor::new(4, bug));
    let appenders: Vec<_> = (0..4)
        .map(|_| {
            let (commit, log) = (commit.clone(), log.clone());
            thread::spawn(move || {
                log.append(&commit);
            })
        })
        .collect();
    for appender in appenders {
        appender.join().unwrap();
    }
    drop(commit);
    let reached = log.reached.lock();
    assert_eq!(reached.durable, 4, "all that was submitted is flushed before the threads end");
    assert!(reached.flushes <= 2, "{} flushes, where 2 serve everyone", reached.flushes);
}

#[test]
fn one_flush_serves_everyone_who_came_before_it() {
    search(ORDERS, || append_during_a_flush(Bug::None));
}

#[test]
#[should_panic(expected = "all that was submitted is flushed")]
fn planted_an_end_that_forgets_what_is_wanted_is_found() {
    search(ORDERS, || append_during_a_flush(Bug::ForgetsWhatCameDuringAFlush));
}

/// What a partition is to the group commit: its owner, whom the thread that flushes may be the last to hold.
struct Owner {
    slot: FlushSlot,
    commit: Mutex<Option<Arc<GroupCommit>>>,
    flushed: Arc<AtomicBool>,
}

impl Flush for Owner {
    fn slot(&self) -> &FlushSlot {
        &self.slot
    }

    fn flush(&self) {
        self.flushed.store(true, Ordering::SeqCst);
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        assert!(self.flushed.load(Ordering::SeqCst), "dropped before it was flushed");
        drop(self.commit.lock().take());
    }
}

#[test]
fn the_thread_that_flushes_may_end_the_group_commit() {
    search(ORDERS, || {
        let (commit, flushed) = (start(2), Arc::new(AtomicBool::new(false)));
        let owner = Owner {
            slot: FlushSlot::default(),
            commit: Mutex::new(Some(commit.clone())),
            flushed: flushed.clone(),
        };
        commit.submit(Arc::new(owner));
        drop(commit);
    });
}
