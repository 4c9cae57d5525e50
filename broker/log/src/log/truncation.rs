//! Cutting a log's end off, as a follower does that has what its leader has not.

use klamm_model::Offset;

use crate::disk::DiskError;
use crate::log::Log;

impl Log {
    /// Removes all from `offset` on; a batch that holds `offset` goes whole. The new end.
    ///
    /// The caller lowers the recovery point checkpoint first, or else a crash would make the log look damaged.
    pub fn truncate_to(&mut self, offset: Offset) -> Result<Offset, DiskError> {
        let _ = offset;
        todo!()
    }
}
