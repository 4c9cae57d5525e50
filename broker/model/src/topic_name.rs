//! Topic names.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::PartitionIndex;

/// A legal topic name: 1 to 249 of ASCII letters, digits, `.`, `_` and `-`, but not `.` or `..`
/// (`org.apache.kafka.common.internals.Topic`). Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicName(Arc<str>);

/// Why a text is no topic name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTopicName {
    /// The empty text.
    #[error("a topic name can't be empty")]
    Empty,
    /// More than [`TopicName::MAX_LENGTH`] characters.
    #[error("a topic name can't be longer than 249 characters, this one has {length}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// `.` or `..`, which are directories.
    #[error("a topic can't be named {0:?}")]
    Dots(String),
    /// A character that Kafka does not allow.
    #[error(
        "topic name {name:?} has the character {character:?}; letters, digits, '.', '_' and '-' are allowed"
    )]
    Character {
        /// The text.
        name: String,
        /// Its first illegal character.
        character: char,
    },
}

impl TopicName {
    /// The longest legal name, in characters: a directory name with a partition number still fits 255.
    pub const MAX_LENGTH: usize = 249;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether two names would get the same metric name (`.` and `_` are one there), which Kafka refuses.
    pub fn collides_with(&self, other: &TopicName) -> bool {
        let merged = |name: &TopicName| name.0.replace('.', "_");
        self != other && merged(self) == merged(other)
    }
}

impl FromStr for TopicName {
    type Err = InvalidTopicName;

    fn from_str(text: &str) -> Result<TopicName, InvalidTopicName> {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.is_empty() {
            return Err(InvalidTopicName::Empty);
        }
        if text.len() > TopicName::MAX_LENGTH {
            return Err(InvalidTopicName::TooLong { length: text.len() });
        }
        if matches!(text, "." | "..") {
            return Err(InvalidTopicName::Dots(text.to_owned()));
        }
        match text.chars().find(|&c| !legal(c)) {
            Some(character) => Err(InvalidTopicName::Character { name: text.to_owned(), character }),
            None => Ok(TopicName(text.into())),
        }
    }
}

impl TryFrom<String> for TopicName {
    type Error = InvalidTopicName;

    fn try_from(text: String) -> Result<TopicName, InvalidTopicName> {
        text.parse()
    }
}

impl From<TopicName> for String {
    fn from(name: TopicName) -> String {
        name.as_str().to_owned()
    }
}

impl Borrow<str> for TopicName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for TopicName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One partition of one topic; its text is `topic-index`, the name of its directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition of the topic.
    pub partition: PartitionIndex,
}

impl TopicPartition {
    /// Partition `partition` of `topic`.
    pub fn new(topic: TopicName, partition: PartitionIndex) -> TopicPartition {
        TopicPartition { topic, partition }
    }

    /// Reads a directory name such as `orders-3`; `None` if it isn't one.
    pub fn from_directory_name(name: &str) -> Option<TopicPartition> {
        let (topic, index) = name.rsplit_once('-')?;
        let canonical =
            index == "0" || (!index.starts_with('0') && index.bytes().all(|b| b.is_ascii_digit()));
        let partition = PartitionIndex(index.parse().ok().filter(|_| canonical)?);
        Some(TopicPartition { topic: topic.parse().ok()?, partition })
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidTopicName, TopicName, TopicPartition};
    use crate::PartitionIndex;

    #[test]
    fn legal_names() {
        let longest = "x".repeat(249);
        for name in ["a", "orders.v1", "A_b-9", "...", longest.as_str()] {
            assert!(name.parse::<TopicName>().is_ok(), "{name}");
        }
    }

    #[test]
    fn illegal_names_say_why() {
        assert_eq!("".parse::<TopicName>(), Err(InvalidTopicName::Empty));
        assert_eq!("x".repeat(250).parse::<TopicName>(), Err(InvalidTopicName::TooLong { length: 250 }));
        assert_eq!("..".parse::<TopicName>(), Err(InvalidTopicName::Dots("..".into())));
        let slash = "a/b".parse::<TopicName>();
        assert_eq!(slash, Err(InvalidTopicName::Character { name: "a/b".into(), character: '/' }));
    }

    #[test]
    fn dots_and_underscores_collide() {
        let name = |text: &str| text.parse::<TopicName>().unwrap();
        assert!(name("a.b").collides_with(&name("a_b")));
        assert!(!name("a.b").collides_with(&name("a.b")));
        assert!(!name("a.b").collides_with(&name("a-b")));
    }

    #[test]
    fn directory_names_round_trip() {
        let partition = TopicPartition::new("a-b".parse().unwrap(), PartitionIndex(12));
        assert_eq!(TopicPartition::from_directory_name(&partition.to_string()), Some(partition));
        for other in
            ["orders", "orders-", "orders-01", "orders-x", "-1", "orders-99999999999", "a/b-1", "a-+1"]
        {
            assert_eq!(TopicPartition::from_directory_name(other), None, "{other}");
        }
    }
}
