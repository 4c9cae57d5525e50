//! Why bytes are no message.

use std::fmt;

/// Why bytes are no message, and where: the field, and the byte within the frame (without its size prefix).
///
/// One pointer in size, because every read of a field returns one or a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    fault: DecodeFault,
    at_byte: usize,
    /// `ProduceRequest.topic_data[3].name`; built from its end on the way up.
    path: String,
}

/// What is wrong with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFault {
    /// The frame, or the tagged field, ends within a value.
    #[error("{needed} bytes are needed and {remaining} are left")]
    Truncated {
        /// How long the value is.
        needed: usize,
        /// How many bytes there are.
        remaining: usize,
    },
    /// A length or count below zero where only -1, or not even that, has a meaning.
    #[error("the length is {length}")]
    NegativeLength {
        /// The length that the bytes say.
        length: i64,
    },
    /// A list that says more elements than its bytes can hold.
    #[error("the list says {count} elements, and {remaining} bytes are left")]
    TooManyElements {
        /// The count that the bytes say.
        count: usize,
        /// How many bytes there are.
        remaining: usize,
    },
    /// The message would take more memory than [`Limits::max_decoded_bytes`](crate::Limits).
    #[error("the message would take more than the {limit} bytes of memory that one may take")]
    OverBudget {
        /// The limit.
        limit: usize,
    },
    /// A text longer than Kafka's 32767 bytes.
    #[error("the text is {length} bytes long, more than 32767")]
    TextTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Null where the version has no null.
    #[error("it is null, which this version does not allow")]
    Null,
    /// A text that is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// A variable-length number of more than 32 bits.
    #[error("the variable-length number has more than 32 bits")]
    VarintTooLong,
    /// A tagged field whose value is shorter than its size.
    #[error("the tagged field says {size} bytes and its value takes {taken}")]
    TaggedFieldSize {
        /// The size that the bytes say.
        size: usize,
        /// The size of the value.
        taken: usize,
    },
    /// Bytes after the message.
    #[error("{extra} bytes follow the message")]
    TrailingBytes {
        /// How many.
        extra: usize,
    },
    /// An API that this crate has no messages of, or another one than the caller decodes.
    #[error("the API key is {key}")]
    UnexpectedApiKey {
        /// The key that the bytes say.
        key: i16,
    },
    /// A version that the message does not have.
    #[error("the message has no version {version}")]
    UnsupportedVersion {
        /// The version.
        version: i16,
    },
}

impl DecodeError {
    #[cold]
    pub(crate) fn new(fault: DecodeFault, at_byte: usize) -> DecodeError {
        DecodeError(Box::new(Details { fault, at_byte, path: String::new() }))
    }

    /// This error, within a field or message of this name.
    #[doc(hidden)]
    #[cold]
    #[must_use]
    pub fn in_field(mut self, name: &str) -> DecodeError {
        let joint = if self.0.path.is_empty() || self.0.path.starts_with('[') { "" } else { "." };
        self.0.path = format!("{name}{joint}{}", self.0.path);
        self
    }

    /// This error, within an element of a list.
    #[cold]
    #[must_use]
    pub(crate) fn in_element(mut self, index: usize) -> DecodeError {
        let joint = if self.0.path.is_empty() { "" } else { "." };
        self.0.path = format!("[{index}]{joint}{}", self.0.path);
        self
    }

    /// What is wrong.
    pub fn fault(&self) -> DecodeFault {
        self.0.fault
    }

    /// The byte at which it is wrong, counted from the frame's first byte after its size.
    pub fn at_byte(&self) -> usize {
        self.0.at_byte
    }

    /// The field that is wrong, such as `ProduceRequest.topic_data[3].name`.
    pub fn path(&self) -> &str {
        &self.0.path
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {}", self.0.path, self.0.at_byte, self.0.fault)
    }
}

impl std::error::Error for DecodeError {}
