//! The machine's log when it is compacted.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use bytes::Bytes;
use klamm_log::checkpoint::CLEANER_FILE;
use klamm_log::cleaner::{CleaningRun, OffsetMap, Remembered};
use klamm_log::sim::Random;
use klamm_log::{Log, ReadRequest, TimeQuery};
use klamm_model::{LeaderEpoch, Offset, TimestampMs};
use klamm_records::{BatchBuilder, BatchView, BuildOptions, Compression, PlacedBatch, batches};

use super::model::{Life, Machine, Violation};
use crate::compaction::support::NEVER;

/// A record as it was written, or is found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    key: Bytes,
    value: Bytes,
    time: i64,
}

impl Machine {
    /// Records of a few keys, in any codec.
    pub(super) fn keyed_batch(
        &self,
        base_offset: Offset,
        time: i64,
        values: &[&[u8]],
        random: &mut Random,
    ) -> PlacedBatch {
        let compression = Compression::ALL[random.below(5) as usize];
        let leader_epoch = LeaderEpoch(self.epoch);
        let options = BuildOptions { base_offset, leader_epoch, compression, ..BuildOptions::default() };
        let mut builder = BatchBuilder::new(options);
        for value in values {
            let key = [b"key "[..].to_vec(), vec![b'a' + random.below(9) as u8]].concat();
            builder.append(TimestampMs(time), Some(&key), Some(value), &[]);
        }
        PlacedBatch::from_bytes(&builder.build().unwrap()).unwrap()
    }

    /// Cleans what is durable, with other work in between.
    pub(super) fn clean(&mut self, log: &mut Log, random: &mut Random) -> Life<()> {
        let mut pace = |_| ControlFlow::Continue(());
        let cleaned = self.checkpointed(CLEANER_FILE)?;
        self.high_watermark = log.durable_offset();
        let view = log.cleaning_view(self.high_watermark);
        let cleanable = view.assess(cleaned, &NEVER, TimestampMs(0))?;
        let map = OffsetMap::new(24 * (3 + random.below(12) as usize), 1.0);
        let keys = view.map_keys(cleanable, map, 1 << 20, &mut pace)?;
        let remembered = Remembered::new();
        let run = CleaningRun {
            map: &keys.map,
            remembered: &remembered,
            delete_retention_ms: 0,
            now: TimestampMs(0),
            max_uncompressed_bytes: 1 << 20,
            buffer_bytes: 1000,
        };
        self.cleaned_to = self.cleaned_to.max(keys.map.upto());
        let mut copying = view.copying(&run, &keys);
        for group in view.groups(keys.map.upto())? {
            let Some(cleaned) = copying.group(&group, &mut pace)? else { continue };
            self.meanwhile(log, random)?;
            let Some(ticket) = log.begin_swap(&cleaned) else {
                cleaned.discard()?;
                continue;
            };
            self.meanwhile(log, random)?;
            let swapped = ticket.run();
            log.finish_swap(ticket, swapped);
            if let Some(reason) = log.stopped() {
                return Err(reason.to_string().into());
            }
        }
        self.checkpoint(CLEANER_FILE, keys.map.upto())
    }

    fn meanwhile(&mut self, log: &mut Log, random: &mut Random) -> Life<()> {
        match random.below(8) {
            0 => self.append(log, random),
            1 => self.delete_records(log, random),
            _ => Ok(()),
        }
    }

    /// Each record that is there was written so, what was not cleaned is there, and of each key the newest.
    pub(super) fn compare_records(&self, log: &Log) -> Result<(), Violation> {
        let (start, end) = (log.start_offset(), log.end_offset());
        let mut written = BTreeMap::new();
        for (_, bytes) in self.written.range(..end) {
            entries(&BatchView::read(bytes).unwrap(), &mut written)?;
        }
        written.retain(|&offset, _| offset >= start && offset < end);
        let mut found = read_all(log)?;
        found.retain(|&offset, _| offset >= start);
        if let Some((offset, entry)) =
            found.iter().find(|&(offset, entry)| written.get(offset) != Some(entry))
        {
            return Err(format!("the record at {offset} was never written so: {entry:?}"));
        }
        let newest: BTreeMap<&Bytes, Offset> = written.iter().map(|(&at, entry)| (&entry.key, at)).collect();
        for (offset, entry) in &written {
            let may_go = *offset < self.cleaned_to && newest[&entry.key] > *offset;
            if !may_go && !found.contains_key(offset) {
                return Err(format!(
                    "the record at {offset} is gone; the newest of its key is {:?}",
                    newest[&entry.key]
                ));
            }
        }
        compare_times(log, &found)
    }
}

fn entries(batch: &BatchView<'_>, into: &mut BTreeMap<Offset, Entry>) -> Result<(), Violation> {
    batch.verify_crc().map_err(|error| error.to_string())?;
    let mut records = batch.records(1 << 20).map_err(|error| error.to_string())?;
    while let Some(record) = records.next_record().map_err(|error| error.to_string())? {
        let bytes = |field: Option<&[u8]>| Bytes::copy_from_slice(field.unwrap_or_default());
        let (key, value) = (bytes(record.key), bytes(record.value));
        into.insert(record.offset, Entry { key, value, time: record.timestamp.0 });
    }
    Ok(())
}

fn read_all(log: &Log) -> Result<BTreeMap<Offset, Entry>, Violation> {
    let mut found = BTreeMap::new();
    let mut offset = log.start_offset();
    while offset < log.end_offset() {
        let request = ReadRequest { offset, upto: log.end_offset(), max_bytes: 1500, min_one: true };
        let view = log.read_view(request).map_err(|error| error.to_string())?;
        for batch in batches(&view.read().map_err(|error| error.to_string())?.concat()) {
            let batch = batch.map_err(|error| format!("at {offset}: {error}"))?;
            if batch.header.base_offset > offset {
                return Err(format!("nothing at {offset}, the next is {}", batch.header.base_offset));
            }
            entries(&batch, &mut found)?;
            offset = batch.header.next_offset();
        }
    }
    Ok(found)
}

fn compare_times(log: &Log, found: &BTreeMap<Offset, Entry>) -> Result<(), Violation> {
    let all = || found.iter().map(|(&offset, entry)| (entry.time, offset));
    let find = |query| {
        let found =
            log.time_view(query, log.end_offset()).find(1 << 20).map_err(|error| error.to_string())?;
        Ok::<_, Violation>(found.map(|found| (found.timestamp.0, found.offset)))
    };
    for n in 0..8 {
        let expected = all().find(|&(time, _)| time >= n << 27);
        let found = find(TimeQuery::AtOrAfter(TimestampMs(n << 27)))?;
        if found != expected {
            return Err(format!("from time {} on: found {found:?}, there is {expected:?}", n << 27));
        }
    }
    let largest = all().map(|(time, _)| time).max();
    let (expected, found) = (all().find(|&(time, _)| Some(time) == largest), find(TimeQuery::MaxTimestamp)?);
    if found == expected {
        Ok(())
    } else {
        Err(format!("the newest: found {found:?}, there is {expected:?}"))
    }
}
