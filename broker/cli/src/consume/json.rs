//! Records as JSON or YAML.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use klamm_records::Record;
use serde::Serialize;

/// A record with everything it has.
#[derive(Debug, Serialize)]
pub(super) struct JsonRecord<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    timestamp: i64,
    key: Option<Text<'a>>,
    value: Option<Text<'a>>,
    headers: Vec<JsonHeader<'a>>,
}

#[derive(Debug, Serialize)]
struct JsonHeader<'a> {
    key: String,
    value: Option<Text<'a>>,
}

/// Bytes: a text where they are one, else in base64, so that nothing is lost.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Text<'a> {
    Utf8(&'a str),
    Bytes { base64: String },
}

impl<'a> Text<'a> {
    fn of(bytes: &'a [u8]) -> Text<'a> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Text::Utf8(text),
            Err(_) => Text::Bytes { base64: STANDARD.encode(bytes) },
        }
    }
}

impl<'a> JsonRecord<'a> {
    pub(super) fn new(topic: &'a str, partition: i32, record: &Record<'a>) -> JsonRecord<'a> {
        let headers = record.headers.iter().map(|header| JsonHeader {
            key: String::from_utf8_lossy(header.key).into_owned(),
            value: header.value.map(Text::of),
        });
        JsonRecord {
            topic,
            partition,
            offset: record.offset.0,
            timestamp: record.timestamp.0,
            key: record.key.map(Text::of),
            value: record.value.map(Text::of),
            headers: headers.collect(),
        }
    }
}
