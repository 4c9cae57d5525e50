//! Room on the disk that is taken ahead of what is appended.

use std::ops::Range;

/// A segment that is smaller than this takes none: of many small logs each would hold room that it may never need.
const LARGE_SEGMENT_BYTES: u64 = 2 * 1024 * 1024;
/// The most that is taken at once.
const MOST_AT_ONCE_BYTES: u64 = 4 * 1024 * 1024;
/// What is taken at once, as a part of the segment.
const PART_OF_SEGMENT: u64 = 8;

/// How far the file system has given a segment's file blocks ahead of what is written (`fallocate`).
///
/// A file system that learns of a log's growth with each write looks for blocks page by page; asked ahead it finds
/// megabytes of them side by side, which costs less and keeps the segments of logs that grow at the same time apart. It is
/// an eighth of the segment at most: a log that stops growing holds no more than that, and a sealed one nothing.
#[derive(Debug, Default)]
pub(crate) struct RoomAhead {
    /// Up to this position of the file. A file that was cut has less, and is asked for room again when it reaches this.
    until: u64,
}

impl RoomAhead {
    /// What a file system has free that gives room ahead: the last room of a disk is for records, and for what makes room.
    pub(crate) const PLENTY_BYTES: u64 = 256 * 1024 * 1024;

    /// What to ask of the file system before a segment of `size` bytes is written up to `end`; it counts as given.
    pub(crate) fn wanted(&mut self, size: u64, end: u64) -> Option<Range<u64>> {
        if size < LARGE_SEGMENT_BYTES || end <= self.until {
            return None;
        }
        let wanted = self.until.max(size)..end + (size / PART_OF_SEGMENT).min(MOST_AT_ONCE_BYTES);
        self.until = wanted.end;
        Some(wanted)
    }

    /// The file system does not give any, or has little: it is not asked again.
    pub(crate) fn refused(&mut self) {
        self.until = u64::MAX;
    }

    /// Whether a segment of `size` bytes may have room that it does not use; also one that an earlier process asked for.
    pub(crate) fn may_be_left(size: u64) -> bool {
        size >= LARGE_SEGMENT_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn a_small_segment_takes_none() {
        assert_eq!(RoomAhead::default().wanted(2 * MIB - 1, 3 * MIB), None);
    }

    #[test]
    fn room_is_taken_once_and_an_eighth_of_the_segment_ahead() {
        let mut room = RoomAhead::default();
        let end = 8 * MIB + 100;
        assert_eq!(room.wanted(8 * MIB, end), Some(8 * MIB..end + MIB));
        assert_eq!(room.wanted(end, end + MIB), None);
        assert_eq!(
            room.wanted(end + MIB - 1, end + MIB + 7),
            Some(end + MIB..end + MIB + 7 + (end + MIB - 1) / 8)
        );
    }

    #[test]
    fn no_more_than_four_mebibytes_are_taken_ahead() {
        assert_eq!(RoomAhead::default().wanted(1024 * MIB, 1025 * MIB), Some(1024 * MIB..1029 * MIB));
    }

    #[test]
    fn a_file_system_that_refuses_is_not_asked_again() {
        let mut room = RoomAhead::default();
        room.refused();
        assert_eq!(room.wanted(8 * MIB, 900 * MIB), None);
    }
}
