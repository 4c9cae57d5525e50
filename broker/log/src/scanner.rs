//! Walking through the batches of a segment, with few reads.

use bytes::Bytes;
use klamm_model::Offset;
use klamm_records::{BatchError, BatchHeader, BatchView, HEADER_BYTES};

use crate::disk::{Action, DiskError};
use crate::segment::{Place, Segment};
use crate::segment_files::FileKind;

/// What is read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// What stands at a place in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A batch whose header is possible and that is there in full; its contents are not looked at.
    Batch {
        /// Where it begins.
        position: u64,
        /// Its header.
        header: BatchHeader,
    },
    /// Nothing: the segment ends here.
    End,
    /// No batch.
    Bad {
        /// Where it should begin.
        position: u64,
        /// Why it is none.
        reason: String,
    },
}

/// A place in a segment that moves from batch to batch.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    segment: &'a Segment,
    position: u64,
    /// The base offset that the next batch must have; `None` if any will do.
    expected: Option<Offset>,
    limit: u64,
    chunk: Bytes,
    chunk_position: u64,
}

impl<'a> Scanner<'a> {
    /// From the batch at `position` to the segment's end at `limit`.
    pub(crate) fn new(segment: &'a Segment, position: u64, limit: u64) -> Scanner<'a> {
        Scanner { segment, position, expected: None, limit, chunk: Bytes::new(), chunk_position: 0 }
    }

    /// As [`Scanner::new`], where it is known which offset the batch there has. The CRC does not cover a batch's base
    /// offset, but it follows from the batch before.
    pub(crate) fn from(segment: &'a Segment, place: Place, limit: u64) -> Scanner<'a> {
        Scanner { expected: Some(place.offset), ..Scanner::new(segment, place.position, limit) }
    }

    /// The next batch; the scanner stays where it is at the end and at what is no batch.
    pub(crate) fn next_batch(&mut self) -> Result<Step, DiskError> {
        let position = self.position;
        if position >= self.limit {
            return Ok(Step::End);
        }
        let available = (self.limit - position) as usize;
        let bytes = self.bytes(position, HEADER_BYTES.min(available))?;
        let reason = match BatchHeader::read(&bytes) {
            Ok(header) if self.expected.is_some_and(|expected| header.base_offset != expected) => {
                let belongs = self.expected.unwrap_or(header.base_offset);
                format!("a batch of offset {} stands where {belongs} belongs", header.base_offset)
            }
            Ok(header) if header.size_bytes() <= available && header.last_offset_delta >= 0 => {
                self.position += header.size_bytes() as u64;
                self.expected = self.expected.map(|_| header.next_offset());
                return Ok(Step::Batch { position, header });
            }
            Ok(header) => BatchError::Truncated { needed: header.size_bytes(), available }.to_string(),
            Err(error) => error.to_string(),
        };
        Ok(Step::Bad { position, reason })
    }

    /// Checks the contents of a batch that [`Scanner::next_batch`] has given.
    pub(crate) fn verify(
        &mut self,
        position: u64,
        header: &BatchHeader,
    ) -> Result<Result<(), BatchError>, DiskError> {
        let bytes = self.bytes(position, header.size_bytes())?;
        Ok(BatchView::read(&bytes).and_then(|batch| batch.verify_crc()))
    }

    /// Bytes of the segment; fewer than `length` only where the file ends.
    pub(crate) fn bytes(&mut self, position: u64, length: usize) -> Result<Bytes, DiskError> {
        let end = position + length as u64;
        let chunk_end = self.chunk_position + self.chunk.len() as u64;
        if position < self.chunk_position || end > chunk_end {
            let left = (self.limit.saturating_sub(position)) as usize;
            let wanted = CHUNK_BYTES.max(length).min(left);
            let path = || self.segment.path(FileKind::Log);
            self.chunk = self.segment.file.read_at(position, wanted).map_err(|source| DiskError {
                action: Action::Read,
                path: path(),
                source,
            })?;
            self.chunk_position = position;
        }
        let from = (position - self.chunk_position) as usize;
        let upto = (from + length).min(self.chunk.len());
        Ok(self.chunk.slice(from.min(upto)..upto))
    }
}
