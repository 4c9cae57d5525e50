//! Names that a request has more than once.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
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

/// The partitions asked for, each topic and each of its partitions once, in the order of the request.
pub(crate) fn partitions_once(
    topics: impl IntoIterator<Item = (String, Vec<i32>)>,
) -> Vec<(String, Vec<i32>)> {
    let mut merged: Vec<(String, Vec<i32>)> = Vec::new();
    let mut places = HashMap::new();
    for (topic, partitions) in topics {
        match places.entry(topic) {
            Entry::Occupied(place) => {
                let place: usize = *place.get();
                merged[place].1.extend(partitions);
            }
            Entry::Vacant(place) => {
                merged.push((place.key().clone(), partitions));
                place.insert(merged.len() - 1);
            }
        }
    }
    let each_once = |(topic, partitions)| (topic, once(partitions, |partition: &i32| *partition));
    merged.into_iter().map(each_once).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{duplicates, once, partitions_once};

    #[test]
    fn only_what_comes_twice() {
        assert_eq!(duplicates(["a", "b", "a", "c", "a"]), HashSet::from(["a"]));
        assert_eq!(duplicates(["a", "b"]), HashSet::new());
    }

    #[test]
    fn partitions_are_merged_by_topic() {
        let asked = [("b", vec![1, 1]), ("a", vec![]), ("b", vec![0, 1])];
        let merged = partitions_once(asked.map(|(topic, partitions)| (topic.to_owned(), partitions)));
        assert_eq!(merged, [("b".to_owned(), vec![1, 0]), ("a".to_owned(), vec![])]);
    }

    #[test]
    fn the_first_of_each_stays() {
        assert_eq!(once(vec!["a1", "b1", "a2"], |item| item.as_bytes()[0]), ["a1", "b1"]);
    }
}
