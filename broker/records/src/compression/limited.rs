//! A bound on what is decompressed, and on what is compressed.

use std::io::{self, BufRead, Read, Write};

use super::error::CompressionError;

/// A reader that fails, rather than ends, where more than `limit` bytes would be read.
pub(super) struct Limited<R> {
    inner: R,
    limit: usize,
    left: usize,
}

impl<R: BufRead> Limited<R> {
    pub(super) fn new(inner: R, limit: usize) -> Limited<R> {
        Limited { inner, limit, left: limit }
    }
}

impl<R: BufRead> BufRead for Limited<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let buffer = self.inner.fill_buf()?;
        if self.left == 0 && !buffer.is_empty() {
            return Err(CompressionError::TooLarge { limit: self.limit }.into());
        }
        let bytes = buffer.len().min(self.left);
        Ok(&buffer[..bytes])
    }

    fn consume(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
        self.inner.consume(bytes);
    }
}

impl<R: BufRead> Read for Limited<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let bytes = available.len().min(out.len());
        out[..bytes].copy_from_slice(&available[..bytes]);
        self.consume(bytes);
        Ok(bytes)
    }
}

/// Bytes that are written, up to a bound; beyond it writing fails.
pub(super) struct BoundedVec {
    bytes: Vec<u8>,
    limit: usize,
}

impl BoundedVec {
    pub(super) fn new(limit: usize) -> BoundedVec {
        BoundedVec { bytes: Vec::new(), limit }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Write for BoundedVec {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.limit - self.bytes.len() {
            return Err(CompressionError::TooLarge { limit: self.limit }.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::Limited;
    use crate::compression::CompressionError;

    #[test]
    fn the_limit_itself_may_be_read_and_nothing_beyond() {
        let mut out = Vec::new();
        Limited::new(&b"12345"[..], 5).read_to_end(&mut out).unwrap();
        assert_eq!(out, b"12345");
        let error = Limited::new(&b"12345"[..], 4).read_to_end(&mut out).unwrap_err();
        assert_eq!(CompressionError::from_io(&error), CompressionError::TooLarge { limit: 4 });
    }
}
