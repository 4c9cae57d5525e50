//! The shipped plug-ins, and what `klamm plugin new` makes, in the host that brokers have.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser;
use klamm_plugin_host::{Op, Verdict};

use super::build::component_of;
use super::new::{NewKind, make};
use super::sample::Sample;
use super::subject::Subject;
use super::try_out::answer::{self, Answer, NewBytes};
use super::{bench, check};
use crate::error::CliError;

/// Another compiler makes other bytes.
const COMPILER: &str = "rustc 1.95.0 ";

#[derive(Parser)]
struct Typed {
    #[command(flatten)]
    subject: Subject,
}

fn plugins() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins").canonicalize().unwrap()
}

/// A shipped component, with these words behind its file's name.
fn shipped(name: &str, more: &[&str]) -> Subject {
    of_file(&plugins().join(name).join(format!("{name}.wasm")), more)
}

fn of_file(file: &Path, more: &[&str]) -> Subject {
    let words = ["klamm", file.to_str().unwrap()];
    Typed::parse_from(words.iter().chain(more)).subject
}

fn sample(key: Option<&str>, value: Option<&str>) -> Sample {
    let bytes = |text: &str| text.as_bytes().to_vec();
    Sample { key: key.map(bytes), value: value.map(bytes), ..Sample::default() }
}

/// What a plug-in answers; it fails on no record.
fn answers(subject: &Subject, samples: &[Sample], partitions: u32, op: Op) -> Vec<Answer> {
    let plugin = subject.start().unwrap();
    let answers = answer::all(&plugin, samples, partitions, op).unwrap();
    let figures = plugin.statistics().snapshot();
    assert_eq!(figures.failures.values().sum::<u64>(), 0, "{figures:?}");
    answers
}

fn dead_letter(reason: &str) -> Answer {
    Answer::Verdict(Verdict::DeadLetter(reason.into()))
}

fn value(text: &str) -> Answer {
    Answer::Change { key: None, value: Some(NewBytes::Set(text.into())) }
}

/// Says that the test is skipped, and why.
fn is_skipped(test: &str, obstacle: Option<String>) -> bool {
    let Some(why) = obstacle else { return false };
    assert!(std::env::var_os("KLAMM_SKIP_NOTHING").is_none(), "{test} may not be skipped: {why}");
    eprintln!("skipped: {test}: {why}");
    true
}

fn rustc(arguments: &[&str]) -> String {
    let output = Command::new("rustc").args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

fn no_target() -> Option<String> {
    let libraries = rustc(&["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]);
    let is_there = Path::new(libraries.trim()).is_dir();
    (!is_there).then(|| "rustup target add wasm32-unknown-unknown".to_owned())
}

fn other_compiler() -> Option<String> {
    let version = rustc(&["--version"]);
    (!version.starts_with(COMPILER)).then(|| format!("the components are of {COMPILER}, this is {version}"))
}

/// `KLAMM_WRITE_REFERENCES=1` writes them instead.
#[test]
fn shipped_components_are_of_their_sources() {
    if is_skipped("shipped_components_are_of_their_sources", other_compiler().or_else(no_target)) {
        return;
    }
    let home = std::env::home_dir().unwrap();
    for name in ["by-region", "json-guard", "redact"] {
        let directory = plugins().join(name);
        let (built, component) = component_of(&directory, "plugin").unwrap();
        assert_eq!(built, name);
        let text = String::from_utf8_lossy(&component);
        for path in [plugins().parent().unwrap(), &home] {
            assert!(!text.contains(path.to_str().unwrap()), "{name} has {} in it", path.display());
        }
        let file = directory.join(format!("{name}.wasm"));
        if std::env::var_os("KLAMM_WRITE_REFERENCES").is_some() {
            fs::write(&file, &component).unwrap();
        }
        let is_same = fs::read(&file).unwrap_or_default() == component;
        assert!(is_same, "{name}: run KLAMM_WRITE_REFERENCES=1 cargo test -p klamm-cli shipped");
    }
}

#[test]
fn json_guard_stops_poison() {
    let guard =
        shipped("json-guard", &["-P", "required=id", "-P", "types=amount:number", "--deadline-ms", "1000"]);
    let samples = [
        sample(Some("k"), Some(r#"{"id": 1, "amount": 2.5}"#)),
        sample(None, Some(r#"{"amount": 2}"#)),
        sample(None, Some(r#"{"id": 1, "amount": "2"}"#)),
        sample(None, Some("{\"id\": 1,\n]")),
        sample(Some("k"), None),
    ];
    assert_eq!(
        answers(&guard, &samples, 1, Op::Encode),
        [
            Answer::Verdict(Verdict::Accept),
            dead_letter("field \"id\" is missing"),
            dead_letter("field \"amount\" is a string, not a number"),
            dead_letter("not JSON: expected a field's name at line 2 column 1"),
            Answer::Verdict(Verdict::Accept),
        ]
    );
}

#[test]
fn redact_masks_fields() {
    let redact = shipped("redact", &["-P", "fields=ssn+card.number", "--deadline-ms", "1000"]);
    let samples = [
        sample(None, Some(r#"{"ssn": "1", "card": {"number": 2, "x": 1.0}}"#)),
        sample(None, Some(r#"{"other": 1}"#)),
        sample(None, Some("{")),
        sample(Some("k"), None),
    ];
    let expected = [
        value(r#"{"ssn": "***", "card": {"number": "***", "x": 1.0}}"#),
        Answer::Keep,
        dead_letter("not JSON: expected a field's name at line 1 column 2"),
        Answer::Keep,
    ];
    for op in [Op::Encode, Op::Decode, Op::Convert] {
        assert_eq!(answers(&redact, &samples, 1, op), expected);
    }
}

#[test]
fn by_region_chooses_partitions() {
    let arguments = ["-P", "field=customer.region", "-P", "map=eu:0+1;us:2", "--deadline-ms", "1000"];
    let samples = [
        sample(Some("k"), Some(r#"{"customer": {"region": "us"}}"#)),
        sample(Some("k"), Some(r#"{"customer": {"region": "mars"}}"#)),
        sample(Some("k"), Some("not JSON")),
    ];
    let assigned = answers(&shipped("by-region", &arguments), &samples, 3, Op::Encode);
    assert_eq!(assigned, [Answer::Partition(2), Answer::Keep, Answer::Keep]);
    // Kafka's hash of "abc" is 479470107 (UtilsTest.testMurmur2).
    let header = Sample { headers: vec![(b"region".to_vec(), Some(b"abc".to_vec()))], ..Sample::default() };
    let by_header = shipped("by-region", &["-P", "header=region", "--deadline-ms", "1000"]);
    assert_eq!(answers(&by_header, &[header], 100, Op::Encode), [Answer::Partition(7)]);
}

#[test]
fn check_says_what_a_broker_would_say() {
    let refused =
        |result: Result<_, CliError>| result.err().map(|error| error.to_string()).unwrap_or_default();
    let report =
        serde_json::to_value(check::report(&shipped("redact", &["-P", "fields=a"])).unwrap()).unwrap();
    assert_eq!(report["kinds"], serde_json::json!(["serializer"]));
    assert_eq!(report["started"][0]["wants_keys"], false);
    assert_eq!(report["started"][0]["wants_values"], true);
    let error = refused(check::report(&shipped("redact", &[])).map(drop));
    assert!(error.contains("parameter `fields` is missing\nnext: give parameters with --param"), "{error}");
    let error = refused(check::report(&shipped("json-guard", &["-P", "requierd=id"])).map(drop));
    assert!(error.contains("no parameter `requierd`: it has action, max-bytes"), "{error}");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let error = refused(check::report(&of_file(&file, &[])).map(drop));
    assert!(error.contains("isn't a valid WebAssembly component"), "{error}");
}

#[test]
fn bench_measures_what_is_made_up() {
    let subject = shipped("json-guard", &["-P", "required=id", "--deadline-ms", "1000"]);
    let report = serde_json::to_value(bench::measure_briefly(&subject).unwrap()).unwrap();
    assert_eq!((report["failed"].as_f64(), report["blocked"].as_f64()), (Some(0.0), Some(0.0)), "{report}");
    assert!(report["memory_bytes"].as_u64() > Some(65_536), "{report}");
}

#[test]
fn new_projects_build_and_run() {
    if is_skipped("new_projects_build_and_run", no_target()) {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let samples = [sample(Some("vip-1"), Some("good")), sample(Some("2"), Some("poison"))];
    let accept = || Answer::Verdict(Verdict::Accept);
    for (kind, name, expected) in [
        (NewKind::Filter, "my-filter", [accept(), dead_letter("the value contains \"poison\"")]),
        (NewKind::Partitioner, "my-partitioner", [Answer::Partition(2), Answer::Keep]),
        (NewKind::Serializer, "my-serializer", [value("v1:good"), value("v1:poison")]),
    ] {
        let directory = home.path().join(name);
        make(&directory, name, kind).unwrap();
        let (built, component) = component_of(&directory, "release").unwrap();
        assert_eq!(built, name);
        let file = directory.join("component.wasm");
        fs::write(&file, &component).unwrap();
        let subject = of_file(&file, &["--deadline-ms", "1000"]);
        assert_eq!(answers(&subject, &samples, 3, Op::Encode), expected, "{name}");
    }
}
