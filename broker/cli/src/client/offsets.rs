//! Offsets by time, and the first and last of a partition.

use std::collections::BTreeMap;

use clap::ValueEnum;
use klamm_model::{BrokerId, Offset};
use klamm_wire::messages::ListOffsetsRequest;
use klamm_wire::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};

use super::{Client, ClientError, Target, Topic, check};

/// What a reader sees of transactions (`org.apache.kafka.common.IsolationLevel`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Isolation {
    /// Only committed records, and those without a transaction
    #[default]
    #[value(name = "read_committed", alias = "committed")]
    ReadCommitted,
    /// All records
    #[value(name = "read_uncommitted", alias = "uncommitted")]
    ReadUncommitted,
}

impl Isolation {
    /// As requests have it.
    pub fn code(self) -> i8 {
        i8::from(self == Isolation::ReadCommitted)
    }
}

/// Asks for the offset after the last record.
pub const LATEST: i64 = -1;
/// Asks for the first offset there is.
pub const EARLIEST: i64 = -2;

impl Client {
    /// For each of `partitions`, the first offset whose record is of `timestamp` (milliseconds, or one of Kafka's
    /// markers) or later; `None` where there is none. The latest offset of a reader of committed records is the
    /// last stable one.
    pub async fn list_offsets(
        &mut self,
        topic: &Topic,
        partitions: &[i32],
        timestamp: i64,
        isolation: Isolation,
    ) -> Result<BTreeMap<i32, Option<Offset>>, ClientError> {
        let mut by_leader: BTreeMap<BrokerId, Vec<ListOffsetsPartition>> = BTreeMap::new();
        for &partition in partitions {
            let asked = ListOffsetsPartition { partition_index: partition, timestamp, ..Default::default() };
            by_leader.entry(topic.leader(partition)?.broker).or_default().push(asked);
        }
        let mut found = BTreeMap::new();
        for (leader, partitions) in by_leader {
            let asked = ListOffsetsTopic { name: topic.name.clone(), partitions };
            let request = ListOffsetsRequest {
                replica_id: -1,
                isolation_level: isolation.code(),
                topics: vec![asked],
                ..Default::default()
            };
            let response = self.call(Target::Broker(leader), &request).await?;
            for partition in response.topics.iter().flat_map(|topic| &topic.partitions) {
                let index = partition.partition_index;
                check(partition.error_code, None, format!("asking for offsets of {}-{index}", topic.name))?;
                found.insert(index, Some(Offset(partition.offset)).filter(|offset| offset.0 >= 0));
            }
        }
        Ok(found)
    }
}
