//! Plug-ins that fail after many calls, are slow, or answer more than they were given: no record suffers.

use klamm_hostility::{Answer, Client, SteadyProducer, create_topic, error, produce};
use klamm_model::ErrorCode;
use klamm_plugin_host::Kind;
use klamm_wire::ProduceResponse;
use klamm_wire::decode_response;

use crate::corpus;
use crate::world::{World, batch, send, stored};
use crate::{RULES, alone, settle};

/// Sends as many batches of one record, without waiting for answers: each must be taken.
fn flood(client: &mut Client, topic: &str, value: &[u8], count: usize) {
    let records = batch(&[value]);
    for _ in 0..count {
        let (_, frame) = client.frame(9, &produce(topic, records.clone()));
        client.send(&frame).unwrap();
    }
    for number in 0..count {
        let Answer::Frame(frame) = client.receive() else { panic!("{topic}: {number} is not answered") };
        let (_, mut response): (_, ProduceResponse) = decode_response(frame, 9).unwrap();
        let answer = response.responses.remove(0).partition_responses.remove(0);
        let expected = (ErrorCode::None, number as i64);
        assert_eq!((error(answer.error_code), answer.base_offset), expected, "{topic}: {answer:?}");
    }
}

#[test]
fn what_wears_out_or_is_slow_costs_no_record() {
    let _alone = alone();
    let world = World::new();
    let mut client = world.client();
    let steady = SteadyProducer::start(world.process().address());
    let before = world.process().memory_kib();
    let cases = [
        ("tired", corpus::tired(), 10, 1_005),
        ("leaking", corpus::leaking(), 64 << 10, 300),
        ("slow", corpus::slow(), 10, 20),
    ];
    for (name, guest, bytes, count) in cases {
        world.push(name, &guest.component()).unwrap();
        for (rule, rule_name) in RULES {
            let topic = format!("{name}-{rule_name}");
            create_topic(&mut client, &topic, &[]);
            // Slow is within the limit on any machine.
            world.bind_for(&topic, Kind::Filter, name, rule, 1_000).unwrap();
            flood(&mut client, &topic, &vec![b'x'; bytes], count);
            assert_eq!(stored(&mut client, &topic).len(), count, "{topic}");
            let metrics = world.metrics();
            let of = |name: &str, label| metrics.of(&topic, name, label);
            let accepted = of("klamm_plugin_records_total", Some(("verdict", "accepted")));
            assert_eq!((accepted, of("klamm_plugin_failed_records_total", None)), (count as u64, 0));
            // A leak is stopped before it comes to the limit.
            assert_eq!(of("klamm_plugin_failures_total", Some(("cause", "memory"))), 0, "{topic}");
            let recycled = of("klamm_plugin_recycled_instances_total", None);
            assert_eq!(recycled > 0, name != "slow", "{topic}: {recycled}");
            let memory = of("klamm_plugin_memory_high_water_bytes", None);
            assert!(memory <= 16 << 20, "{topic}: {memory}");
            let trapped = world.logs(&topic).iter().any(|line| line.contains("unreachable"));
            assert_eq!(trapped, name == "tired", "{topic}");
        }
    }
    settle(steady, &["beside plug-ins that wear out"], &world.process(), before);
}

#[test]
fn an_answer_of_overlapping_pieces_is_as_large_as_their_sum() {
    let _alone = alone();
    let world = World::new();
    let mut client = world.client();
    let before = world.process().memory_kib();
    let steady = SteadyProducer::start(world.process().address());
    world.push("overlapping", &corpus::overlapping().component()).unwrap();
    let values = ["x"; 64];
    for (topic, limit) in [("large", "8388608"), ("usual", "1048588")] {
        create_topic(&mut client, topic, &[("max.message.bytes", limit)]);
        world.bind(topic, Kind::Serializer, "overlapping", klamm_rpc::plugin::OnFailure::Reject).unwrap();
    }
    // In pieces that are allowed, it is done.
    assert_eq!(error(send(&mut client, "large", &values).error_code), ErrorCode::None);
    let found = stored(&mut client, "large");
    assert_eq!(found.len(), values.len());
    assert!(found.iter().all(|record| record.value.len() == 64 << 10));
    let refused = world.metrics().of("large", "klamm_plugin_failures_total", Some(("cause", "bad-answer")));
    assert!(refused > 0);
    // 4 MiB are more than the topic takes.
    assert_eq!(error(send(&mut client, "usual", &values).error_code), ErrorCode::MessageTooLarge);
    assert_eq!(stored(&mut client, "usual"), []);
    settle(steady, &["beside answers that overlap"], &world.process(), before);
}
