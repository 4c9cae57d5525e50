//! Topic ids (KIP-516).

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// A topic's identity for as long as it exists; a recreated topic gets a new one (KIP-516).
///
/// Its text form is Kafka's: the 16 bytes in URL-safe base64 without padding, 22 characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicId([u8; 16]);

/// A text that is not 16 bytes in URL-safe base64.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a topic id (22 characters of URL-safe base64)")]
pub struct InvalidTopicId(String);

impl TopicId {
    /// Kafka's "no id": all zero.
    pub const ZERO: TopicId = TopicId([0; 16]);

    /// The id with these bytes, in network order.
    pub const fn from_bytes(bytes: [u8; 16]) -> TopicId {
        TopicId(bytes)
    }

    /// The bytes in network order.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Whether this is Kafka's "no id".
    pub fn is_zero(self) -> bool {
        self == TopicId::ZERO
    }

    /// A new random id. Its text never starts with `-`, so that it can stand on a command line, as Kafka's
    /// own ids can.
    pub fn random() -> TopicId {
        loop {
            let id = TopicId(*uuid::Uuid::new_v4().as_bytes());
            if !id.to_string().starts_with('-') {
                return id;
            }
        }
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicId({self})")
    }
}

impl FromStr for TopicId {
    type Err = InvalidTopicId;

    fn from_str(text: &str) -> Result<TopicId, InvalidTopicId> {
        let invalid = || InvalidTopicId(text.to_owned());
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        bytes.try_into().map(TopicId).map_err(|_| invalid())
    }
}

impl TryFrom<String> for TopicId {
    type Error = InvalidTopicId;

    fn try_from(text: String) -> Result<TopicId, InvalidTopicId> {
        text.parse()
    }
}

impl From<TopicId> for String {
    fn from(id: TopicId) -> String {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::TopicId;

    #[test]
    fn text_round_trips() {
        let id = TopicId::random();
        assert_eq!(id.to_string().len(), 22);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn text_is_kafkas() {
        // `org.apache.kafka.common.Uuid.toString` of the UUID 1.
        let mut bytes = [0; 16];
        bytes[15] = 1;
        assert_eq!(TopicId::from_bytes(bytes).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "short", "AAAAAAAAAAAAAAAAAAAAAQ==", "????????????????????????"] {
            assert!(text.parse::<TopicId>().is_err(), "{text}");
        }
    }
}
