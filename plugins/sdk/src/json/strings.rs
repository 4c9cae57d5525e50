//! The inside of strings, where most bytes of a JSON text are: eight at a time while nothing special comes.

use super::broken::Broken;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// A string that starts behind its quote, at `at`: where its closing quote is, and whether there are escapes.
#[inline]
pub(super) fn end(text: &[u8], mut at: usize) -> Result<(usize, bool), Broken> {
    let mut escaped = false;
    loop {
        at = plain_until(text, at);
        match text.get(at) {
            Some(b'"') => return Ok((at, escaped)),
            Some(b'\\') => {
                escaped = true;
                at = escape(text, at)?;
            }
            Some(0x80..) => at = sequence(text, at)?,
            Some(_) => return Err(Broken::new(at, "found a control character in a string")),
            None => return Err(Broken::new(at, "expected the end of a string")),
        }
    }
}

/// The first place from `at` with a quote, a backslash, a control character or more than ASCII.
#[inline]
fn plain_until(text: &[u8], mut at: usize) -> usize {
    while let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        // Bit 7 of each byte that is special. Borrows spoil only bytes above a special one, and the lowest counts.
        let zero_in = |word: u64| word.wrapping_sub(ONES) & !word;
        let control = word.wrapping_sub(ONES * 0x20);
        let special = zero_in(word ^ (ONES * 0x22)) | zero_in(word ^ (ONES * 0x5c)) | control | word;
        let special = special & HIGHS;
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20 | 0x80..);
    text[at..].iter().position(special).map_or(text.len(), |more| at + more)
}

/// Behind the escape at `at`.
fn escape(text: &[u8], at: usize) -> Result<usize, Broken> {
    const HALF: &str = "found half of a surrogate pair";
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match code_unit(text, at + 2)? {
            0xd800..=0xdbff if text.get(at + 6..at + 8) == Some(b"\\u") => match code_unit(text, at + 8)? {
                0xdc00..=0xdfff => Ok(at + 12),
                _ => Err(Broken::new(at, HALF)),
            },
            0xd800..=0xdfff => Err(Broken::new(at, HALF)),
            _ => Ok(at + 6),
        },
        Some(_) => Err(Broken::new(at, "found an unknown escape")),
        None => Err(Broken::new(text.len(), "expected the end of a string")),
    }
}

fn code_unit(text: &[u8], at: usize) -> Result<u32, Broken> {
    let mut unit = 0;
    for place in at..at + 4 {
        let digit = text.get(place).and_then(|byte| char::from(*byte).to_digit(16));
        unit = unit * 16 + digit.ok_or(Broken::new(place, "expected four hexadecimal digits"))?;
    }
    Ok(unit)
}

/// Behind the UTF-8 sequence of several bytes at `at` (RFC 3629, section 4).
fn sequence(text: &[u8], at: usize) -> Result<usize, Broken> {
    let byte = |place: usize| text.get(at + place).copied().unwrap_or(0);
    let more = |place: usize| matches!(byte(place), 0x80..=0xbf);
    let length = match (byte(0), byte(1)) {
        (0xc2..=0xdf, 0x80..=0xbf) => 2,
        (0xe0, 0xa0..=0xbf) | (0xe1..=0xec | 0xee | 0xef, 0x80..=0xbf) | (0xed, 0x80..=0x9f) if more(2) => 3,
        (0xf0, 0x90..=0xbf) | (0xf1..=0xf3, 0x80..=0xbf) | (0xf4, 0x80..=0x8f) if more(2) && more(3) => 4,
        _ => return Err(Broken::new(at, "found bytes that are not UTF-8")),
    };
    Ok(at + length)
}
