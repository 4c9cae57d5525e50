//! Kafka's four codecs, bounded.
//!
//! Readers decompress as they go: what they hold depends on the codec, never on what the bytes claim.

mod snappy;

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::str::FromStr;

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

/// A codec number that Kafka does not define.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("compression codec {0} is not one of none (0), gzip (1), snappy (2), lz4 (3), zstd (4)")]
pub struct UnknownCompression(pub i16);

/// A name that is no codec's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not one of none, gzip, snappy, lz4, zstd")]
pub struct UnknownCompressionName(pub String);

/// How hard to compress: a codec's own level; `None` is its default.
pub type Level = Option<i32>;

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

impl CompressionError {
    pub(crate) fn from_io(error: &io::Error) -> CompressionError {
        CompressionError::Malformed(error.to_string())
    }
}

/// zstd's largest window that is read: 2^23 bytes (8 MiB) serves every level up to 19.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
/// What a reader holds of the decompressed bytes.
const CHUNK_BYTES: usize = 16 * 1024;

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

    /// A reader of the decompressed bytes that holds a bounded part of them.
    pub(crate) fn reader(self, bytes: &[u8]) -> io::Result<Box<dyn BufRead + '_>> {
        Ok(match self {
            Compression::None => Box::new(bytes),
            Compression::Gzip => Box::new(chunked(flate2::bufread::MultiGzDecoder::new(bytes))),
            Compression::Snappy => Box::new(snappy::reader(bytes)?),
            Compression::Lz4 => Box::new(chunked(lz4_flex::frame::FrameDecoder::new(bytes))),
            Compression::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(chunked(decoder))
            }
        })
    }

    /// The decompressed bytes, if they are no more than `limit`.
    pub fn decompress(self, bytes: &[u8], limit: usize) -> Result<Vec<u8>, CompressionError> {
        let reader = self.reader(bytes).map_err(|error| CompressionError::from_io(&error))?;
        let mut out = Vec::new();
        let most = limit as u64 + 1;
        reader.take(most).read_to_end(&mut out).map_err(|error| CompressionError::from_io(&error))?;
        if out.len() > limit { Err(CompressionError::TooLarge { limit }) } else { Ok(out) }
    }

    /// The compressed bytes.
    pub fn compress(self, bytes: &[u8], level: Level) -> io::Result<Vec<u8>> {
        match self {
            Compression::None => Ok(bytes.to_vec()),
            Compression::Gzip => {
                let level =
                    level.map_or(flate2::Compression::default(), |l| flate2::Compression::new(l as u32));
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Compression::Snappy => snappy::compress(bytes),
            Compression::Lz4 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(lz4_frame(), Vec::new());
                encoder.write_all(bytes)?;
                encoder.finish().map_err(io::Error::other)
            }
            Compression::Zstd => {
                zstd::stream::encode_all(bytes, level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL))
            }
        }
    }
}

/// Kafka's readers want independent blocks.
fn lz4_frame() -> lz4_flex::frame::FrameInfo {
    lz4_flex::frame::FrameInfo::new()
        .block_mode(lz4_flex::frame::BlockMode::Independent)
        .block_size(lz4_flex::frame::BlockSize::Max64KB)
}

fn chunked<R: Read>(reader: R) -> BufReader<R> {
    BufReader::with_capacity(CHUNK_BYTES, reader)
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
