//! What becomes of records that a plug-in fails on: what its binding says, of them and of no others.

use klamm_hostility::{Client, SteadyProducer, create_topic, create_topics, error};
use klamm_model::ErrorCode;
use klamm_plugin_host::Kind;
use klamm_rpc::plugin::OnFailure;
use klamm_wire::messages::produce::PartitionProduceResponse;

use crate::corpus::{self, Harm, Hostile};
use crate::world::{Metrics, World, send, stored, taken};
use crate::{RULES, alone, pause, settle};

const VALUES: [&str; 5] = ["good 0", "good 1", "poison 2", "good 3", "good 4"];

fn blamed(hostile: &Hostile) -> Vec<usize> {
    (0..VALUES.len()).filter(|at| hostile.harm == Harm::Every || VALUES[*at].starts_with('p')).collect()
}

fn topic_of(hostile: &Hostile, rule: &str) -> String {
    format!("{}-{rule}", hostile.name)
}

#[test]
fn a_record_that_a_plug_in_fails_on_gets_what_the_binding_says() {
    let _alone = alone();
    let world = World::new();
    let mut client = world.client();
    let steady = SteadyProducer::start(world.process().address());
    pause(std::time::Duration::from_secs(1));
    let before = world.process().memory_kib();
    steady.next_phase();
    let all = corpus::failing();
    let topics = |hostile| RULES.map(|(_, rule)| topic_of(hostile, rule));
    create_topics(&mut client, &all.iter().flat_map(topics).collect::<Vec<_>>(), &[]);
    for hostile in &all {
        world.push(hostile.name, &hostile.guest.component()).unwrap();
        for (rule, name) in RULES {
            let topic = topic_of(hostile, name);
            world.bind(&topic, hostile.kind, hostile.name, rule).unwrap();
            let answer = send(&mut client, &topic, &VALUES);
            follows_the_rule(&mut client, hostile, &topic, rule, &answer);
            tells_in_the_log(&world, hostile, &topic);
        }
    }
    let metrics = world.metrics();
    for hostile in &all {
        for (rule, name) in RULES {
            is_counted(&metrics, hostile, &topic_of(hostile, name), rule);
        }
    }
    println!("{} hostile plug-ins, each with {} rules", all.len(), RULES.len());
    settle(steady, &["alone", "beside hostile plug-ins"], &world.process(), before);
}

fn follows_the_rule(
    client: &mut Client,
    hostile: &Hostile,
    topic: &str,
    rule: OnFailure,
    answer: &PartitionProduceResponse,
) {
    let bad = blamed(hostile);
    let mut expected: Vec<(i64, &str)> = (0..).zip(VALUES).collect();
    let code = error(answer.error_code);
    match rule {
        OnFailure::Reject => {
            assert_eq!(code, ErrorCode::InvalidRecord, "{topic}: {:?}", answer.error_message);
            is_explained(hostile, topic, answer);
            expected.clear();
        }
        OnFailure::DeadLetter => {
            assert_eq!((code, answer.base_offset), (ErrorCode::None, 0), "{topic}");
            expected.retain(|(offset, _)| !bad.contains(&(*offset as usize)));
            is_quarantined(client, hostile, topic);
        }
        _ => assert_eq!((code, answer.base_offset), (ErrorCode::None, 0), "{topic}"),
    }
    let found = stored(client, topic);
    let found: Vec<(i64, &str)> =
        found.iter().map(|it| (it.offset, std::str::from_utf8(&it.value).unwrap())).collect();
    assert_eq!(found, expected, "{topic}");
    if rule != OnFailure::DeadLetter {
        assert_eq!(stored(client, &format!("{topic}.dlq")), [], "{topic}");
    }
    if hostile.harm == Harm::Poison {
        let next = if rule == OnFailure::Reject { 0 } else { VALUES.len() as i64 };
        assert_eq!(taken(client, topic, &["a good one"]), next, "{topic}");
    }
}

/// The producer hears which records it was, and why.
fn is_explained(hostile: &Hostile, topic: &str, answer: &PartitionProduceResponse) {
    let places: Vec<usize> = answer.record_errors.iter().map(|it| it.batch_index as usize).collect();
    assert_eq!(places, blamed(hostile), "{topic}");
    for record in &answer.record_errors {
        let reason = record.batch_index_error_message.as_deref().unwrap_or_default();
        let label = format!("{}@1", hostile.name);
        assert!(reason.contains(&label) && reason.contains(hostile.sentence), "{topic}: {reason}");
    }
}

/// The records are in quarantine as they were, with the reason.
fn is_quarantined(client: &mut Client, hostile: &Hostile, topic: &str) {
    let letters = stored(client, &format!("{topic}.dlq"));
    assert_eq!(letters.len(), blamed(hostile).len(), "{topic}: {letters:?}");
    for (letter, at) in letters.iter().zip(blamed(hostile)) {
        assert_eq!(letter.value, VALUES[at].as_bytes(), "{topic}");
        assert_eq!((letter.told("topic"), letter.told("offset")), (topic, at.to_string().as_str()));
        assert_eq!((letter.told("plugin"), letter.told("version")), (hostile.name, "1"));
        assert!(letter.told("reason").contains(hostile.sentence), "{topic}: {}", letter.told("reason"));
    }
}

/// The log says that it failed and why, unless the plug-in's own lines left no room for it.
fn tells_in_the_log(world: &World, hostile: &Hostile, topic: &str) {
    let lines = world.logs(topic);
    let told =
        lines.iter().any(|line| line.starts_with("failed on record") && line.contains(hostile.sentence));
    let flooded = || world.metrics().of(topic, "klamm_plugin_dropped_log_lines_total", None) > 0;
    assert!(told || flooded(), "{topic}: {lines:#?}");
    assert!(lines.len() <= 1_000 && lines.iter().all(|line| line.len() <= 1_024), "{topic}");
}

fn is_counted(metrics: &Metrics, hostile: &Hostile, topic: &str, rule: OnFailure) {
    let of = |name: &str, label| metrics.of(topic, name, label);
    let bad = blamed(hostile).len() as u64;
    assert_eq!(of("klamm_plugin_failed_records_total", None), bad, "{topic}");
    assert!(of("klamm_plugin_failures_total", Some(("cause", hostile.cause))) > 0, "{topic}");
    let verdict = |verdict| of("klamm_plugin_records_total", Some(("verdict", verdict)));
    let expected = match rule {
        OnFailure::DeadLetter => (bad, 0),
        OnFailure::Reject => (0, bad),
        _ => (0, 0),
    };
    assert_eq!((verdict("dead-lettered"), verdict("rejected")), expected, "{topic}");
    assert!(of("klamm_plugin_memory_high_water_bytes", None) <= 16 << 20, "{topic}");
}

#[test]
fn a_plug_in_that_always_fails_is_given_up() {
    let _alone = alone();
    let world = World::new();
    let mut client = world.client();
    world.push("useless", &corpus::useless().component()).unwrap();
    for (rule, topic) in RULES {
        create_topic(&mut client, topic, &[]);
        world.bind(topic, Kind::Filter, "useless", rule).unwrap();
        for _ in 0..5 {
            let expected = if rule == OnFailure::Reject { ErrorCode::InvalidRecord } else { ErrorCode::None };
            assert_eq!(error(send(&mut client, topic, &VALUES).error_code), expected, "{topic}");
        }
        let metrics = world.metrics();
        assert_eq!(metrics.of(topic, "klamm_plugin_breaker_open", None), 1, "{topic}");
        assert!(metrics.of(topic, "klamm_plugin_breaker_opened_total", None) > 0, "{topic}");
        let log = world.logs(topic);
        assert!(log.iter().any(|line| line.contains("its breaker is open")), "{topic}: {log:#?}");
    }
    // A second after it opened one batch is tried; none of the others is.
    let is_given_up = |answer: &PartitionProduceResponse| {
        let reasons = answer.record_errors.iter().map(|it| it.batch_index_error_message.as_deref());
        reasons.flatten().any(|reason| reason.contains("breaker is open"))
    };
    assert!((0..20).any(|_| is_given_up(&send(&mut client, "reject", &VALUES))));
    let letters = stored(&mut client, "dead-letter.dlq");
    assert_eq!(letters.len(), 5 * VALUES.len());
    assert_eq!(stored(&mut client, "pass").len(), 5 * VALUES.len());
    for (_, topic) in RULES {
        world.unbind(topic);
        taken(&mut client, topic, &["as if nothing had been"]);
    }
    world.process().check_log();
}
