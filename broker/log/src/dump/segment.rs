//! The batches of a segment file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use klamm_model::Offset;
use klamm_records::BatchHeader;

use crate::disk::{Action, Disk, DiskError, OpenMode};
use crate::scanner::{Scanner, Step};
use crate::segment::Segment;
use crate::segment_files::{self, FileKind};

/// Why a file can't be dumped (further).
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The name does not say what the file is.
    #[error("{} is not named as a file of this kind (20 digits and .{suffix})", file.display())]
    Name {
        /// The file.
        file: PathBuf,
        /// How its name should end.
        suffix: &'static str,
    },
    /// There is no batch where one should begin; what follows can't be read.
    #[error("no batch at byte {position}: {reason}")]
    NoBatch {
        /// Where it should begin.
        position: u64,
        /// Why it is none.
        reason: String,
    },
}

/// A batch of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpedBatch {
    /// Where it begins in the file.
    pub position: u64,
    /// Its header.
    pub header: BatchHeader,
    /// All of it; [`klamm_records::BatchView`] gives its records.
    pub bytes: Bytes,
    /// What is wrong with its bytes, or its place.
    pub problem: Option<String>,
}

/// The batches of a segment, one after the other; an error is the last item.
#[derive(Debug)]
pub struct SegmentDump {
    segment: Segment,
    position: u64,
    size: u64,
    expected: Offset,
    failed: bool,
}

/// Opens a `.log` file.
pub fn segment(disk: &dyn Disk, path: &Path) -> Result<SegmentDump, DumpError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some((base, FileKind::Log)) = segment_files::parse(name) else {
        return Err(DumpError::Name { file: path.to_owned(), suffix: FileKind::Log.suffix() });
    };
    let file = disk.open(path, OpenMode::Read).map_err(DiskError::of(Action::Open, path))?;
    let size = file.size().map_err(DiskError::of(Action::Read, path))?;
    let dir: Arc<Path> = path.parent().unwrap_or(Path::new("")).into();
    let segment = Segment::new(base, dir, file);
    Ok(SegmentDump { segment, position: 0, size, expected: base, failed: false })
}

impl SegmentDump {
    /// The offset in the file's name.
    pub fn base_offset(&self) -> Offset {
        self.segment.base
    }

    /// The file's size in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size
    }

    fn read(&mut self) -> Result<Option<DumpedBatch>, DumpError> {
        let mut scanner = Scanner::new(&self.segment, self.position, self.size);
        let (position, header) = match scanner.next_batch()? {
            Step::End => return Ok(None),
            Step::Bad { position, reason } => return Err(DumpError::NoBatch { position, reason }),
            Step::Batch { position, header } => (position, header),
        };
        let crc = scanner.verify(position, &header)?;
        let problem = match crc {
            Err(error) => Some(error.to_string()),
            Ok(()) if header.base_offset < self.expected => {
                Some(format!("offset {} comes after offset {}", header.base_offset, self.expected.plus(-1)))
            }
            Ok(()) => None,
        };
        let bytes = scanner.bytes(position, header.size_bytes())?;
        self.position = position + header.size_bytes() as u64;
        self.expected = header.next_offset();
        Ok(Some(DumpedBatch { position, header, bytes, problem }))
    }
}

impl Iterator for SegmentDump {
    type Item = Result<DumpedBatch, DumpError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let batch = self.read();
        self.failed = batch.is_err();
        batch.transpose()
    }
}
