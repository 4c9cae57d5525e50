//! Stops calling a plug-in that only fails. Pure: `now` comes in.

use std::time::{Duration, Instant};

/// Failures older than this are forgotten.
const WINDOW: Duration = Duration::from_secs(30);
/// So many open it.
const FAILURES: usize = 5;
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls are made.
    Closed,
    /// No call is made.
    Open,
    /// One call is made, to see.
    HalfOpen,
}

/// What a batch may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Call the plug-in.
    Call,
    /// Don't: the breaker is open.
    Refuse,
}

/// How a batch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The plug-in answered for at least one record, or for all after a second try.
    Worked,
    /// It failed on every record.
    Failed,
    /// It was given up before it came to an end, and says nothing.
    GivenUp,
}

/// Opens after five batches in 30 s that failed as a whole, with none in between that didn't, or after five batches in 30 s that hit the
/// deadline. Half-opens after a second, then two, up to a minute.
#[derive(Debug)]
pub(crate) struct Breaker {
    state: State,
    /// Batches that failed since the last that didn't; the newest last.
    failed: Vec<Instant>,
    /// Batches that hit the deadline.
    late: Vec<Instant>,
    backoff: Duration,
    opened: u64,
}

#[derive(Debug)]
enum State {
    Closed,
    Open {
        until: Instant,
    },
    /// A batch is under way that decides.
    Probing,
}

impl Breaker {
    pub(crate) const fn new() -> Breaker {
        Breaker {
            state: State::Closed,
            failed: Vec::new(),
            late: Vec::new(),
            backoff: FIRST_BACKOFF,
            opened: 0,
        }
    }

    /// A batch wants to be worked on.
    pub(crate) fn admit(&mut self, now: Instant) -> Admission {
        match self.state {
            State::Closed => Admission::Call,
            State::Open { until } if now >= until => {
                self.state = State::Probing;
                Admission::Call
            }
            State::Open { .. } | State::Probing => Admission::Refuse,
        }
    }

    /// A batch that was admitted ended; `late` if it hit the deadline.
    pub(crate) fn ended(&mut self, now: Instant, outcome: Outcome, late: bool) {
        if matches!(self.state, State::Probing) {
            return self.probed(now, outcome, late);
        }
        if late {
            note(&mut self.late, now);
        }
        match outcome {
            Outcome::Worked => self.failed.clear(),
            Outcome::Failed => note(&mut self.failed, now),
            Outcome::GivenUp => {}
        }
        let tripped = self.failed.len() >= FAILURES || self.late.len() >= FAILURES;
        if tripped && matches!(self.state, State::Closed) {
            self.open(now);
        }
    }

    /// How often it opened, after being closed or half-open.
    pub(crate) const fn opened(&self) -> u64 {
        self.opened
    }

    pub(crate) fn state(&self, now: Instant) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { until } if now < until => BreakerState::Open,
            State::Open { .. } | State::Probing => BreakerState::HalfOpen,
        }
    }

    fn probed(&mut self, now: Instant, outcome: Outcome, late: bool) {
        match outcome {
            Outcome::Worked if !late => *self = Breaker { opened: self.opened, ..Breaker::new() },
            Outcome::Worked | Outcome::Failed => self.open(now),
            // The next one may try at once.
            Outcome::GivenUp => self.state = State::Open { until: now },
        }
    }

    fn open(&mut self, now: Instant) {
        self.state = State::Open { until: now + self.backoff };
        self.backoff = (self.backoff * 2).min(LONGEST_BACKOFF);
        self.failed.clear();
        self.late.clear();
        self.opened += 1;
    }
}

/// Adds `now`, and forgets what is older than the window.
fn note(times: &mut Vec<Instant>, now: Instant) {
    times.retain(|&time| now.saturating_duration_since(time) < WINDOW);
    times.push(now);
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bench {
        breaker: Breaker,
        now: Instant,
    }

    impl Bench {
        fn new() -> Bench {
            Bench { breaker: Breaker::new(), now: Instant::now() }
        }

        fn after(&mut self, seconds: u64) -> &mut Bench {
            self.now += Duration::from_secs(seconds);
            self
        }

        fn batch(&mut self, outcome: Outcome, late: bool) -> Admission {
            let admission = self.breaker.admit(self.now);
            if admission == Admission::Call {
                self.breaker.ended(self.now, outcome, late);
            }
            admission
        }

        fn fails(&mut self, times: usize) -> &mut Bench {
            for _ in 0..times {
                assert_eq!(self.batch(Outcome::Failed, false), Admission::Call);
            }
            self
        }

        fn state(&self) -> BreakerState {
            self.breaker.state(self.now)
        }
    }

    #[test]
    fn five_failures_in_a_row_open_it() {
        let mut bench = Bench::new();
        assert_eq!(bench.fails(4).state(), BreakerState::Closed);
        assert_eq!(bench.fails(1).state(), BreakerState::Open);
        assert_eq!(bench.batch(Outcome::Worked, false), Admission::Refuse);
    }

    #[test]
    fn a_batch_that_worked_or_time_makes_failures_forgotten() {
        let mut bench = Bench::new();
        bench.fails(4).batch(Outcome::Worked, false);
        assert_eq!(bench.fails(4).state(), BreakerState::Closed);
        assert_eq!(bench.after(30).fails(4).state(), BreakerState::Closed);
        bench.batch(Outcome::GivenUp, false);
        assert_eq!(bench.fails(1).state(), BreakerState::Open);
    }

    #[test]
    fn five_late_batches_open_it_though_others_work() {
        let mut bench = Bench::new();
        for _ in 0..4 {
            bench.batch(Outcome::Worked, true);
            bench.batch(Outcome::Worked, false);
        }
        assert_eq!(bench.state(), BreakerState::Closed);
        bench.batch(Outcome::Worked, true);
        assert_eq!(bench.state(), BreakerState::Open);
    }

    #[test]
    fn it_half_opens_later_and_later_and_closes_when_a_batch_works() {
        let mut bench = Bench::new();
        bench.fails(5);
        for backoff in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(bench.after(backoff - 1).state(), BreakerState::Open, "{backoff}");
            assert_eq!(bench.after(1).state(), BreakerState::HalfOpen);
            bench.fails(1);
        }
        bench.after(60).batch(Outcome::Worked, false);
        assert_eq!(bench.state(), BreakerState::Closed);
        assert_eq!(bench.breaker.opened(), 9);
        assert_eq!(bench.fails(5).after(1).state(), BreakerState::HalfOpen, "the backoff starts anew");
    }

    #[test]
    fn one_batch_at_a_time_probes() {
        let mut bench = Bench::new();
        bench.fails(5).after(1);
        assert_eq!(bench.breaker.admit(bench.now), Admission::Call);
        assert_eq!(bench.breaker.admit(bench.now), Admission::Refuse);
        bench.breaker.ended(bench.now, Outcome::GivenUp, false);
        assert_eq!(
            bench.breaker.admit(bench.now),
            Admission::Call,
            "a probe that was given up leaves its place"
        );
        bench.breaker.ended(bench.now, Outcome::Worked, true);
        assert_eq!(bench.state(), BreakerState::Open, "a late probe doesn't close it");
    }
}
