//! The number of partitions of each member is balanced over all topics.

use std::collections::{BTreeMap, BTreeSet};

use klamm_model::TopicId;

use super::super::Partitions;
use super::share::share;
use super::{MemberSpec, partitions};

type Item = (TopicId, i32);

pub(super) fn assign(
    members: &BTreeMap<String, MemberSpec>,
    counts: &BTreeMap<TopicId, u32>,
) -> BTreeMap<String, Partitions> {
    let specs: Vec<&MemberSpec> = members.values().collect();
    let shares = match specs.first() {
        None => return BTreeMap::new(),
        Some(first) if specs.iter().all(|spec| spec.subscribed == first.subscribed) => {
            let items = items(&first.subscribed, counts);
            share(specs.len(), &items, &before(&specs, &items))
        }
        Some(_) => heterogeneous(&specs, counts),
    };
    members.keys().cloned().zip(shares.into_iter().map(by_topic)).collect()
}

fn items(topics: &BTreeSet<TopicId>, counts: &BTreeMap<TopicId, u32>) -> BTreeSet<Item> {
    let count = |topic: &TopicId| counts.get(topic).copied().unwrap_or(0);
    topics.iter().flat_map(|topic| partitions(count(topic)).map(|partition| (*topic, partition))).collect()
}

/// Who had each item, as long as it is subscribed to it.
fn before(specs: &[&MemberSpec], items: &BTreeSet<Item>) -> BTreeMap<Item, usize> {
    let mut before = BTreeMap::new();
    for (position, spec) in specs.iter().enumerate() {
        for (topic, partitions) in spec.before.iter().filter(|(topic, _)| spec.subscribed.contains(topic)) {
            for item in partitions.iter().map(|partition| (*topic, *partition)) {
                if items.contains(&item) {
                    before.entry(item).or_insert(position);
                }
            }
        }
    }
    before
}

fn by_topic(share: BTreeSet<Item>) -> Partitions {
    let mut partitions = Partitions::new();
    for (topic, partition) in share {
        partitions.entry(topic).or_default().insert(partition);
    }
    partitions
}

/// Members with different subscriptions: who had an item keeps it, free ones go to the subscriber that has least, and then
/// items move from members that have more to such that have at least two fewer, until there is none.
fn heterogeneous(specs: &[&MemberSpec], counts: &BTreeMap<TopicId, u32>) -> Vec<BTreeSet<Item>> {
    let all: BTreeSet<TopicId> = specs.iter().flat_map(|spec| spec.subscribed.iter().copied()).collect();
    let items = items(&all, counts);
    let kept = before(specs, &items);
    let mut shares = vec![BTreeSet::new(); specs.len()];
    for (item, position) in &kept {
        shares[*position].insert(*item);
    }
    let mut topics: Vec<(TopicId, Vec<usize>)> = all
        .into_iter()
        .map(|topic| {
            let subscribes = |position: &usize| specs[*position].subscribed.contains(&topic);
            (topic, (0..specs.len()).filter(subscribes).collect())
        })
        .collect();
    // Those with the fewest subscribers have the least choice.
    topics.sort_by_key(|(topic, subscribers)| (subscribers.len(), *topic));
    for (topic, subscribers) in &topics {
        for item in items.range((*topic, 0)..=(*topic, i32::MAX)).filter(|item| !kept.contains_key(item)) {
            if let Some(least) = subscribers.iter().min_by_key(|position| shares[**position].len()) {
                shares[*least].insert(*item);
            }
        }
    }
    // Each move makes the sum of the squares of the sizes smaller, so this ends.
    while topics.iter().fold(false, |moved, (topic, of)| even_out(&mut shares, *topic, of) || moved) {}
    shares
}

/// Moves items of a topic among its subscribers while that makes them more even; says whether one was moved.
fn even_out(shares: &mut [BTreeSet<Item>], topic: TopicId, subscribers: &[usize]) -> bool {
    let mut moved = false;
    loop {
        let last_of =
            |position: usize| shares[position].range((topic, 0)..=(topic, i32::MAX)).next_back().copied();
        let most = subscribers
            .iter()
            .rev()
            .filter_map(|position| Some((*position, last_of(*position)?)))
            .max_by_key(|(position, _)| shares[*position].len());
        let least = subscribers.iter().copied().min_by_key(|position| shares[*position].len());
        match (most, least) {
            (Some((most, item)), Some(least)) if shares[most].len() >= shares[least].len() + 2 => {
                shares[most].remove(&item);
                shares[least].insert(item);
                moved = true;
            }
            _ => return moved,
        }
    }
}
