//! What is refused before it runs, and what the cache on disk does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::common::host;
use klamm_plugin_host::guests::{Guest, accepting, binary, bomb, component};
use klamm_plugin_host::{BindError, Binding, Digest, Host, HostOptions, Kind, Refused};

fn refused(wasm: &[u8]) -> Refused {
    host().compile(wasm).unwrap_err()
}

#[test]
fn bytes_that_are_no_component_are_refused() {
    assert!(matches!(refused(b""), Refused::Invalid { .. }));
    let sentence = refused(b"MZ no wasm at all").to_string();
    assert_eq!(sentence, "this isn't a valid WebAssembly component: it doesn't start as WebAssembly does");
    assert_eq!(refused(&binary("(module)")), Refused::NotAComponent);
    let whole = accepting().component();
    for cut in [9, whole.len() / 2, whole.len() - 1] {
        assert!(matches!(refused(&whole[..cut]), Refused::Invalid { .. }), "{cut}");
    }
    let host = Host::new(HostOptions { max_binary_bytes: 100, ..HostOptions::default() }).unwrap();
    assert_eq!(host.compile(&whole).unwrap_err(), Refused::TooLarge { bytes: whole.len(), limit: 100 });
}

#[test]
fn imports_that_are_not_granted_are_refused() {
    let wasi = r#"(component (import "wasi:clocks/monotonic-clock@0.2.0" (instance (export "now" (func (result u64))))))"#;
    let name = "wasi:clocks/monotonic-clock@0.2.0".to_owned();
    assert_eq!(refused(&binary(wasi)), Refused::Import { name });
    let bare = r#"(component (import "read-file" (func (result string))))"#;
    assert_eq!(refused(&binary(bare)), Refused::Import { name: "read-file".to_owned() });
}

#[test]
fn what_is_not_in_the_contract_is_refused() {
    assert_eq!(refused(&binary("(component)")), Refused::NoLifecycle);
    let exporting = |names: &[&str]| {
        let exports: String =
            names.iter().map(|name| format!(r#"(export "{name}" (instance $i))"#)).collect();
        binary(&format!("(component (component $c) (instance $i (instantiate $c)) {exports})"))
    };
    let (lifecycle, filter) = ("klamm:plugin/lifecycle@0.1.0", "klamm:plugin/filter-api@0.1.0");
    assert_eq!(refused(&exporting(&[lifecycle])), Refused::NoKind);
    assert_eq!(refused(&exporting(&[filter])), Refused::NoLifecycle);
    assert!(matches!(refused(&exporting(&[lifecycle, filter])), Refused::Shape { .. }));
    let later = "klamm:plugin/lifecycle@0.2.0".to_owned();
    assert_eq!(refused(&exporting(&[&later])), Refused::Contract { found: later });
    let log = r#"(component (import "klamm:plugin/host@0.1.0" (instance (export "read-file" (func (result string))))) (component $c)
        (instance $i (instantiate $c)) (export "klamm:plugin/lifecycle@0.1.0" (instance $i)) (export "klamm:plugin/filter-api@0.1.0" (instance $i)))"#;
    assert!(matches!(refused(&binary(log)), Refused::Shape { .. }));
}

#[test]
fn functions_of_other_types_are_refused() {
    let text = r#"(component
        (core module $m (func (export "f") (result i32) (i32.const 1)))
        (core instance $c (instantiate $m))
        (func $f (result u32) (canon lift (core func $c "f")))
        (instance $lifecycle (export "init" (func $f)))
        (instance $filter (export "check" (func $f)))
        (export "klamm:plugin/lifecycle@0.1.0" (instance $lifecycle))
        (export "klamm:plugin/filter-api@0.1.0" (instance $filter)))"#;
    let Refused::Shape { detail } = refused(&binary(text)) else { panic!() };
    assert!(detail.contains("lifecycle's function init"), "{detail}");
}

#[test]
fn component_bombs_are_refused_before_they_are_compiled() {
    assert!(matches!(refused(&bomb(20, 10)), Refused::Excess { .. }));
    assert!(matches!(refused(&bomb(14, 2)), Refused::Excess { .. }));
    assert_eq!(refused(&bomb(2, 3)), Refused::NoLifecycle, "a small one is only useless");
}

#[test]
fn components_with_too_much_of_anything_are_refused() {
    let excess = |what: &str, text: &str| {
        let Refused::Excess { what: found, .. } = refused(&binary(text)) else { panic!("{what}") };
        assert_eq!(found, what);
    };
    excess("modules", &format!("(component {})", "(core module)".repeat(65)));
    excess("bytes in one function", &{
        let nops = "nop ".repeat(600_000);
        format!("(component (core module (func {nops})))")
    });
    let deep = format!("{}{}", "(component ".repeat(17), ")".repeat(17));
    excess("levels of components in one another", &deep);
    excess("functions", &format!("(component (core module {}))", "(func)".repeat(100_001)));
    excess("types", &format!("(component (core module {}))", "(type (func))".repeat(50_001)));
    excess("imported components and modules", r#"(component (import "c" (component)))"#);
    let taken = r#"(component (component $a (component $b) (export "b" (component $b))) (instance $i (instantiate $a))
        (alias export $i "b" (component $c)))"#;
    excess("components and modules taken from instances", taken);
}

fn filter_binding() -> Binding {
    let mut binding = Binding::new(Kind::Filter, "guest", "1.0.0", "orders");
    binding.limits.init_deadline = Duration::from_millis(100);
    binding
}

fn bind_error(guest: &Guest, binding: Binding) -> BindError {
    let host = host();
    let artefact = host.compile(&guest.component()).unwrap();
    let error = host.bind(&artefact, binding).unwrap_err();
    assert_eq!(host.live_instances(), 0);
    error
}

#[test]
fn an_init_that_fails_binds_nothing() {
    let trap = bind_error(&accepting().init("unreachable"), filter_binding());
    assert!(trap.to_string().contains("didn't start: it trapped: wasm trap"), "{trap}");
    let endless = bind_error(&accepting().init("(loop $l (br $l))"), filter_binding());
    assert!(endless.to_string().contains("ran longer than its 100 ms"), "{endless}");
    let start = accepting().items("(func $begin (loop $l (br $l))) (start $begin)");
    let endless = bind_error(&start, filter_binding());
    assert!(endless.to_string().contains("ran longer than its 100 ms"), "{endless}");
    let config = bind_error(&accepting().init("(return (call $error (i32.const 0)))"), filter_binding());
    assert_eq!(config.to_string(), "guest@1.0.0 refuses its parameters: said so");
    let memory = bind_error(&accepting().pages(257), filter_binding());
    assert!(memory.to_string().contains("16 MiB"), "{memory}");
}

#[test]
fn bindings_that_can_not_be_are_refused() {
    let mut partitioner = filter_binding();
    partitioner.kind = Kind::Partitioner;
    let error = bind_error(&accepting(), partitioner);
    assert_eq!(error.to_string(), "guest@1.0.0 is no partitioner; it is: filter");
    let mut large = filter_binding();
    large.limits.memory_bytes = 1 << 40;
    assert!(matches!(bind_error(&accepting(), large), BindError::Limit { what: "memory_bytes", .. }));
}

#[test]
fn a_host_has_room_for_so_many_instances() {
    let host = Host::new(HostOptions { max_instances: 2, ..HostOptions::default() }).unwrap();
    let artefact = host.compile(&accepting().component()).unwrap();
    let first = host.bind(&artefact, filter_binding()).unwrap();
    let _second = host.bind(&artefact, filter_binding()).unwrap();
    let error = host.bind(&artefact, filter_binding()).unwrap_err();
    assert!(error.to_string().contains("no room"), "{error}");
    assert_eq!(host.live_instances(), 2);
    drop(first);
    host.bind(&artefact, filter_binding()).unwrap();
}

#[test]
fn a_plug_in_says_what_it_is() {
    let wasm = accepting().component();
    let artefact = host().compile(&wasm).unwrap();
    assert_eq!((artefact.digest(), artefact.size_bytes()), (Digest::of(&wasm), wasm.len()));
    assert_eq!(
        (artefact.kinds(), artefact.contract().to_string()),
        (&[Kind::Filter][..], "0.1.0".to_owned())
    );
    assert!(artefact.imports().iter().any(|name| name == "klamm:plugin/host@0.1.0"));
    assert!(artefact.exports().iter().any(|name| name == "klamm:plugin/filter-api@0.1.0"));
}

#[test]
fn a_plug_in_is_compiled_once() {
    let host = host();
    let wasm = accepting().component();
    let artefact = host.compile(&wasm).unwrap();
    assert!(Arc::ptr_eq(&artefact, &host.compile(&wasm).unwrap()));
}

fn cached(dir: &Path) -> Arc<Host> {
    let cache_dir = Some(dir.to_owned());
    Host::new(HostOptions { cache_dir, ..HostOptions::default() }).unwrap()
}

/// The files of compiled code below `dir`.
fn native_files(dir: &Path) -> Vec<PathBuf> {
    let below =
        |dir: &Path| fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    below(dir).iter().filter(|path| path.is_dir()).flat_map(|dir| below(dir)).collect()
}

/// Whether a new host takes the plug-in from the cache, and that it can be bound.
fn comes_from_cache(dir: &Path, wasm: &[u8]) -> bool {
    let host = cached(dir);
    let artefact = host.compile(wasm).unwrap();
    host.bind(&artefact, filter_binding()).unwrap();
    artefact.from_cache()
}

#[test]
fn compiled_code_is_kept_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let wasm = accepting().component();
    assert!(!comes_from_cache(dir.path(), &wasm));
    assert!(comes_from_cache(dir.path(), &wasm));
    assert!(!comes_from_cache(dir.path(), &accepting().pages(3).component()));
    let files = native_files(dir.path());
    assert_eq!(files.len(), 2);
    assert!(files.iter().all(|file| fs::metadata(file).unwrap().permissions().mode() & 0o777 == 0o600));
}

#[test]
fn a_cache_file_that_was_changed_is_compiled_anew() {
    let dir = tempfile::tempdir().unwrap();
    let wasm = accepting().component();
    comes_from_cache(dir.path(), &wasm);
    let file = native_files(dir.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    let mut changes: Vec<Vec<u8>> = [0, 20, 48, whole.len() / 2, whole.len() - 1]
        .into_iter()
        .map(|place| {
            let mut changed = whole.clone();
            changed[place] ^= 0x10;
            changed
        })
        .collect();
    changes.extend([
        Vec::new(),
        whole[..30].to_vec(),
        whole[..whole.len() - 1].to_vec(),
        [&whole[..], b"x"].concat(),
    ]);
    for changed in changes {
        fs::write(&file, &changed).unwrap();
        assert!(!comes_from_cache(dir.path(), &wasm), "{} bytes", changed.len());
        assert!(comes_from_cache(dir.path(), &wasm), "it is written again");
    }
}

#[test]
fn another_plug_ins_code_is_not_believed() {
    // Whole files, swapped: each is what was written, only not for this plug-in.
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (accepting().component(), accepting().pages(3).component());
    comes_from_cache(dir.path(), &one);
    comes_from_cache(dir.path(), &other);
    let of = |wasm: &[u8]| {
        let name = Digest::of(wasm).to_string();
        native_files(dir.path()).into_iter().find(|file| file.to_string_lossy().contains(&name)).unwrap()
    };
    fs::copy(of(&one), of(&other)).unwrap();
    assert!(!comes_from_cache(dir.path(), &other));
}

#[test]
fn a_module_of_the_contracts_world_needs_no_imports() {
    let module = r#"(module (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
        (func (export "klamm:plugin/lifecycle@0.1.0#init") (param i32 i32 i32 i32) (result i32) (i32.const 0))
        (func (export "klamm:plugin/filter-api@0.1.0#check") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 0)))"#;
    let artefact = host().compile(&component(module, "filter")).unwrap();
    assert_eq!(artefact.kinds(), [Kind::Filter]);
}
