//! Lines of text as records.

use super::InputRecord;

/// How a line becomes a record.
#[derive(Debug, Clone)]
pub(super) struct LineFormat {
    key_delimiter: Option<Vec<u8>>,
    tombstones: bool,
}

impl LineFormat {
    pub(super) fn new(key_delimiter: Option<String>, tombstones: bool) -> LineFormat {
        let key_delimiter = key_delimiter.map(String::into_bytes).filter(|delimiter| !delimiter.is_empty());
        LineFormat { key_delimiter, tombstones }
    }

    /// The record of a line.
    pub(super) fn parse(&self, line: &[u8]) -> Result<InputRecord, String> {
        let (key, value) = match &self.key_delimiter {
            None => (None, line),
            Some(delimiter) => {
                let at = find(line, delimiter).ok_or_else(|| {
                    format!("there is no {:?} between key and value", String::from_utf8_lossy(delimiter))
                })?;
                (Some(line[..at].to_vec()), &line[at + delimiter.len()..])
            }
        };
        let value = if value.is_empty() && self.tombstones { None } else { Some(value.to_vec()) };
        Ok(InputRecord { key, value, ..InputRecord::default() })
    }
}

fn find(line: &[u8], delimiter: &[u8]) -> Option<usize> {
    line.windows(delimiter.len()).position(|window| window == delimiter)
}

#[cfg(test)]
mod tests {
    use super::{InputRecord, LineFormat};

    fn record(key: Option<&str>, value: Option<&str>) -> InputRecord {
        let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
        InputRecord { key: bytes(key), value: bytes(value), ..InputRecord::default() }
    }

    #[test]
    fn keys_values_and_tombstones() {
        let plain = LineFormat::new(None, false);
        assert_eq!(plain.parse(b"a:b").unwrap(), record(None, Some("a:b")));
        assert_eq!(plain.parse(b"").unwrap(), record(None, Some("")));
        let keyed = LineFormat::new(Some("::".into()), false);
        assert_eq!(keyed.parse(b"a::b::c").unwrap(), record(Some("a"), Some("b::c")));
        assert_eq!(keyed.parse(b"a::").unwrap(), record(Some("a"), Some("")));
        assert_eq!(keyed.parse(b"::b").unwrap(), record(Some(""), Some("b")));
        assert!(keyed.parse(b"a:b").is_err());
        let tombstones = LineFormat::new(Some(":".into()), true);
        assert_eq!(tombstones.parse(b"a:").unwrap(), record(Some("a"), None));
    }
}
