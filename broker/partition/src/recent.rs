//! The newest large batches, still in the memory they were received in.
//!
//! A consumer that keeps up asks for a batch milliseconds after it was appended. Reading it back from the page cache costs a
//! copy of all its bytes, which was 15 % of what the broker does for a batch of 256 KiB; the bytes of the request are there
//! anyway, and often still in the processor's caches.
//!
//! ```text
//!   append --> keep --(room is needed, or a second or two pass)--> forgotten
//!                 \--> Partition::fetch
//! ```
//!
//! The log is what is true: this only answers for offsets that the partition shows, and knows nothing of a batch that isn't in
//! the log.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use klamm_log::ReadRequest;
use klamm_log::sync::Mutex;
use klamm_model::Offset;
use klamm_records::PlacedBatch;

/// A smaller batch is copied in less time than it is kept.
const SMALLEST: usize = 16 << 10;
/// A batch keeps the whole request alive: at most so many times its own size.
const MOST_MEMORY_A_BYTE: usize = 4;
/// No batch has more than this part of the room.
const SHARE_OF_ONE: usize = 4;

/// The newest large batches of all partitions of a broker.
#[derive(Debug)]
pub struct RecentBatches {
    /// Bytes of memory that all of them may keep alive.
    room: usize,
    next_key: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Oldest first, with the partition that each is of: the batches of one are in the same order there.
    order: VecDeque<Place>,
    partitions: HashMap<u64, VecDeque<Recent>>,
    /// Bytes of memory that are kept alive.
    memory: usize,
    /// How often time has passed.
    ticks: u64,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    key: u64,
    memory: usize,
    since: u64,
}

#[derive(Debug)]
struct Recent {
    base: Offset,
    next: Offset,
    pieces: [Bytes; 2],
}

impl Recent {
    fn size_bytes(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }
}

/// One partition's part of them.
#[derive(Debug)]
pub(crate) struct OwnRecent {
    all: Arc<RecentBatches>,
    key: u64,
    /// Below this there are none: most reads needn't look.
    from: Option<Offset>,
}

impl RecentBatches {
    /// None yet, and room for requests of so many bytes together; with 0 none is ever kept.
    pub fn new(room: usize) -> Arc<RecentBatches> {
        Arc::new(RecentBatches { room, next_key: AtomicU64::new(0), kept: Mutex::new(Kept::default()) })
    }

    /// Time passes: what has been here since the last but one call is forgotten, so that an idle broker keeps nothing.
    pub fn tick(&self) {
        let mut kept = self.kept.lock();
        kept.ticks += 1;
        while kept.order.front().is_some_and(|oldest| oldest.since + 1 < kept.ticks) {
            kept.forget_oldest();
        }
        if kept.order.is_empty() {
            *kept = Kept { ticks: kept.ticks, ..Kept::default() };
        }
    }

    /// Bytes of memory that are kept alive now.
    pub fn memory_bytes(&self) -> usize {
        self.kept.lock().memory
    }

    /// The part of one more partition.
    pub(crate) fn part(self: &Arc<Self>) -> OwnRecent {
        // Only a number: nothing is ordered by it.
        let key = self.next_key.fetch_add(1, Ordering::Relaxed);
        OwnRecent { all: Arc::clone(self), key, from: None }
    }
}

impl Kept {
    fn forget_oldest(&mut self) {
        let Some(place) = self.order.pop_front() else { return };
        self.memory -= place.memory;
        if let Some(batches) = self.partitions.get_mut(&place.key) {
            batches.pop_front();
            if batches.is_empty() {
                self.partitions.remove(&place.key);
            }
        }
    }

    fn forget_all_of(&mut self, key: u64) {
        if self.partitions.remove(&key).is_none() {
            return;
        }
        let memory = &mut self.memory;
        self.order.retain(|place| {
            let stays = place.key != key;
            if !stays {
                *memory -= place.memory;
            }
            stays
        });
    }
}

impl OwnRecent {
    /// Keeps a batch that was appended, if it is worth it and the memory that it keeps alive is known.
    pub(crate) fn keep(&mut self, batch: &PlacedBatch) {
        let Some(memory) = batch.memory_bytes() else { return };
        let size = batch.size_bytes();
        if size < SMALLEST || memory > size * MOST_MEMORY_A_BYTE || memory > self.all.room / SHARE_OF_ONE {
            return;
        }
        let (base, next) = (batch.header.base_offset, batch.header.next_offset());
        let mut kept = self.all.kept.lock();
        while kept.memory + memory > self.all.room {
            kept.forget_oldest();
        }
        let since = kept.ticks;
        kept.memory += memory;
        kept.order.push_back(Place { key: self.key, memory, since });
        let batches = kept.partitions.entry(self.key).or_default();
        batches.push_back(Recent { base, next, pieces: batch.to_pieces() });
        self.from = batches.front().map(|first| first.base);
    }

    /// The batches asked for, as [`klamm_log::ReadView::read`] gives them, but in pieces; `None` if the first isn't here. There
    /// may be fewer than in the log.
    pub(crate) fn read(&self, request: &ReadRequest) -> Option<Vec<Bytes>> {
        if self.from.is_none_or(|from| request.offset < from) {
            return None;
        }
        let kept = self.all.kept.lock();
        let batches = kept.partitions.get(&self.key)?;
        let first = batches.partition_point(|batch| batch.next <= request.offset);
        let mut next = batches.get(first).filter(|batch| batch.base <= request.offset)?.base;
        let (mut pieces, mut size) = (Vec::new(), 0);
        for batch in batches.range(first..) {
            let is_first = pieces.is_empty();
            let fits = size + batch.size_bytes() <= request.max_bytes || (is_first && request.min_one);
            if !fits || batch.base != next || batch.base >= request.upto {
                break;
            }
            size += batch.size_bytes();
            next = batch.next;
            pieces.extend(batch.pieces.iter().cloned());
        }
        Some(pieces)
    }
}

impl Drop for OwnRecent {
    fn drop(&mut self) {
        if self.from.is_some() {
            self.all.kept.lock().forget_all_of(self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use klamm_log::ReadRequest;
    use klamm_model::{LeaderEpoch, Offset, TimestampMs};
    use klamm_records::{BatchBuilder, BuildOptions, PlacedBatch, ProduceRules, validate_produced};

    use super::{OwnRecent, RecentBatches, SMALLEST};

    /// Two records at `base`, `size` bytes each, in a request of `memory` bytes.
    fn batch(base: i64, size: usize, memory: usize) -> PlacedBatch {
        let mut builder = BatchBuilder::new(BuildOptions::default());
        for _ in 0..2 {
            builder.append(TimestampMs(1), None, Some(&vec![b'x'; size]), &[]);
        }
        let batch = validate_produced(&builder.build().unwrap(), &ProduceRules::anything(TimestampMs(1)));
        batch.unwrap().received_in(memory).place(Offset(base), LeaderEpoch(0))
    }

    fn bytes_of(batches: &[&PlacedBatch]) -> Vec<u8> {
        batches.iter().flat_map(|batch| batch.parts()).flatten().copied().collect()
    }

    fn read(part: &OwnRecent, offset: i64, max_bytes: usize, min_one: bool, upto: i64) -> Option<Vec<u8>> {
        let request = ReadRequest { offset: Offset(offset), upto: Offset(upto), max_bytes, min_one };
        part.read(&request).map(|pieces| pieces.concat())
    }

    #[test]
    fn batches_come_back_within_the_limits_of_a_read() {
        let all = RecentBatches::new(1 << 20);
        let mut part = all.part();
        assert_eq!(read(&part, 0, 1 << 20, true, 100), None);
        let [a, b, c] = [10, 12, 14].map(|base| batch(base, SMALLEST, 40_000));
        for batch in [&a, &b, &c] {
            part.keep(batch);
        }
        assert_eq!(read(&part, 9, 1 << 20, true, 100), None, "what was before");
        assert_eq!(read(&part, 16, 1 << 20, true, 100), None, "what comes later");
        assert_eq!(read(&part, 10, 1 << 20, true, 100), Some(bytes_of(&[&a, &b, &c])));
        assert_eq!(
            read(&part, 13, 1 << 20, true, 100),
            Some(bytes_of(&[&b, &c])),
            "the batch that holds the offset is whole"
        );
        assert_eq!(read(&part, 10, 1 << 20, true, 14), Some(bytes_of(&[&a, &b])), "nothing that isn't shown");
        assert_eq!(read(&part, 10, 2 * a.size_bytes(), false, 100), Some(bytes_of(&[&a, &b])));
        assert_eq!(read(&part, 10, 1, true, 100), Some(bytes_of(&[&a])));
        assert_eq!(read(&part, 10, 1, false, 100), Some(Vec::new()));
    }

    #[test]
    fn a_gap_ends_what_is_read() {
        let all = RecentBatches::new(1 << 20);
        let mut part = all.part();
        let [a, small, c] = [batch(0, SMALLEST, 40_000), batch(2, 100, 300), batch(4, SMALLEST, 40_000)];
        for batch in [&a, &small, &c] {
            part.keep(batch);
        }
        assert_eq!(read(&part, 0, 1 << 20, true, 100), Some(bytes_of(&[&a])));
        assert_eq!(read(&part, 2, 1 << 20, true, 100), None, "too small to be kept");
        assert_eq!(read(&part, 4, 1 << 20, true, 100), Some(bytes_of(&[&c])));
    }

    #[test]
    fn the_oldest_of_all_partitions_make_room() {
        let all = RecentBatches::new(200_000);
        let (mut one, mut other) = (all.part(), all.part());
        let batches = [0, 2, 4].map(|base| batch(base, SMALLEST, 50_000));
        one.keep(&batches[0]);
        other.keep(&batches[0]);
        one.keep(&batches[1]);
        other.keep(&batches[1]);
        assert_eq!(all.memory_bytes(), 200_000);
        one.keep(&batches[2]);
        assert_eq!(all.memory_bytes(), 200_000);
        assert_eq!(read(&one, 0, 1 << 20, true, 100), None);
        assert_eq!(read(&one, 2, 1 << 20, true, 100), Some(bytes_of(&[&batches[1], &batches[2]])));
        assert_eq!(read(&other, 0, 1 << 20, true, 100), Some(bytes_of(&[&batches[0], &batches[1]])));
        drop(one);
        assert_eq!(all.memory_bytes(), 100_000, "a partition that goes takes its own along");
        assert_eq!(read(&other, 0, 1 << 20, true, 100), Some(bytes_of(&[&batches[0], &batches[1]])));
    }

    #[test]
    fn a_batch_that_would_keep_much_memory_alive_is_not_kept() {
        let all = RecentBatches::new(1 << 20);
        let mut part = all.part();
        part.keep(&batch(0, SMALLEST, 4 * 2 * SMALLEST + 10_000));
        part.keep(&batch(0, 200_000, (1 << 18) + 1));
        assert_eq!((all.memory_bytes(), part.from), (0, None));
    }

    #[test]
    fn time_takes_them_away() {
        let all = RecentBatches::new(1 << 20);
        let mut part = all.part();
        let [a, b] = [0, 2].map(|base| batch(base, SMALLEST, 40_000));
        part.keep(&a);
        all.tick();
        part.keep(&b);
        assert_eq!(all.memory_bytes(), 80_000);
        all.tick();
        assert_eq!(read(&part, 0, 1 << 20, true, 100), None);
        assert_eq!(read(&part, 2, 1 << 20, true, 100), Some(bytes_of(&[&b])));
        all.tick();
        assert_eq!(all.memory_bytes(), 0);
        assert_eq!(read(&part, 2, 1 << 20, true, 100), None);
    }
}
