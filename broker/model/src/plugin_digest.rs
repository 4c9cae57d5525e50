//! What identifies a plug-in's bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The SHA-256 of a plug-in's WebAssembly component; its text is 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginDigest([u8; 32]);

/// Why a text is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no SHA-256: 64 hexadecimal digits are")]
pub struct InvalidPluginDigest(String);

impl PluginDigest {
    /// The digest of these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> PluginDigest {
        PluginDigest(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for PluginDigest {
    type Err = InvalidPluginDigest;

    fn from_str(text: &str) -> Result<PluginDigest, InvalidPluginDigest> {
        let invalid = || InvalidPluginDigest(text.chars().take(100).collect());
        if text.len() != 64 {
            return Err(invalid());
        }
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let value = |digit: u8| char::from(digit).to_digit(16);
            let (high, low) = match digits {
                [high, low] => (value(*high), value(*low)),
                _ => (None, None),
            };
            *byte = high.zip(low).map(|(high, low)| (high * 16 + low) as u8).ok_or_else(invalid)?;
        }
        Ok(PluginDigest(bytes))
    }
}

impl TryFrom<String> for PluginDigest {
    type Error = InvalidPluginDigest;

    fn try_from(text: String) -> Result<PluginDigest, InvalidPluginDigest> {
        text.parse()
    }
}

impl From<PluginDigest> for String {
    fn from(digest: PluginDigest) -> String {
        digest.to_string()
    }
}

impl fmt::Display for PluginDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PluginDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PluginDigest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::PluginDigest;

    #[test]
    fn text_round_trips() {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip((0_u8..).step_by(8)).for_each(|(to, byte)| *to = byte | 1);
        let digest = PluginDigest::from_bytes(bytes);
        let text = digest.to_string();
        assert!(text.starts_with("01091119") && text.len() == 64, "{text}");
        assert_eq!(text.parse(), Ok(digest));
        assert_eq!(text.to_uppercase().parse(), Ok(digest));
    }

    #[test]
    fn other_texts_are_refused() {
        let long = "0".repeat(65);
        let letter = format!("{}g", "0".repeat(63));
        let sign = format!("+{}", "0".repeat(63));
        let wide = "ä".repeat(32);
        for text in ["", "00", &long, &letter, &sign, &wide] {
            assert!(text.parse::<PluginDigest>().is_err(), "{text}");
        }
    }
}
