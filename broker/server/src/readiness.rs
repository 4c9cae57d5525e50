//! Whether clients are served, for probes and people.

use std::sync::atomic::Ordering;

use klamm_partition::Health;
use serde::Serialize;

use crate::Broker;
use crate::partitions::Replica;

/// How many stopped partitions an answer names.
const NAMED: usize = 20;

/// Whether clients are served, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Readiness {
    /// Whether clients are served.
    pub(crate) ready: bool,
    /// Why not; empty when they are.
    pub(crate) reasons: Vec<String>,
    /// What is wrong with single partitions. The others are served, so that the broker is ready all the same.
    pub(crate) warnings: Vec<String>,
}

impl Readiness {
    /// How it stands with this broker.
    pub(crate) fn of(broker: &Broker) -> Readiness {
        let mut reasons = Vec::new();
        if broker.stop.is_requested() {
            reasons.push("the broker is stopping".to_owned());
        } else if !broker.ready.load(Ordering::Acquire) {
            let opened = broker.partitions.count();
            reasons.push(format!("the broker is starting: {opened} partitions are open so far"));
        }
        Readiness { ready: reasons.is_empty(), reasons, warnings: stopped_partitions(broker) }
    }
}

fn stopped_partitions(broker: &Broker) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut more = 0;
    for topic in broker.partitions.topics() {
        for (index, replica) in topic.replicas().iter().enumerate() {
            let Some(why) = why_stopped(replica) else { continue };
            if warnings.len() < NAMED {
                warnings.push(format!("{}-{index} takes no records: {why}", topic.image.name));
            } else {
                more += 1;
            }
        }
    }
    if more > 0 {
        warnings.push(format!("{more} more partitions take no records"));
    }
    warnings
}

fn why_stopped(replica: &Replica) -> Option<String> {
    match replica {
        Replica::Online(partition) => match partition.health() {
            Health::Stopped(reason) => Some(reason.to_string()),
            Health::Healthy => None,
        },
        Replica::Offline(why) => Some(why.to_string()),
        Replica::Elsewhere => None,
    }
}
