//! Why a message has no bytes.

use std::fmt;

/// Why a message can't be encoded, and which field is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodeError(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    fault: EncodeFault,
    path: String,
}

/// What stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeFault {
    /// A value that matters, in a version that has no room for it.
    #[error("version {version} does not have this field, and its value matters")]
    NotInVersion {
        /// The version.
        version: i16,
    },
    /// Null where the version has no null.
    #[error("version {version} does not allow null")]
    Null {
        /// The version.
        version: i16,
    },
    /// A text longer than Kafka's 32767 bytes.
    #[error("the text is {length} bytes long, more than 32767")]
    TextTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// More elements or bytes than a 32-bit length can say.
    #[error("the length {length} is more than a 32-bit number can say")]
    LengthTooLarge {
        /// The length.
        length: usize,
    },
    /// A version that the message does not have.
    #[error("the message has no version {version}")]
    UnsupportedVersion {
        /// The version.
        version: i16,
    },
}

impl EncodeError {
    #[cold]
    pub(crate) fn new(fault: EncodeFault) -> EncodeError {
        EncodeError(Box::new(Details { fault, path: String::new() }))
    }

    /// The error of a field that this version lacks.
    #[doc(hidden)]
    #[cold]
    pub fn not_in_version(field: &str, version: i16) -> EncodeError {
        EncodeError::new(EncodeFault::NotInVersion { version }).in_field(field)
    }

    /// This error, within a field or message of this name.
    #[doc(hidden)]
    #[cold]
    #[must_use]
    pub fn in_field(mut self, name: &str) -> EncodeError {
        let joint = if self.0.path.is_empty() || self.0.path.starts_with('[') { "" } else { "." };
        self.0.path = format!("{name}{joint}{}", self.0.path);
        self
    }

    /// This error, within an element of a list.
    #[cold]
    #[must_use]
    pub(crate) fn in_element(mut self, index: usize) -> EncodeError {
        let joint = if self.0.path.is_empty() { "" } else { "." };
        self.0.path = format!("[{index}]{joint}{}", self.0.path);
        self
    }

    /// What stands in the way.
    pub fn fault(&self) -> EncodeFault {
        self.0.fault
    }

    /// The field to blame, such as `FetchResponse.responses[0].topic`.
    pub fn path(&self) -> &str {
        &self.0.path
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.path, self.0.fault)
    }
}

impl std::error::Error for EncodeError {}
