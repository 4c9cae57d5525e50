//! Records as JSON or YAML.

use klamm_records::Record;
use serde::Serialize;

use crate::output::{BytesText, HeaderText};

/// A record with everything it has.
#[derive(Debug, Serialize)]
pub(super) struct JsonRecord<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    timestamp: i64,
    key: Option<BytesText<'a>>,
    value: Option<BytesText<'a>>,
    headers: Vec<HeaderText<'a>>,
}

impl<'a> JsonRecord<'a> {
    pub(super) fn new(topic: &'a str, partition: i32, record: &Record<'a>) -> JsonRecord<'a> {
        let headers = record.headers.iter().map(|header| HeaderText::of(header.key, header.value));
        JsonRecord {
            topic,
            partition,
            offset: record.offset.0,
            timestamp: record.timestamp.0,
            key: record.key.map(BytesText::of),
            value: record.value.map(BytesText::of),
            headers: headers.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use klamm_model::{Offset, TimestampMs};
    use klamm_records::{Header, Record};

    use super::JsonRecord;

    #[test]
    fn nothing_is_lost() {
        let record = Record {
            offset: Offset(7),
            timestamp: TimestampMs(1_000),
            key: None,
            value: Some(b"v\xff"),
            headers: vec![Header { key: b"a", value: Some(b"1") }, Header { key: b"\xfe", value: None }],
        };
        assert_eq!(
            serde_json::to_string(&JsonRecord::new("t", 3, &record)).unwrap(),
            r#"{"topic":"t","partition":3,"offset":7,"timestamp":1000,"key":null,"value":{"base64":"dv8="},"headers":[{"key":"a","value":"1"},{"key":{"base64":"/g=="},"value":null}]}"#
        );
    }
}
