//! Whether a partition works.

use std::sync::Arc;

use klamm_model::TopicPartition;

/// Why a partition takes no more records.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StopReason {
    /// The disk failed under a write or an fsync. What is on the disk is not known any more, so nothing may be
    /// acknowledged until a restart has read it again.
    #[error("{partition}: {reason}")]
    Disk {
        /// The partition.
        partition: TopicPartition,
        /// What failed, and what to do.
        reason: Arc<klamm_log::StopReason>,
    },
    /// It was closed: the broker stops, or the topic was deleted.
    #[error("{partition} is closed")]
    Closed {
        /// The partition.
        partition: TopicPartition,
    },
}

/// A partition's state of health.
#[derive(Debug, Clone)]
pub enum Health {
    /// It takes and gives records.
    Healthy,
    /// It takes no records; reads of what was visible go on unless it is closed.
    Stopped(Arc<StopReason>),
}

impl Health {
    /// Whether it takes records.
    pub fn is_healthy(&self) -> bool {
        matches!(self, Health::Healthy)
    }
}
