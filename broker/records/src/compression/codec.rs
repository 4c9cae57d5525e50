//! Decompressing and compressing in the codec of a batch.

use std::io::{self, BufRead, BufReader, Read, Write};

use super::error::{CompressionError, RepackError};
use super::limited::{BoundedVec, Limited};
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
        self.compress_into(Vec::new(), level, |encoder| encoder.write_all(bytes))
    }

    /// Compresses what `plain` reads, piece by piece, to no more than `limit` bytes.
    pub(crate) fn repack(
        self,
        plain: &mut dyn BufRead,
        level: Level,
        limit: usize,
    ) -> Result<Vec<u8>, RepackError> {
        let mut unreadable = None;
        let out = self.compress_into(BoundedVec::new(limit), level, |encoder| {
            loop {
                let piece = plain.fill_buf().inspect_err(|error| {
                    unreadable = Some(CompressionError::from_io(error));
                })?;
                if piece.is_empty() {
                    return Ok(());
                }
                encoder.write_all(piece)?;
                let taken = piece.len();
                plain.consume(taken);
            }
        });
        match (out, unreadable) {
            (Ok(out), _) => Ok(out.into_bytes()),
            (Err(_), Some(error)) => Err(RepackError::Plain(error)),
            (Err(error), None) => Err(match CompressionError::from_io(&error) {
                CompressionError::TooLarge { limit } => RepackError::TooLarge { limit },
                CompressionError::Malformed(_) => RepackError::Codec(error),
            }),
        }
    }

    /// Compresses what `feed` writes into `out`.
    fn compress_into<W: Write>(
        self,
        mut out: W,
        level: Level,
        feed: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<W> {
        match self {
            Compression::None => feed(&mut out).map(|()| out),
            Compression::Gzip => {
                let level = level.and_then(|level| u32::try_from(level).ok()).filter(|l| (1..=9).contains(l));
                let level = level.map_or(flate2::Compression::default(), flate2::Compression::new);
                let mut encoder = flate2::write::GzEncoder::new(out, level);
                feed(&mut encoder)?;
                encoder.finish()
            }
            Compression::Snappy => {
                let mut writer = snappy::Writer::new(out)?;
                feed(&mut writer)?;
                writer.finish()
            }
            Compression::Lz4 => {
                let mut encoder = lz4::writer(out);
                feed(&mut encoder)?;
                encoder.finish().map_err(|error| match error {
                    lz4_flex::frame::Error::IoError(error) => error,
                    other => io::Error::other(other),
                })
            }
            Compression::Zstd => {
                let level = level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL);
                let mut encoder = zstd::stream::write::Encoder::new(out, level)?;
                feed(&mut encoder)?;
                encoder.finish()
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
    use super::{Compression, CompressionError, RepackError};

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
    #[test]
    fn what_is_packed_anew_is_the_same_and_has_a_bound() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|index| (index.wrapping_mul(index) / 7) as u8).collect();
        for codec in Compression::ALL {
            let packed = codec.repack(&mut &bytes[..], None, 400_000).unwrap();
            assert_eq!(codec.decompress(&packed, bytes.len()), Ok(bytes.clone()), "{codec}");
            assert!(codec.repack(&mut &bytes[..], None, packed.len()).is_ok(), "{codec}");
            let refused = codec.repack(&mut &bytes[..], None, packed.len() - 1).unwrap_err();
            assert!(matches!(refused, RepackError::TooLarge { .. }), "{codec}: {refused:?}");
        }
    }

    #[test]
    fn what_can_not_be_unpacked_is_told_from_what_can_not_be_packed() {
        let zeros = Compression::Gzip.compress(&[0; 1000], None).unwrap();
        let mut plain = Compression::Gzip.reader(&zeros, 999).unwrap();
        let refused = Compression::Zstd.repack(&mut plain, None, 1000).unwrap_err();
        assert!(
            matches!(refused, RepackError::Plain(CompressionError::TooLarge { limit: 999 })),
            "{refused:?}"
        );
    }
}
