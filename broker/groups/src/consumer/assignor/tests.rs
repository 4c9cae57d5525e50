//! What holds for every assignment, and a few assignments that can be worked out by hand.

use std::collections::{BTreeMap, BTreeSet};

use klamm_model::TopicId;
use proptest::prelude::*;

use super::{Assignor, MemberSpec};
use crate::consumer::Partitions;

type Members = BTreeMap<String, MemberSpec>;

fn topic(number: u8) -> TopicId {
    TopicId::from_bytes([number; 16])
}

fn member(topics: &[u8], before: &[(u8, i32)]) -> MemberSpec {
    let mut spec =
        MemberSpec { subscribed: topics.iter().map(|t| topic(*t)).collect(), ..MemberSpec::default() };
    for (number, partition) in before {
        spec.before.entry(topic(*number)).or_default().insert(*partition);
    }
    spec
}

fn members(specs: Vec<MemberSpec>) -> Members {
    specs.into_iter().enumerate().map(|(number, spec)| (format!("m{number}"), spec)).collect()
}

fn counts(counts: &[(u8, u32)]) -> BTreeMap<TopicId, u32> {
    counts.iter().map(|(number, count)| (topic(*number), *count)).collect()
}

fn listed(assignment: &BTreeMap<String, Partitions>) -> Vec<Vec<(u8, i32)>> {
    let flat = |partitions: &Partitions| {
        partitions.iter().flat_map(|(t, p)| p.iter().map(|p| (t.to_bytes()[0], *p))).collect()
    };
    assignment.values().map(flat).collect()
}

fn size(partitions: &Partitions) -> usize {
    partitions.values().map(BTreeSet::len).sum()
}

#[test]
fn a_newcomer_gets_what_the_others_have_too_much() {
    for assignor in [Assignor::Uniform, Assignor::Range] {
        let all = [(1, 0), (1, 1), (1, 2), (1, 3)];
        let group = members(vec![member(&[1], &all), member(&[1], &[])]);
        let assignment = assignor.assign(&group, &counts(&[(1, 4)]));
        assert_eq!(listed(&assignment), [[(1, 0), (1, 1)], [(1, 2), (1, 3)]], "{assignor:?}");
    }
}

#[test]
fn more_members_than_partitions_leaves_some_without() {
    let group = members((0..5).map(|_| member(&[1], &[])).collect());
    let assignment = Assignor::Uniform.assign(&group, &counts(&[(1, 4)]));
    assert_eq!(listed(&assignment), [vec![(1, 0)], vec![(1, 1)], vec![(1, 2)], vec![(1, 3)], vec![]]);
}

#[test]
fn range_deals_topics_of_one_shape_alike_also_after_a_change() {
    let of_both = |partitions: &[i32]| -> Vec<(u8, i32)> {
        [1, 2].into_iter().flat_map(|t| partitions.iter().map(move |p| (t, *p))).collect()
    };
    let group = members(vec![
        member(&[1, 2], &of_both(&[0, 1, 2])),
        member(&[1, 2], &of_both(&[3, 4, 5])),
        member(&[1, 2], &[]),
    ]);
    let assignment = Assignor::Range.assign(&group, &counts(&[(1, 6), (2, 6)]));
    assert_eq!(listed(&assignment), [of_both(&[0, 1]), of_both(&[3, 4]), of_both(&[2, 5])]);
}

#[test]
fn who_has_more_to_choose_from_makes_room() {
    let group = members(vec![member(&[1], &[(1, 0), (1, 1), (1, 2)]), member(&[1, 2], &[(2, 0), (2, 1)])]);
    let assignment = Assignor::Uniform.assign(&group, &counts(&[(1, 4), (2, 2)]));
    assert_eq!(listed(&assignment), [vec![(1, 0), (1, 1), (1, 2)], vec![(1, 3), (2, 0), (2, 1)]]);
}

/// Members that subscribe to some of four topics and that had some partitions, no two of them the same.
fn some_members() -> impl Strategy<Value = (Members, BTreeMap<TopicId, u32>)> {
    let counts = prop::collection::vec(0_u32..9, 4);
    let subscriptions =
        prop_oneof![prop::collection::vec(Just(15_u8), 1..7), prop::collection::vec(0_u8..16, 1..7),];
    (counts, subscriptions, prop::collection::vec(0_usize..9, 40)).prop_map(
        |(sizes, subscriptions, had_by)| {
            let mut specs: Vec<MemberSpec> = subscriptions
                .iter()
                .map(|bits| {
                    let topics: Vec<u8> = (0..4).filter(|bit| bits & (1 << bit) != 0).collect();
                    member(&topics, &[])
                })
                .collect();
            for (slot, holder) in had_by.into_iter().enumerate() {
                let (number, partition) =
                    (u8::try_from(slot / 10).unwrap(), i32::try_from(slot % 10).unwrap());
                if let Some(spec) = specs.get_mut(holder) {
                    spec.before.entry(topic(number)).or_default().insert(partition);
                }
            }
            let numbered: Vec<(u8, u32)> = (0_u8..).zip(sizes).collect();
            (members(specs), self::counts(&numbered))
        },
    )
}

/// Each partition of a topic with subscribers has exactly one, who is a subscriber, and nobody has anything else.
fn assert_is_a_partition(
    group: &Members,
    counts: &BTreeMap<TopicId, u32>,
    given: &BTreeMap<String, Partitions>,
) {
    assert_eq!(given.keys().collect::<Vec<_>>(), group.keys().collect::<Vec<_>>());
    let mut seen = BTreeSet::new();
    for (name, partitions) in given {
        for (topic, partitions) in partitions {
            assert!(!partitions.is_empty());
            assert!(group[name].subscribed.contains(topic), "{name} is not subscribed");
            for partition in partitions {
                assert!(seen.insert((*topic, *partition)), "given twice");
            }
        }
    }
    let wanted: BTreeSet<(TopicId, i32)> = counts
        .iter()
        .filter(|(topic, _)| group.values().any(|spec| spec.subscribed.contains(topic)))
        .flat_map(|(topic, count)| super::partitions(*count).map(|partition| (*topic, partition)))
        .collect();
    assert_eq!(seen, wanted);
}

/// How many partitions stay with who had them.
fn kept(group: &Members, given: &BTreeMap<String, Partitions>, counts: &BTreeMap<TopicId, u32>) -> usize {
    let had = |name: &String, topic: &TopicId, partition: i32| {
        counts.contains_key(topic)
            && group[name].before.get(topic).is_some_and(|partitions| partitions.contains(&partition))
    };
    given
        .iter()
        .flat_map(|(name, partitions)| partitions.iter().map(move |(topic, p)| (name, topic, p)))
        .map(|(name, topic, p)| p.iter().filter(|partition| had(name, topic, **partition)).count())
        .sum()
}

/// The most that can be kept if all may have all and nobody may have two more than another.
fn most_to_keep(group: &Members, counts: &BTreeMap<TopicId, u32>) -> usize {
    let total: usize = group.values().next().unwrap().subscribed.iter().map(|t| counts[t] as usize).sum();
    let (least, mut more) = (total / group.len(), total % group.len());
    let mut kept = 0;
    for spec in group.values() {
        let valid =
            |t: &TopicId, p: i32| counts.get(t).is_some_and(|count| super::partitions(*count).contains(&p));
        let had: usize = spec.before.iter().map(|(t, p)| p.iter().filter(|p| valid(t, **p)).count()).sum();
        kept += had.min(least);
        if had > least && more > 0 {
            more -= 1;
            kept += 1;
        }
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_assignor_gives_each_partition_to_one_subscriber((group, counts) in some_members()) {
        for assignor in [Assignor::Uniform, Assignor::Range] {
            let given = assignor.assign(&group, &counts);
            assert_is_a_partition(&group, &counts, &given);
            prop_assert_eq!(&given, &assignor.assign(&group, &counts));
            // What was given once is not changed when nothing has changed.
            let mut again = group.clone();
            for (name, spec) in &mut again {
                spec.before = given[name].clone();
            }
            prop_assert_eq!(given, assignor.assign(&again, &counts), "{:?}", assignor);
        }
    }

    #[test]
    fn uniform_is_balanced_and_moves_as_little_as_that_allows((group, counts) in some_members()) {
        let given = Assignor::Uniform.assign(&group, &counts);
        let first = group.values().next().unwrap();
        if group.values().all(|spec| spec.subscribed == first.subscribed) {
            let sizes = given.values().map(size);
            prop_assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= 1);
            if first.subscribed.len() == 4 {
                prop_assert_eq!(kept(&group, &given, &counts), most_to_keep(&group, &counts));
            }
        }
        for (rich, partitions) in &given {
            for (poor, spec) in &group {
                let could_move = partitions.keys().any(|topic| spec.subscribed.contains(topic));
                prop_assert!(!could_move || size(partitions) <= size(&given[poor]) + 1, "{rich} to {poor}");
            }
        }
    }

    #[test]
    fn range_balances_each_topic((group, counts) in some_members()) {
        let given = Assignor::Range.assign(&group, &counts);
        for topic in counts.keys() {
            let of = |name: &String| given[name].get(topic).map_or(0, BTreeSet::len);
            let sizes: Vec<usize> =
                group.iter().filter(|(_, spec)| spec.subscribed.contains(topic)).map(|(name, _)| of(name)).collect();
            if let (Some(most), Some(least)) = (sizes.iter().max(), sizes.iter().min()) {
                prop_assert!(most - least <= 1, "{sizes:?}");
            }
        }
    }
}
