//! Names that a request has more than once.

use std::collections::HashSet;
use std::hash::Hash;

/// The items that come more than once. Kafka answers them with an error, once each, and does nothing for them,
/// because it can't know which of them is meant.
pub(crate) fn duplicates<T: Eq + Hash>(items: impl IntoIterator<Item = T>) -> HashSet<T> {
    let mut seen = HashSet::new();
    let mut twice = HashSet::new();
    for item in items {
        match seen.take(&item) {
            Some(first) => {
                seen.insert(first);
                twice.insert(item);
            }
            None => {
                seen.insert(item);
            }
        }
    }
    twice
}

/// The items without those that repeat an earlier one's key: what only reads answers each once, as a short request that
/// names one large topic a million times would else have an answer of gigabytes.
pub(crate) fn once<T, K: Eq + Hash>(mut items: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut seen = HashSet::new();
    items.retain(|item| seen.insert(key(item)));
    items
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{duplicates, once};

    #[test]
    fn only_what_comes_twice() {
        assert_eq!(duplicates(["a", "b", "a", "c", "a"]), HashSet::from(["a"]));
        assert_eq!(duplicates(["a", "b"]), HashSet::new());
    }

    #[test]
    fn the_first_of_each_stays() {
        assert_eq!(once(vec!["a1", "b1", "a2"], |item| item.as_bytes()[0]), ["a1", "b1"]);
    }
}
