//! Batches that wait for each other: for their turn in a partition, or for a thread that has time for a slow plug-in.

use klamm_model::{ErrorCode, TopicId};
use klamm_plugin_host::guests::Guest;
use klamm_wire::messages::ProduceResponse;

use super::world::World;
use crate::support::{batch, create_topic, error, produce_to};

/// A filter that takes some tenths of a second to let everything pass.
fn slow() -> Guest {
    Guest::filter(
        "(local.set $out (call $verdicts))
         (loop $next
           (if (i32.lt_u (local.get $j) (i32.const 100000000)) (then
             (local.set $j (i32.add (local.get $j) (i32.const 1)))
             (br $next))))
         (local.get $out)",
    )
}

/// As many connections as there are places for slow batches. Each has a batch for the partition for which all wait, and behind it one
/// that gets its turn at once: its answer waits for the older one, but its place must not.
#[test]
fn a_batch_that_is_done_waits_with_its_answer_and_with_nothing_else() {
    let mut world = World::new();
    world.push("slow", "1", &slow());
    let connections = std::thread::available_parallelism().unwrap().get() as i32 + 1;
    create_topic(&mut world.client, "orders", connections + 1);
    world.bind("orders", "klamm.filters", "slow@1/deadline-ms:1000");
    let request = |partition| produce_to("orders", TopicId::ZERO, partition, -1, batch(&["a record"]));
    let mut first = world.broker.client();
    first.send(12, &request(0));
    let mut clients: Vec<_> = (0..connections).map(|_| world.broker.client()).collect();
    for (own, client) in (1..).zip(&mut clients) {
        client.send(12, &request(0));
        client.send(12, &request(own));
    }
    for client in &mut clients {
        for _ in 0..2 {
            let (_, answer): (_, ProduceResponse) = client.receive(12);
            assert_eq!(error(answer.responses[0].partition_responses[0].error_code), ErrorCode::None);
        }
    }
    first.receive::<ProduceResponse>(12);
    assert_eq!(world.values("orders", 0).len(), 1 + connections as usize);
}
