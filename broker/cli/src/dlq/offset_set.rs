//! Sets of records, kept as ranges: most are long runs.

use std::collections::BTreeMap;

use super::letter_id::LetterId;

/// Records of a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct OffsetSet {
    /// For each partition, the last offset of each range by its first; ranges neither touch nor overlap.
    ranges: BTreeMap<i32, BTreeMap<i64, i64>>,
}

impl OffsetSet {
    /// Adds all from `first` to `last`, which is not below it.
    pub(super) fn add(&mut self, partition: i32, first: i64, last: i64) {
        let ranges = self.ranges.entry(partition).or_default();
        let (mut first, mut last) = (first, last);
        // All that begin no later than just behind it, from the back, until one ends before it.
        while let Some((&start, &end)) = ranges.range(..=last.saturating_add(1)).next_back() {
            if end < first.saturating_sub(1) {
                break;
            }
            ranges.remove(&start);
            (first, last) = (first.min(start), last.max(end));
        }
        ranges.insert(first, last);
    }

    /// Adds ranges of one partition.
    pub(super) fn add_all(&mut self, partition: i32, ranges: &[(i64, i64)]) {
        for (first, last) in ranges {
            self.add(partition, *first, *last);
        }
    }

    pub(super) fn contains(&self, id: LetterId) -> bool {
        let ranges = self.ranges.get(&id.partition);
        let before = ranges.and_then(|ranges| ranges.range(..=id.offset).next_back());
        before.is_some_and(|(_, last)| *last >= id.offset)
    }

    /// How many records both have.
    pub(super) fn common(&self, other: &OffsetSet) -> u64 {
        let mut count = 0;
        for (partition, first, last) in self.ranges() {
            let Some(others) = other.ranges.get(&partition) else { continue };
            let overlapping = others.range(..=last).rev().take_while(|(_, end)| **end >= first);
            count +=
                overlapping.map(|(start, end)| (last.min(*end) - first.max(*start) + 1) as u64).sum::<u64>();
        }
        count
    }

    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        self.ranges().map(|(_, first, last)| (last - first + 1) as u64).sum()
    }

    /// All ranges: partition, first, last.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (i32, i64, i64)> {
        self.ranges.iter().flat_map(|(&partition, ranges)| {
            ranges.iter().map(move |(&first, &last)| (partition, first, last))
        })
    }
}

impl FromIterator<LetterId> for OffsetSet {
    fn from_iter<I: IntoIterator<Item = LetterId>>(ids: I) -> OffsetSet {
        let mut set = OffsetSet::default();
        for id in ids {
            set.add(id.partition, id.offset, id.offset);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::OffsetSet;
    use crate::dlq::letter_id::LetterId;

    #[test]
    fn ranges_that_touch_become_one() {
        let mut set = OffsetSet::default();
        for (first, last) in [(5, 5), (1, 2), (7, 9), (3, 4)] {
            set.add(0, first, last);
        }
        set.add(1, 6, 6);
        assert_eq!(set.ranges().collect::<Vec<_>>(), [(0, 1, 5), (0, 7, 9), (1, 6, 6)]);
        set.add(0, 0, i64::MAX - 1);
        assert_eq!(set.ranges().collect::<Vec<_>>(), [(0, 0, i64::MAX - 1), (1, 6, 6)]);
    }

    proptest! {
        #[test]
        fn it_is_a_set(a in ranges(), b in ranges()) {
            let of = |ranges: &[(i64, i64)]| {
                let mut set = OffsetSet::default();
                set.add_all(0, ranges);
                let plain: BTreeSet<i64> = ranges.iter().flat_map(|(first, last)| *first..=*last).collect();
                (set, plain)
            };
            let ((a, plain_a), (b, plain_b)) = (of(&a), of(&b));
            for offset in 0..70 {
                prop_assert_eq!(a.contains(LetterId { partition: 0, offset }), plain_a.contains(&offset));
            }
            prop_assert_eq!(a.len(), plain_a.len() as u64);
            prop_assert_eq!(a.common(&b), plain_a.intersection(&plain_b).count() as u64);
            let elsewhere = a.contains(LetterId { partition: 1, offset: 3 });
            prop_assert!(!elsewhere);
        }
    }

    fn ranges() -> impl Strategy<Value = Vec<(i64, i64)>> {
        proptest::collection::vec(
            (0_i64..60, 0_i64..8).prop_map(|(first, more)| (first, first + more)),
            0..12,
        )
    }
}
