//! Many histories, one for each seed.

use std::fmt::Display;

/// Which seeds a test tries: `count` of them, or as many as the environment's `variable` says (`20000`), or just the
/// one that it names (`#17`).
#[derive(Debug, Clone)]
pub struct Seeds {
    variable: &'static str,
    chosen: std::ops::Range<u64>,
}

impl Seeds {
    /// Reads the environment's `variable`, without which there are `count` seeds.
    #[expect(clippy::panic, reason = "a wish that can't be read must not look as if it was fulfilled")]
    pub fn of(variable: &'static str, count: u64) -> Seeds {
        let Ok(wish) = std::env::var(variable) else { return Seeds { variable, chosen: 0..count } };
        let parsed = match wish.strip_prefix('#') {
            Some(one) => one.parse().map(|seed: u64| seed..seed + 1),
            None => wish.parse().map(|count| 0..count),
        };
        match parsed {
            Ok(chosen) => Seeds { variable, chosen },
            Err(error) => panic!("{variable}={wish} is neither a number of seeds nor #seed: {error}"),
        }
    }

    /// Runs all; the first that fails fails the test, and the message says how to run just that one again.
    #[expect(clippy::panic, reason = "for tests")]
    pub fn check<T, E: Display>(&self, run: impl Fn(u64) -> Result<T, E>) {
        for seed in self.chosen.clone() {
            if let Err(violation) = run(seed) {
                panic!("seed {seed}: {violation}\nto run just this one again: {}='#{seed}'", self.variable);
            }
        }
    }
}

/// The first of `0..limit` whose run finds something wrong: how soon a bug that was planted is noticed.
pub fn first_failing<T, E>(limit: u64, run: impl Fn(u64) -> Result<T, E>) -> Option<(u64, E)> {
    (0..limit).find_map(|seed| Some((seed, run(seed).err()?)))
}
