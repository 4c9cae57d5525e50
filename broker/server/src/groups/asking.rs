//! What the groups say, and from when on it may be told.

use klamm_model::{ErrorCode, Offset};
use klamm_partition::Partition;

/// What the groups say. It may rest on records that a crash would still take away.
#[derive(Debug)]
#[must_use = "it may be told when it is durable"]
pub(crate) struct Asked<T> {
    value: T,
    after: Option<Offset>,
}

impl<T> Asked<T> {
    pub(super) fn new(value: T, after: Option<Offset>) -> Asked<T> {
        Asked { value, after }
    }

    /// The value, once a crash can't make it untrue.
    pub(crate) async fn when_durable(self, partition: &Partition) -> Result<T, ErrorCode> {
        if let Some(last_offset) = self.after {
            let durable = partition.committed(last_offset).await;
            durable.map_err(|_| ErrorCode::CoordinatorNotAvailable)?;
        }
        Ok(self.value)
    }

    /// The value, for what needs no durability: signs of life, numbers for people.
    pub(crate) fn at_once(self) -> T {
        self.value
    }
}
