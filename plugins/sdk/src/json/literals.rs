//! Numbers, true, false and null.

use super::broken::Broken;

/// Behind the number at `at`.
#[inline]
pub(super) fn number(text: &[u8], mut at: usize) -> Result<usize, Broken> {
    if text.get(at) == Some(&b'-') {
        at += 1;
    }
    at = match text.get(at) {
        Some(b'0') => at + 1,
        _ => digits(text, at)?,
    };
    if text.get(at) == Some(&b'.') {
        at = digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = text.get(at) {
            at += 1;
        }
        at = digits(text, at)?;
    }
    Ok(at)
}

/// Behind the digits at `at`, of which there is at least one.
#[inline]
fn digits(text: &[u8], at: usize) -> Result<usize, Broken> {
    let count = text.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 { Err(Broken::new(at, "expected a digit")) } else { Ok(at + count) }
}

/// Behind the word at `at`.
#[inline]
pub(super) fn word(text: &[u8], at: usize, word: &[u8]) -> Result<usize, Broken> {
    let there = text.get(at..).is_some_and(|rest| rest.starts_with(word));
    if there { Ok(at + word.len()) } else { Err(Broken::new(at, "expected a value")) }
}
