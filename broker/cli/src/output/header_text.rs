//! A record's header, as JSON or YAML shows it.

use serde::Serialize;

use super::BytesText;

/// A record's header, as JSON or YAML shows it.
#[derive(Debug, Serialize)]
pub(crate) struct HeaderText<'a> {
    key: BytesText<'a>,
    value: Option<BytesText<'a>>,
}

impl<'a> HeaderText<'a> {
    /// The header with this key and value.
    pub(crate) fn of(key: &'a [u8], value: Option<&'a [u8]>) -> HeaderText<'a> {
        HeaderText { key: BytesText::of(key), value: value.map(BytesText::of) }
    }
}
