//! Reading in two steps: a view under the partition's lock, the disk outside it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use klamm_model::Offset;
use klamm_records::{BatchError, BatchHeader};

use crate::disk::{Action, Disk, DiskError};
use crate::log::CorruptLog;
use crate::segment::Segment;
use crate::segment_files::FileKind;

/// What is read at the least, and beyond what was asked where the start is not known exactly: about an index interval.
const SLACK_BYTES: usize = 4096;

/// What to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRequest {
    /// The first wanted record; the batch that holds it is returned whole.
    pub offset: Offset,
    /// Only batches below this are returned.
    pub upto: Offset,
    /// At most so many bytes.
    pub max_bytes: usize,
    /// The first batch is returned even if it is larger than `max_bytes` (KIP-74).
    pub min_one: bool,
}

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The offset is not in the log.
    #[error("offset {offset} is not in the log, which covers {start} to {end}")]
    OutOfRange {
        /// The asked offset.
        offset: Offset,
        /// The log's start.
        start: Offset,
        /// The log's end.
        end: Offset,
    },
    /// The segment was deleted meanwhile: ask again.
    #[error("{} was deleted while it was read", file.display())]
    Gone {
        /// The deleted file.
        file: PathBuf,
    },
    /// The file is damaged there.
    #[error(transparent)]
    Corrupt(#[from] CorruptLog),
    /// The operating system refused.
    #[error(transparent)]
    Disk(DiskError),
}

impl From<DiskError> for ReadError {
    fn from(error: DiskError) -> ReadError {
        match error.source.kind() {
            io::ErrorKind::NotFound => ReadError::Gone { file: error.path },
            _ => ReadError::Disk(error),
        }
    }
}

/// Where a read begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start {
    /// At a batch that is the wanted one or not far before it.
    At(u64),
    /// Where the first so many entries of the index file say; `None` for all of them.
    InIndexFile(Option<usize>),
}

/// A part of one segment that can be read without the lock.
#[derive(Debug)]
pub(crate) struct Span {
    pub segment: Arc<Segment>,
    /// Bytes of the segment that may be read.
    pub limit: u64,
    /// The offset after the segment's last.
    pub end: Offset,
    pub start: Start,
}

/// A read that is prepared. (A cache of recent batches in memory would be a second kind of it.)
#[derive(Debug)]
pub struct ReadView(Kind);

#[derive(Debug)]
enum Kind {
    Nothing,
    Disk { disk: Arc<dyn Disk>, request: ReadRequest, span: Span },
}

impl ReadView {
    pub(crate) fn nothing() -> ReadView {
        ReadView(Kind::Nothing)
    }

    pub(crate) fn of_disk(disk: Arc<dyn Disk>, request: ReadRequest, span: Span) -> ReadView {
        ReadView(Kind::Disk { disk, request, span })
    }

    /// Reads whole batches of one segment, the one with the asked offset first; empty if there are none.
    ///
    /// The structure of what is returned was checked, the CRCs were not: that is the consumer's part, as in Kafka.
    pub fn read(self) -> Result<Vec<Bytes>, ReadError> {
        match self.0 {
            Kind::Nothing => Ok(Vec::new()),
            Kind::Disk { disk, request, span } => span.read(&*disk, &request),
        }
    }
}

impl Span {
    fn read(&self, disk: &dyn Disk, request: &ReadRequest) -> Result<Vec<Bytes>, ReadError> {
        let mut position = match self.start {
            Start::At(position) => position,
            Start::InIndexFile(entries) => self.segment.position_before(disk, request.offset, entries)?,
        };
        let mut wanted = request.max_bytes.saturating_add(SLACK_BYTES);
        // An index file can be damaged too; the segment itself can always be read from its start.
        let mut doubtful = matches!(self.start, Start::InIndexFile(_)) && position > 0;
        loop {
            let bytes = self.bytes_at(position, wanted)?;
            let first = self.find(&bytes, position, request.offset);
            let misled = match &first {
                Ok(Some((_, header))) => header.base_offset > request.offset,
                Ok(None) => false,
                Err(_) => true,
            };
            if std::mem::take(&mut doubtful) && misled {
                position = 0;
                continue;
            }
            let first = first?;
            let Some((at, header)) = first else {
                // Everything was before the wanted batch, but for what is left of the last one.
                position += whole_batches(&bytes) as u64;
                wanted = request.max_bytes.saturating_add(SLACK_BYTES);
                continue;
            };
            let size = header.size_bytes();
            if header.base_offset >= request.upto || (size > request.max_bytes && !request.min_one) {
                return Ok(Vec::new());
            }
            if at + size > bytes.len() {
                position += at as u64;
                self.check_fits(position, &header)?;
                wanted = size.max(request.max_bytes);
                continue;
            }
            return Ok(self.collect(&bytes, position, at, request));
        }
    }

    /// Up to `length` bytes at `position`, never beyond the limit and never none.
    fn bytes_at(&self, position: u64, length: usize) -> Result<Bytes, ReadError> {
        let left = self.limit.saturating_sub(position);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(length);
        let path = || self.segment.path(FileKind::Log);
        let read = self.segment.file.read_at(position, wanted);
        let bytes = read.map_err(|source| DiskError { action: Action::Read, path: path(), source })?;
        if bytes.len() < wanted || wanted == 0 {
            let ends = position + bytes.len() as u64;
            let reason = format!("the file ends here, but its records go on to offset {}", self.end);
            return Err(self.corrupt(ends, self.segment.base, reason).into());
        }
        Ok(bytes)
    }

    /// The first batch that reaches `offset`, with its place in `bytes`; `None` if it comes after them.
    fn find(
        &self,
        bytes: &Bytes,
        position: u64,
        offset: Offset,
    ) -> Result<Option<(usize, BatchHeader)>, ReadError> {
        let mut at = 0;
        while at < bytes.len() {
            let header = match BatchHeader::read(&bytes[at..]) {
                Ok(header) => header,
                Err(BatchError::Truncated { .. }) if at > 0 => return Ok(None),
                Err(error) => {
                    return Err(self.corrupt(position + at as u64, offset, error.to_string()).into());
                }
            };
            if header.next_offset() > offset {
                return Ok(Some((at, header)));
            }
            if at == 0 {
                self.check_fits(position, &header)?;
            }
            at += header.size_bytes();
        }
        Ok(None)
    }

    fn check_fits(&self, position: u64, header: &BatchHeader) -> Result<(), CorruptLog> {
        if position + header.size_bytes() as u64 <= self.limit {
            return Ok(());
        }
        let reason = format!("a batch of {} bytes goes beyond the segment's end", header.size_bytes());
        Err(self.corrupt(position, header.base_offset, reason))
    }

    /// As many whole batches from `at` on as the request allows; the first is there in full.
    fn collect(&self, bytes: &Bytes, position: u64, at: usize, request: &ReadRequest) -> Vec<Bytes> {
        let mut upto = at;
        let mut next = request.offset;
        while let Some(header) = bytes.get(upto..).and_then(|rest| BatchHeader::read(rest).ok()) {
            let end = upto + header.size_bytes();
            let too_much = upto > at && end - at > request.max_bytes;
            let out_of_order = upto > at && header.base_offset < next;
            if too_much || out_of_order || end > bytes.len() || header.base_offset >= request.upto {
                break;
            }
            upto = end;
            next = header.next_offset();
        }
        self.segment.hints.note(self.segment.relative(next), position + upto as u64);
        vec![bytes.slice(at..upto)]
    }

    pub(crate) fn corrupt(&self, position: u64, offset: Offset, reason: String) -> CorruptLog {
        CorruptLog { file: self.segment.path(FileKind::Log), position, offset, reason }
    }
}

/// Bytes of the whole batches at the start; at least one header is readable there.
fn whole_batches(bytes: &Bytes) -> usize {
    let mut at = 0;
    while let Some(header) = bytes.get(at..).and_then(|rest| BatchHeader::read(rest).ok()) {
        at += header.size_bytes();
    }
    at
}
