//! Items shared evenly among members that may all have any of them.

use std::collections::{BTreeMap, BTreeSet};

/// Gives each item to one of `members` (which are not empty), so that no one has two more than another. Who had an item
/// (`before`: one of the positions of members) keeps it if that is possible; those that come first in order, and had more,
/// get the one more that some must have.
pub(super) fn share<I: Copy + Ord>(
    members: usize,
    items: &BTreeSet<I>,
    before: &BTreeMap<I, usize>,
) -> Vec<BTreeSet<I>> {
    let mut shares: Vec<BTreeSet<I>> = vec![BTreeSet::new(); members];
    for item in items {
        if let Some(share) = before.get(item).and_then(|position| shares.get_mut(*position)) {
            share.insert(*item);
        }
    }
    let quotas = quotas(&shares, items.len());
    let mut free: BTreeSet<I> =
        items.difference(&shares.iter().flatten().copied().collect()).copied().collect();
    for (share, quota) in shares.iter_mut().zip(&quotas) {
        while share.len() > *quota {
            free.extend(share.pop_last());
        }
    }
    deal(&mut shares, &quotas, free);
    shares
}

/// How many items each member is to have: those that have more than the others now may keep one more.
fn quotas<I>(shares: &[BTreeSet<I>], items: usize) -> Vec<usize> {
    let (least, mut more) = (items / shares.len(), items % shares.len());
    let mut quotas = vec![least; shares.len()];
    let rich = (0..shares.len()).filter(|position| shares[*position].len() > least);
    let others = (0..shares.len()).filter(|position| shares[*position].len() <= least);
    for position in rich.chain(others) {
        if more == 0 {
            break;
        }
        quotas[position] += 1;
        more -= 1;
    }
    quotas
}

/// Deals free items in rounds, so that a topic spreads over the members.
fn deal<I: Ord>(shares: &mut [BTreeSet<I>], quotas: &[usize], free: BTreeSet<I>) {
    let mut position = 0;
    for item in free {
        while shares[position].len() >= quotas[position] {
            position = (position + 1) % shares.len();
        }
        shares[position].insert(item);
        position = (position + 1) % shares.len();
    }
}
