//! What is known of a place in which the newest of numbered writes counts, and whose writes may be cut off.

use std::fmt;

/// A committed offset, or the value of a key. Its writes are numbered from 1 in the order of sending; number 0 is the state
/// before all of them. One client writes at a time, and waits for the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    /// The newest write that is known to have been made.
    known: u64,
    /// Later ones, of which nobody knows.
    open: Vec<u64>,
    last: u64,
}

/// A register holds what it can't hold: an acknowledged write is lost, or taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    found: Option<u64>,
    expected: Register,
}

impl Register {
    /// The number of the next write; from now on it may have been made.
    pub fn begin(&mut self) -> u64 {
        self.last += 1;
        self.open.push(self.last);
        self.last
    }

    /// A write was answered as a success.
    pub fn acknowledged(&mut self, number: u64) {
        self.known = number;
        self.open.retain(|open| *open > number);
    }

    /// A write was refused, so it was not made.
    pub fn refused(&mut self, number: u64) {
        self.open.retain(|open| *open != number);
    }

    /// Whether a write with this number was ever sent.
    pub fn was_sent(&self, number: u64) -> bool {
        (1..=self.last).contains(&number)
    }

    /// Somebody looked, while no write was under way: what was found stays.
    ///
    /// # Errors
    /// If an acknowledged write isn't there.
    pub fn observed(&mut self, number: u64) -> Result<(), Stale> {
        if number != self.known && !self.open.contains(&number) {
            return Err(Stale { found: Some(number), expected: self.clone() });
        }
        self.known = number;
        self.open.clear();
        Ok(())
    }

    /// Somebody looked, while no write was under way, and found nothing: so the newest write was one that leaves nothing, as
    /// `leaves_nothing` tells.
    ///
    /// # Errors
    /// If an acknowledged write isn't there.
    pub fn observed_nothing(&mut self, leaves_nothing: impl Fn(u64) -> bool) -> Result<(), Stale> {
        let possible = self.open.iter().rev().chain([&self.known]).copied();
        let Some(number) = possible.into_iter().find(|number| *number == 0 || leaves_nothing(*number)) else {
            return Err(Stale { found: None, expected: self.clone() });
        };
        self.observed(number)
    }
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found {
            Some(found) => write!(f, "write {found} is there")?,
            None => write!(f, "nothing is there")?,
        }
        write!(
            f,
            ", write {} was known to be; unanswered since: {:?}",
            self.expected.known, self.expected.open
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register(acknowledged: u64, unanswered: u64) -> Register {
        let mut register = Register::default();
        for _ in 0..acknowledged {
            let number = register.begin();
            register.acknowledged(number);
        }
        (0..unanswered).for_each(|_| _ = register.begin());
        register
    }

    #[test]
    fn an_acknowledged_write_is_there_and_no_older_one() {
        let register = register(3, 0);
        assert_eq!(register.clone().observed(3), Ok(()));
        for wrong in [0, 1, 2, 4] {
            assert!(register.clone().observed(wrong).is_err(), "{wrong}");
        }
        let error = register.clone().observed_nothing(|_| false).unwrap_err();
        assert_eq!(error.to_string(), "nothing is there, write 3 was known to be; unanswered since: []");
    }

    #[test]
    fn an_unanswered_write_is_there_or_not_and_then_for_good() {
        for seen in [3, 4, 5] {
            let mut register = register(3, 2);
            assert_eq!(register.observed(seen), Ok(()));
            for other in 0..6 {
                assert_eq!(register.clone().observed(other).is_ok(), other == seen, "{seen} then {other}");
            }
            assert_eq!(register.begin(), 6, "numbers are not used again");
        }
    }

    #[test]
    fn a_refused_write_is_not_there() {
        let mut register = register(3, 1);
        register.refused(4);
        assert!(register.clone().observed(4).is_err());
        assert_eq!(register.observed(3), Ok(()));
    }

    #[test]
    fn nothing_is_found_only_after_a_write_that_leaves_nothing() {
        assert_eq!(register(0, 0).observed_nothing(|_| false), Ok(()));
        assert_eq!(register(3, 0).observed_nothing(|number| number == 3), Ok(()));
        let mut unanswered = register(3, 2);
        assert_eq!(unanswered.observed_nothing(|number| number == 4), Ok(()));
        assert!(unanswered.observed(3).is_err(), "it was overwritten");
        assert!(register(3, 2).observed_nothing(|number| number == 2).is_err());
    }
}
