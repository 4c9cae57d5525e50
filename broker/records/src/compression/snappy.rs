//! Snappy as Kafka's clients write it: in the framing of the Java library (xerial), which Kafka's own client and
//! brokers write, or as one raw block, which `SnappyInputStream` takes too where it finds no header.

use std::io::{self, BufRead, Read, Write};

use super::error::CompressionError;

/// The xerial header: its magic, then version and compatible version.
const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const HEADER_BYTES: usize = 16;
const VERSION: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
/// What goes into one block when writing, as the Java library has it.
const BLOCK_BYTES: usize = 32 * 1024;
/// Snappy's densest element copies 64 bytes and takes 3: a block that claims to grow more is lying.
const LARGEST_GROWTH: usize = 64 / 3 + 1;

/// A reader that holds one decompressed block.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    framed: bool,
    /// The most bytes of one block.
    limit: usize,
    block: Vec<u8>,
    position: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], limit: usize) -> Result<Reader<'a>, CompressionError> {
        let framed = bytes.starts_with(&MAGIC);
        let rest = if framed {
            bytes.get(HEADER_BYTES..).ok_or(CompressionError::malformed("the snappy header is cut off"))?
        } else {
            bytes
        };
        Ok(Reader { rest, framed, limit, block: Vec::new(), position: 0 })
    }

    fn next_compressed(&mut self) -> Result<&'a [u8], CompressionError> {
        if !self.framed {
            return Ok(std::mem::take(&mut self.rest));
        }
        // Concatenated streams repeat the header.
        if self.rest.starts_with(&MAGIC) && self.rest.len() >= HEADER_BYTES {
            self.rest = &self.rest[HEADER_BYTES..];
            if self.rest.is_empty() {
                return Ok(self.rest);
            }
        }
        let Some((length, rest)) = self.rest.split_first_chunk::<4>() else {
            return Err(CompressionError::malformed("a snappy block's length is cut off"));
        };
        let length = u32::from_be_bytes(*length) as usize;
        let Some((block, rest)) = rest.split_at_checked(length) else {
            return Err(CompressionError::malformed("a snappy block goes past the end"));
        };
        self.rest = rest;
        Ok(block)
    }

    fn next_block(&mut self) -> Result<(), CompressionError> {
        let compressed = self.next_compressed()?;
        self.position = 0;
        if compressed.is_empty() {
            self.block.clear();
            return Ok(());
        }
        let malformed = |error: snap::Error| CompressionError::Malformed(error.to_string());
        let length = snap::raw::decompress_len(compressed).map_err(malformed)?;
        if length > compressed.len().saturating_mul(LARGEST_GROWTH) {
            return Err(CompressionError::malformed("a snappy block claims to be larger than it can be"));
        }
        if length > self.limit {
            return Err(CompressionError::TooLarge { limit: self.limit });
        }
        self.block.resize(length, 0);
        let written = snap::raw::Decoder::new().decompress(compressed, &mut self.block).map_err(malformed)?;
        self.block.truncate(written);
        Ok(())
    }
}

impl BufRead for Reader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.position == self.block.len() && !self.rest.is_empty() {
            self.next_block()?;
        }
        Ok(&self.block[self.position..])
    }

    fn consume(&mut self, bytes: usize) {
        self.position = (self.position + bytes).min(self.block.len());
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let bytes = available.len().min(out.len());
        out[..bytes].copy_from_slice(&available[..bytes]);
        self.consume(bytes);
        Ok(bytes)
    }
}

/// A writer in the Java library's framing that holds one block.
pub(super) struct Writer<W> {
    out: W,
    block: Vec<u8>,
    encoder: snap::raw::Encoder,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(mut out: W) -> io::Result<Writer<W>> {
        out.write_all(&[MAGIC, VERSION].concat())?;
        Ok(Writer { out, block: Vec::with_capacity(BLOCK_BYTES), encoder: snap::raw::Encoder::new() })
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.write_block()?;
        Ok(self.out)
    }

    fn write_block(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let compressed = self.encoder.compress_vec(&self.block).map_err(io::Error::other)?;
        self.block.clear();
        self.out.write_all(&(compressed.len() as u32).to_be_bytes())?;
        self.out.write_all(&compressed)
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK_BYTES - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        if self.block.len() == BLOCK_BYTES {
            self.write_block()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::{BLOCK_BYTES, CompressionError, HEADER_BYTES, LARGEST_GROWTH, Reader, Writer};

    fn compress(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut writer = Writer::new(Vec::new())?;
        writer.write_all(bytes)?;
        writer.finish()
    }

    fn read(bytes: &[u8]) -> Result<Vec<u8>, CompressionError> {
        let mut out = Vec::new();
        let read = Reader::new(bytes, 1 << 20)?.read_to_end(&mut out);
        read.map(|_| out).map_err(|error| CompressionError::from_io(&error))
    }

    #[test]
    fn framed_raw_and_concatenated_streams_are_read() {
        let bytes: Vec<u8> = (0..3 * BLOCK_BYTES).map(|n| (n % 251) as u8).collect();
        let framed = compress(&bytes).unwrap();
        assert!(read(&framed) == Ok(bytes.clone()));
        let raw = snap::raw::Encoder::new().compress_vec(&bytes).unwrap();
        assert!(read(&raw) == Ok(bytes.clone()));
        let twice = [&framed[..], &framed].concat();
        assert!(read(&twice) == Ok([&bytes[..], &bytes].concat()));
        assert_eq!(read(&compress(b"").unwrap()), Ok(Vec::new()));
    }

    #[test]
    fn blocks_that_lie_are_refused_before_anything_is_reserved() {
        let framed = compress(&[1; 100]).unwrap();
        assert!(read(&framed[..HEADER_BYTES - 1]).is_err());
        assert!(read(&framed[..HEADER_BYTES + 2]).is_err());
        assert!(read(&framed[..framed.len() - 1]).is_err());
        // A raw block that claims 4 GiB less one byte.
        let claim = [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
        let refused = "a snappy block claims to be larger than it can be";
        assert_eq!(read(&claim), Err(CompressionError::malformed(refused)));
        let large = snap::raw::Encoder::new().compress_vec(&vec![0; (1 << 20) + 1]).unwrap();
        assert_eq!(read(&large), Err(CompressionError::TooLarge { limit: 1 << 20 }));
    }

    #[test]
    fn no_real_block_grows_more_than_is_allowed() {
        let zeros = vec![0; 1 << 20];
        let densest = snap::raw::Encoder::new().compress_vec(&zeros).unwrap();
        assert!(zeros.len() < densest.len() * LARGEST_GROWTH, "{}", densest.len());
    }
}
