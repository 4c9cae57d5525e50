//! Telling a torn tail from damage, where the batches end that can be read.
//!
//! A power cut takes away what was written and not synced: sectors of the file that read as zeros, or a file that ends
//! early. It does so at the tail, but where the disk wrote later sectors first, whole batches can stand behind a hole.
//! None of them was acknowledged: an acknowledgement follows an fsync, after which there is no hole. Anything else that
//! has whole batches behind it (a flipped bit, foreign bytes) happened to data that was on the disk, and nothing may be
//! cut there, since the batches behind may have been acknowledged.

use klamm_model::Offset;
use klamm_records::{BatchHeader, BatchView, HEADER_BYTES};

use crate::disk::DiskError;
use crate::scanner::Scanner;
use crate::segment::Segment;

/// The unit that a disk writes as a whole, or not.
const SECTOR_BYTES: u64 = 512;
/// What is searched at once.
const WINDOW_BYTES: usize = 1 << 20;
/// Where a header has its format number.
const MAGIC_AT: usize = 16;
/// Base offset and length: never all zero in a batch.
const NEVER_ZERO_BYTES: u64 = 12;

/// What a place is at which no batch can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// Nothing that was ever acknowledged: the file is cut there. Batches behind a hole go with it.
    Torn {
        /// Whether whole batches stand behind it.
        hole: bool,
    },
    /// Damage to data that was on the disk; a whole batch follows it.
    Corrupt,
}

/// Where a segment stops being readable.
#[derive(Debug, Clone, Copy)]
pub(super) struct BadPlace {
    pub position: u64,
    /// What the next batch's offset should be.
    pub expected: Offset,
    /// The file's size.
    pub size: u64,
    /// Whether later segments have batches.
    pub more_segments: bool,
}

/// Judges the place.
pub(super) fn judge(segment: &Segment, place: BadPlace) -> Result<Damage, DiskError> {
    let next = find_batch(segment, place)?;
    if next.is_none() && !place.more_segments {
        return Ok(Damage::Torn { hole: false });
    }
    let until = next.unwrap_or(place.size);
    if next.is_none() && ends_early(segment, place)? || has_lost_sector(segment, place, until)? {
        return Ok(Damage::Torn { hole: true });
    }
    Ok(Damage::Corrupt)
}

/// Whether the batch at the place is cut off by the end of the file.
fn ends_early(segment: &Segment, place: BadPlace) -> Result<bool, DiskError> {
    let left = place.size - place.position;
    let bytes = Scanner::new(segment, place.position, place.size).bytes(place.position, HEADER_BYTES)?;
    Ok(match BatchHeader::read(&bytes) {
        Ok(header) => header.base_offset == place.expected && header.size_bytes() as u64 > left,
        Err(_) => left < HEADER_BYTES as u64,
    })
}

/// Whether some sector from the place to `until` reads as zeros that no batch has there.
fn has_lost_sector(segment: &Segment, place: BadPlace, until: u64) -> Result<bool, DiskError> {
    let mut scanner = Scanner::new(segment, place.position, place.size);
    let mut from = place.position;
    while from < until {
        let to = (from / SECTOR_BYTES + 1) * SECTOR_BYTES;
        let to = to.min(place.size);
        let bytes = scanner.bytes(from, (to - from) as usize)?;
        let zero = bytes.iter().all(|&byte| byte == 0);
        let whole = from.is_multiple_of(SECTOR_BYTES) || from > place.position;
        if zero && (whole || is_no_beginning(&bytes, place.expected)) {
            return Ok(true);
        }
        from = to;
    }
    Ok(false)
}

/// Whether these zeros can't be the beginning of the batch with this offset.
fn is_no_beginning(zeros: &[u8], offset: Offset) -> bool {
    let length = zeros.len().min(8);
    zeros.len() as u64 >= NEVER_ZERO_BYTES || offset.0.to_be_bytes()[..length] != zeros[..length]
}

/// Where the next whole and valid batch behind the place begins.
fn find_batch(segment: &Segment, place: BadPlace) -> Result<Option<u64>, DiskError> {
    let mut scanner = Scanner::new(segment, place.position, place.size);
    let mut from = place.position + 1;
    while from + HEADER_BYTES as u64 <= place.size {
        let window = scanner.bytes(from, WINDOW_BYTES.min((place.size - from) as usize))?;
        if window.len() < HEADER_BYTES {
            break;
        }
        let candidates = window.len() - HEADER_BYTES + 1;
        for at in (0..candidates).filter(|at| window[at + MAGIC_AT] == 2) {
            let position = from + at as u64;
            if is_batch(segment, &window[at..], position, place)? {
                return Ok(Some(position));
            }
        }
        from += candidates as u64;
    }
    Ok(None)
}

fn is_batch(segment: &Segment, window: &[u8], position: u64, place: BadPlace) -> Result<bool, DiskError> {
    let Ok(header) = BatchHeader::read(window) else { return Ok(false) };
    let offsets = place.expected.0..=place.expected.0.saturating_add(i64::from(i32::MAX));
    let fits = position + header.size_bytes() as u64 <= place.size;
    if !fits || !offsets.contains(&header.base_offset.0) || header.last_offset_delta < 0 {
        return Ok(false);
    }
    let bytes = Scanner::new(segment, position, place.size).bytes(position, header.size_bytes())?;
    Ok(BatchView::read(&bytes).is_ok_and(|batch| batch.verify_crc().is_ok()))
}
