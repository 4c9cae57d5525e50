//! Reading records.

use bytes::Bytes;
use klamm_log::{ReadRequest, ReadView};
use klamm_model::{LeaderEpoch, Offset};

use crate::error::{FetchError, LeaderEpochError};
use crate::partition::{EpochEnd, Partition, State};

/// What a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// All below the high watermark.
    ReadUncommitted,
    /// All below the last stable offset.
    ReadCommitted,
    /// All there is: for replicas.
    LogEnd,
}

/// What a reader asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetch {
    /// The first offset wanted; the batch that contains it is given whole.
    pub offset: Offset,
    /// The most bytes of records wanted.
    pub max_bytes: usize,
    /// Whether the first batch is given even if it is larger than `max_bytes` (KIP-74).
    pub min_one: bool,
    /// What the reader may see.
    pub isolation: Isolation,
    /// The leader epoch that the reader believes in; `None` if it doesn't say.
    pub current_leader_epoch: Option<LeaderEpoch>,
    /// The leader epoch of the last record the reader has (KIP-595); `None` if it doesn't say.
    pub last_fetched_epoch: Option<LeaderEpoch>,
}

/// What a reader gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Whole batches, in order; the slices share the memory they were read into, or received in ([`Partition::fetch`]).
    pub records: Vec<Bytes>,
    /// The high watermark when the records were looked up. A wait for more starts here: see
    /// [`Partition::watch`].
    pub high_watermark: Offset,
    /// The last stable offset at the same moment.
    pub last_stable_offset: Offset,
    /// The log start at the same moment.
    pub log_start_offset: Offset,
    /// Where the reader's log and this one part, if they do: then there are no records.
    pub diverging: Option<EpochEnd>,
}

impl Fetched {
    /// Bytes of records.
    pub fn size_bytes(&self) -> usize {
        self.records.iter().map(Bytes::len).sum()
    }
}

/// Records that are looked up but not yet read. It holds the files it needs, so that retention can't take them
/// away.
#[derive(Debug)]
pub struct FetchView {
    view: Option<ReadView>,
    fetched: Fetched,
}

impl FetchView {
    /// Reads the records; may wait for the disk if the page cache doesn't have them.
    pub fn read(self) -> Result<Fetched, FetchError> {
        let mut fetched = self.fetched;
        if let Some(view) = self.view {
            fetched.records = view.read()?;
        }
        Ok(fetched)
    }
}

impl Partition {
    /// Looks records up and reads them.
    pub fn read(&self, fetch: &Fetch) -> Result<Fetched, FetchError> {
        self.fetch_view(fetch)?.read()
    }

    /// As [`Partition::read`], for who only sends the records on: what was appended just now comes from memory, where a batch
    /// may be in more than one piece.
    pub fn fetch(&self, fetch: &Fetch) -> Result<Fetched, FetchError> {
        self.look_up(fetch, |state, request| state.recent.read(request))?.read()
    }

    /// Looks records up; reading them is the second step, without the partition's lock.
    pub fn fetch_view(&self, fetch: &Fetch) -> Result<FetchView, FetchError> {
        self.look_up(fetch, |_, _| None)
    }

    fn look_up(
        &self,
        fetch: &Fetch,
        in_memory: impl FnOnce(&State, &ReadRequest) -> Option<Vec<Bytes>>,
    ) -> Result<FetchView, FetchError> {
        let state = self.state.lock();
        state.readable().map_err(FetchError::Closed)?;
        LeaderEpochError::check(fetch.current_leader_epoch, state.leader_epoch)?;
        let diverging = state.diverging(fetch)?;
        let mut fetched = state.nothing_fetched();
        if diverging.is_some() {
            fetched.diverging = diverging;
            return Ok(FetchView { view: None, fetched });
        }
        state.check_offset(fetch.offset)?;
        let visible_end = state.visible_end(fetch.isolation);
        if fetch.offset >= visible_end {
            return Ok(FetchView { view: None, fetched });
        }
        let request = ReadRequest {
            offset: fetch.offset,
            upto: visible_end,
            max_bytes: fetch.max_bytes,
            min_one: fetch.min_one,
        };
        if let Some(records) = in_memory(&state, &request) {
            fetched.records = records;
            return Ok(FetchView { view: None, fetched });
        }
        let view = state.log.read_view(request)?;
        Ok(FetchView { view: Some(view), fetched })
    }
}

impl State {
    fn nothing_fetched(&self) -> Fetched {
        Fetched {
            records: Vec::new(),
            high_watermark: self.watermarks.high().offset,
            last_stable_offset: self.last_stable_offset(),
            log_start_offset: self.log.start_offset(),
            diverging: None,
        }
    }

    fn check_offset(&self, offset: Offset) -> Result<(), FetchError> {
        let (log_start_offset, log_end_offset) = (self.log.start_offset(), self.log.end_offset());
        if (log_start_offset..=log_end_offset).contains(&offset) {
            return Ok(());
        }
        Err(FetchError::OffsetOutOfRange { offset, log_start_offset, log_end_offset })
    }

    /// Where the reader's log and this one part (KIP-595, `Partition.readRecords` in Kafka).
    fn diverging(&self, fetch: &Fetch) -> Result<Option<EpochEnd>, FetchError> {
        let Some(last_fetched_epoch) = fetch.last_fetched_epoch else { return Ok(None) };
        let log_start_offset = self.log.start_offset();
        let Some(end) = self.epoch_end(last_fetched_epoch) else {
            return Err(FetchError::UnknownLastFetchedEpoch { last_fetched_epoch, log_start_offset });
        };
        if fetch.offset < log_start_offset {
            self.check_offset(fetch.offset)?;
        }
        let parted = end.leader_epoch < last_fetched_epoch || end.end_offset < fetch.offset;
        Ok(parted.then_some(end))
    }
}
