//! Why bytes don't decompress.

use std::io;

/// A codec number that Kafka does not define.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("compression codec {0} is not one of none (0), gzip (1), snappy (2), lz4 (3), zstd (4)")]
pub struct UnknownCompression(pub i16);

/// A name that is no codec's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not one of none, gzip, snappy, lz4, zstd")]
pub struct UnknownCompressionName(pub String);

/// Why bytes don't decompress.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompressionError {
    /// They are not in the codec's format.
    #[error("{0}")]
    Malformed(String),
    /// They grow beyond the limit.
    #[error("they grow beyond {limit} bytes, the most that is allowed")]
    TooLarge {
        /// The most bytes allowed.
        limit: usize,
    },
}

/// Why bytes can't be packed in another codec.
#[derive(Debug)]
pub(crate) enum RepackError {
    /// They don't decompress.
    Plain(CompressionError),
    /// They are larger than `limit` in the other codec.
    TooLarge {
        /// The most bytes allowed.
        limit: usize,
    },
    /// The other codec refused.
    Codec(io::Error),
}

impl CompressionError {
    pub(super) fn malformed(what: &str) -> CompressionError {
        CompressionError::Malformed(what.to_owned())
    }

    /// What a reader failed of: its own words, or one of ours on its way through `std::io`.
    pub(crate) fn from_io(error: &io::Error) -> CompressionError {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<CompressionError>()) {
            Some(ours) => ours.clone(),
            None => CompressionError::Malformed(error.to_string()),
        }
    }
}

impl From<CompressionError> for io::Error {
    fn from(error: CompressionError) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}
