//! Each topic is shared evenly among its subscribers, and topics of one shape alike.

use std::collections::{BTreeMap, BTreeSet};

use klamm_model::TopicId;

use super::super::Partitions;
use super::share::share;
use super::{MemberSpec, partitions};

/// Topics with as many partitions and the same subscribers, in the order of the members.
type Shapes<'a> = BTreeMap<(u32, Vec<&'a str>), Vec<TopicId>>;

pub(super) fn assign(
    members: &BTreeMap<String, MemberSpec>,
    counts: &BTreeMap<TopicId, u32>,
) -> BTreeMap<String, Partitions> {
    let mut assignment: BTreeMap<String, Partitions> =
        members.keys().map(|member| (member.clone(), Partitions::new())).collect();
    for ((count, subscribers), topics) in shapes(members, counts) {
        let items: BTreeSet<i32> = partitions(count).collect();
        let shares = share(subscribers.len(), &items, &majority(members, &subscribers, &topics));
        for (member, share) in subscribers.iter().zip(shares) {
            let Some(assigned) = assignment.get_mut(*member).filter(|_| !share.is_empty()) else { continue };
            assigned.extend(topics.iter().map(|topic| (*topic, share.clone())));
        }
    }
    assignment
}

fn shapes<'a>(members: &'a BTreeMap<String, MemberSpec>, counts: &BTreeMap<TopicId, u32>) -> Shapes<'a> {
    let mut order: Vec<(&String, &MemberSpec)> = members.iter().collect();
    // Static members first: their order outlasts their member ids.
    order.sort_by_key(|(member, spec)| (spec.instance_id.is_none(), &spec.instance_id, *member));
    let mut shapes = Shapes::new();
    for (topic, count) in counts {
        let subscribers: Vec<&str> = order
            .iter()
            .filter(|(_, spec)| spec.subscribed.contains(topic))
            .map(|(member, _)| member.as_str())
            .collect();
        if !subscribers.is_empty() {
            shapes.entry((*count, subscribers)).or_default().push(*topic);
        }
    }
    shapes
}

/// Who had a partition of these topics; if they differ, who had it in most of them.
fn majority(
    members: &BTreeMap<String, MemberSpec>,
    subscribers: &[&str],
    topics: &[TopicId],
) -> BTreeMap<i32, usize> {
    let mut votes: BTreeMap<i32, BTreeMap<usize, usize>> = BTreeMap::new();
    for (position, member) in subscribers.iter().enumerate() {
        let before = members.get(*member).map(|spec| &spec.before);
        for partition in
            topics.iter().filter_map(|topic| before.and_then(|before| before.get(topic))).flatten()
        {
            *votes.entry(*partition).or_default().entry(position).or_default() += 1;
        }
    }
    let most = |votes: BTreeMap<usize, usize>| {
        votes.into_iter().rev().max_by_key(|(_, count)| *count).map(|(position, _)| position)
    };
    votes.into_iter().filter_map(|(partition, votes)| Some((partition, most(votes)?))).collect()
}
