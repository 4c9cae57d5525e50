//! DescribeLogDirs: what is in a broker's directories (KIP-113).

use klamm_wire_derive::{Fields, Message};

/// Asks for the sizes of partitions on the broker's disks.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeLogDirs, kind = request, versions = "1-5", flexible = "2+")]
pub struct DescribeLogDirsRequest {
    /// The topics, or null for all.
    #[field(nullable)]
    pub topics: Option<Vec<DescribableLogDirTopic>>,
}

/// A topic to describe.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DescribableLogDirTopic {
    /// The topic.
    pub topic: String,
    /// The partitions.
    pub partitions: Vec<i32>,
}

/// The directories.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeLogDirs, kind = response, versions = "1-5", flexible = "2+")]
pub struct DescribeLogDirsResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// What went wrong, or 0.
    #[field(versions = "3+", ignorable)]
    pub error_code: i16,
    /// The directories.
    pub results: Vec<DescribeLogDirsResult>,
}

/// A directory.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DescribeLogDirsResult {
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The directory's absolute path.
    pub log_dir: String,
    /// The topics.
    pub topics: Vec<DescribeLogDirsTopic>,
    /// The size of the volume in bytes, or -1 (KIP-827).
    #[field(versions = "4+", default = -1, ignorable)]
    pub total_bytes: i64,
    /// What the broker can still use of the volume in bytes, or -1 (KIP-827).
    #[field(versions = "4+", default = -1, ignorable)]
    pub usable_bytes: i64,
    /// Whether the directory takes no new partitions (KIP-1066).
    #[field(versions = "5+", ignorable)]
    pub is_cordoned: bool,
}

/// A topic in a directory.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DescribeLogDirsTopic {
    /// The topic.
    pub name: String,
    /// The partitions.
    pub partitions: Vec<DescribeLogDirsPartition>,
}

/// A partition in a directory.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DescribeLogDirsPartition {
    /// The partition.
    pub partition_index: i32,
    /// The size of its segments in bytes.
    pub partition_size: i64,
    /// How many records the log is behind the partition's high watermark, or behind the log that it is to replace.
    pub offset_lag: i64,
    /// Whether this log is to replace the one in another directory.
    pub is_future_key: bool,
}
