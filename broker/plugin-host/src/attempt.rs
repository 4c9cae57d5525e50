//! One batch on its way through a plug-in: the call, and when it fails, the search for the records that make it fail.
//!
//! The batch is halved, and halves that fail are halved again, breadth first: large parts that are good are known soon. A part that failed
//! on an instance that had worked before is tried again on a fresh one before a record is blamed, because a leak or a stale cache isn't
//! the record's fault. After a deadline, parts get their share of it, and a record that is left alone gets it whole, at the end: so the
//! sum stays near three deadlines, and an endless loop is found among many records.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use crate::clock::{TICK, thread_time};
use crate::failure::{Cause, Failure};
use crate::input::Part;
use crate::instance::Instance;
use crate::job::{Job, Rules};
use crate::statistics::Tally;
use crate::{Batch, Budget, OverBudget, Plugin};

/// What an inline call may run in all; epochs make it up to a millisecond more. It is more than a tick, so that a call whose thread wasn't
/// run for a while isn't given up at the first tick that it sees.
const INLINE: Duration = Duration::from_micros(1_500);
/// What a full call may run in all, in deadlines.
const DEADLINES: u32 = 3;
/// So many failures of one batch are told in the log, which has room for 100 lines a second.
const TOLD: usize = 10;

/// One batch on its way.
pub(crate) struct Attempt<'a, J: Job> {
    plugin: &'a Plugin,
    job: &'a J,
    batch: &'a Batch<'a>,
    rules: Rules<'a>,
    budget: Budget,
    instance: Option<Instance>,
    todo: VecDeque<Task>,
    /// Single records that hit their share of the deadline; tried last, with what is left.
    suspects: VecDeque<Task>,
    done: Vec<(Range<usize>, J::Answer)>,
    ran: Duration,
    /// The first failure told to let instances go; from then on new ones are started.
    only_fresh: bool,
    pub(crate) hit_deadline: bool,
    pub(crate) tally: Tally,
    /// For the log, once the batch is answered: the records that it failed on, and why.
    pub(crate) told: Vec<String>,
}

/// Records to call the guest with.
struct Task {
    range: Range<usize>,
    /// It failed before, on an instance that wasn't fresh or at less than the deadline.
    again: bool,
}

impl<'a, J: Job> Attempt<'a, J> {
    pub(crate) fn new(plugin: &'a Plugin, job: &'a J, batch: &'a Batch<'a>, budget: Budget) -> Self {
        Attempt {
            plugin,
            job,
            batch,
            rules: plugin.rules(),
            budget,
            instance: plugin.pool().take(),
            todo: VecDeque::from([Task { range: 0..batch.records.len(), again: false }]),
            suspects: VecDeque::new(),
            done: Vec::new(),
            ran: Duration::ZERO,
            only_fresh: false,
            hit_deadline: false,
            tally: Tally::default(),
            told: Vec::new(),
        }
    }

    /// Works until every record is answered for.
    pub(crate) fn work(&mut self) -> Result<J::Answer, OverBudget> {
        while let Some(task) = self.todo.pop_front().or_else(|| self.suspects.pop_front()) {
            let allowed = self.allowed(&task)?;
            if allowed.is_zero() {
                self.fail(
                    task.range,
                    &Failure::new(Cause::Deadline, "left no time to look for the record that fails"),
                );
                continue;
            }
            match self.call(&task, allowed) {
                Ok(answer) => self.done.push((task.range, answer)),
                Err((failure, fresh)) => self.failed(task, &failure, fresh, allowed)?,
            }
        }
        self.done.sort_by_key(|(range, _)| range.start);
        let mut parts = std::mem::take(&mut self.done).into_iter().map(|(_, answer)| answer);
        let mut answer = match parts.next() {
            Some(first) => first,
            None => self.job.failed(0, "", &self.rules),
        };
        parts.for_each(|next| self.job.append(&mut answer, next));
        Ok(answer)
    }

    /// The instance goes back to the pool, if it is still good.
    pub(crate) fn release(&mut self) {
        if let Some(instance) = self.instance.take() {
            self.tally.memory_bytes = self.tally.memory_bytes.max(instance.memory_bytes() as u64);
            if instance.is_worn() {
                self.tally.recycled_instances += 1;
            } else {
                self.plugin.pool().put(instance);
            }
        }
    }

    /// How long the guest may run for these records.
    fn allowed(&self, task: &Task) -> Result<Duration, OverBudget> {
        let deadline = self.plugin.binding().limits.deadline;
        if self.budget == Budget::Inline {
            let left = INLINE.saturating_sub(self.ran).min(deadline);
            return if left.is_zero() { Err(OverBudget) } else { Ok(left) };
        }
        let left = (deadline * DEADLINES).saturating_sub(self.ran);
        if left < TICK {
            return Ok(Duration::ZERO);
        }
        let records = task.range.len();
        let share = if self.hit_deadline && !task.again {
            (deadline.mul_f64(records as f64 / self.batch.records.len() as f64)).max(TICK)
        } else {
            deadline
        };
        Ok(share.min(left))
    }

    /// Calls the guest; a failure comes with whether the instance was fresh.
    fn call(&mut self, task: &Task, allowed: Duration) -> Result<J::Answer, (Failure, bool)> {
        if self.only_fresh && self.instance.as_ref().is_some_and(|it| task.again && !it.is_fresh()) {
            self.discard();
        }
        let mut instance = match self.instance.take() {
            Some(instance) => instance,
            None => self.start().map_err(|failure| (failure, true))?,
        };
        let fresh = instance.is_fresh();
        let part = Part { batch: self.batch, range: task.range.clone() };
        let (job, rules) = (self.job, &self.rules);
        // A search is many short calls: what the call's own clock says is too coarse for their sum, and a system call is worth it.
        let searching = (task.range.len() < self.batch.records.len() || task.again).then(thread_time);
        let called =
            instance.call(self.plugin.host(), allowed, |guest, store| job.call(guest, store, &part, rules));
        self.tally.calls += 1;
        self.ran += searching.map_or(called.ran, |began| thread_time().saturating_sub(began));
        let lives = called.result.as_ref().map_or_else(|failure| failure.instance_lives, |_| true);
        self.instance = Some(instance);
        if !lives {
            self.discard();
        }
        called.result.map_err(|failure| (failure, fresh))
    }

    /// Throws the instance away.
    fn discard(&mut self) {
        if let Some(instance) = self.instance.take() {
            self.tally.memory_bytes = self.tally.memory_bytes.max(instance.memory_bytes() as u64);
            self.tally.recycled_instances += 1;
        }
    }

    fn start(&mut self) -> Result<Instance, Failure> {
        let limits = &self.plugin.binding().limits;
        let allowed = match self.budget {
            Budget::Inline => INLINE.saturating_sub(self.ran).max(TICK).min(limits.init_deadline),
            Budget::Full => limits.init_deadline,
        };
        let began = thread_time();
        let (instance, time) = self.plugin.start_instance(allowed);
        // An inline call pays for the start; a full one has a deadline for it. The first start of a full call is free, so that a slow
        // `init` leaves time to look for the record; later ones aren't, so that it can't be used to hold a thread.
        if self.budget == Budget::Inline || self.tally.started_instances > 0 {
            self.ran += thread_time().saturating_sub(began);
        }
        let instance = instance.map_err(|failure| match self.budget {
            Budget::Inline => failure,
            // A start that takes too long isn't about records.
            Budget::Full => Failure { cause: failure.cause.of_a_start(), ..failure },
        })?;
        self.tally.started_instances += 1;
        self.tally.init_time = Some(time);
        Ok(instance)
    }

    /// Decides what follows from a failure.
    fn failed(
        &mut self,
        task: Task,
        failure: &Failure,
        fresh: bool,
        allowed: Duration,
    ) -> Result<(), OverBudget> {
        let late = failure.cause == Cause::Deadline;
        if late && self.budget == Budget::Inline {
            return Err(OverBudget);
        }
        self.tally.failures[failure.cause as usize] += 1;
        self.hit_deadline |= late;
        if matches!(failure.cause, Cause::Init | Cause::NoRoom | Cause::BadInput) {
            // It isn't about records: no part of them will fare better.
            self.fail(task.range, failure);
            for task in std::mem::take(&mut self.todo).into_iter().chain(std::mem::take(&mut self.suspects)) {
                self.fail(task.range, failure);
            }
            return Ok(());
        }
        self.only_fresh |= !failure.instance_lives;
        let Task { range, again } = task;
        let blames_instance = matches!(failure.cause, Cause::Trap | Cause::Memory | Cause::BadAnswer)
            || (failure.cause == Cause::Error && !failure.instance_lives);
        if blames_instance && !fresh && !again {
            self.todo.push_back(Task { range, again: true });
        } else if range.len() > 1 {
            let middle = range.start + range.len() / 2;
            self.todo.push_back(Task { range: range.start..middle, again: false });
            self.todo.push_back(Task { range: middle..range.end, again: false });
        } else if late && !again && allowed < self.plugin.binding().limits.deadline {
            self.suspects.push_back(Task { range, again: true });
        } else {
            self.fail(range, failure);
        }
        Ok(())
    }

    /// The binding decides what becomes of these records.
    fn fail(&mut self, range: Range<usize>, failure: &Failure) {
        let reason = format!("{} {}", self.rules.label, failure.sentence);
        if self.told.len() < TOLD {
            self.told.push(self.line(&range, failure));
        }
        self.tally.failed_records += range.len() as u64;
        let answer = self.job.failed(range.len(), &reason, &self.rules);
        self.done.push((range, answer));
    }

    /// What the log tells of records that it failed on.
    fn line(&self, range: &Range<usize>, failure: &Failure) -> String {
        let Batch { records, partition, .. } = self.batch;
        let which = match range.len() {
            1 => format!("record {}", range.start),
            _ => format!("records {} to {}", range.start, range.end - 1),
        };
        let count = records.len();
        format!("failed on {which} of {count} that were sent to partition {partition}: {}", failure.sentence)
    }
}
