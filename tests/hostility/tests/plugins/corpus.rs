//! Plug-ins that mean harm.
//!
//! Most do so where a record starts with `p`, so that a test sees whether the others get what they should.

use klamm_plugin_host::Kind;
use klamm_plugin_host::guests::Guest;

const TRAP: &str = "unreachable";
const FOR_EVER: &str = "(loop $for_ever (br $for_ever))";
/// All the memory that there is.
const HOG: &str =
    "(loop $more (br_if $more (i32.ne (i32.const -1) (memory.grow (i32.const 16))))) unreachable";
/// 16,000 notes that all point to the same 8 MiB: 128 GiB, if they were read.
const NOTES: &str = "(if (i32.lt_u (memory.size) (i32.const 200)) (then (drop (memory.grow (i32.const 200)))))
    (local.set $j (call $alloc (i32.const 192000)))
    (local.set $i (i32.const 0))
    (loop $note
      (i32.store (i32.add (local.get $j) (i32.mul (local.get $i) (i32.const 12))) (local.get $i))
      (i32.store offset=4 (i32.add (local.get $j) (i32.mul (local.get $i) (i32.const 12))) (i32.const 1048576))
      (i32.store offset=8 (i32.add (local.get $j) (i32.mul (local.get $i) (i32.const 12))) (i32.const 8388608))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $note (i32.lt_u (local.get $i) (i32.const 16000))))
    (i32.store offset=12 (local.get $out) (local.get $j))
    (i32.store offset=16 (local.get $out) (i32.const 16000))
    (return (local.get $out))";
const FLOOD: &str = "(loop $next (call $log (i32.const 0) (i32.const 65536) (i32.const 60000)) (br $next))";

/// On which records a plug-in fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// Those that start with `p`.
    Poison,
    /// All.
    Every,
}

/// A plug-in that fails.
#[derive(Debug, Clone)]
pub struct Hostile {
    pub name: &'static str,
    pub kind: Kind,
    pub guest: Guest,
    pub harm: Harm,
    /// As `klamm_plugin_failures_total` has it.
    pub cause: &'static str,
    /// What people are told.
    pub sentence: &'static str,
}

/// Plug-ins each of which fails in its own way.
pub fn failing() -> Vec<Hostile> {
    [stopped(), wrong_answers(), wrong_pointers(), partitioners(), serializers()].concat()
}

/// One of [`failing`].
pub fn by_name(name: &str) -> Hostile {
    failing().into_iter().find(|hostile| hostile.name == name).unwrap()
}

fn filter(name: &'static str, then: &str, cause: &'static str, sentence: &'static str) -> Hostile {
    let guest = on_poison(Kind::Filter, then);
    Hostile { name, kind: Kind::Filter, guest, harm: Harm::Poison, cause, sentence }
}

/// Those that the host has to stop.
fn stopped() -> Vec<Hostile> {
    let items = "(func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))";
    let deep = filter("recursion", "(drop (call $deep (i32.const 1)))", "trap", "call stack exhausted");
    vec![
        filter("trap", TRAP, "trap", "unreachable"),
        filter("endless-loop", FOR_EVER, "deadline", "ran longer than its"),
        Hostile { guest: deep.guest.clone().items(items), ..deep },
        filter("memory-hog", HOG, "memory", "wanted more memory than its 16 MiB"),
        filter("giant-answer", NOTES, "trap", "trapped"),
        filter("log-flood", FLOOD, "deadline", "ran longer than its"),
        filter("error", "(return (call $error (i32.const 1)))", "error", "can't work on a record: said so"),
        filter("fatal-error", "(return (call $error (i32.const 3)))", "error", "failed: said so"),
    ]
}

/// Those whose answer makes no sense.
fn wrong_answers() -> Vec<Hostile> {
    let count = |count: &str| format!("(i32.store offset=8 (local.get $out) (i32.const {count}))");
    let note = "(call $note (local.get $out) (i32.const 1000))";
    let action = "(call $act (local.get $out) (local.get $i) (i32.const 9))";
    vec![
        filter("too-few", &count("0"), "bad-answer", "0 actions for 1 records"),
        filter("too-many", &count("100"), "bad-answer", "100 actions for 1 records"),
        filter("note-outside", note, "bad-answer", "a note about record 1000 of 1"),
        filter("unknown-action", action, "trap", "trapped"),
    ]
}

/// Those whose answer points to where nothing is.
fn wrong_pointers() -> Vec<Hostile> {
    let note =
        "(call $note (local.get $out) (i32.const 0)) (local.set $j (i32.load offset=12 (local.get $out)))";
    let far = format!("{note} (i32.store offset=4 (local.get $j) (i32.const 0x7fffffff))");
    let not_utf8 = format!("{note} (i32.store (i32.const 1024) (i32.const 0xff))");
    let every = |hostile: Hostile, guest| Hostile { guest, harm: Harm::Every, ..hostile };
    let freeing = Guest::filter("(call $verdicts)").freeing(TRAP);
    vec![
        filter("huge-list", "(i32.store offset=8 (local.get $out) (i32.const -1))", "trap", "trapped"),
        filter("negative-pointer", "(return (i32.const -4))", "trap", "trapped"),
        filter("far-reason", &far, "trap", "trapped"),
        filter("not-utf8", &not_utf8, "trap", "trapped"),
        every(filter("realloc-outside", "", "trap", "trapped"), reallocating("(i32.const 65536000)")),
        every(
            // It is stopped at the first record or at all: there may be no time left for the others.
            filter("realloc-endless", "", "deadline", ""),
            reallocating(&format!("{FOR_EVER} (i32.const 0)")),
        ),
        every(filter("trap-when-freeing", "", "trap", "unreachable"), freeing),
    ]
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

fn partitioners() -> Vec<Hostile> {
    let to = |name, partition: &str, sentence| {
        let then = format!("(call $choose (local.get $out) (local.get $i) (i32.const {partition}))");
        let guest = on_poison(Kind::Partitioner, &then);
        Hostile { name, kind: Kind::Partitioner, guest, harm: Harm::Poison, cause: "bad-answer", sentence }
    };
    vec![
        to("partition-outside", "1", "partition 1 for record 0, of 1 partitions"),
        to("partition-negative", "-2", "partition -2 for record 0, of 1 partitions"),
        to("partition-least", "0x80000000", "partition -2147483648 for record 0, of 1 partitions"),
    ]
}

fn serializers() -> Vec<Hostile> {
    let to = |name, off: &str, len: &str, sentence| {
        let then = format!(
            "(i32.store offset=4 (local.get $out) (i32.const 1024)) (i32.store offset=8 (local.get $out) (i32.const 16))
             (call $set_value (local.get $out) (local.get $i) (i32.const {off}) (i32.const {len}))"
        );
        let guest = on_poison(Kind::Serializer, &then);
        Hostile { name, kind: Kind::Serializer, guest, harm: Harm::Poison, cause: "bad-answer", sentence }
    };
    let giant = "(if (i32.lt_u (memory.size) (i32.const 200)) (then (drop (memory.grow (i32.const 180)))))
        (i32.store offset=4 (local.get $out) (i32.const 0)) (i32.store offset=8 (local.get $out) (i32.const 8388608))
        (call $set_value (local.get $out) (local.get $i) (i32.const 0) (i32.const 8388608))";
    vec![
        to("span-outside", "0", "17", "a span of 17 bytes from 0"),
        to("span-huge", "0x7fffffff", "0x7fffffff", "a span of 2147483647 bytes"),
        to("span-negative", "-1", "1", "a span of 1 bytes from 4294967295"),
        Hostile {
            name: "giant-value",
            kind: Kind::Serializer,
            guest: on_poison(Kind::Serializer, giant),
            harm: Harm::Poison,
            cause: "trap",
            sentence: "trapped",
        },
    ]
}

/// Does `then` for each record whose value starts with `p`; all others pass as they are. `$out` is the answer.
fn on_poison(kind: Kind, then: &str) -> Guest {
    let answer = match kind {
        Kind::Partitioner => "(call $partitions_out)",
        Kind::Serializer => "(call $changes)",
        _ => "(call $verdicts)",
    };
    let body = format!(
        "(local.set $out {answer})
         (loop $next
           (if (i32.lt_u (local.get $i) (local.get $count)) (then
             (if (i32.eq (call $first (local.get $i)) (i32.const 112)) (then {then}))
             (local.set $i (i32.add (local.get $i) (i32.const 1)))
             (br $next))))
         (local.get $out)"
    );
    Guest::new(kind, &body)
}

/// A filter that traps at its thousandth call.
pub fn tired() -> Guest {
    Guest::filter("(if (i32.eq (call $calls) (i32.const 1000)) (then unreachable)) (call $verdicts)")
}

/// A filter that never frees what it was given.
pub fn leaking() -> Guest {
    Guest::filter("(call $verdicts)").leaking()
}

/// A filter that needs some milliseconds for each call, and accepts everything.
pub fn slow() -> Guest {
    Guest::filter(
        "(local.set $j (i32.const 5000000))
         (loop $next (local.set $j (i32.sub (local.get $j) (i32.const 1))) (br_if $next (local.get $j)))
         (call $verdicts)",
    )
}

/// A filter that traps whatever comes.
pub fn useless() -> Guest {
    Guest::filter(TRAP)
}

/// A serializer that makes all records the same 64 KiB, so that its answer is many times as large as what it points to.
pub fn overlapping() -> Guest {
    Guest::serializer(
        "(local.set $out (call $changes))
         (i32.store offset=4 (local.get $out) (i32.const 0)) (i32.store offset=8 (local.get $out) (i32.const 65536))
         (loop $next
           (call $set_value (local.get $out) (local.get $i) (i32.const 0) (i32.const 65536))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $i) (local.get $count))))
         (local.get $out)",
    )
}
