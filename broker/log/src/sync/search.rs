//! How the tests called `races` search: the same orders on every machine, more of them on demand.

use std::env;

use shuttle::Runner;
use shuttle::scheduler::{PctScheduler, RandomScheduler};

/// Runs `race` under so many orders of its threads that are drawn at random, and as many in which threads have
/// priorities that change at three places (PCT, Burckhardt and others 2010: it finds what needs few but rare switches).
///
/// `KLAMM_RACES_TIMES` multiplies the number of orders and `KLAMM_RACES_SEED` draws others. A deadlock is a failure,
/// and so a wait that nobody ends is. On a failure shuttle prints the order as a text that `shuttle::replay` takes.
pub fn search(orders: usize, race: impl Fn() + Send + Sync + Clone + 'static) {
    let orders = orders * number("KLAMM_RACES_TIMES", 1) as usize;
    let seed = number("KLAMM_RACES_SEED", 1);
    let mut config = shuttle::Config::new();
    // Opening a log in a debug build takes more than shuttle's 32 KiB.
    config.stack_size = 256 * 1024;
    Runner::new(RandomScheduler::new_from_seed(seed, orders), config.clone()).run(race.clone());
    Runner::new(PctScheduler::new_from_seed(seed, 3, orders), config).run(race);
}

fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
