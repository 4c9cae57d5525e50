//! From JSON's spelling of a text to the text, and back.

use std::borrow::Cow;
use std::fmt::Write;

/// The text of a scalar value of a valid JSON text: without quotes and escapes if it is a string, else as it is spelt.
pub fn text(raw: &[u8]) -> Cow<'_, str> {
    match raw.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) {
        Some(inside) => unescape(inside),
        None => String::from_utf8_lossy(raw),
    }
}

/// What stands between the quotes of a valid string, without escapes.
pub(super) fn unescape(inside: &[u8]) -> Cow<'_, str> {
    let plain = String::from_utf8_lossy(inside);
    if !plain.contains('\\') {
        return plain;
    }
    let mut text = String::with_capacity(plain.len());
    let mut rest = &*plain;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        rest = unescape_one(after, &mut text);
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// Appends what the escape stands for that `after` a backslash begins; gives the rest.
fn unescape_one<'a>(after: &'a str, text: &mut String) -> &'a str {
    let mut rest = after.chars();
    let character = match rest.next() {
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => return unescape_unicode(rest.as_str(), text),
        Some(other) => other,
        None => return "",
    };
    text.push(character);
    rest.as_str()
}

fn unescape_unicode<'a>(after: &'a str, text: &mut String) -> &'a str {
    let Some((high, rest)) = code_unit(after) else { return after };
    let pair = rest.strip_prefix("\\u").and_then(code_unit);
    let (units, rest) = match pair {
        Some((low, rest)) if (0xd800..0xdc00).contains(&high) => (vec![high, low], rest),
        _ => (vec![high], rest),
    };
    text.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
    rest
}

fn code_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

/// A text as JSON spells it, with quotes.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control < ' ' => {
                // Writing to a String can't fail.
                let _ = write!(quoted, "\\u{:04x}", control as u32);
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
