//! How far behind a group is, partition by partition. Nothing is clamped: an anomaly is shown as what it is.

use std::collections::{BTreeMap, BTreeSet};

use klamm_model::ErrorCode;
use serde::Serialize;

use super::committed::Committed;
use super::roster::{Group, Member};
use crate::client::{Bounds, ClientError, Outcome, TopicPartition};

/// A partition that a group reads or has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PartitionLag {
    pub topic: String,
    pub partition: i32,
    pub committed_offset: Option<i64>,
    pub log_start_offset: Option<i64>,
    pub log_end_offset: Option<i64>,
    /// From the committed offset to the end; below 0 where the committed offset is beyond the end.
    pub lag: Option<i64>,
    /// How many records were deleted before the group read them.
    pub lost: Option<i64>,
    pub member_id: Option<String>,
    pub instance_id: Option<String>,
    pub host: Option<String>,
    pub client_id: Option<String>,
    pub note: Option<String>,
}

/// The partitions that matter to a group: those that it committed offsets of, and those its members have.
pub(super) fn partitions_of(group: &Group, committed: &Committed) -> BTreeSet<TopicPartition> {
    owners(group).into_keys().chain(committed.keys().cloned()).collect()
}

fn owners(group: &Group) -> BTreeMap<TopicPartition, &Member> {
    let mut owners = BTreeMap::new();
    for member in &group.members {
        for (topic, partitions) in &member.assigned {
            for &partition in partitions {
                owners.insert(TopicPartition { topic: topic.clone(), partition }, member);
            }
        }
    }
    owners
}

/// What each of the group's partitions is like; `bounds` must be of a later time than `committed`, or a group that
/// keeps up would seem to be ahead.
pub(super) fn lags(
    group: &Group,
    committed: &Committed,
    bounds: &BTreeMap<TopicPartition, Outcome<Bounds>>,
) -> Vec<PartitionLag> {
    let owners = owners(group);
    let row = |partition: TopicPartition| {
        let mut row = of_partition(committed.get(&partition), bounds.get(&partition));
        if let Some(member) = owners.get(&partition) {
            row.member_id = Some(member.id.clone());
            row.instance_id.clone_from(&member.instance_id);
            row.host = Some(member.host.clone());
            row.client_id = Some(member.client_id.clone());
        }
        PartitionLag { topic: partition.topic, partition: partition.partition, ..row }
    };
    partitions_of(group, committed).into_iter().map(row).collect()
}

fn of_partition(committed: Option<&Outcome<i64>>, bounds: Option<&Outcome<Bounds>>) -> PartitionLag {
    let offset = committed.and_then(|committed| committed.as_ref().ok()).copied();
    let log = bounds.and_then(|bounds| bounds.as_ref().ok());
    let lag = offset.zip(log).map(|(offset, log)| log.end - offset);
    let lost = offset.zip(log).map(|(offset, log)| log.start - offset).filter(|lost| *lost > 0);
    let note = match (committed, bounds) {
        (Some(Err(error)), _) => Some(error.to_string()),
        (_, Some(Err(error))) => Some(why_unknown(error)),
        (None, _) => Some("nothing committed".to_owned()),
        _ => anomaly(lag, lost),
    };
    PartitionLag {
        topic: String::new(),
        partition: 0,
        committed_offset: offset,
        log_start_offset: log.map(|log| log.start),
        log_end_offset: log.map(|log| log.end),
        lag,
        lost,
        member_id: None,
        instance_id: None,
        host: None,
        client_id: None,
        note,
    }
}

fn anomaly(lag: Option<i64>, lost: Option<i64>) -> Option<String> {
    match (lag, lost) {
        (Some(lag @ ..0), _) => {
            let beyond = lag.unsigned_abs();
            Some(format!(
                "committed {beyond} beyond the end: was the topic made anew, or did it lose records?"
            ))
        }
        (_, Some(lost)) => Some(format!("lost {lost}: deleted before the group read them")),
        _ => None,
    }
}

/// In a few words where that is possible.
pub(super) fn why_unknown(error: &ClientError) -> String {
    match (error, error.code()) {
        (_, Some(ErrorCode::UnknownTopicOrPartition)) => "topic gone".to_owned(),
        (ClientError::UnknownPartition { .. }, _) => "partition gone".to_owned(),
        (ClientError::NoLeader { .. }, _) => "no leader".to_owned(),
        _ => error.to_string(),
    }
}

/// The sum of the lags, and how many partitions are not in it because their lag is unknown or impossible.
pub(super) fn total(rows: &[PartitionLag]) -> (i64, usize) {
    let possible = |row: &&PartitionLag| row.lag.is_some_and(|lag| lag >= 0);
    let counted = rows.iter().filter(possible).count();
    (rows.iter().filter(possible).filter_map(|row| row.lag).sum(), rows.len() - counted)
}
