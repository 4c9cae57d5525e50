//! What all members were told, for the one who measures.

use std::collections::{HashMap, HashSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Result;

/// Longer than any rebalance takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// What all members were told.
#[derive(Debug, Default)]
pub struct Board {
    state: Mutex<State>,
    /// Somebody was told something.
    told: Condvar,
    /// Somebody is to leave.
    leave: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Each member's generation or epoch, and how many partitions it reads.
    told: HashMap<usize, (i32, usize)>,
    leaving: HashSet<usize>,
    failed: Option<String>,
}

impl Board {
    /// A member was told its epoch and how many partitions it reads.
    pub fn told(&self, number: usize, epoch: i32, partitions: usize) {
        self.state().told.insert(number, (epoch, partitions));
        self.told.notify_all();
    }

    /// A member has ended, in order or not.
    pub fn gone(&self, number: usize, failed: Option<String>) {
        let mut state = self.state();
        state.told.remove(&number);
        state.leaving.remove(&number);
        if failed.is_some() {
            state.failed = failed;
        }
        self.told.notify_all();
    }

    /// A member is to leave.
    pub fn dismiss(&self, number: usize) {
        self.state().leaving.insert(number);
        self.leave.notify_all();
    }

    /// A member's time between two signs of life; whether it is to leave.
    pub fn rest(&self, number: usize, time: Duration) -> bool {
        let stays = |state: &mut State| !state.leaving.contains(&number);
        let waited = self.leave.wait_timeout_while(self.state(), time, stays);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.leaving.contains(&number)
    }

    /// Waits until there are so many members, all are in one epoch that is newer than `before`, and together they read all
    /// partitions; gives the epoch.
    pub fn wait(&self, members: usize, partitions: i32, before: i32) -> Result<i32> {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state();
        loop {
            if let Some(failed) = &state.failed {
                return Err(failed.clone().into());
            }
            if let Some(epoch) = state.at_rest(members, partitions as usize).filter(|epoch| *epoch > before) {
                return Ok(epoch);
            }
            if Instant::now() > deadline {
                return Err(format!("the group does not come to rest: {:?}", state.told).into());
            }
            let waited = self.told.wait_timeout(state, Duration::from_secs(1));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn at_rest(&self, members: usize, partitions: usize) -> Option<i32> {
        let mut told = self.told.values();
        let (epoch, first) = told.next()?;
        let others = told.try_fold(*first, |sum, (other, read)| (other == epoch).then_some(sum + read))?;
        (self.told.len() == members && others == partitions).then_some(*epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_at_rest_when_all_are_in_one_epoch_and_read_everything() {
        let board = Board::default();
        board.told(0, 3, 4);
        assert_eq!(board.wait(1, 4, 2).unwrap(), 3);
        let at_rest = |members| board.state().at_rest(members, 4);
        assert_eq!(at_rest(2), None, "one is missing");
        board.told(1, 4, 0);
        assert_eq!(at_rest(2), None, "two epochs");
        board.told(0, 4, 2);
        assert_eq!(at_rest(2), None, "nobody reads two of the partitions");
        board.told(1, 4, 2);
        assert_eq!(at_rest(2), Some(4));
        board.gone(1, Some("reason".to_owned()));
        assert_eq!(board.wait(1, 2, 0).unwrap_err().to_string(), "reason");
    }

    #[test]
    fn who_is_dismissed_rests_no_more() {
        let board = Board::default();
        assert!(!board.rest(7, Duration::ZERO));
        board.dismiss(7);
        assert!(board.rest(7, PATIENCE) && !board.rest(8, Duration::ZERO));
    }
}
