//! DescribeLogDirs (35): what is on the disk (KIP-113, KIP-827).

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use klamm_partition::Partition;
use klamm_wire::messages::describe_log_dirs::{
    DescribableLogDirTopic, DescribeLogDirsPartition, DescribeLogDirsRequest, DescribeLogDirsResponse,
    DescribeLogDirsResult, DescribeLogDirsTopic,
};

use super::log_dir::log_dir;
use crate::partitions::HostedTopic;
use crate::{Broker, RequestContext};

/// The partitions asked for, by topic; `None` for all.
type Wanted = Option<HashMap<String, BTreeSet<i32>>>;

/// Describes the one data directory.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: DescribeLogDirsRequest,
) -> DescribeLogDirsResponse {
    let wanted = request.topics.map(by_topic);
    let mut topics: Vec<_> =
        broker.partitions.topics().iter().filter_map(|topic| described(topic, &wanted)).collect();
    topics.sort_by(|one, other| one.name.cmp(&other.name));
    let disk = broker.partitions.disk();
    let path = broker.partitions.data_dir().path();
    let bytes = |space: fn(&dyn klamm_log::Disk, &Path) -> std::io::Result<u64>| {
        // Where the file system can't say, -1 says so.
        space(disk.as_ref(), path).map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX))
    };
    let result = DescribeLogDirsResult {
        log_dir: log_dir(broker),
        topics,
        total_bytes: bytes(|disk, path| disk.total_space(path)),
        usable_bytes: bytes(|disk, path| disk.free_space(path)),
        ..DescribeLogDirsResult::default()
    };
    DescribeLogDirsResponse { results: vec![result], ..DescribeLogDirsResponse::default() }
}

fn by_topic(topics: Vec<DescribableLogDirTopic>) -> HashMap<String, BTreeSet<i32>> {
    let mut wanted: HashMap<_, BTreeSet<_>> = HashMap::new();
    for topic in topics {
        wanted.entry(topic.topic).or_default().extend(topic.partitions);
    }
    wanted
}

/// A topic with those of its partitions that are wanted and here; `None` if there are none.
fn described(topic: &HostedTopic, wanted: &Wanted) -> Option<DescribeLogDirsTopic> {
    let name = topic.image.name.as_str();
    let indexes = match wanted {
        Some(wanted) => Some(wanted.get(name)?),
        None => None,
    };
    let partitions: Vec<_> = topic
        .online()
        .filter(|partition| indexes.is_none_or(|indexes| indexes.contains(&partition.id().partition.0)))
        .map(|partition| partition_here(partition))
        .collect();
    (!partitions.is_empty()).then(|| DescribeLogDirsTopic { name: name.to_owned(), partitions })
}

/// The one replica of a partition lags behind nobody.
fn partition_here(partition: &Partition) -> DescribeLogDirsPartition {
    DescribeLogDirsPartition {
        partition_index: partition.id().partition.0,
        partition_size: i64::try_from(partition.size_bytes()).unwrap_or(i64::MAX),
        offset_lag: 0,
        is_future_key: false,
    }
}
