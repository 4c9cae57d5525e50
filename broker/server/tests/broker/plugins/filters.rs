//! Filters: what gets in, what is dropped, what is refused, what is quarantined.

use std::time::{Duration, Instant};

use klamm_model::{ErrorCode, PartitionIndex, ProducerId};
use klamm_records::{BuildOptions, Compression};

use super::world::{World, at, by_first_byte};
use crate::support::{batch, batch_of, create_topic, error, idempotent};

/// A topic whose records pass the filter.
fn filtered() -> World {
    let mut world = World::new();
    world.push("guard", "1", &by_first_byte());
    create_topic(&mut world.client, "orders", 1);
    world.bind("orders", "klamm.filters", "guard@1");
    world
}

#[test]
fn what_is_taken_out_leaves_the_offsets_that_producers_compute() {
    for compression in Compression::ALL {
        let mut world = filtered();
        let options = BuildOptions { compression, ..BuildOptions::default() };
        let records = batch_of(options, &["first", "dropped", "quarantined", "last"]);
        assert_eq!(world.taken("orders", 0, records), 0, "{compression}");
        assert_eq!(world.taken("orders", 0, batch(&["next"])), 4);
        assert_eq!(world.values("orders", 0), at(&[(0, "first"), (3, "last"), (4, "next")]));
        assert_eq!(world.values("orders.dlq", 0), at(&[(0, "quarantined")]));
    }
}

#[test]
fn a_batch_of_which_nothing_stays_keeps_its_place() {
    let mut world = filtered();
    assert_eq!(world.taken("orders", 0, batch(&["drop", "drop"])), 0);
    assert_eq!(world.taken("orders", 0, batch(&["next"])), 2);
    assert_eq!(world.values("orders", 0), at(&[(2, "next")]));
}

#[test]
fn a_dead_letter_says_where_it_was_to_go_and_why_it_did_not() {
    let mut world = filtered();
    world.taken("orders", 0, batch(&["ok", "ok"]));
    world.taken("orders", 0, idempotent(7, 0, 0, &["fine", "quarantined"]));
    let (_, value, headers) = world.stored("orders.dlq", 0).remove(0);
    assert_eq!(value, "quarantined");
    let header = |name: &str| {
        let name = format!("klamm.dlq.{name}");
        headers.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    };
    assert_eq!((header("topic"), header("partition"), header("offset")), ("orders", "0", "3"));
    assert_eq!((header("plugin"), header("version"), header("producer.id")), ("guard", "1", "7"));
    assert!(header("reason").contains("said so"), "{headers:?}");
    assert_eq!(header("digest").len(), 64);
    assert!(header("timestamp").parse::<i64>().is_ok());
}

#[test]
fn a_batch_that_is_refused_leaves_nothing_anywhere() {
    let mut world = filtered();
    let answer = world.produce("orders", 0, batch(&["fine", "quarantined", "refused"]));
    assert_eq!(error(answer.error_code), ErrorCode::InvalidRecord);
    assert_eq!(answer.record_errors.len(), 1, "{answer:?}");
    assert_eq!(answer.record_errors[0].batch_index, 2);
    let told = answer.record_errors[0].batch_index_error_message.clone().unwrap_or_default();
    assert!(told.contains("guard@1") && told.contains("said so"), "{told}");
    assert_eq!(world.taken("orders", 0, batch(&["next"])), 0);
    assert_eq!(world.taken("orders", 0, batch(&["quarantined"])), 1);
    assert_eq!(world.values("orders.dlq", 0), at(&[(0, "quarantined")]), "the refused batch's is not there");
}

#[test]
fn a_record_that_kills_the_filter_is_found_and_quarantined() {
    let mut world = filtered();
    assert_eq!(world.taken("orders", 0, batch(&["a", "b", "trap", "c"])), 0);
    assert_eq!(world.values("orders", 0), at(&[(0, "a"), (1, "b"), (3, "c")]));
    let (_, value, headers) = world.stored("orders.dlq", 0).remove(0);
    assert_eq!(value, "trap");
    let reason = headers.iter().find(|(key, _)| key == "klamm.dlq.reason").unwrap();
    assert!(reason.1.contains("guard@1"), "{reason:?}");
}

#[test]
fn a_retry_is_answered_with_its_place_and_doubles_nothing() {
    let mut world = filtered();
    let records = idempotent(7, 0, 0, &["first", "quarantined", "last"]);
    assert_eq!(world.taken("orders", 0, records.clone()), 0);
    assert_eq!(world.taken("orders", 0, records.clone()), 0);
    world.restart();
    assert_eq!(world.taken("orders", 0, records), 0);
    assert_eq!(world.taken("orders", 0, idempotent(7, 0, 3, &["next"])), 3);
    assert_eq!(world.values("orders", 0), at(&[(0, "first"), (2, "last"), (3, "next")]));
    assert_eq!(world.values("orders.dlq", 0), at(&[(0, "quarantined")]));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test asks again; nothing else runs here")]
fn nothing_is_acknowledged_while_a_bound_plugin_cannot_run_not_even_a_retry() {
    let mut world = filtered();
    let records = idempotent(7, 0, 0, &["first", "quarantined"]);
    world.taken("orders", 0, records.clone());
    world.broker.stop();
    std::fs::remove_dir_all(world.broker.options().data_dir.join("plugins")).unwrap();
    world.broker.start_again();
    world.client = world.broker.client();
    for records in [records.clone(), idempotent(7, 0, 2, &["more"])] {
        // The quarantine may have lost its part with the power: only the plug-in knows what it was.
        let answer = world.produce("orders", 0, records);
        assert_eq!(error(answer.error_code), ErrorCode::KafkaStorageError);
        let message = answer.error_message.unwrap();
        assert!(message.contains("guard@1"), "{message}");
    }
    world.push("guard", "1", &by_first_byte());
    // The topic takes it up a moment later; producers try again by themselves.
    let deadline = Instant::now() + Duration::from_secs(30);
    while error(world.produce("orders", 0, records.clone()).error_code) == ErrorCode::KafkaStorageError {
        assert!(Instant::now() < deadline, "the plug-in is there again");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(world.taken("orders", 0, records), 0);
    assert_eq!(world.taken("orders", 0, idempotent(7, 0, 2, &["more"])), 2);
    assert_eq!(world.values("orders", 0), at(&[(0, "first"), (2, "more")]));
    assert_eq!(world.values("orders.dlq", 0), at(&[(0, "quarantined")]));
}

#[test]
fn bindings_survive_a_restart_and_end_when_they_are_removed() {
    let mut world = filtered();
    world.restart();
    world.taken("orders", 0, batch(&["ok", "drop"]));
    world.bind("orders", "klamm.filters", "");
    world.taken("orders", 0, batch(&["drop"]));
    assert_eq!(world.values("orders", 0), at(&[(0, "ok"), (2, "drop")]));
}

#[test]
fn a_filter_in_the_shadow_changes_nothing() {
    let mut world = filtered();
    world.bind("orders", "klamm.filters", "guard@1/shadow:true");
    world.taken("orders", 0, batch(&["drop", "refused", "quarantined", "trap"]));
    let all = at(&[(0, "drop"), (1, "refused"), (2, "quarantined"), (3, "trap")]);
    assert_eq!(world.values("orders", 0), all);
}

#[test]
fn failures_do_what_the_binding_says() {
    let mut world = filtered();
    world.bind("orders", "klamm.filters", "guard@1/on-failure:pass");
    world.taken("orders", 0, batch(&["a", "trap"]));
    assert_eq!(world.values("orders", 0), at(&[(0, "a"), (1, "trap")]));
    world.bind("orders", "klamm.filters", "guard@1/on-failure:reject");
    let answer = world.produce("orders", 0, batch(&["a", "trap"]));
    assert_eq!(error(answer.error_code), ErrorCode::InvalidRecord);
    assert_eq!(answer.record_errors[0].batch_index, 1);
}

#[test]
fn without_acks_the_filter_counts_all_the_same() {
    let mut world = filtered();
    world.client.send(9, &crate::support::produce("orders", 0, batch(&["silent", "drop"])));
    // The next request of the connection queues behind it.
    assert_eq!(world.taken("orders", 0, batch(&["next"])), 2);
    assert_eq!(world.values("orders", 0), at(&[(0, "silent"), (2, "next")]));
}

#[test]
fn ids_that_only_the_broker_writes_with_are_refused() {
    let mut world = filtered();
    let id = ProducerId(7).derived(PartitionIndex(0)).unwrap();
    let answer = world.produce("orders", 0, idempotent(id.0, 0, 0, &["forged"]));
    assert_eq!(error(answer.error_code), ErrorCode::InvalidRecord);
}
