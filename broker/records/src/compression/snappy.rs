//! Snappy as Kafka's clients write it: in the framing of the Java library (xerial), or as one raw block.

use std::io::{self, BufRead, Read};

/// The xerial header: its magic, then version and compatible version.
const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const HEADER_BYTES: usize = 16;
const VERSION: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
/// What goes into one block when writing, as the Java library has it.
const BLOCK_BYTES: usize = 32 * 1024;
/// Snappy's longest copy takes 3 bytes for 64: a block that claims to grow more is lying.
const LARGEST_GROWTH: usize = 64;

/// A reader that holds one decompressed block.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    framed: bool,
    block: Vec<u8>,
    position: usize,
}

pub(super) fn reader(bytes: &[u8]) -> io::Result<Reader<'_>> {
    let framed = bytes.starts_with(&MAGIC);
    if framed && bytes.len() < HEADER_BYTES {
        return Err(malformed("the snappy header is cut off"));
    }
    let rest = if framed { &bytes[HEADER_BYTES..] } else { bytes };
    Ok(Reader { rest, framed, block: Vec::new(), position: 0 })
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl<'a> Reader<'a> {
    fn next_compressed(&mut self) -> io::Result<&'a [u8]> {
        if !self.framed {
            return Ok(std::mem::take(&mut self.rest));
        }
        // Concatenated streams repeat the header.
        if self.rest.starts_with(&MAGIC) && self.rest.len() >= HEADER_BYTES {
            self.rest = &self.rest[HEADER_BYTES..];
        }
        let Some((length, rest)) = self.rest.split_first_chunk::<4>() else {
            return Err(malformed("a snappy block's length is cut off"));
        };
        let length = u32::from_be_bytes(*length) as usize;
        if length > rest.len() {
            return Err(malformed("a snappy block goes past the end"));
        }
        let (block, rest) = rest.split_at(length);
        self.rest = rest;
        Ok(block)
    }

    fn next_block(&mut self) -> io::Result<()> {
        let compressed = self.next_compressed()?;
        let length = snap::raw::decompress_len(compressed).map_err(io::Error::other)?;
        if length > compressed.len().saturating_mul(LARGEST_GROWTH) {
            return Err(malformed("a snappy block claims to be larger than it can be"));
        }
        self.block.resize(length, 0);
        self.position = 0;
        let written =
            snap::raw::Decoder::new().decompress(compressed, &mut self.block).map_err(io::Error::other)?;
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

pub(super) fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = [MAGIC, VERSION].concat();
    let mut encoder = snap::raw::Encoder::new();
    for block in bytes.chunks(BLOCK_BYTES) {
        let compressed = encoder.compress_vec(block).map_err(io::Error::other)?;
        out.extend_from_slice(&(compressed.len() as u32).to_be_bytes());
        out.extend_from_slice(&compressed);
    }
    Ok(out)
}
