//! Room on the disk: records leave some of it for what makes room.
//!
//! Deleting a topic, shortening retention and removing segments all write a little first (metadata, checkpoints). On a
//! disk that records had filled to the last byte none of that would work.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use klamm_log::Disk;
use klamm_model::ErrorCode;

use crate::error_code::KafkaError;

/// What records leave free: twice what the metadata log wants to have; on a small disk a quarter of it.
const RESERVE_BYTES: u64 = 32 << 20;
/// After so many bytes the file system is asked again, since others write to it too.
const LOOK_AGAIN_BYTES: u64 = 4 << 20;

/// How much may be written before the file system is asked again.
#[derive(Debug, Default)]
pub(crate) struct Room {
    left: AtomicI64,
}

impl Room {
    /// Takes room for a batch on the file system of `dir`, or says that there is none.
    pub(crate) fn take(&self, disk: &dyn Disk, dir: &Path, bytes: usize) -> Result<(), KafkaError> {
        let bytes = bytes as i64;
        if self.left.fetch_sub(bytes, Ordering::Relaxed) >= bytes {
            return Ok(());
        }
        // Where the file system can't say, the write will.
        let Ok(free) = disk.free_space(dir) else { return Ok(()) };
        let reserve = reserve(disk, dir);
        let available = free.saturating_sub(reserve);
        let left = available.min(LOOK_AGAIN_BYTES.max(bytes as u64)) as i64 - bytes;
        self.left.store(left.max(0), Ordering::Relaxed);
        if left >= 0 { Ok(()) } else { Err(full(dir, free, reserve)) }
    }
}

/// Whether there are so many bytes beside the reserve, for what can wait.
pub(crate) fn has_room(disk: &dyn Disk, dir: &Path, bytes: u64) -> bool {
    disk.free_space(dir).is_ok_and(|free| free.saturating_sub(reserve(disk, dir)) >= bytes)
}

fn reserve(disk: &dyn Disk, dir: &Path) -> u64 {
    RESERVE_BYTES.min(disk.total_space(dir).unwrap_or(u64::MAX) / 4)
}

fn full(dir: &Path, free: u64, reserve: u64) -> KafkaError {
    let message = format!(
        "the disk of {} is full: {free} bytes are free, and {reserve} are kept for what makes room. Free some \
         space: delete a topic or records, or lower retention; writes are taken again as soon as there is room",
        dir.display()
    );
    KafkaError::new(ErrorCode::KafkaStorageError, message)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use klamm_log::sim::SimDisk;
    use klamm_model::ErrorCode;

    use super::{LOOK_AGAIN_BYTES, RESERVE_BYTES, Room};

    #[test]
    fn records_leave_the_reserve() {
        let disk = SimDisk::new(1);
        disk.set_capacity(RESERVE_BYTES + 100);
        let room = Room::default();
        let dir = Path::new("/data");
        assert_eq!(room.take(&disk, dir, 60), Ok(()));
        assert_eq!(room.take(&disk, dir, 40), Ok(()));
        disk.set_capacity(RESERVE_BYTES);
        let refused = room.take(&disk, dir, 1).unwrap_err();
        assert_eq!(refused.code, ErrorCode::KafkaStorageError);
        assert!(refused.message.contains("/data is full"), "{refused}");
        disk.set_capacity(RESERVE_BYTES + 1);
        assert_eq!(room.take(&disk, dir, 1), Ok(()), "as soon as there is room");
    }

    #[test]
    fn what_others_write_is_seen_before_long() {
        let disk = SimDisk::new(1);
        let room = Room::default();
        let dir = Path::new("/data");
        assert_eq!(room.take(&disk, dir, 1), Ok(()));
        disk.set_capacity(0);
        let mebibytes = LOOK_AGAIN_BYTES >> 20;
        assert!((0..=mebibytes).any(|_| room.take(&disk, dir, 1 << 20).is_err()));
    }
}
