//! One file answers one Kafka API.
//!
//! A handler is `async fn handle(&Broker, &RequestContext, XRequest) -> XResponse`. It never fails: errors are
//! part of its answer. It becomes reachable, and advertised, by its line in `dispatch.rs`.

pub(crate) mod alter_client_quotas;
pub(crate) mod alter_configs;
pub(crate) mod api_versions;
mod config_changes;
mod config_resource;
pub(crate) mod create_partitions;
pub(crate) mod create_topics;
pub(crate) mod delete_records;
pub(crate) mod delete_topics;
pub(crate) mod describe_client_quotas;
pub(crate) mod describe_cluster;
pub(crate) mod describe_configs;
pub(crate) mod describe_topic_partitions;
mod duplicates;
pub(crate) mod fetch;
pub(crate) mod incremental_alter_configs;
pub(crate) mod init_producer_id;
pub(crate) mod list_offsets;
pub(crate) mod metadata;
pub(crate) mod offset_for_leader_epoch;
pub(crate) mod produce;

use klamm_model::LeaderEpoch;

/// A leader epoch on the wire; `None` where the client doesn't say (`-1`).
fn leader_epoch(epoch: i32) -> Option<LeaderEpoch> {
    (epoch >= 0).then_some(LeaderEpoch(epoch))
}
