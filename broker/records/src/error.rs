//! What can be wrong with a batch.

use klamm_model::{ErrorCode, Offset};

use crate::compression::{CompressionError, UnknownCompression};

/// Why bytes are no valid batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// The bytes end before the batch does.
    #[error("the batch needs {needed} bytes and there are {available}")]
    Truncated {
        /// Bytes the batch needs.
        needed: usize,
        /// Bytes that are there.
        available: usize,
    },
    /// The length field is less than a header, or goes past the end.
    #[error("the batch says it is {length} bytes long, which is impossible (at least {smallest})")]
    Length {
        /// What it says.
        length: i32,
        /// The least it could say.
        smallest: i32,
    },
    /// An old or unknown message format.
    #[error(
        "message format {magic} is not supported: only record batches of format 2 (Kafka 0.11 and newer) are; \
         use a newer client"
    )]
    Magic {
        /// The format's number.
        magic: i8,
    },
    /// The bytes are not what was written.
    #[error("the batch at offset {offset} has CRC {computed:#010x} where its header says {stored:#010x}")]
    Crc {
        /// The batch's base offset.
        offset: Offset,
        /// What the header says.
        stored: u32,
        /// What the bytes give.
        computed: u32,
    },
    /// A codec number that Kafka does not define.
    #[error(transparent)]
    UnknownCompression(#[from] UnknownCompression),
    /// The records don't decompress.
    #[error("the records of the batch don't decompress: {0}")]
    Compression(#[from] CompressionError),
    /// A record contradicts itself or its batch.
    #[error("record {index} of the batch {what}")]
    Record {
        /// Its place in the batch, from 0.
        index: i32,
        /// What is wrong with it, to follow "record 3 of the batch".
        what: &'static str,
    },
    /// The records end too early or too late.
    #[error("the batch says it has {count} records, but {what}")]
    Count {
        /// What the header says.
        count: i32,
        /// What is there instead.
        what: &'static str,
    },
}

impl BatchError {
    /// The code that tells a client.
    pub const fn error_code(&self) -> ErrorCode {
        match self {
            BatchError::Magic { magic: 0 | 1 } => ErrorCode::UnsupportedForMessageFormat,
            // What fits its CRC was made so: sending it again, as a client does after CORRUPT_MESSAGE, can't help.
            BatchError::Record { .. }
            | BatchError::Count { .. }
            | BatchError::UnknownCompression(_)
            | BatchError::Compression(_) => ErrorCode::InvalidRecord,
            _ => ErrorCode::CorruptMessage,
        }
    }
}
