//! Batches with keys, and a whole cleaning in one call.

use std::ops::ControlFlow;

use klamm_log::Log;
use klamm_log::cleaner::{CleanError, CleanRules, CleaningRun, OffsetMap, Remembered};
use klamm_model::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_records::{
    BatchBuilder, BatchHeader, BuildOptions, Compression, PlacedBatch, ProducerStamp, batches,
};

use crate::fixture::read;

/// Rules that make nothing due but what is dirty at all.
pub const NEVER: CleanRules =
    CleanRules { min_dirty_ratio: 0.0, min_lag_ms: 0, max_lag_ms: i64::MAX, delete_retention_ms: 0 };

/// A batch to append.
#[derive(Debug, Clone)]
pub struct Batch {
    pub pairs: Vec<(String, Option<String>)>,
    pub codec: Compression,
    pub time: i64,
    pub epoch: i32,
    /// Id, epoch, first sequence.
    pub producer: Option<(i64, i16, i32)>,
    /// Whether it is of a transaction.
    pub transactional: bool,
    /// The marker's kind, for a control batch.
    pub marker: Option<i16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub offset: Offset,
    pub key: String,
    pub value: Option<String>,
}

pub fn record(offset: i64, key: &str, value: Option<&str>) -> Record {
    Record { offset: Offset(offset), key: key.to_owned(), value: value.map(str::to_owned) }
}

pub fn keyed(pairs: &[(&str, Option<&str>)]) -> Batch {
    let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned)));
    Batch {
        pairs: pairs.collect(),
        codec: Compression::None,
        time: 1000,
        epoch: 0,
        producer: None,
        transactional: false,
        marker: None,
    }
}

impl Batch {
    pub fn placed(&self, base: Offset) -> PlacedBatch {
        let producer = self.producer.map(|(id, epoch, first)| ProducerStamp {
            id: ProducerId(id),
            epoch: ProducerEpoch(epoch),
            base_sequence: Sequence(first),
        });
        let mut builder = BatchBuilder::new(BuildOptions {
            base_offset: base,
            leader_epoch: LeaderEpoch(self.epoch),
            compression: self.codec,
            producer,
            transactional: self.transactional || self.marker.is_some(),
            control: self.marker.is_some(),
            ..BuildOptions::default()
        });
        let time = TimestampMs(self.time);
        for (key, value) in &self.pairs {
            builder.append(time, Some(key.as_bytes()), value.as_deref().map(str::as_bytes), &[]);
        }
        if let Some(kind) = self.marker {
            let key = [[0, 0], kind.to_be_bytes()].concat();
            builder.append(time, Some(&key), Some(&[0; 6]), &[]);
        }
        PlacedBatch::from_bytes(&builder.build().unwrap()).unwrap()
    }
}

pub fn append_batch(log: &mut Log, batch: &Batch) {
    let placed = batch.placed(log.end_offset());
    log.append(&placed, TimestampMs(batch.time)).unwrap();
}

/// What a cleaning is told.
#[derive(Debug, Clone)]
pub struct Cleaning {
    pub cleaned: Option<Offset>,
    pub map_bytes: usize,
    pub now: i64,
    pub delete_retention_ms: i64,
    pub remembered: Remembered,
}

impl Default for Cleaning {
    fn default() -> Cleaning {
        Cleaning {
            cleaned: None,
            map_bytes: 1 << 20,
            now: 1000,
            delete_retention_ms: 1000,
            remembered: Remembered::new(),
        }
    }
}

/// Cleans all that is durable and sealed; up to where it came.
pub fn clean(log: &mut Log, cleaning: &Cleaning) -> Result<Offset, CleanError> {
    let mut pace = |_| ControlFlow::Continue(());
    let now = TimestampMs(cleaning.now);
    let view = log.cleaning_view(log.end_offset());
    let cleanable = view.assess(cleaning.cleaned, &NEVER, now)?;
    let map = OffsetMap::new(cleaning.map_bytes, 0.9);
    let keys = view.map_keys(cleanable, map, 1 << 20, &mut pace)?;
    let run = CleaningRun {
        map: &keys.map,
        remembered: &cleaning.remembered,
        delete_retention_ms: cleaning.delete_retention_ms,
        now,
        max_uncompressed_bytes: 1 << 20,
        buffer_bytes: 700,
    };
    let mut copying = view.copying(&run, &keys);
    for group in view.groups(keys.map.upto())? {
        let Some(cleaned) = copying.group(&group, &mut pace)? else { continue };
        let ticket = log.begin_swap(&cleaned).ok_or(CleanError::Changed)?;
        let swapped = ticket.run();
        log.finish_swap(ticket, swapped);
        if let Some(reason) = log.stopped() {
            let source = std::io::Error::other(reason.to_string());
            let (action, path) = (klamm_log::disk::Action::Rename, log.dir().to_owned());
            return Err(CleanError::Disk(klamm_log::DiskError { action, path, source }));
        }
    }
    Ok(keys.map.upto())
}

/// Every record from the log's start on.
pub fn records(log: &Log) -> Vec<Record> {
    let mut found = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    each_batch(log, &mut |batch| {
        let mut records = batch.records(1 << 20).unwrap();
        while let Some(record) = records.next_record().unwrap() {
            let (key, value) = (text(record.key.unwrap_or_default()), record.value.map(text));
            found.push(Record { offset: record.offset, key, value });
        }
    });
    found
}

pub fn pairs(log: &Log) -> Vec<(String, Option<String>)> {
    records(log).into_iter().map(|record| (record.key, record.value)).collect()
}

pub fn headers(log: &Log) -> Vec<BatchHeader> {
    let mut found = Vec::new();
    each_batch(log, &mut |batch| found.push(batch.header));
    found
}

fn each_batch(log: &Log, each: &mut dyn FnMut(&klamm_records::BatchView<'_>)) {
    let mut offset = log.start_offset();
    while offset < log.end_offset() {
        for batch in batches(&read(log, offset, 1000).unwrap()) {
            let batch = batch.unwrap();
            batch.verify_crc().unwrap();
            assert!(batch.header.base_offset <= offset, "a hole at {offset}");
            each(&batch);
            offset = batch.header.next_offset();
        }
    }
}
