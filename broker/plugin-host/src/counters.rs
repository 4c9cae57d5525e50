//! Counters that plug-ins keep.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// Counters of a binding.
const MAX_COUNTERS: usize = 64;
/// Longest name.
const MAX_NAME_BYTES: usize = 64;

/// The counters of a binding, by name.
#[derive(Default)]
pub(crate) struct Counters {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    values: BTreeMap<String, u64>,
    refused: u64,
}

impl Counters {
    /// Adds; a bad name, or one too many, is only counted.
    pub(crate) fn add(&self, name: &str, value: u64) {
        let mut state = self.state.lock();
        if let Some(sum) = state.values.get_mut(name) {
            *sum = sum.saturating_add(value);
        } else if is_name(name) && state.values.len() < MAX_COUNTERS {
            state.values.insert(name.to_owned(), value);
        } else {
            state.refused += 1;
        }
    }

    /// All of them.
    pub(crate) fn values(&self) -> BTreeMap<String, u64> {
        self.state.lock().values.clone()
    }

    /// Additions that went nowhere.
    pub(crate) fn refused(&self) -> u64 {
        self.state.lock().refused
    }
}

fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_add_up_and_stop_at_the_top() {
        let counters = Counters::default();
        counters.add("seen", 2);
        counters.add("seen", 3);
        counters.add("big", u64::MAX);
        counters.add("big", 1);
        assert_eq!(counters.values(), BTreeMap::from([("big".to_owned(), u64::MAX), ("seen".to_owned(), 5)]));
    }

    #[test]
    fn bad_names_and_too_many_are_refused() {
        let counters = Counters::default();
        for name in ["", "a b", "quote\"", "ä", &"n".repeat(65)] {
            counters.add(name, 1);
        }
        assert_eq!((counters.values().len(), counters.refused()), (0, 5));
        for number in 0..100 {
            counters.add(&format!("c{number}"), 1);
        }
        assert_eq!((counters.values().len(), counters.refused()), (64, 41));
    }
}
