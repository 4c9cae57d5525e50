//! Figures of a partition.

use klamm_model::Offset;

use crate::partition::Partition;

/// A partition's figures at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistics {
    /// The first offset that can be read.
    pub log_start_offset: Offset,
    /// Consumers see all below it.
    pub high_watermark: Offset,
    /// read_committed consumers see all below it.
    pub last_stable_offset: Offset,
    /// All below it is on the disk.
    pub durable_offset: Offset,
    /// The offset of the next record.
    pub log_end_offset: Offset,
    /// Bytes of all segments.
    pub size_bytes: u64,
    /// How many segments there are.
    pub segments: usize,
    /// How many producers are remembered.
    pub producers: usize,
    /// How many appends wait for the disk.
    pub commit_waiters: usize,
    /// How many fetches wait for records.
    pub fetch_waiters: usize,
}

impl Partition {
    /// The figures now.
    pub fn statistics(&self) -> Statistics {
        let commit_waiters = self.commits.waiting();
        let fetch_waiters = self.fetchers.waiting();
        let state = self.state.lock();
        Statistics {
            log_start_offset: state.log.start_offset(),
            high_watermark: state.watermarks.high().offset,
            last_stable_offset: state.last_stable_offset(),
            durable_offset: state.watermarks.durable().offset,
            log_end_offset: state.log.end_offset(),
            size_bytes: state.log.size_bytes(),
            segments: state.log.segment_count(),
            producers: state.producers.len(),
            commit_waiters,
            fetch_waiters,
        }
    }

    /// Bytes of all segments.
    pub fn size_bytes(&self) -> u64 {
        self.state.lock().log.size_bytes()
    }
}
