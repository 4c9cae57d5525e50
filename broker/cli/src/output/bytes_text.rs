//! Bytes in JSON and YAML, which know only text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// Bytes: a text where they are one, else `{"base64": ".."}`, so that nothing is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum BytesText<'a> {
    Text(&'a str),
    Bytes { base64: String },
}

impl<'a> BytesText<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> BytesText<'a> {
        match std::str::from_utf8(bytes) {
            Ok(text) => BytesText::Text(text),
            Err(_) => BytesText::Bytes { base64: STANDARD.encode(bytes) },
        }
    }
}
