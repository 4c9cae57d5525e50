//! What the host keeps for one instance: its limits, its clock and where it writes.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::{ResourceLimiter, UpdateDeadline};

use crate::clock::{AtTick, CallClock};
use crate::counters::Counters;
use crate::logs::Logs;
use crate::{Level, Limits, Wants};

/// Elements of one table of an instance: a function table of a large plug-in has some thousands.
pub(crate) const MAX_TABLE_ELEMENTS: usize = 100_000;
/// Modules of an instance, and their tables. Components made from Python have about forty.
pub(crate) const MAX_CORE_INSTANCES: usize = 128;
/// Memories of an instance.
pub(crate) const MAX_MEMORIES: usize = 4;

/// Where the instances of a binding write.
pub(crate) struct Journal {
    pub(crate) logs: Logs,
    pub(crate) counters: Counters,
}

impl Journal {
    pub(crate) fn new() -> Arc<Journal> {
        Arc::new(Journal { logs: Logs::new(Instant::now()), counters: Counters::default() })
    }
}

/// The state of one instance.
pub(crate) struct GuestState {
    limits: Limits,
    wants: Wants,
    journal: Arc<Journal>,
    clock: CallClock,
    memory_bytes: usize,
    memory_refused: bool,
}

impl GuestState {
    pub(crate) fn new(limits: Limits, journal: Arc<Journal>) -> GuestState {
        let clock = CallClock::start(limits.init_deadline);
        let wants = Wants { keys: false, values: false, headers: false };
        GuestState { limits, wants, journal, clock, memory_bytes: 0, memory_refused: false }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) const fn wants(&self) -> Wants {
        self.wants
    }

    pub(crate) const fn set_wants(&mut self, wants: Wants) {
        self.wants = wants;
    }

    pub(crate) const fn clock(&self) -> &CallClock {
        &self.clock
    }

    /// A call begins.
    pub(crate) fn begin(&mut self, clock: CallClock) {
        self.clock = clock;
        self.memory_refused = false;
    }

    /// Linear memory of all modules. It never shrinks, so this is also the most that it was.
    pub(crate) const fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// Whether memory was refused since the call began.
    pub(crate) const fn memory_refused(&self) -> bool {
        self.memory_refused
    }

    pub(crate) fn tick(&mut self) -> UpdateDeadline {
        match self.clock.tick() {
            AtTick::Stop => UpdateDeadline::Interrupt,
            AtTick::GoOn(ticks) => UpdateDeadline::Continue(ticks),
        }
    }

    pub(crate) fn write_log(&self, level: Level, message: String) {
        self.journal.logs.write(level, message, Instant::now());
    }

    pub(crate) fn count(&self, name: &str, value: u64) {
        self.journal.counters.add(name, value);
    }
}

impl ResourceLimiter for GuestState {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let sum = self.memory_bytes.saturating_sub(current).saturating_add(desired);
        if sum > self.limits.memory_bytes {
            self.memory_refused = true;
            return Ok(false);
        }
        if maximum.is_none_or(|maximum| desired <= maximum) {
            self.memory_bytes = sum;
        }
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        MAX_CORE_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_CORE_INSTANCES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}
