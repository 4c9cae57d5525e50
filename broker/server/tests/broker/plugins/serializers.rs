//! Serializers: what is stored instead of what came.

use klamm_records::{BuildOptions, Compression};

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
