//! Lines of JSON as records: what `klamm consume -o json` prints.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::InputRecord;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonRecord {
    #[serde(default)]
    key: Value,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    headers: Vec<JsonHeader>,
    partition: Option<i32>,
    timestamp: Option<i64>,
    // What `klamm consume -o json` prints besides; the record gets a new place.
    #[serde(rename = "topic")]
    _topic: Option<String>,
    #[serde(rename = "offset")]
    _offset: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonHeader {
    key: Value,
    #[serde(default)]
    value: Value,
}

/// The record of a line.
pub(crate) fn parse_json(line: &[u8]) -> Result<InputRecord, String> {
    let record: JsonRecord =
        serde_json::from_slice(line).map_err(|error| format!("not a record: {error}"))?;
    let headers = record.headers.into_iter().map(|header| {
        let key = bytes(header.key)?.ok_or("a header has no key")?;
        Ok((key, bytes(header.value)?))
    });
    Ok(InputRecord {
        key: bytes(record.key)?,
        value: bytes(record.value)?,
        headers: headers.collect::<Result<_, String>>()?,
        partition: record.partition,
        timestamp_ms: record.timestamp,
    })
}

/// A text is its bytes, `{"base64": ..}` the bytes it stands for, null is null; all else is its own JSON.
fn bytes(value: Value) -> Result<Option<Vec<u8>>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.into_bytes())),
        Value::Object(object) if object.len() == 1 && object.contains_key("base64") => {
            let text = object["base64"].as_str().ok_or("base64 is not a text")?;
            STANDARD.decode(text).map(Some).map_err(|error| format!("not base64: {error}"))
        }
        other => Ok(Some(other.to_string().into_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_json;

    #[test]
    fn all_forms_of_a_field() {
        let line = br#"{"key": {"base64": "/w=="}, "value": {"a": [1]}, "headers": [{"key": "h"}], "partition": 2, "timestamp": 5, "offset": 9}"#;
        let record = parse_json(line).unwrap();
        assert_eq!(record.key, Some(vec![0xff]));
        assert_eq!(record.value, Some(br#"{"a":[1]}"#.to_vec()));
        assert_eq!(record.headers, [(b"h".to_vec(), None)]);
        assert_eq!((record.partition, record.timestamp_ms), (Some(2), Some(5)));
        assert_eq!(parse_json(br#"{"key": "k"}"#).unwrap().value, None);
        assert!(parse_json(br#"{"kye": "k"}"#).unwrap_err().contains("kye"));
        assert!(parse_json(b"[]").is_err());
    }
}
