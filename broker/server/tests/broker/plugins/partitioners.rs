//! Partitioners: where records go, and that retries don't double them.

use super::world::{World, at, by_digit, by_first_byte, said_so};
use crate::support::{batch, create_topic, idempotent};

fn routed() -> World {
    let mut world = World::new();
    world.push("by-digit", "1", &by_digit());
    create_topic(&mut world.client, "orders", 3);
    world.bind("orders", "klamm.partitioner", "by-digit@1");
    world
}

#[test]
fn records_go_where_the_partitioner_says_and_the_rest_stays() {
    let mut world = routed();
    assert_eq!(
        world.taken("orders", 0, batch(&["1a", "stays", "2a", "0a", "1b", "7: no such partition"])),
        0
    );
    assert_eq!(world.taken("orders", 0, batch(&["1c"])), 6);
    assert_eq!(world.values("orders", 0), at(&[(1, "stays"), (3, "0a"), (5, "7: no such partition")]));
    assert_eq!(world.values("orders", 1), at(&[(0, "1a"), (1, "1b"), (2, "1c")]));
    assert_eq!(world.values("orders", 2), at(&[(0, "2a")]));
}

#[test]
fn retries_are_found_wherever_the_records_went() {
    let mut world = routed();
    let batches = [
        idempotent(7, 0, 0, &["1a", "0a", "2a"]),
        idempotent(7, 0, 3, &["1b", "1c"]),
        idempotent(7, 0, 5, &["0b"]),
    ];
    for (records, base_offset) in batches.iter().zip([0, 3, 5]) {
        assert_eq!(world.taken("orders", 0, records.clone()), base_offset);
    }
    world.restart();
    for (records, base_offset) in batches.iter().zip([0, 3, 5]) {
        assert_eq!(world.taken("orders", 0, records.clone()), base_offset, "a retry");
    }
    // The same producer by way of another partition is another series.
    assert_eq!(world.taken("orders", 2, idempotent(7, 0, 0, &["1d", "2b"])), 1);
    assert_eq!(world.values("orders", 0), at(&[(1, "0a"), (5, "0b")]));
    assert_eq!(world.values("orders", 1), at(&[(0, "1a"), (1, "1b"), (2, "1c"), (3, "1d")]));
    assert_eq!(world.values("orders", 2), at(&[(0, "2a"), (2, "2b")]));
}

#[test]
fn filters_come_first_then_the_serializer_then_the_partitioner() {
    let mut world = routed();
    world.push("guard", "1", &by_first_byte());
    world.push("said-so", "1", &said_so());
    world.bind("orders", "klamm.filters", "guard@1");
    world.bind("orders", "klamm.serializer", "said-so@1");
    world.taken("orders", 0, batch(&["1a", "drop", "secret", "quarantined", "0a"]));
    assert_eq!(world.values("orders", 0), at(&[(2, "said so"), (4, "0a")]));
    assert_eq!(world.values("orders", 1), at(&[(0, "1a")]));
    assert_eq!(world.values("orders.dlq", 0), at(&[(0, "quarantined")]));
}
