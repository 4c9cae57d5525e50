//! How long a call has run, in time that its thread really ran: a plug-in pays for what it does, not for what else the machine does.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, Timespec, clock_gettime};

/// The time between two ticks of the epoch.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// Time that the calling thread has run since it was started.
fn thread_time() -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(tv_sec as u64, tv_nsec as u32)
}

/// The clock of one call. Asking for a thread's time costs a system call, so that a call that ends within a tick never asks.
#[derive(Debug)]
pub(crate) struct CallClock {
    began: Instant,
    allowed: Duration,
    /// Since the first tick: the thread's time then, and what the call had run by then.
    ticked: Option<(Duration, Duration)>,
}

/// What is to happen at a tick.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AtTick {
    /// The time is up.
    Stop,
    /// Look again after so many ticks.
    GoOn(u64),
}

impl CallClock {
    /// Starts now; the call may run for `allowed`.
    pub(crate) fn start(allowed: Duration) -> CallClock {
        CallClock { began: Instant::now(), allowed, ticked: None }
    }

    /// What the call may run in all.
    pub(crate) const fn allowed(&self) -> Duration {
        self.allowed
    }

    /// What the call has run.
    pub(crate) fn ran(&self) -> Duration {
        match self.ticked {
            None => self.began.elapsed().min(2 * TICK),
            Some((thread, before)) => before + thread_time().saturating_sub(thread),
        }
    }

    /// The epoch ticked while the call was running.
    pub(crate) fn tick(&mut self) -> AtTick {
        if self.ticked.is_none() {
            self.ticked = Some((thread_time(), self.began.elapsed().min(TICK)));
        }
        let left = self.allowed.saturating_sub(self.ran());
        if left.is_zero() { AtTick::Stop } else { AtTick::GoOn(left.as_millis().max(1) as u64) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burn(time: Duration) {
        let began = thread_time();
        while thread_time() - began < time {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn running_uses_up_the_time_and_waiting_does_not() {
        let mut clock = CallClock::start(Duration::from_millis(20));
        assert!(matches!(clock.tick(), AtTick::GoOn(19..=20)));
        std::thread::park_timeout(Duration::from_millis(60));
        assert!(matches!(clock.tick(), AtTick::GoOn(10..=20)), "parked time doesn't count");
        burn(Duration::from_millis(21));
        assert_eq!(clock.tick(), AtTick::Stop);
        assert!(clock.ran() >= Duration::from_millis(21));
    }
}
