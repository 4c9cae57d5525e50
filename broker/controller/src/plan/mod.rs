//! The door: from what a client asks for to a command, or to the reason why not.
//!
//! Names, settings and counts are checked here, and whatever needs chance or the tables of settings is decided
//! here, so that applying the command later needs neither.

mod configs;
mod partitions;
mod quotas;
mod topic;

pub(crate) use configs::{cluster_settings, plan_configs};
pub(crate) use partitions::plan_partitions;
pub(crate) use quotas::plan_quotas;
pub(crate) use topic::{Defaults, plan_topic};

/// The most partitions that one request may make (`ReplicationControlManager.MAX_PARTITIONS_PER_BATCH`).
const MAX_NEW_PARTITIONS: usize = 10_000;
