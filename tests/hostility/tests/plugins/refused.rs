//! What is refused before it runs: when it is pushed, or when it is bound.

use klamm_hostility::{SteadyProducer, create_topic};
use klamm_plugin_host::Kind;
use klamm_plugin_host::guests::{Guest, accepting, binary, bomb};
use klamm_rpc::plugin::OnFailure;
use tonic::Code;

use crate::world::{World, stored, taken};
use crate::{alone, settle};

/// What is pushed, and what people are told.
fn no_plugins() -> Vec<(&'static str, Vec<u8>, Code, &'static str)> {
    let invalid = Code::InvalidArgument;
    let clock = r#"(component (import "wasi:clocks/monotonic-clock@0.2.0" (instance (export "now" (func (result u64))))))"#;
    let file = r#"(component (import "read-file" (func (result string))))"#;
    let functions = format!("(component (core module {}))", "(func)".repeat(100_001));
    let function = format!("(component (core module (func {})))", "nop ".repeat(600_000));
    let whole = accepting().component();
    vec![
        ("clock", binary(clock), invalid, "imports wasi:clocks/monotonic-clock@0.2.0, which isn't granted"),
        ("file", binary(file), invalid, "imports read-file, which isn't granted"),
        ("bomb", bomb(20, 10), invalid, "are allowed"),
        ("wide-bomb", bomb(14, 2), invalid, "are allowed"),
        ("functions", binary(&functions), invalid, "100001 functions, and 100000 are allowed"),
        ("function", binary(&function), invalid, "bytes in one function"),
        ("large", vec![0; (10 << 20) + 1], Code::ResourceExhausted, "10485760 bytes"),
        ("module", binary("(module)"), invalid, "not a component"),
        ("half", whole[..whole.len() / 2].to_vec(), invalid, "isn't a valid WebAssembly component"),
        ("noise", b"MZ no wasm at all".to_vec(), invalid, "it doesn't start as WebAssembly does"),
        ("nothing", Vec::new(), invalid, "isn't a valid WebAssembly component"),
    ]
}

#[test]
fn what_can_not_be_a_plug_in_is_refused_with_the_reason() {
    let _alone = alone();
    let world = World::new();
    let steady = SteadyProducer::start(world.process().address());
    let before = world.process().memory_kib();
    for (name, wasm, code, sentence) in no_plugins() {
        let refused = world.push(name, &wasm).unwrap_err();
        println!("{name}: {}", refused.message());
        assert_eq!(refused.code(), code, "{name}: {refused:?}");
        assert!(refused.message().contains(sentence), "{name}: {refused:?}");
        assert!(!refused.message().contains('\n'), "{name}: one sentence, not {refused:?}");
    }
    assert_eq!(world.list(), [""; 0]);
    settle(steady, &["beside plug-ins that are refused"], &world.process(), before);
}

/// Plug-ins that don't start, and what people are told.
fn unbindable() -> Vec<(&'static str, Guest, &'static str)> {
    let forever = "(func $begin (loop $l (br $l))) (start $begin)";
    vec![
        ("init-traps", accepting().init("unreachable"), "didn't start: it trapped: wasm trap"),
        ("init-is-endless", accepting().init("(loop $l (br $l))"), "ran longer than its 1000 ms"),
        ("start-is-endless", accepting().items(forever), "ran longer than its 1000 ms"),
        ("too-large-to-start", accepting().pages(257), "16 MiB"),
        (
            "refuses",
            accepting().init("(return (call $error (i32.const 0)))"),
            "refuses its parameters: said so",
        ),
    ]
}

#[test]
fn what_does_not_start_is_not_bound_and_harms_no_topic() {
    let _alone = alone();
    let world = World::new();
    let mut client = world.client();
    let steady = SteadyProducer::start(world.process().address());
    let before = world.process().memory_kib();
    create_topic(&mut client, "orders", &[]);
    for (number, (name, guest, sentence)) in unbindable().into_iter().enumerate() {
        world.push(name, &guest.component()).unwrap();
        let refused = world.bind("orders", Kind::Filter, name, OnFailure::Reject).unwrap_err();
        println!("{name}: {}", refused.message());
        assert_eq!(refused.code(), Code::InvalidArgument, "{name}: {refused:?}");
        assert!(refused.message().contains(sentence), "{name}: {refused:?}");
        assert_eq!(taken(&mut client, "orders", &[name]), number as i64);
    }
    let wrong = world.bind("orders", Kind::Partitioner, "init-traps", OnFailure::Reject).unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument, "{wrong:?}");
    assert_eq!(stored(&mut client, "orders").len(), unbindable().len());
    settle(steady, &["beside plug-ins that don't start"], &world.process(), before);
}
