//! New bytes of a record, appended to what goes back to the broker.

use std::io;

/// Where a new key or value is written to. It goes straight into the answer, so nothing is copied twice.
#[derive(Debug)]
pub struct Bytes<'a> {
    blob: &'a mut Vec<u8>,
}

impl<'a> Bytes<'a> {
    pub(crate) fn at_the_end_of(blob: &'a mut Vec<u8>) -> Bytes<'a> {
        Bytes { blob }
    }

    /// Appends bytes.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.blob.extend_from_slice(bytes);
    }

    /// Appends a byte.
    pub fn push(&mut self, byte: u8) {
        self.blob.push(byte);
    }
}

impl io::Write for Bytes<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
