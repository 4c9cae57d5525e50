//! Percent-encoding of what would end a parameter, or not survive Kafka's tools.

use std::fmt;

/// Writes the text so that it has none of `,` `/` `%` `=` `[` `]`, no blanks and no control characters.
///
/// The comma separates filters, the slash parameters. kafka-topics refuses a second `=`, kafka-configs splits at commas
/// outside brackets and drops brackets, and settings lose blanks at their ends.
pub(super) fn encode(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for character in text.chars() {
        let special = matches!(character, ',' | '/' | '%' | '=' | '[' | ']');
        if special || character.is_whitespace() || character.is_control() {
            let mut buffer = [0; 4];
            for byte in character.encode_utf8(&mut buffer).bytes() {
                write!(f, "%{byte:02X}")?;
            }
        } else {
            write!(f, "{character}")?;
        }
    }
    Ok(())
}

/// The text that was encoded; `None` if a `%` lacks its two digits or the bytes are not UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
            let (high, low) = (digit()?, digit()?);
            bytes.push((high * 16 + low) as u8);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
