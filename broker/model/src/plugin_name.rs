//! What plug-ins are called: a name, and a version that never changes once it is there.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A plug-in's name: 1 to 63 of `a-z`, `0-9` and `-`, not starting with `-`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginName(Arc<str>);

/// A plug-in's version: 1 to 64 ASCII letters, digits, `.`, `+` and `-`, such as `1.4.0-rc.1`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginVersion(Arc<str>);

/// One version of one plug-in; its text is `name@version`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PluginReference {
    /// The plug-in.
    pub name: PluginName,
    /// Its version.
    pub version: PluginVersion,
}

/// Why a text names no plug-in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPluginName {
    /// Not a plug-in's name.
    #[error("{0:?} is no plug-in name: 1 to 63 of a-z, 0-9 and '-' are, not starting with '-'")]
    Name(String),
    /// Not a version.
    #[error("{0:?} is no version: 1 to 64 letters, digits, '.', '+' and '-' are, such as 1.4.0")]
    Version(String),
    /// No `@`.
    #[error("{0:?} lacks the version: write it as NAME@VERSION, such as json-guard@1.0.0")]
    NoVersion(String),
}

impl PluginName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PluginVersion {
    /// The version as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PluginName {
    type Err = InvalidPluginName;

    fn from_str(text: &str) -> Result<PluginName, InvalidPluginName> {
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=63).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(legal) {
            Ok(PluginName(text.into()))
        } else {
            Err(InvalidPluginName::Name(shown(text)))
        }
    }
}

impl FromStr for PluginVersion {
    type Err = InvalidPluginName;

    fn from_str(text: &str) -> Result<PluginVersion, InvalidPluginName> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-');
        if (1..=64).contains(&text.len()) && text.bytes().all(legal) {
            Ok(PluginVersion(text.into()))
        } else {
            Err(InvalidPluginName::Version(shown(text)))
        }
    }
}

impl FromStr for PluginReference {
    type Err = InvalidPluginName;

    fn from_str(text: &str) -> Result<PluginReference, InvalidPluginName> {
        let (name, version) =
            text.split_once('@').ok_or_else(|| InvalidPluginName::NoVersion(shown(text)))?;
        Ok(PluginReference { name: name.parse()?, version: version.parse()? })
    }
}

/// What was given, cut so that an error's text stays short.
fn shown(text: &str) -> String {
    const SHOWN: usize = 100;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

macro_rules! text_type {
    ($type:ty) => {
        impl TryFrom<String> for $type {
            type Error = InvalidPluginName;

            fn try_from(text: String) -> Result<Self, InvalidPluginName> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.as_str().to_owned()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
text_type!(PluginName);
text_type!(PluginVersion);

impl fmt::Display for PluginReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidPluginName, PluginName, PluginReference, PluginVersion};

    #[test]
    fn legal_names_and_versions() {
        let longest = "x".repeat(63);
        for name in ["a", "json-guard", "9to5", "a-", longest.as_str()] {
            assert!(name.parse::<PluginName>().is_ok(), "{name}");
        }
        let longest = "1".repeat(64);
        for version in ["1", "1.0.0", "2.0.0-RC.1+build-7", longest.as_str()] {
            assert!(version.parse::<PluginVersion>().is_ok(), "{version}");
        }
        let both: PluginReference = "json-guard@1.0.0".parse().unwrap();
        assert_eq!((both.name.as_str(), both.version.as_str()), ("json-guard", "1.0.0"));
        assert_eq!(both.to_string(), "json-guard@1.0.0");
    }

    #[test]
    fn illegal_names_say_what_is_legal() {
        for name in ["", "-a", "A", "a_b", "a.b", "a b", "ä", "a/b", &"x".repeat(64)] {
            let refused = name.parse::<PluginName>().unwrap_err();
            assert_eq!(refused, InvalidPluginName::Name(name.to_owned()));
        }
        for version in ["", "1_0", "1 0", "1/0", "1@0", &"1".repeat(65)] {
            let refused = version.parse::<PluginVersion>().unwrap_err();
            assert_eq!(refused, InvalidPluginName::Version(version.to_owned()));
        }
        let refused = "json-guard".parse::<PluginReference>().unwrap_err();
        let text = "\"json-guard\" lacks the version: write it as NAME@VERSION, such as json-guard@1.0.0";
        assert_eq!(refused.to_string(), text);
        let long = "ä".repeat(101).parse::<PluginName>().unwrap_err();
        assert_eq!(long, InvalidPluginName::Name("ä".repeat(100) + "..."));
    }

    #[test]
    fn what_is_stored_is_checked_when_it_is_read() {
        let read = serde_json::from_str::<PluginName>("\"Bad\"").unwrap_err();
        assert!(read.to_string().starts_with("\"Bad\" is no plug-in name"), "{read}");
        let name: PluginName = "good".parse().unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), "\"good\"");
    }
}
