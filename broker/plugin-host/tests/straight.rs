//! Plug-ins that do what they should.

mod common;

use common::{Records, bound, bound_with};
use klamm_plugin_host::guests::{Guest, accepting, on_byte};
use klamm_plugin_host::{Assignment, Budget, Change, Edit, Kind, Pace, Verdict};

#[test]
fn a_filter_gives_a_verdict_on_each_record() {
    let drop = "(call $act (local.get $out) (local.get $i) (i32.const 1))";
    let plugin = bound(Kind::Filter, &on_byte('d', drop));
    let records = Records::of(["good", "drop", "", "dropped too"]);
    let verdicts = plugin.check(&records.batch(), Budget::Full).unwrap();
    assert_eq!(verdicts, [Verdict::Accept, Verdict::Drop, Verdict::Accept, Verdict::Drop]);
    let figures = plugin.statistics().snapshot();
    assert_eq!((figures.calls, figures.batches, figures.records), (1, 1, 4));
    assert_eq!((figures.verdicts.accepted, figures.verdicts.dropped), (2, 2));
}

#[test]
fn reasons_are_the_plug_ins_own_or_say_that_there_is_none() {
    let reject = "(call $act (local.get $out) (local.get $i) (i32.const 2)) (call $note (local.get $out) (local.get $i))";
    let plugin = bound(Kind::Filter, &on_byte('r', reject));
    let records = Records::of(["r", "ok"]);
    let verdicts = plugin.check(&records.batch(), Budget::Full).unwrap();
    assert_eq!(verdicts, [Verdict::Reject("said so".to_owned()), Verdict::Accept]);
    let plugin =
        bound(Kind::Filter, &on_byte('r', "(call $act (local.get $out) (local.get $i) (i32.const 3))"));
    let verdicts = plugin.check(&records.batch(), Budget::Full).unwrap();
    assert_eq!(verdicts[0], Verdict::DeadLetter("guest@1.0.0 gave no reason".to_owned()));
}

#[test]
fn a_serializer_sets_values() {
    // Every value becomes the first two bytes of the blob that comes back, which is the topic's name.
    let body = "(local.set $out (call $changes))
        (i32.store offset=4 (local.get $out) (local.get $topic))
        (i32.store offset=8 (local.get $out) (local.get $topic_bytes))
        (call $set_value (local.get $out) (i32.const 1) (i32.const 2) (i32.const 4))
        (local.get $out)";
    let plugin = bound(Kind::Serializer, &Guest::serializer(body));
    let records = Records::of(["a", "b"]);
    let encoded = plugin.encode(&records.batch(), Budget::Full).unwrap();
    assert_eq!(encoded.blob, b"orders");
    assert_eq!(encoded.changes, [Change::KEEP, Change::Rewrite { key: Edit::Keep, value: Edit::Set(2..6) }]);
    let figures = plugin.statistics().snapshot();
    assert_eq!((figures.verdicts.accepted, figures.verdicts.rewritten), (1, 1));
}

#[test]
fn a_partitioner_chooses_or_leaves() {
    let body = "(local.set $out (call $partitions_out))
        (call $choose (local.get $out) (i32.const 0) (i32.sub (local.get $partitions) (i32.const 1)))
        (local.get $out)";
    let plugin = bound(Kind::Partitioner, &Guest::partitioner(body).wants(true, false, false));
    let records = Records::of(["a", "b"]);
    let assigned = plugin.assign(&records.batch(), 12, Budget::Full).unwrap();
    assert_eq!(assigned, [Assignment::Partition(11), Assignment::Keep]);
}

#[test]
fn an_instance_serves_many_batches_and_counts_as_fast() {
    let plugin = bound(Kind::Filter, &accepting());
    assert_eq!(plugin.pace(), Pace::Slow, "no history");
    let records = Records::of(["a"; 64]);
    for _ in 0..200 {
        let verdicts = plugin.check(&records.batch(), Budget::Full).unwrap();
        assert_eq!(verdicts.len(), 64);
    }
    let figures = plugin.statistics().snapshot();
    assert_eq!((figures.started_instances, figures.recycled_instances, figures.idle_instances), (1, 0, 1));
    assert_eq!(figures.time_buckets.iter().sum::<u64>(), 200);
}

#[test]
fn what_a_plug_in_logs_and_counts_can_be_read() {
    let body = "(call $log (i32.const 2) (i32.const 1024) (i32.const 7))
        (call $counter_add (i32.const 1024) (i32.const 4) (i64.const 5))
        (call $verdicts)";
    let plugin = bound(Kind::Filter, &Guest::filter(body));
    let records = Records::of(["a"]);
    for _ in 0..3 {
        plugin.check(&records.batch(), Budget::Full).unwrap();
    }
    let lines = plugin.statistics().log_since(1);
    assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["said so", "said so"]);
    assert_eq!(plugin.statistics().snapshot().counters["said"], 15);
}

#[test]
fn parameters_reach_init_sorted() {
    // The first parameter's name must be "a", and there must be two.
    let init = "(if (i32.ne (local.get $parameter_count) (i32.const 2)) (then unreachable))
        (if (i32.ne (i32.load8_u (i32.load (local.get $parameters))) (i32.const 97)) (then unreachable))";
    let guest = accepting().init(init);
    let plugin = bound_with(Kind::Filter, &guest, |binding| {
        binding.parameters.insert("z".to_owned(), "1".to_owned());
        binding.parameters.insert("a".to_owned(), "2".to_owned());
    });
    assert!(plugin.info().values);
}

#[test]
fn an_empty_batch_is_answered_without_a_call() {
    let plugin = bound(Kind::Filter, &accepting());
    assert_eq!(plugin.check(&Records::of([]).batch(), Budget::Inline), Ok(Vec::new()));
    assert_eq!(plugin.statistics().snapshot().calls, 0);
}
