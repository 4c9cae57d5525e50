//! Kafka's four codecs, bounded.
//!
//! Readers decompress as they go: what they hold depends on the codec, never on what the bytes claim.

mod codec;
mod error;
mod limited;
mod lz4;
mod snappy;

use std::fmt;
use std::str::FromStr;

pub(crate) use error::RepackError;
pub use error::{CompressionError, UnknownCompression, UnknownCompressionName};

/// How the records of a batch are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy in the framing of the Java library (xerial).
    Snappy,
    /// The LZ4 frame format.
    Lz4,
    /// RFC 8878.
    Zstd,
}

/// How hard to compress: a codec's own level; `None` is its default.
pub type Level = Option<i32>;

impl Compression {
    /// All of them, in the order of their numbers.
    pub const ALL: [Compression; 5] =
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

    /// The codec with this number in a batch's attributes.
    pub const fn from_code(code: i16) -> Result<Compression, UnknownCompression> {
        match code {
            0 => Ok(Compression::None),
            1 => Ok(Compression::Gzip),
            2 => Ok(Compression::Snappy),
            3 => Ok(Compression::Lz4),
            4 => Ok(Compression::Zstd),
            other => Err(UnknownCompression(other)),
        }
    }

    /// Its number in a batch's attributes.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// Kafka's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Compression {
    type Err = UnknownCompressionName;

    fn from_str(name: &str) -> Result<Compression, UnknownCompressionName> {
        let found = Compression::ALL.into_iter().find(|codec| codec.name() == name);
        found.ok_or_else(|| UnknownCompressionName(name.to_owned()))
    }
}
