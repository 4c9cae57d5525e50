//! Plug-ins that do what they shouldn't: the host lives, the records get what the binding says, and the figures tell.

use std::time::Duration;

use crate::common::{Records, bound_with};
use klamm_plugin_host::guests::{Guest, on_byte};
use klamm_plugin_host::{
    Assignment, Binding, BreakerState, Budget, Change, Kind, OnFailure, Pace, Plugin, Snapshot, Verdict,
};

const TRAP: &str = "unreachable";
const FOR_EVER: &str = "(loop $for_ever (br $for_ever))";

/// A deadline that a machine which does much else doesn't blur.
fn patient(binding: &mut Binding) {
    binding.limits.deadline = Duration::from_millis(100);
}

fn figures(plugin: &Plugin) -> Snapshot {
    plugin.statistics().snapshot()
}

/// Checks 64 records, of which that at 40 makes the filter do `what`: all others pass, and that one doesn't.
fn isolates(what: &str, cause: &'static str, sentence: &str) -> Plugin {
    let plugin = bound_with(Kind::Filter, &on_byte('p', what), patient);
    let records = Records::poisoned(64, 40, "poison");
    let verdicts = plugin.check(&records.batch(), Budget::Full).unwrap();
    let accepted = verdicts.iter().filter(|verdict| **verdict == Verdict::Accept).count();
    let Verdict::DeadLetter(reason) = &verdicts[40] else { panic!("{verdicts:?}") };
    assert!(reason.starts_with("guest@1.0.0 ") && reason.contains(sentence), "{reason}");
    assert_eq!(accepted, 63, "{verdicts:?}");
    told_once(&plugin, &format!("failed on record 40 of 64 that were sent to partition 3: {sentence}"));
    let figures = figures(&plugin);
    assert!(figures.failures[cause] > 0, "{figures:?}");
    assert_eq!((figures.failed_records, figures.verdicts.dead_lettered), (1, 1));
    assert_eq!(figures.breaker, BreakerState::Closed);
    plugin
}

/// The log has this line once. One that the plug-in's own flood took is not there, and that is told too.
fn told_once(plugin: &Plugin, line: &str) {
    let log = plugin.statistics().log_since(0);
    let lines = log.iter().filter(|it| it.text.starts_with(line)).count();
    assert!(lines == 1 || figures(plugin).dropped_log_lines > 0, "{lines} of {line:?} in {log:#?}");
}

#[test]
fn a_trap_costs_one_record() {
    let plugin = isolates(TRAP, "trap", "trapped: wasm trap: wasm `unreachable` instruction executed");
    let log = plugin.statistics().log_since(0);
    assert!(log.iter().any(|line| line.text.contains("unreachable")), "the log tells where: {log:?}");
    assert!(figures(&plugin).recycled_instances > 0);
}

#[test]
fn an_endless_loop_costs_one_record() {
    let plugin = isolates(FOR_EVER, "deadline", "ran longer than its");
    assert_eq!(plugin.pace(), Pace::Slow);
}

#[test]
fn endless_recursion_costs_one_record() {
    let deep = "(drop (call $deep (i32.const 1)))";
    let items = "(func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))";
    let plugin = bound_with(Kind::Filter, &on_byte('p', deep).items(items), patient);
    let records = Records::poisoned(64, 0, "poison");
    let verdicts = plugin.check(&records.batch(), Budget::Full).unwrap();
    let Verdict::DeadLetter(reason) = &verdicts[0] else { panic!("{verdicts:?}") };
    assert!(reason.contains("call stack exhausted"), "{reason}");
    assert_eq!(figures(&plugin).failed_records, 1);
}

#[test]
fn a_memory_hog_costs_one_record() {
    let hog = "(loop $more (br_if $more (i32.ne (i32.const -1) (memory.grow (i32.const 16))))) unreachable";
    let plugin = isolates(hog, "memory", "wanted more memory than its 16 MiB");
    assert!(figures(&plugin).memory_high_water_bytes <= 16 << 20);
}

#[test]
fn an_error_that_is_returned_costs_one_record_and_no_instance() {
    let plugin = isolates("(return (call $error (i32.const 1)))", "error", "can't work on a record: said so");
    assert_eq!(figures(&plugin).recycled_instances, 0);
    isolates("(return (call $error (i32.const 2)))", "error", "can't work now: said so");
    let plugin = isolates("(return (call $error (i32.const 3)))", "error", "failed: said so");
    assert!(figures(&plugin).recycled_instances > 0);
}

#[test]
fn on_failure_decides() {
    let verdict = |rule| {
        let plugin = bound_with(Kind::Filter, &on_byte('p', TRAP), |binding| binding.on_failure = rule);
        plugin.check(&Records::poisoned(2, 1, "p").batch(), Budget::Full).unwrap().remove(1)
    };
    assert!(matches!(verdict(OnFailure::DeadLetter), Verdict::DeadLetter(_)));
    assert!(matches!(verdict(OnFailure::Reject), Verdict::Reject(_)));
    assert_eq!(verdict(OnFailure::Pass), Verdict::Accept);
}

#[test]
fn a_trap_at_the_thousandth_call_costs_no_record() {
    let body = "(if (i32.eq (call $calls) (i32.const 1000)) (then unreachable)) (call $verdicts)";
    let plugin = bound_with(Kind::Filter, &Guest::filter(body), patient);
    for count in [1, 64] {
        let records = Records::of(vec!["a"; count]);
        for _ in 0..1_005 {
            let verdicts = plugin.check(&records.batch(), Budget::Full).unwrap();
            assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Accept));
        }
    }
    let figures = figures(&plugin);
    assert_eq!((figures.failures["trap"], figures.recycled_instances, figures.failed_records), (2, 2, 0));
}

#[test]
fn a_leak_is_recycled_before_it_fails() {
    let plugin = bound_with(Kind::Filter, &Guest::filter("(call $verdicts)").leaking(), patient);
    let value = "x".repeat(64 << 10);
    let records = Records::of([value.as_str()]);
    for _ in 0..1_000 {
        assert_eq!(plugin.check(&records.batch(), Budget::Full).unwrap(), [Verdict::Accept]);
    }
    let figures = figures(&plugin);
    assert_eq!(figures.failures.values().sum::<u64>(), 0);
    assert!((3..10).contains(&figures.recycled_instances), "{figures:?}");
    assert!(figures.memory_high_water_bytes > 12 << 20);
}

#[test]
fn a_plug_in_that_only_fails_is_called_no_more() {
    let plugin = bound_with(Kind::Filter, &Guest::filter(TRAP), |_| {});
    let records = Records::of(["a", "b"]);
    for _ in 0..5 {
        let verdicts = plugin.check(&records.batch(), Budget::Full).unwrap();
        assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::DeadLetter(_))));
    }
    assert_eq!(figures(&plugin).breaker, BreakerState::Open);
    told_once(&plugin, "it failed too often: its breaker is open");
    let calls = figures(&plugin).calls;
    let Verdict::DeadLetter(reason) = &plugin.check(&records.batch(), Budget::Full).unwrap()[1] else {
        panic!()
    };
    assert!(reason.contains("breaker is open"), "{reason}");
    assert_eq!(figures(&plugin).calls, calls);
}

#[test]
fn an_inline_call_is_given_up_and_leaves_no_trace() {
    let plugin = bound_with(Kind::Filter, &on_byte('p', FOR_EVER), patient);
    let records = Records::poisoned(4, 2, "poison");
    for _ in 0..10 {
        assert!(plugin.check(&records.batch(), Budget::Inline).is_err());
    }
    let figures = figures(&plugin);
    assert_eq!((figures.over_budget, figures.batches, figures.failed_records), (10, 0, 0));
    assert_eq!(figures.failures.values().sum::<u64>(), 0);
    assert_eq!(plugin.statistics().log_since(0), []);
    assert_eq!((figures.breaker, plugin.pace()), (BreakerState::Closed, Pace::Slow));
    assert_eq!(plugin.check(&Records::of(["a"]).batch(), Budget::Full).unwrap(), [Verdict::Accept]);
}

/// A filter whose answer can't be used, for the reason that `sentence` gives.
fn bad_filter(guest: &Guest, cause: &'static str, sentence: &str) {
    let plugin = bound_with(Kind::Filter, guest, patient);
    let verdicts = plugin.check(&Records::of(["a", "b"]).batch(), Budget::Full).unwrap();
    for verdict in verdicts {
        let Verdict::DeadLetter(reason) = verdict else { panic!("{verdict:?}") };
        assert!(reason.contains(sentence), "{reason}");
    }
    assert!(figures(&plugin).failures[cause] > 0);
}

fn answer(change: &str) -> Guest {
    Guest::filter(&format!("(local.set $out (call $verdicts)) {change} (local.get $out)"))
}

#[test]
fn answers_of_filters_are_checked() {
    let count = "(i32.store offset=8 (local.get $out) (i32.const 0))";
    bad_filter(&answer(count), "bad-answer", "0 actions for 1 records");
    let outside = "(call $note (local.get $out) (i32.const 2))";
    bad_filter(&answer(outside), "bad-answer", "a note about record 2 of 1");
    let twice = "(call $note (local.get $out) (i32.const 0)) (i32.store offset=16 (local.get $out) (i32.const 2))
        (local.set $i (call $alloc (i32.const 24))) (memory.copy (local.get $i) (i32.load offset=12 (local.get $out)) (i32.const 12))
        (memory.copy (i32.add (local.get $i) (i32.const 12)) (local.get $i) (i32.const 12))
        (i32.store offset=12 (local.get $out) (local.get $i))";
    bad_filter(&answer(twice), "bad-answer", "two notes about record 0");
    bad_filter(&answer("(call $act (local.get $out) (i32.const 0) (i32.const 4))"), "trap", "trapped");
    bad_filter(&answer("(i32.store8 (local.get $out) (i32.const 2))"), "trap", "trapped");
}

#[test]
fn pointers_of_answers_are_checked() {
    bad_filter(&Guest::filter("(i32.const -4)"), "trap", "trapped");
    bad_filter(&Guest::filter("(i32.const 4097)"), "trap", "trapped");
    bad_filter(&answer("(i32.store offset=8 (local.get $out) (i32.const -1))"), "trap", "trapped");
    bad_filter(&answer("(i32.store offset=4 (local.get $out) (i32.const -1))"), "trap", "trapped");
    let note =
        "(call $note (local.get $out) (i32.const 0)) (local.set $i (i32.load offset=12 (local.get $out)))";
    let far = format!("{note} (i32.store offset=4 (local.get $i) (i32.const 0x7fffffff))");
    bad_filter(&answer(&far), "trap", "trapped");
    let not_utf8 = format!("{note} (i32.store (i32.const 1024) (i32.const 0xff))");
    bad_filter(&answer(&not_utf8), "trap", "trapped");
}

#[test]
fn a_giant_answer_is_not_read() {
    // 16,000 notes that all point to the same 8 MiB: 128 GiB, if they were read.
    let notes = "(if (i32.lt_u (memory.size) (i32.const 200)) (then (drop (memory.grow (i32.const 200)))))
        (local.set $j (call $alloc (i32.const 192000)))
        (loop $next
          (i32.store (i32.add (local.get $j) (i32.mul (local.get $i) (i32.const 12))) (local.get $i))
          (i32.store offset=4 (i32.add (local.get $j) (i32.mul (local.get $i) (i32.const 12))) (i32.const 1048576))
          (i32.store offset=8 (i32.add (local.get $j) (i32.mul (local.get $i) (i32.const 12))) (i32.const 8388608))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $i) (i32.const 16000))))
        (i32.store offset=12 (local.get $out) (local.get $j))
        (i32.store offset=16 (local.get $out) (i32.const 16000))";
    bad_filter(&answer(notes), "trap", "trapped");
}

/// A filter that gives the host `address` to write to, once `init` is done.
fn reallocating(address: &str) -> Guest {
    Guest::filter("(call $verdicts)")
        .items("(global $armed (mut i32) (i32.const 0))")
        .init("(global.set $armed (i32.const 1))")
        .realloc(&format!(
            "(if (result i32) (global.get $armed) (then {address}) (else (call $alloc_aligned (local.get $bytes))))"
        ))
}

#[test]
fn what_cabi_realloc_returns_is_checked() {
    for address in ["-16", "65536000", "3"] {
        bad_filter(&reallocating(&format!("(i32.const {address})")), "trap", "trapped");
    }
    bad_filter(&reallocating(&format!("{FOR_EVER} (i32.const 0)")), "deadline", "guest@1.0.0 ");
    bad_filter(&Guest::filter("(call $verdicts)").freeing(TRAP), "trap", "trapped");
}

#[test]
fn partitions_have_to_exist() {
    for partition in ["12", "-2", "0x7fffffff", "0x80000000"] {
        let body = format!(
            "(local.set $out (call $partitions_out)) (call $choose (local.get $out) (i32.const 0) (i32.const {partition})) (local.get $out)"
        );
        let plugin = bound_with(Kind::Partitioner, &Guest::partitioner(&body), |binding| {
            binding.on_failure = OnFailure::DeadLetter;
        });
        let assigned = plugin.assign(&Records::of(["a"]).batch(), 12, Budget::Full).unwrap();
        assert!(
            matches!(&assigned[0], Assignment::Refused(Verdict::DeadLetter(_))),
            "{partition}: {assigned:?}"
        );
    }
    let plugin = bound_with(Kind::Partitioner, &Guest::partitioner(TRAP), |_| {});
    let assigned = plugin.assign(&Records::of(["a"]).batch(), 12, Budget::Full).unwrap();
    assert_eq!(assigned, [Assignment::Keep], "a failing partitioner leaves records where they were");
}

#[test]
fn spans_of_serializers_are_checked() {
    let cases =
        [("0", "17"), ("16", "1"), ("-1", "1"), ("0", "-1"), ("0", "-2"), ("0x7fffffff", "0x7fffffff")];
    for (off, len) in cases {
        let body = format!(
            "(local.set $out (call $changes))
            (i32.store offset=4 (local.get $out) (i32.const 1024)) (i32.store offset=8 (local.get $out) (i32.const 16))
            (call $set_value (local.get $out) (i32.const 0) (i32.const {off}) (i32.const {len})) (local.get $out)"
        );
        let plugin = bound_with(Kind::Serializer, &Guest::serializer(&body), |_| {});
        let encoded = plugin.encode(&Records::of(["a"]).batch(), Budget::Full).unwrap();
        let Change::Refused(Verdict::DeadLetter(reason)) = &encoded.changes[0] else {
            panic!("{off} {len}: {encoded:?}")
        };
        assert!(reason.contains("a span of"), "{reason}");
        assert!(encoded.blob.is_empty());
    }
}

#[test]
fn overlapping_spans_count_each_time() {
    // 256 records, each set to the same 64 KiB: 16 MiB of answer for a blob of a 16th of that.
    let body = "(local.set $out (call $changes))
        (i32.store offset=4 (local.get $out) (i32.const 0)) (i32.store offset=8 (local.get $out) (i32.const 65536))
        (loop $next
          (call $set_value (local.get $out) (local.get $i) (i32.const 0) (i32.const 65536))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $i) (local.get $count))))
        (local.get $out)";
    let plugin = bound_with(Kind::Serializer, &Guest::serializer(body), patient);
    let records = Records::of(["a"; 256]);
    let encoded = plugin.encode(&records.batch(), Budget::Full).unwrap();
    assert_eq!(encoded.changes.len(), 256);
    assert!(figures(&plugin).failures["bad-answer"] > 0);
    let one = bound_with(Kind::Serializer, &Guest::serializer(body), patient);
    let encoded = one.encode(&Records::of(["a"; 8]).batch(), Budget::Full).unwrap();
    assert!(encoded.changes.iter().all(|change| matches!(change, Change::Rewrite { .. })), "{encoded:?}");
}

#[test]
fn a_wrong_kind_of_call_is_a_failure_like_others() {
    let plugin = bound_with(Kind::Filter, &Guest::filter("(call $verdicts)"), |_| {});
    let encoded = plugin.encode(&Records::of(["a"]).batch(), Budget::Full).unwrap();
    assert!(matches!(&encoded.changes[0], Change::Refused(Verdict::DeadLetter(_))));
    assert_eq!(figures(&plugin).failures["bad-input"], 1);
}

#[test]
fn a_flood_of_log_lines_is_cut_off() {
    let flood = "(loop $next (call $log (i32.const 0) (i32.const 65536) (i32.const 60000)) (br $next))";
    let plugin = isolates(flood, "deadline", "ran longer");
    let lines = plugin.statistics().log_since(0);
    assert!(lines.len() <= 1_000 && lines.iter().all(|line| line.text.len() <= 1024));
    assert!(figures(&plugin).dropped_log_lines > 0);
}

#[test]
fn threads_call_at_once() {
    let plugin = bound_with(Kind::Filter, &on_byte('p', TRAP), |binding| binding.limits.idle_instances = 2);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let plugin = &plugin;
            scope.spawn(move || {
                for number in 0..50 {
                    let records = Records::poisoned(16, (thread * 3 + number) % 16, "poison");
                    let verdicts = plugin.check(&records.batch(), Budget::Full).unwrap();
                    assert_eq!(verdicts.iter().filter(|it| **it == Verdict::Accept).count(), 15);
                }
            });
        }
    });
    let figures = figures(&plugin);
    assert_eq!((figures.batches, figures.failed_records), (200, 200));
    assert!(figures.idle_instances <= 2);
}
