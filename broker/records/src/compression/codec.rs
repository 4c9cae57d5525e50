//! Decompressing and compressing in the codec of a batch.

use std::io::{self, BufRead, BufReader, Read, Write};

use super::error::CompressionError;
use super::limited::Limited;
use super::{Compression, Level, lz4, snappy};

/// zstd's largest window that is read, as a power of 2: 128 MiB. It is what Kafka's reader takes and what level
/// 22 writes; pages of it that no data reaches cost nothing.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
/// What a reader holds of the decompressed bytes, beyond the codec's own window or block.
const CHUNK_BYTES: usize = 16 * 1024;

impl Compression {
    /// A reader of the decompressed bytes that holds a bounded part of them, and fails beyond `limit` bytes.
    pub(crate) fn reader(
        self,
        bytes: &[u8],
        limit: usize,
    ) -> Result<Box<dyn BufRead + '_>, CompressionError> {
        Ok(match self {
            Compression::None => Box::new(Limited::new(bytes, limit)),
            Compression::Gzip => bounded(flate2::bufread::MultiGzDecoder::new(bytes), limit),
            Compression::Snappy => Box::new(Limited::new(snappy::Reader::new(bytes, limit)?, limit)),
            Compression::Lz4 => bounded(lz4::reader(bytes)?, limit),
            Compression::Zstd => {
                bounded(zstd_reader(bytes).map_err(|error| CompressionError::from_io(&error))?, limit)
            }
        })
    }

    /// The decompressed bytes, if they are no more than `limit`. Memory grows with the bytes that come out,
    /// never with what the input claims.
    pub fn decompress(self, bytes: &[u8], limit: usize) -> Result<Vec<u8>, CompressionError> {
        let mut out = Vec::new();
        let read = self.reader(bytes, limit)?.read_to_end(&mut out);
        read.map(|_| out).map_err(|error| CompressionError::from_io(&error))
    }

    /// The compressed bytes. A level that the codec does not have (gzip: 1 to 9) is its default, as Kafka's -1
    /// is; snappy has none, and lz4 has one here.
    pub fn compress(self, bytes: &[u8], level: Level) -> io::Result<Vec<u8>> {
        match self {
            Compression::None => Ok(bytes.to_vec()),
            Compression::Gzip => {
                let level = level.and_then(|level| u32::try_from(level).ok()).filter(|l| (1..=9).contains(l));
                let level = level.map_or(flate2::Compression::default(), flate2::Compression::new);
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Compression::Snappy => snappy::compress(bytes),
            Compression::Lz4 => lz4::compress(bytes),
            Compression::Zstd => {
                zstd::stream::encode_all(bytes, level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL))
            }
        }
    }
}

fn zstd_reader(bytes: &[u8]) -> io::Result<impl Read + '_> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(decoder)
}

fn bounded<'a>(reader: impl Read + 'a, limit: usize) -> Box<dyn BufRead + 'a> {
    Box::new(Limited::new(BufReader::with_capacity(CHUNK_BYTES, reader), limit))
}

#[cfg(test)]
mod tests {
    use super::{Compression, CompressionError};

    #[test]
    fn every_level_that_a_setting_allows_is_read_back() {
        let bytes = vec![42; 300_000];
        let levels = [
            (Compression::Gzip, [-1, 1, 9]),
            (Compression::Lz4, [1, 9, 17]),
            (Compression::Zstd, [-131_072, 0, 22]),
        ];
        for (codec, levels) in levels {
            for level in levels {
                let compressed = codec.compress(&bytes, Some(level)).unwrap();
                assert!(codec.decompress(&compressed, bytes.len()) == Ok(bytes.clone()), "{codec} {level}");
                let too_large = codec.decompress(&compressed, bytes.len() - 1);
                assert_eq!(too_large, Err(CompressionError::TooLarge { limit: 299_999 }), "{codec} {level}");
            }
        }
    }
}
