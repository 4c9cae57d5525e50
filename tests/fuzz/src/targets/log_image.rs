//! A partition's directory. The input: a byte of flags, one for the recovery point, then `.index`, `.timeindex`,
//! leader epochs and snapshot with a length of two bytes each, then the `.log` file.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use klamm_log::sim::SimDisk;
use klamm_log::{Log, LogConfig, OpenState, ReadRequest, Recovery, Replay, TimeQuery};
use klamm_model::{Offset, TimestampMs};
use klamm_records::batches;

use crate::bounds::within_bounds;
use crate::disk;
use crate::input::Input;

const DIR: &str = "/data/t-0";
/// The simulated disk keeps what was synced, what was not, and a journal; the scanner holds a chunk.
const PER_BYTE: u64 = 64;
const FIXED: u64 = 2 << 20;

const REPAIRED: u8 = 1;
const CLEAN: u8 = 2;

pub(super) fn open(input: &[u8]) -> bool {
    let length = input.len();
    let mut input = Input::new(input);
    let (flags, point) = (input.byte(), input.byte());
    let disk = image(input, flags);
    let clean = flags & CLEAN != 0;
    let state = OpenState {
        clean,
        settled: false,
        recovery_point: Offset(i64::from(point)),
        log_start_offset: Offset::ZERO,
        now: TimestampMs(1),
    };
    let Some((log, _)) = within_bounds(length, PER_BYTE, FIXED, || open_log(&disk, state)) else {
        return false;
    };
    within_bounds(length, PER_BYTE, FIXED, || look_everywhere(&log, clean || point > 0));
    if clean || point > 0 {
        return true; // what counts as known is not verified
    }
    let (end, found) = (log.end_offset(), log.size_bytes());
    drop(log);
    let (again, recovery) = open_log(&disk, state).unwrap();
    assert_eq!((again.end_offset(), again.size_bytes()), (end, found), "recovery is done once");
    assert_eq!(recovery.truncated_bytes, 0, "recovery is done once");
    true
}

fn image(mut input: Input<'_>, flags: u8) -> SimDisk {
    let dir = Path::new(DIR);
    let disk = disk::empty(dir);
    for name in ["00000000000000000000.index", "00000000000000000000.timeindex", "leader-epoch-checkpoint"] {
        let part = input.part();
        if !part.is_empty() {
            disk::put(&disk, &dir.join(name), part);
        }
    }
    let snapshot = input.part();
    if !snapshot.is_empty() {
        disk::put(&disk, &dir.join("00000000000000000002.snapshot"), snapshot);
    }
    let mut log = input.rest().to_vec();
    if flags & REPAIRED != 0 {
        super::repair(&mut log);
    }
    disk::put(&disk, &dir.join("00000000000000000000.log"), &log);
    disk
}

fn open_log(disk: &SimDisk, state: OpenState) -> Option<(Log, Recovery)> {
    let config = LogConfig { index_interval_bytes: 200, ..LogConfig::default() };
    Log::open(Arc::new(disk.clone()), Path::new(DIR), Arc::new(config), state, &mut |_: Replay<'_>| {}).ok()
}

/// Reads all that there is. Where everything was verified, every read must succeed.
fn look_everywhere(log: &Log, may_fail: bool) {
    let mut offset = log.start_offset();
    while offset < log.end_offset() {
        match read(log, offset) {
            Some(next) if next > offset => offset = next,
            other => {
                assert!(may_fail, "offset {offset} of a verified log can't be read: {other:?}");
                break;
            }
        }
    }
    for query in [TimeQuery::AtOrAfter(TimestampMs(1_001)), TimeQuery::MaxTimestamp] {
        // The records of a batch whose CRC is right may contradict themselves.
        let _ = log.time_view(query, log.end_offset()).find(1 << 20);
    }
}

/// The offset after the batches that one read from `offset` on gives; `None` if it fails.
fn read(log: &Log, offset: Offset) -> Option<Offset> {
    let request = ReadRequest { offset, upto: log.end_offset(), max_bytes: 1000, min_one: true };
    let bytes: Bytes = log.read_view(request).ok()?.read().ok()?.concat().into();
    let mut next = None;
    for batch in batches(&bytes) {
        let batch = batch.ok()?;
        batch.verify_crc().ok()?;
        next = Some(batch.header.next_offset());
    }
    next
}
