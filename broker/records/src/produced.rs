//! Batches on their way from the door to the log.

use bytes::Bytes;
use klamm_model::{LeaderEpoch, Offset};

use crate::error::BatchError;
use crate::header::{BatchHeader, HEADER_BYTES};

/// A batch that passed validation and has no place in a log yet.
#[derive(Debug, Clone)]
pub struct ProducedBatch {
    header: BatchHeader,
    body: Bytes,
    max_timestamp_delta: i32,
    memory_bytes: Option<usize>,
}

impl ProducedBatch {
    pub(crate) fn new(header: BatchHeader, body: Bytes, max_timestamp_delta: i32) -> ProducedBatch {
        ProducedBatch { header, body, max_timestamp_delta, memory_bytes: None }
    }

    /// The same, where it is known that the batch keeps so many bytes of memory alive: those of the request that it came in.
    #[must_use]
    pub fn received_in(self, memory_bytes: usize) -> ProducedBatch {
        ProducedBatch { memory_bytes: Some(memory_bytes), ..self }
    }

    /// Its header; the base offset counts from 0.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The record bytes, as they are.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The offset delta of the first record with the largest timestamp.
    pub fn max_timestamp_delta(&self) -> i32 {
        self.max_timestamp_delta
    }

    /// The batch at its place. Base offset and leader epoch are outside the CRC, so nothing is computed anew.
    pub fn place(&self, base_offset: Offset, leader_epoch: LeaderEpoch) -> PlacedBatch {
        let header = BatchHeader { base_offset, leader_epoch, ..self.header };
        let (header_bytes, body) = (header.write(), self.body.clone());
        PlacedBatch { header, header_bytes, body, memory_bytes: self.memory_bytes }
    }
}

/// A batch as it is written to the log.
#[derive(Debug, Clone)]
pub struct PlacedBatch {
    /// Its header, with its place.
    pub header: BatchHeader,
    header_bytes: [u8; HEADER_BYTES],
    body: Bytes,
    memory_bytes: Option<usize>,
}

impl PlacedBatch {
    /// A batch that has its place already, as a follower gets it from its leader.
    ///
    /// # Errors
    /// If the bytes are not exactly one batch.
    pub fn from_bytes(bytes: &Bytes) -> Result<PlacedBatch, BatchError> {
        let header = BatchHeader::read(bytes)?;
        let needed = header.size_bytes();
        if needed != bytes.len() {
            return Err(BatchError::Truncated { needed, available: bytes.len() });
        }
        let (header_bytes, body) = (header.write(), bytes.slice(HEADER_BYTES..));
        Ok(PlacedBatch { header, header_bytes, body, memory_bytes: None })
    }

    /// The bytes to write, in their order, for one vectored write.
    pub fn parts(&self) -> [&[u8]; 2] {
        [&self.header_bytes, &self.body]
    }

    /// The same bytes, to be kept: only those of the header are copied.
    pub fn to_pieces(&self) -> [Bytes; 2] {
        [Bytes::copy_from_slice(&self.header_bytes), self.body.clone()]
    }

    /// Bytes of memory that it keeps alive, if that is known ([`ProducedBatch::received_in`]).
    pub fn memory_bytes(&self) -> Option<usize> {
        self.memory_bytes
    }

    /// Bytes of the whole batch.
    pub fn size_bytes(&self) -> usize {
        HEADER_BYTES + self.body.len()
    }

    /// The record bytes.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}
