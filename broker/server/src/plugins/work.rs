//! A batch for a chain of plug-ins.

use klamm_model::{PartitionIndex, TopicName};
use klamm_records::UnpackedBatch;

/// A batch on its way to a partition.
#[derive(Debug)]
pub(crate) struct Work {
    /// The topic.
    pub(crate) topic: TopicName,
    /// The partition that the producer chose.
    pub(crate) partition: PartitionIndex,
    /// How many partitions the topic has.
    pub(crate) partitions: u32,
    /// The records.
    pub(crate) unpacked: UnpackedBatch,
}
