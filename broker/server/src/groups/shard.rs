//! The groups of one partition of `__consumer_offsets`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use klamm_groups::{Coordinator, Effects, MigrationRefused, Now, Reply, Tick, Ticket, Turn};
use klamm_model::{ErrorCode, Offset};
use klamm_partition::{Commit, Partition};
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tracing::{debug, error, info, warn};

use super::append::{AppendRecordsError, append};
use super::asking::Asked;
use super::backoff::delay_after;
use super::host::{Host, Ids};
use super::lately_said::LatelySaid;

/// The groups of one partition of `__consumer_offsets`.
#[derive(Debug)]
pub(crate) struct Shard {
    partition: Arc<Partition>,
    state: Mutex<State>,
    /// Wakes who tends the shard: an earlier deadline, something to load, the end.
    wake: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    coordinator: Coordinator,
    waiting: HashMap<Ticket, oneshot::Sender<Asked<Reply>>>,
    last_ticket: u64,
    /// The last record that was appended, if its durability must be waited for.
    last_offset: Option<Offset>,
    /// When who tends the shard looks again.
    armed: Option<Tick>,
    /// Appends that failed since the last one that didn't.
    failed_appends: u32,
    /// Groups of which was said lately that they keep their protocol.
    refused: LatelySaid,
}

/// Where a shard is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its partition is being read, or has to be.
    Loading,
    /// It serves.
    Active,
    /// It serves no more.
    Closed,
}

impl Shard {
    /// A shard that has to be loaded.
    pub(super) fn new(partition: Arc<Partition>) -> Shard {
        let state = State {
            phase: Phase::Loading,
            coordinator: Coordinator::default(),
            waiting: HashMap::new(),
            last_ticket: 0,
            last_offset: None,
            armed: None,
            failed_appends: 0,
            refused: LatelySaid::default(),
        };
        Shard { partition, state: Mutex::new(state), wake: Notify::new() }
    }

    /// The partition that its records are in.
    pub(crate) fn partition(&self) -> &Arc<Partition> {
        &self.partition
    }

    /// Lets the groups take an event, and appends what comes of it. The value may be told when it is durable:
    /// [`Asked::when_durable`].
    pub(crate) fn run<T>(
        &self,
        host: &dyn Host,
        event: impl FnOnce(&mut Coordinator, &mut Turn<'_>) -> T,
    ) -> Result<Asked<T>, ErrorCode> {
        let mut state = self.state.lock();
        self.run_locked(host, &mut state, event)
    }

    /// Lets the groups take an event whose answer may have to wait for others, and waits for the answer.
    pub(crate) async fn ask(
        &self,
        host: &dyn Host,
        event: impl FnOnce(&mut Coordinator, &mut Turn<'_>, Ticket),
    ) -> Result<Reply, ErrorCode> {
        let answered = {
            let mut state = self.state.lock();
            state.check_active()?;
            let ticket = Ticket(state.last_ticket + 1);
            state.last_ticket = ticket.0;
            let (sender, answered) = oneshot::channel();
            state.waiting.insert(ticket, sender);
            let event = |coordinator: &mut Coordinator, turn: &mut Turn<'_>| event(coordinator, turn, ticket);
            self.run_locked(host, &mut state, event)?.at_once();
            answered
        };
        // Whoever throws a wait away has thrown the groups' state away: the client finds the new one.
        let asked = answered.await.map_err(|_| ErrorCode::NotCoordinator)?;
        asked.when_durable(&self.partition).await
    }

    fn run_locked<T>(
        &self,
        host: &dyn Host,
        state: &mut State,
        event: impl FnOnce(&mut Coordinator, &mut Turn<'_>) -> T,
    ) -> Result<Asked<T>, ErrorCode> {
        state.check_active()?;
        let now = host.now();
        let mut effects = Effects::default();
        let mut turn = Turn { now, config: host.config(), ids: &mut Ids(host), effects: &mut effects };
        let value = event(&mut state.coordinator, &mut turn);
        say_what_was_refused(state, &effects.refused, now.tick);
        self.append(state, &effects, now)?;
        let after = state.last_offset;
        for (ticket, reply) in effects.replies {
            if let Some(waiting) = state.waiting.remove(&ticket) {
                // Who went away needs no answer.
                let _gone = waiting.send(Asked::new(reply, after));
            }
        }
        self.rearm(state);
        Ok(Asked::new(value, after))
    }

    fn append(&self, state: &mut State, effects: &Effects, now: Now) -> Result<(), ErrorCode> {
        if effects.records.is_empty() {
            return Ok(());
        }
        match append(&self.partition, &effects.records, now.time) {
            Ok(appended) => {
                if std::mem::take(&mut state.failed_appends) > 0 {
                    info!(partition = %self.partition.id(), "changes of consumer groups are written again");
                }
                state.last_offset = (appended.commit == Commit::Wait).then_some(appended.last_offset);
                Ok(())
            }
            Err(failure) => {
                self.say_that_an_append_failed(state, &failure);
                state.forget(Phase::Loading);
                self.wake.notify_one();
                Err(ErrorCode::CoordinatorNotAvailable)
            }
        }
    }

    /// Aloud only once: with a full disk, each try of each client would say so.
    fn say_that_an_append_failed(&self, state: &mut State, failure: &AppendRecordsError) {
        let partition = self.partition.id();
        if state.failed_appends == 0 {
            error!(%partition, %failure, "a change of consumer groups could not be written: they are read again from the log, less and less often until one can");
        } else {
            debug!(%partition, %failure, "a change of consumer groups could still not be written");
        }
        state.failed_appends = state.failed_appends.saturating_add(1);
    }

    fn rearm(&self, state: &State) {
        if let Some(next) = state.coordinator.next_deadline()
            && state.armed.is_none_or(|armed| next < armed)
        {
            self.wake.notify_one();
        }
    }

    /// Looks at the groups, if they are there.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Coordinator) -> T) -> Result<Asked<T>, ErrorCode> {
        let state = self.state.lock();
        state.check_active()?;
        Ok(Asked::new(look(&state.coordinator), state.last_offset))
    }

    /// The next deadline, of which is reminded now.
    pub(super) fn arm(&self) -> Option<Tick> {
        let mut state = self.state.lock();
        state.armed = state.coordinator.next_deadline();
        state.armed
    }

    pub(super) fn phase(&self) -> Phase {
        self.state.lock().phase
    }

    /// How long it has to be left alone before it is read again: not at all, unless appends fail again and again.
    pub(super) fn delay_before_load(&self) -> Duration {
        delay_after(self.state.lock().failed_appends.saturating_sub(1))
    }

    /// Takes what was read from the log.
    pub(super) fn activate(&self, coordinator: Coordinator) {
        let mut state = self.state.lock();
        if state.phase == Phase::Loading {
            state.coordinator = coordinator;
            state.phase = Phase::Active;
        }
    }

    /// Serves no more: who waits is told to look for the coordinator.
    pub(super) fn close(&self) {
        self.state.lock().forget(Phase::Closed);
        self.wake.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }
}

/// Now and then: the client tries again, and so do others.
fn say_what_was_refused(state: &mut State, refused: &[MigrationRefused], now: Tick) {
    for MigrationRefused { group_id, why } in refused {
        if state.refused.may_say(group_id, now) {
            warn!(group = %group_id, reason = %why, next = why.next_step(), "a consumer group keeps its protocol");
        }
    }
}

impl State {
    fn check_active(&self) -> Result<(), ErrorCode> {
        match self.phase {
            Phase::Active => Ok(()),
            Phase::Loading => Err(ErrorCode::CoordinatorLoadInProgress),
            Phase::Closed => Err(ErrorCode::NotCoordinator),
        }
    }

    /// Throws away what is known; who waits finds out. What was appended before, and is read again, may still wait to be durable:
    /// so must answers that rest on it.
    fn forget(&mut self, phase: Phase) {
        self.phase = phase;
        self.coordinator = Coordinator::default();
        self.waiting.clear();
        self.armed = None;
    }
}
