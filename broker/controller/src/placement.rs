//! Which brokers hold which partitions.

use std::collections::BTreeMap;

use klamm_model::BrokerId;

use crate::image::MetadataImage;
use crate::refusal::Refusal;

/// Places `partitions` partitions of `replicas` replicas each on the brokers that are not fenced.
///
/// Leaders go round the brokers, followers follow with a shift that grows each round (so that the load of a
/// broker that is lost spreads over all others), and neighbours in the round stand in different racks where
/// the racks allow it. `start` turns the round, so that many small topics don't all begin at the same broker.
pub(crate) fn place(
    image: &MetadataImage,
    partitions: usize,
    replicas: usize,
    start: usize,
) -> Result<Vec<Vec<BrokerId>>, Refusal> {
    let round = round_of_brokers(image);
    let brokers = round.len();
    if replicas > brokers || brokers == 0 {
        return Err(Refusal::TooFewBrokers { wanted: replicas, brokers });
    }
    let place_one = |partition: usize| {
        let leader = start.wrapping_add(partition);
        let shift = partition / brokers;
        (0..replicas)
            .filter_map(|replica| round.get(slot(leader, shift, replica, brokers)).copied())
            .collect()
    };
    Ok((0..partitions).map(place_one).collect())
}

/// The place of a partition's replica in the round. Different replicas of a partition get different places:
/// the followers take the `brokers - 1` places that are not the leader's, from a shifted one onwards.
fn slot(leader: usize, shift: usize, replica: usize, brokers: usize) -> usize {
    let leader = leader % brokers;
    if replica == 0 {
        return leader;
    }
    let step = 1 + (shift + replica - 1) % (brokers - 1).max(1);
    (leader + step) % brokers
}

/// The brokers, taking one of each rack in turn.
fn round_of_brokers(image: &MetadataImage) -> Vec<BrokerId> {
    let mut racks: BTreeMap<Option<&str>, Vec<BrokerId>> = BTreeMap::new();
    for broker in image.brokers().filter(|broker| !broker.fenced) {
        racks.entry(broker.rack.as_deref()).or_default().push(broker.id);
    }
    let deepest = racks.values().map(Vec::len).max().unwrap_or(0);
    (0..deepest).flat_map(|depth| racks.values().filter_map(move |rack| rack.get(depth).copied())).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use klamm_model::BrokerId;

    use super::place;
    use crate::Refusal;
    use crate::fixtures;

    fn ids(ids: &[i32]) -> Vec<BrokerId> {
        ids.iter().copied().map(BrokerId).collect()
    }

    #[test]
    fn one_broker_holds_everything() {
        let image = fixtures::image_of_brokers(&[(1, None)]);
        assert_eq!(place(&image, 2, 1, 5), Ok(vec![ids(&[1]), ids(&[1])]));
    }

    #[test]
    fn more_replicas_than_brokers_are_refused() {
        let image = fixtures::image_of_brokers(&[(1, None)]);
        assert_eq!(place(&image, 1, 3, 0), Err(Refusal::TooFewBrokers { wanted: 3, brokers: 1 }));
        let none = fixtures::image_of_brokers(&[]);
        assert_eq!(place(&none, 1, 1, 0), Err(Refusal::TooFewBrokers { wanted: 1, brokers: 0 }));
    }

    #[test]
    fn leaders_go_round_and_followers_shift() {
        let image = fixtures::image_of_brokers(&[(1, None), (2, None), (3, None)]);
        let expected = [[1, 2], [2, 3], [3, 1], [1, 3], [2, 1], [3, 2]];
        let placed = place(&image, 6, 2, 0).unwrap();
        assert_eq!(placed, expected.map(|pair| ids(&pair)));
    }

    #[test]
    fn replicas_are_spread_over_racks_and_brokers() {
        let racks = [(1, "a"), (2, "a"), (3, "b"), (4, "b"), (5, "c"), (6, "c")];
        let image = fixtures::image_of_brokers(&racks.map(|(id, rack)| (id, Some(rack))));
        let rack_of = BTreeMap::from(racks);
        let placed = place(&image, 12, 3, 1).unwrap();
        let mut led = BTreeMap::new();
        for replicas in &placed {
            let mut distinct = replicas.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), 3);
            *led.entry(replicas[0]).or_insert(0) += 1;
        }
        assert!(led.values().all(|count| *count == 2), "{led:?}");
        // The first round has no shift: neighbours are in three racks.
        for replicas in &placed[..6] {
            let mut seen: Vec<_> = replicas.iter().map(|id| rack_of[&id.0]).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 3, "{replicas:?}");
        }
    }
}
