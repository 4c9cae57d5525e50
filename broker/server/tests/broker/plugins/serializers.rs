//! Serializers: what is stored instead of what came.

use klamm_records::{BuildOptions, Compression};

use std::time::{Duration, Instant};

use super::world::{World, at, said_so};
use crate::support::{batch, batch_of, create_topic};

#[test]
fn values_are_rewritten_in_every_codec() {
    for compression in Compression::ALL {
        let mut world = World::new();
        world.push("said-so", "1", &said_so());
        create_topic(&mut world.client, "orders", 1);
        world.bind("orders", "klamm.serializer", "said-so@1");
        let options = BuildOptions { compression, ..BuildOptions::default() };
        assert_eq!(world.taken("orders", 0, batch_of(options, &["kept", "secret", "kept too"])), 0);
        assert_eq!(world.values("orders", 0), at(&[(0, "kept"), (1, "said so"), (2, "kept too")]));
    }
}

#[test]
fn another_version_takes_over_between_two_batches() {
    let mut world = World::new();
    world.push("said-so", "1", &said_so());
    let nothing = klamm_plugin_host::guests::Guest::serializer("(call $changes)");
    world.push("said-so", "2", &nothing);
    create_topic(&mut world.client, "orders", 1);
    for (version, stored) in [("1", "said so"), ("2", "secret"), ("1", "said so")] {
        world.bind("orders", "klamm.serializer", &format!("said-so@{version}"));
        let offset = world.taken("orders", 0, batch(&["secret"]));
        assert!(world.values("orders", 0).contains(&(offset, stored.to_owned())), "version {version}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test asks again; nothing else runs here")]
fn a_new_version_that_only_fails_is_rolled_back() {
    let mut world = World::new();
    world.push("said-so", "1", &said_so());
    let broken = klamm_plugin_host::guests::Guest::serializer("unreachable");
    world.push("said-so", "2", &broken);
    create_topic(&mut world.client, "orders", 1);
    world.bind("orders", "klamm.serializer", "said-so@1");
    world.bind("orders", "klamm.serializer", "said-so@2");
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut sent = 0;
    loop {
        let offset = world.taken("orders", 0, batch(&["secret"]));
        sent += 1;
        if world.values("orders", 0).contains(&(offset, "said so".to_owned())) {
            break;
        }
        assert!(Instant::now() < deadline, "the broken version is still bound after {sent} records");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(sent > 5, "its breaker opens first");
    let quarantined = world.stored("orders.dlq", 0).len();
    assert_eq!(quarantined, sent - 1, "what it failed on is in quarantine");
}
