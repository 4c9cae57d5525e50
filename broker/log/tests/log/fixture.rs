//! A log to test, and batches for it.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use klamm_log::sim::SimDisk;
use klamm_log::{
    AppendError, Appended, Disk, Log, LogConfig, OpenError, OpenState, ReadError, ReadRequest, Recovery,
    Replay,
};
use klamm_model::{LeaderEpoch, Offset, TimestampMs};
use klamm_records::{BatchBuilder, BuildOptions, Compression, PlacedBatch, batches};

pub const DIR: &str = "/data/orders-0";

/// A disk with a data directory.
pub fn disk() -> SimDisk {
    let disk = SimDisk::new(1);
    disk.create_dir_all(Path::new("/data")).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    disk
}

/// The state of a log that nobody has closed in order and nothing is known of.
pub const UNKNOWN: OpenState = OpenState {
    settled: false,
    clean: false,
    recovery_point: Offset::ZERO,
    log_start_offset: Offset::UNKNOWN,
    now: TimestampMs(0),
};

pub fn clean(recovery_point: Offset) -> OpenState {
    OpenState { clean: true, recovery_point, ..UNKNOWN }
}

pub fn unclean(recovery_point: Offset) -> OpenState {
    OpenState { recovery_point, ..UNKNOWN }
}

/// Small segments and many index entries.
pub fn small() -> LogConfig {
    LogConfig {
        segment_bytes: 4000,
        index_interval_bytes: 200,
        file_delete_delay_ms: 0,
        ..LogConfig::default()
    }
}

pub fn try_open(disk: &SimDisk, config: LogConfig, state: OpenState) -> Result<(Log, Recovery), OpenError> {
    open_on(Arc::new(disk.clone()), Path::new(DIR), config, state)
}

pub fn open(disk: &SimDisk, config: LogConfig, state: OpenState) -> (Log, Recovery) {
    try_open(disk, config, state).unwrap()
}

pub fn open_on(
    disk: Arc<dyn Disk>,
    dir: &Path,
    config: LogConfig,
    state: OpenState,
) -> Result<(Log, Recovery), OpenError> {
    Log::open(disk, dir, Arc::new(config), state, &mut |_: Replay<'_>| {})
}

/// A batch of one record for each value, all of one time.
pub fn batch(base: Offset, epoch: i32, time: i64, values: &[&[u8]]) -> PlacedBatch {
    let times: Vec<i64> = values.iter().map(|_| time).collect();
    batch_of_times(base, epoch, &times, values, Compression::None)
}

pub fn batch_of_times(
    base: Offset,
    epoch: i32,
    times: &[i64],
    values: &[&[u8]],
    compression: Compression,
) -> PlacedBatch {
    let leader_epoch = LeaderEpoch(epoch);
    let options = BuildOptions { base_offset: base, leader_epoch, compression, ..BuildOptions::default() };
    let mut builder = BatchBuilder::new(options);
    for (value, &time) in values.iter().zip(times) {
        builder.append(TimestampMs(time), None, Some(value), &[]);
    }
    PlacedBatch::from_bytes(&builder.build().unwrap()).unwrap()
}

/// Text of about `length` bytes that tells what it is the value of.
pub fn value(offset: Offset, length: usize) -> Vec<u8> {
    format!("record {offset} ").bytes().cycle().take(length).collect()
}

/// Appends one batch of `count` records with values of `length` bytes; time goes up with the offset.
pub fn append(log: &mut Log, count: i64, length: usize) -> Result<Appended, AppendError> {
    let base = log.end_offset();
    let values: Vec<Vec<u8>> = (0..count).map(|n| value(base.plus(n), length)).collect();
    let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
    let time = 1_000 + base.0;
    log.append(&batch(base, 0, time, &values), TimestampMs(time))
}

pub fn flush(log: &mut Log) {
    if let Some(ticket) = log.begin_flush() {
        let result = ticket.run();
        log.finish_flush(ticket, result);
    }
}

pub fn read(log: &Log, offset: Offset, max_bytes: usize) -> Result<Bytes, ReadError> {
    let request = ReadRequest { offset, upto: log.end_offset(), max_bytes, min_one: true };
    Ok(log.read_view(request)?.read()?.concat().into())
}

/// Base offsets of all batches from `offset` on, in one read after the other.
pub fn base_offsets(log: &Log, mut offset: Offset) -> Result<Vec<i64>, ReadError> {
    let mut bases = Vec::new();
    while offset < log.end_offset() {
        for batch in batches(&read(log, offset, 1000)?) {
            let batch = batch.unwrap();
            batch.verify_crc().unwrap();
            bases.push(batch.header.base_offset.0);
            offset = batch.header.next_offset();
        }
    }
    Ok(bases)
}
