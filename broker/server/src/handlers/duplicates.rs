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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::duplicates;

    #[test]
    fn only_what_comes_twice() {
        assert_eq!(duplicates(["a", "b", "a", "c", "a"]), HashSet::from(["a"]));
        assert_eq!(duplicates(["a", "b"]), HashSet::new());
    }
}
