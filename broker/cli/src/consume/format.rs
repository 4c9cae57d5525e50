//! Format strings, as kcat has them.

use std::io::{self, Write};
use std::str::FromStr;

use klamm_records::Record;

/// What to print for each record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    Topic,
    Partition,
    Offset,
    Timestamp,
    Key,
    KeySize,
    Value,
    ValueSize,
    Headers,
}

impl Format {
    /// The value and a new line.
    pub(super) fn value_lines() -> Format {
        Format(vec![Part::Value, Part::Text(b"\n".to_vec())])
    }

    /// Prints a record.
    pub(super) fn write(
        &self,
        out: &mut impl Write,
        topic: &str,
        partition: i32,
        record: &Record<'_>,
    ) -> io::Result<()> {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.write_all(text)?,
                Part::Topic => out.write_all(topic.as_bytes())?,
                Part::Partition => write!(out, "{partition}")?,
                Part::Offset => write!(out, "{}", record.offset)?,
                Part::Timestamp => write!(out, "{}", record.timestamp)?,
                Part::Key => out.write_all(record.key.unwrap_or_default())?,
                Part::KeySize => write!(out, "{}", size(record.key))?,
                Part::Value => out.write_all(record.value.unwrap_or_default())?,
                Part::ValueSize => write!(out, "{}", size(record.value))?,
                Part::Headers => write_headers(out, record)?,
            }
        }
        Ok(())
    }
}

fn size(field: Option<&[u8]>) -> i64 {
    field.map_or(-1, |bytes| bytes.len() as i64)
}

fn write_headers(out: &mut impl Write, record: &Record<'_>) -> io::Result<()> {
    for (index, header) in record.headers.iter().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        out.write_all(header.key)?;
        out.write_all(b"=")?;
        out.write_all(header.value.unwrap_or(b"NULL"))?;
    }
    Ok(())
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Format, String> {
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '%' => match field(letters.next())? {
                    Part::Text(percent) => literal.extend(percent),
                    part => {
                        push_literal(&mut parts, &mut literal);
                        parts.push(part);
                    }
                },
                '\\' => literal.push(escape(&mut letters)?),
                other => literal.extend(other.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        push_literal(&mut parts, &mut literal);
        Ok(Format(parts))
    }
}

fn push_literal(parts: &mut Vec<Part>, literal: &mut Vec<u8>) {
    if !literal.is_empty() {
        parts.push(Part::Text(std::mem::take(literal)));
    }
}

fn field(letter: Option<char>) -> Result<Part, String> {
    Ok(match letter {
        Some('%') => Part::Text(b"%".to_vec()),
        Some('s' | 'v') => Part::Value,
        Some('S') => Part::ValueSize,
        Some('k') => Part::Key,
        Some('K') => Part::KeySize,
        Some('t') => Part::Topic,
        Some('p') => Part::Partition,
        Some('o') => Part::Offset,
        Some('T') => Part::Timestamp,
        Some('h') => Part::Headers,
        Some(other) => {
            return Err(format!("%{other} is unknown; there are %s %v %S %k %K %t %p %o %T %h %%"));
        }
        None => return Err("a single % stands at the end; %% prints one".into()),
    })
}

fn escape(letters: &mut std::str::Chars<'_>) -> Result<u8, String> {
    match letters.next() {
        Some('n') => Ok(b'\n'),
        Some('r') => Ok(b'\r'),
        Some('t') => Ok(b'\t'),
        Some('0') => Ok(0),
        Some('\\') => Ok(b'\\'),
        Some('x') => {
            let digits: String = letters.by_ref().take(2).collect();
            u8::from_str_radix(&digits, 16)
                .map_err(|_| format!("\\x{digits} is not a byte in two hexadecimal digits"))
        }
        other => Err(format!("\\{} is unknown; there are \\n \\r \\t \\0 \\\\ \\xHH", other.unwrap_or(' '))),
    }
}

#[cfg(test)]
mod tests {
    use klamm_model::{Offset, TimestampMs};
    use klamm_records::{Header, Record};

    use super::Format;

    #[test]
    fn every_field_is_printed() {
        let record = Record {
            offset: Offset(7),
            timestamp: TimestampMs(1_000),
            key: None,
            value: Some(b"v\xff"),
            headers: vec![Header { key: b"a", value: Some(b"1") }, Header { key: b"b", value: None }],
        };
        let format: Format = r"%t/%p/%o @%T k=%k(%K) v=%s(%S) %h 100%%\n\x41".parse().unwrap();
        let mut out = Vec::new();
        format.write(&mut out, "orders", 3, &record).unwrap();
        assert_eq!(out, b"orders/3/7 @1000 k=(-1) v=v\xff(2) a=1,b=NULL 100%\nA");
    }

    #[test]
    fn mistakes_are_named() {
        for (format, part) in
            [("%q", "%q is unknown"), ("a%", "single %"), (r"\q", r"\q is unknown"), (r"\xg", "hexadecimal")]
        {
            let error = format.parse::<Format>().unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
