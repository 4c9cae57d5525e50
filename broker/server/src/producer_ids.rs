//! Ids for idempotent producers, out of blocks that the controller gives.

use std::ops::Range;

use klamm_controller::{Controller, SubmitError};
use klamm_model::ProducerId;
use tokio::sync::Mutex;

/// Ids for idempotent producers. The controller gives a block of them with one entry of its log; what is left
/// of a block when the broker ends is never used.
#[derive(Debug)]
pub(crate) struct ProducerIds {
    // A lock that waits without blocking: one request asks for a block, those beside it wait for the same one.
    block: Mutex<Range<i64>>,
}

impl ProducerIds {
    /// No block yet.
    pub(crate) fn new() -> ProducerIds {
        ProducerIds { block: Mutex::new(0..0) }
    }

    /// An id that no other producer of the cluster has or had.
    pub(crate) async fn next(&self, controller: &Controller) -> Result<ProducerId, SubmitError> {
        let mut block = self.block.lock().await;
        loop {
            if let Some(id) = block.next() {
                return Ok(ProducerId(id));
            }
            *block = controller.allocate_producer_ids().await?;
        }
    }
}
