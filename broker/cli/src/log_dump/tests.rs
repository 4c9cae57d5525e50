//! A dump of files, as people and programs see it.

use std::path::Path;

use klamm_model::{Offset, TimestampMs};
use klamm_records::{BatchBuilder, BuildOptions, Header};

use super::files;
use super::report::Report;
use crate::output::{OutputFormat, Page, Progress};

/// The dump of everything in `directory`, whose name is left out, and whether all is right.
fn dump(directory: &Path, format: OutputFormat, records: bool) -> (String, bool) {
    let page = Page::default();
    let mut report = Report::new(Box::new(page.clone()), format, false, Progress::of_files(&[]));
    for file in files::find(&[directory.to_owned()]).unwrap() {
        super::dump(&file, records, &mut report).unwrap();
    }
    let right = report.finish().is_ok();
    (page.text().replace(&format!("{}/", directory.display()), ""), right)
}

fn partition() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let options = BuildOptions { base_offset: Offset(0), ..BuildOptions::default() };
    let mut batch = BatchBuilder::new(options);
    batch.append(TimestampMs(1_000), Some(b"k"), Some(b"v"), &[]);
    batch.append(TimestampMs(2_000), None, Some(b"\xff"), &[Header { key: b"h", value: None }]);
    std::fs::write(home.path().join("00000000000000000000.log"), batch.build().unwrap()).unwrap();
    std::fs::write(home.path().join("leader-epoch-checkpoint"), "0\n1\n3 0\n").unwrap();
    home
}

#[test]
fn people_see_lines() {
    let home = partition();
    let (text, right) = dump(home.path(), OutputFormat::Table, true);
    assert_eq!(
        text,
        "00000000000000000000.log\n\
         byte 0: offsets 0 to 1, 2 records in 82 bytes, none, epoch -1, CreateTime 2000\n  \
         offset 0 time 1000 key k value v\n  \
         offset 1 time 2000 key null value \u{fffd} h=null\n\
         00000000000000000000.log: 1 entries, all right\n\
         leader-epoch-checkpoint\n\
         epoch 3 begins at offset 0\n\
         leader-epoch-checkpoint: 1 entries, all right\n"
    );
    assert!(right);
}

#[test]
fn programs_see_objects_that_lose_nothing() {
    let home = partition();
    let (text, _) = dump(home.path(), OutputFormat::Json, true);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with(r#"{"file":"#) && lines[0].contains(r#""base_offset":0,"last_offset":1"#));
    assert_eq!(
        lines[1..],
        [
            r#"{"offset":0,"timestamp":1000,"key":"k","value":"v","headers":[]}"#,
            r#"{"offset":1,"timestamp":2000,"key":null,"value":{"base64":"/w=="},"headers":[{"key":"h","value":null}]}"#,
            r#"{"file":"00000000000000000000.log","entries":1,"problems":0}"#,
            r#"{"leader_epoch":3,"first_offset":0}"#,
            r#"{"file":"leader-epoch-checkpoint","entries":1,"problems":0}"#,
        ]
    );
}

#[test]
fn what_is_wrong_is_told_and_fails() {
    let home = partition();
    let segment = home.path().join("00000000000000000000.log");
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[70] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let (text, right) = dump(home.path(), OutputFormat::Yaml, false);
    assert!(text.contains("problem: 'batch at byte 0: the batch at offset 0 has CRC"), "{text}");
    assert!(!right);
}
