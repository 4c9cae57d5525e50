//! Every way in which plug-ins of every kind can divide two batches of two records, broken off at every step, by a kill and by a loss of
//! power with every combination of what the logs keep, and then sent again, once more than needed: each record is there once, in its
//! place, in its order, and every answer is the batch's first offset. Planted mistakes are found.

mod machine;
mod ways;

use std::cell::RefCell;
use std::rc::Rc;

use klamm_model::{Offset, ProducerId};
use klamm_records::{BatchBuilder, BuildOptions, ProducedBatch, validate_produced};

use super::{Target, commit};
use crate::plugins::divide::Divided;
use machine::{Failed, Machine, Partition};
use ways::{BATCHES, INGRESS, QUARANTINE, RECORDS, RULES, Ways, choices, divided, every_way, expected};

/// The steps as they are, or with a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Steps {
    AsTheyAre,
    /// What stays is appended first, and a batch that is found is taken for all of it.
    OwnFirst,
    /// What stays is appended first, and the rest by whatever try comes that far.
    OwnFirstThenTheRest,
    /// A batch that is found is taken for all of it.
    FoundIsDone,
    /// What goes elsewhere carries no id: no log knows it again.
    Nameless,
    /// What stays has the records that went elsewhere, too.
    NothingRemoved,
    /// A batch of which nothing stays is not stored.
    EmptiedIsLeftOut,
    /// A batch that is found goes on although an older one that was found did not come to its end.
    Overtaking,
    /// A batch is acknowledged when its own partition is on the disk.
    OwnSyncCounts,
}

/// How many batches went through, or what is wrong.
type Sent = Result<usize, String>;

/// One run: a producer, and the machine that it sends to.
struct Run<'a> {
    steps: Steps,
    machine: Rc<RefCell<Machine>>,
    batches: &'a [(ProducedBatch, Divided)],
    /// Whether each batch is on the disk, and acknowledged, before the next is sent; else both are under way at once.
    one_by_one: bool,
}

impl<'a> Run<'a> {
    fn new(steps: Steps, batches: &'a [(ProducedBatch, Divided)], one_by_one: bool) -> Run<'a> {
        Run { steps, machine: Machine::new(), batches, one_by_one }
    }

    /// The same from here on, with logs of its own.
    fn fork(&self) -> Run<'a> {
        let machine = Rc::new(RefCell::new(self.machine.borrow().clone()));
        Run { machine, ..*self }
    }

    /// Sends the batches from `first` on, one after the other, until the process dies after so many appends and syncs.
    fn send(&self, first: usize, steps: usize) -> Sent {
        self.machine.borrow_mut().steps_left = steps;
        for (number, (batch, divided)) in self.batches.iter().enumerate().skip(first) {
            match self.pass(batch, divided) {
                Ok(base) if base == Offset((number * RECORDS) as i64) => {}
                Ok(base) => return Err(format!("batch {number} is answered with offset {base}")),
                Err(Failed::Killed) => return Ok(number),
                Err(refused) => return Err(format!("batch {number} is refused: {refused:?}")),
            }
            if self.one_by_one {
                // Before it is on the disk the process may die, too.
                if self.machine.borrow_mut().step().is_err() {
                    return Ok(number);
                }
                let own_sync_counts = self.steps == Steps::OwnSyncCounts;
                self.machine.borrow_mut().sync(|index| index == INGRESS || !own_sync_counts);
            }
        }
        Ok(self.batches.len())
    }

    /// Sends all batches at once; one step fails, and the process lives: what comes behind it is not held up.
    fn send_where_one_fails(&self, failing: usize) {
        self.machine.borrow_mut().steps_left = failing;
        for (batch, divided) in self.batches {
            // Whatever the answer is: all of them come again.
            if matches!(self.pass(batch, divided), Err(Failed::Killed)) {
                self.machine.borrow_mut().steps_left = usize::MAX;
            }
        }
    }

    fn pass(&self, batch: &ProducedBatch, divided: &Divided) -> Result<Offset, Failed> {
        let own = Partition { machine: Rc::clone(&self.machine), index: INGRESS };
        let before = own.appended_before(batch)?;
        if self.steps != Steps::Overtaking {
            let unfinished = &mut self.machine.borrow_mut().unfinished;
            if unfinished.holds_up(batch.header()) {
                return Err(Failed::HeldUp);
            }
            if before.is_some() {
                unfinished.begun(batch.header());
            }
        }
        let base = self.bring_to_its_end(&own, before, batch, divided)?;
        self.machine.borrow_mut().unfinished.done(batch.header());
        Ok(base)
    }

    fn bring_to_its_end(
        &self,
        own: &Partition,
        before: Option<Offset>,
        batch: &ProducedBatch,
        divided: &Divided,
    ) -> Result<Offset, Failed> {
        let partition = |index| Partition { machine: Rc::clone(&self.machine), index };
        let letters = divided.letters.iter().map(|part| (partition(QUARANTINE), part.clone()));
        let leaving =
            divided.leaving.iter().map(|(target, part)| (partition(target.0 as usize), part.clone()));
        let parts: Vec<_> = letters.chain(leaving).collect();
        let done = match (self.steps, before) {
            (Steps::OwnFirst | Steps::FoundIsDone, Some(before)) => return Ok(before),
            (Steps::OwnFirst | Steps::OwnFirstThenTheRest, before) => {
                let base = before.map_or_else(|| own.append(&divided.stays), Ok)?;
                parts.iter().try_for_each(|(target, part)| target.append(part).map(drop))?;
                return Ok(base);
            }
            (Steps::EmptiedIsLeftOut, before) if divided.stays.header().record_count == 0 => {
                parts.iter().try_for_each(|(target, part)| target.append(part).map(drop))?;
                return Ok(before.unwrap_or_else(|| self.machine.borrow().ingress_end()));
            }
            (Steps::Nameless, before) => {
                let parts: Vec<_> =
                    parts.into_iter().map(|(target, part)| (target, nameless(&part))).collect();
                commit(own, before, &divided.stays, &parts)?
            }
            (Steps::NothingRemoved, before) => commit(own, before, batch, &parts)?,
            (_, before) => commit(own, before, &divided.stays, &parts)?,
        };
        assert_eq!(done.parts.len(), divided.leaving.len() + usize::from(divided.letters.is_some()));
        Ok(done.own)
    }

    /// Each record once, where it belongs, in the order in which it was sent; also after both batches have come once more.
    fn check(&self, ways: Ways, how: &str) -> Result<(), String> {
        for again in ["", ", and sent again"] {
            for (index, log) in self.machine.borrow().logs.iter().enumerate() {
                let (found, expected) = (log.records(), expected(ways, index));
                if found != expected {
                    return Err(format!(
                        "log {index} of {ways:?}, {how}{again}: {found:?}, not {expected:?}"
                    ));
                }
            }
            let end = self.machine.borrow().ingress_end();
            if end != Offset((BATCHES * RECORDS) as i64) {
                return Err(format!("{ways:?}, {how}{again}: the log ends at {end}"));
            }
            self.send(0, usize::MAX).map_err(|wrong| format!("{ways:?}, {how}{again}: {wrong}"))?;
        }
        Ok(())
    }
}

/// The same records of nobody.
fn nameless(part: &ProducedBatch) -> ProducedBatch {
    let unpacked = part.unpack(usize::MAX).unwrap();
    let mut builder = BatchBuilder::new(BuildOptions::default());
    for record in unpacked.records() {
        let value = record.value.as_ref().map(|range| unpacked.piece(range));
        builder.append(record.timestamp, None, value, &unpacked.headers_of(record));
    }
    let nameless = validate_produced(&builder.build().unwrap(), &RULES).unwrap();
    assert_eq!(nameless.header().producer_id, ProducerId::NONE);
    nameless
}

/// More than the appends and syncs of all batches together.
const ALL_STEPS: usize = BATCHES * (RECORDS + 2) + 1;

/// A kill at any step, a retry that is killed at any step, and a last one. Gives how many runs there were.
fn killed_twice(steps: Steps) -> Result<usize, String> {
    let mut runs = 0;
    for ways in every_way() {
        let batches = divided(ways);
        for kills in choices(&[ALL_STEPS - 1; 2]) {
            let run = Run::new(steps, &batches, true);
            let mut acknowledged = 0;
            let how = format!("killed after {} steps, then after {}", kills[0], kills[1]);
            for steps_left in [kills[0], kills[1], usize::MAX] {
                let sent = run.send(acknowledged, steps_left);
                acknowledged = sent.map_err(|wrong| format!("{ways:?}, {how}: {wrong}"))?;
                run.machine.borrow_mut().kill();
            }
            run.check(ways, &how)?;
            runs += 1;
        }
    }
    Ok(runs)
}

/// An append that fails once, at any step, while both batches are under way: for the first time, or after a loss of power that left any
/// rest of them.
fn failed_once(steps: Steps) -> Result<usize, String> {
    let mut runs = 0;
    for ways in every_way() {
        let batches = divided(ways);
        let sent = Run::new(steps, &batches, false);
        sent.send(0, usize::MAX)?;
        let not_synced = sent.machine.borrow().not_synced();
        for left in choices(&not_synced) {
            for failing in 0..ALL_STEPS {
                let run = sent.fork();
                run.machine.borrow_mut().lose_power(&left);
                if left[INGRESS] == 0 {
                    // Of a producer that a log has never heard of it takes any sequence.
                    run.machine.borrow_mut().logs[INGRESS].has_heard_of_the_producer();
                }
                run.send_where_one_fails(failing);
                let how = format!("{left:?} left, step {failing} failed");
                run.send(0, usize::MAX).map_err(|wrong| format!("{ways:?}, {how}: {wrong}"))?;
                run.check(ways, &how)?;
                runs += 1;
            }
        }
    }
    Ok(runs)
}

/// Losses of power, each at any step, with any rest of what was not synced; then both batches come again, or what was not acknowledged.
fn without_power(steps: Steps, all_ways: &[Ways], one_by_one: bool, losses: usize) -> Result<usize, String> {
    let mut runs = 0;
    for ways in all_ways.iter().copied() {
        let batches = divided(ways);
        let run = Run::new(steps, &batches, one_by_one);
        runs += lose_power(&run, ways, (0, 0), losses, "")?;
    }
    Ok(runs)
}

/// The producer sends from `first` on, and knows of so many batches that they are there.
fn lose_power(
    run: &Run<'_>,
    ways: Ways,
    (first, acknowledged): (usize, usize),
    losses: usize,
    before: &str,
) -> Result<usize, String> {
    let wrong = |wrong, how: &str| format!("{ways:?}, {how}: {wrong}");
    if losses == 0 {
        run.send(first, usize::MAX).map_err(|error| wrong(error, before))?;
        return run.check(ways, before).map(|()| 1);
    }
    let mut runs = 0;
    for steps_left in 0..ALL_STEPS {
        let broken = run.fork();
        let sent = broken.send(first, steps_left).map_err(|error| wrong(error, before))?;
        let acknowledged = if run.one_by_one { acknowledged.max(sent) } else { 0 };
        let not_synced = broken.machine.borrow().not_synced();
        for left in choices(&not_synced) {
            for from in 0..=acknowledged {
                let lost = broken.fork();
                lost.machine.borrow_mut().lose_power(&left);
                let how =
                    format!("{before}no power after {steps_left} steps, {left:?} left, sent from {from}; ");
                runs += lose_power(&lost, ways, (from, acknowledged), losses - 1, &how)?;
            }
        }
    }
    Ok(runs)
}

#[test]
fn killed_twice_at_any_step() {
    let runs = killed_twice(Steps::AsTheyAre).unwrap();
    assert_eq!(runs, 1_296 * ALL_STEPS * ALL_STEPS);
}

#[test]
fn an_append_fails_at_any_step() {
    assert!(failed_once(Steps::AsTheyAre).unwrap() > 1_296 * ALL_STEPS);
}

#[test]
fn power_lost_at_any_step_with_any_rest_of_what_was_not_synced() {
    for one_by_one in [false, true] {
        let runs = without_power(Steps::AsTheyAre, &every_way(), one_by_one, 1).unwrap();
        assert!(runs > 1_296 * ALL_STEPS, "{runs}");
    }
}

#[test]
fn power_lost_again_while_batches_come_again() {
    let some: Vec<Ways> = every_way().into_iter().step_by(35).collect();
    for one_by_one in [false, true] {
        let runs = without_power(Steps::AsTheyAre, &some, one_by_one, 2).unwrap();
        assert!(runs > some.len() * ALL_STEPS * ALL_STEPS, "{runs}");
    }
}

#[test]
fn planted_mistakes_are_found() {
    let all = every_way();
    let mistakes = [Steps::OwnFirst, Steps::Nameless, Steps::NothingRemoved, Steps::EmptiedIsLeftOut];
    for mistake in mistakes {
        killed_twice(mistake).unwrap_err();
    }
    // The next batch is taken before the rest of this one is there, which then comes too late: it is older.
    failed_once(Steps::OwnFirstThenTheRest).unwrap_err();
    failed_once(Steps::Overtaking).unwrap_err();
    for one_by_one in [false, true] {
        for mistake in mistakes.into_iter().chain([Steps::FoundIsDone]) {
            without_power(mistake, &all, one_by_one, 1).unwrap_err();
        }
    }
    // Only what was acknowledged is not sent again.
    without_power(Steps::OwnSyncCounts, &all, true, 1).unwrap_err();
}
