use klamm_plugin_host::{Kind, Verdict};

use super::answer::{Answer, NewBytes};
use super::report::Report;
use crate::output::Present;
use crate::plugin::sample::Sample;

fn sample(key: Option<&str>, value: Option<&str>) -> Sample {
    let bytes = |text: &str| text.as_bytes().to_vec();
    Sample { key: key.map(bytes), value: value.map(bytes), ..Sample::default() }
}

fn tables(report: &Report<'_>) -> String {
    report.tables(false).iter().map(|table| format!("{table}\n")).collect()
}

#[test]
fn verdicts_are_shown_with_their_reasons() {
    let samples = [sample(Some("k"), Some("{}")), sample(None, Some("{\n")), sample(None, None)];
    let answers = [
        Answer::Verdict(Verdict::Accept),
        Answer::Verdict(Verdict::DeadLetter("not JSON".into())),
        Answer::Verdict(Verdict::Drop),
    ];
    let report = Report::new("guard.wasm".into(), Kind::Filter, &samples, &answers, 0);
    assert_eq!(
        tables(&report),
        "RECORD  VERDICT      WHY       VALUE\n\
         1       accept                 k: {}\n\
         2       dead-letter  not JSON  {\\n\n\
         3       drop                   <null>\n\
         RECORDS  PASSED  CHANGED  BLOCKED  FAILED\n\
         3        1       0        2        0\n"
    );
    assert!(report.judge(false).is_ok());
    assert!(report.judge(true).unwrap_err().to_string().starts_with("error: 2 of 3 records were blocked"));
}

#[test]
fn changes_are_shown_before_and_after() {
    let samples = [sample(None, Some("a")), sample(Some("k"), Some("b")), sample(None, Some("c"))];
    let answers = [
        Answer::Change { key: None, value: Some(NewBytes::Set(b"A".to_vec())) },
        Answer::Change { key: Some(NewBytes::Null), value: Some(NewBytes::Set(b"\xff".to_vec())) },
        Answer::Keep,
    ];
    let report = Report::new("s.wasm".into(), Kind::Serializer, &samples, &answers, 0);
    assert_eq!(
        tables(&report),
        "RECORD  VERDICT  WHY        VALUE\n\
         1       change              a\n\
         \x20                new value  A\n\
         2       change              k: b\n\
         \x20                new key    <null>\n\
         \x20                new value  base64 /w==\n\
         3       keep                c\n\
         RECORDS  PASSED  CHANGED  BLOCKED  FAILED\n\
         3        3       2        0        0\n"
    );
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["records"][1]["new_key"], serde_json::Value::Null);
    assert!(json["records"][0].get("new_key").is_none());
}

#[test]
fn partitions_are_shown_from_and_to() {
    let samples = [Sample { partition: 1, offset: Some(17), ..sample(None, Some("a")) }];
    let answers = [Answer::Partition(2)];
    let report = Report::new("p.wasm".into(), Kind::Partitioner, &samples, &answers, 0);
    assert!(tables(&report).contains("1@17    partition  1 -> 2  a\n"), "{}", tables(&report));
}

#[test]
fn a_plug_in_that_fails_fails_the_command() {
    let samples = [sample(None, None)];
    let answers = [Answer::Verdict(Verdict::DeadLetter("trapped".into()))];
    let report = Report::new("f.wasm".into(), Kind::Filter, &samples, &answers, 1);
    assert!(report.judge(false).unwrap_err().to_string().contains("failed on 1 of 1 records"));
}
