//! Batches in a sequence of bytes.

use std::borrow::Cow;

use crate::checksum::crc32c;
use crate::compression::Compression;
use crate::error::BatchError;
use crate::header::{BatchHeader, CRC_COVERS_FROM, HEADER_BYTES};
use crate::record::Records;

/// A batch in place.
#[derive(Debug, Clone, Copy)]
pub struct BatchView<'a> {
    /// Its header.
    pub header: BatchHeader,
    /// All of it, header included.
    pub bytes: &'a [u8],
}

impl<'a> BatchView<'a> {
    /// The batch at the start of `bytes`, which may go on.
    ///
    /// # Errors
    /// If the header is impossible or the bytes end before the batch does.
    pub fn read(bytes: &'a [u8]) -> Result<BatchView<'a>, BatchError> {
        let header = BatchHeader::read(bytes)?;
        let needed = header.size_bytes();
        match bytes.get(..needed) {
            Some(bytes) => Ok(BatchView { header, bytes }),
            None => Err(BatchError::Truncated { needed, available: bytes.len() }),
        }
    }

    /// The record bytes, as they are.
    pub fn body(&self) -> &'a [u8] {
        &self.bytes[HEADER_BYTES..]
    }

    /// Checks that the bytes are those that were written.
    pub fn verify_crc(&self) -> Result<(), BatchError> {
        let computed = crc32c(&self.bytes[CRC_COVERS_FROM..]);
        if computed == self.header.crc {
            return Ok(());
        }
        Err(BatchError::Crc { offset: self.header.base_offset, stored: self.header.crc, computed })
    }

    /// The records, decompressed to no more than `max_uncompressed_bytes`.
    pub fn records(&self, max_uncompressed_bytes: usize) -> Result<Records<'a>, BatchError> {
        let bytes = match self.header.attributes.compression()? {
            Compression::None => Cow::Borrowed(self.body()),
            codec => Cow::Owned(codec.decompress(self.body(), max_uncompressed_bytes)?),
        };
        Ok(Records::new(self.header, bytes))
    }
}

/// The batches of a sequence of bytes, one after the other.
#[derive(Debug, Clone)]
pub struct Batches<'a> {
    bytes: &'a [u8],
    position: usize,
    failed: bool,
}

/// The batches of `bytes`; the last item is an error if the bytes end within a batch or are none.
pub fn batches(bytes: &[u8]) -> Batches<'_> {
    Batches { bytes, position: 0, failed: false }
}

impl Batches<'_> {
    /// Where the next batch starts; after an error, where the bad one does.
    pub fn position(&self) -> usize {
        self.position
    }
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<BatchView<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.bytes[self.position..];
        if rest.is_empty() || self.failed {
            return None;
        }
        let batch = BatchView::read(rest);
        match &batch {
            Ok(batch) => self.position += batch.bytes.len(),
            Err(_) => self.failed = true,
        }
        Some(batch)
    }
}
