//! Reading for one fetch, within its limits.

use std::sync::Arc;

use klamm_model::ErrorCode;
use klamm_partition::{Fetch, Fetched, Isolation, Partition};
use klamm_wire::messages::fetch::FetchRequest;

use crate::Broker;
use crate::error_code::KafkaError;
use crate::fetch_sessions::{Topic, Wanted};

/// What a fetch asks of its response as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// The most bytes of records, but for a first batch that is larger.
    max_bytes: usize,
    /// Fewer bytes are worth a wait.
    min_bytes: usize,
    /// What the client may see.
    pub(super) isolation: Isolation,
}

impl Limits {
    /// The limits of a request, on a broker with this `fetch.max.bytes`.
    pub(super) fn of(request: &FetchRequest, fetch_max_bytes: i32) -> Limits {
        let max_bytes = request.max_bytes.min(fetch_max_bytes).max(0).unsigned_abs() as usize;
        // More than fits is never there: waiting for it would only cost time, as in Kafka.
        let min_bytes = (request.min_bytes.max(0).unsigned_abs() as usize).min(max_bytes);
        let isolation = match request.isolation_level {
            1 => Isolation::ReadCommitted,
            _ => Isolation::ReadUncommitted,
        };
        Limits { max_bytes, min_bytes, isolation }
    }

    /// The same where there is room for no more than `room` bytes. A wait for one byte stays a wait.
    pub(super) fn within(self, room: usize) -> Limits {
        let max_bytes = self.max_bytes.min(room);
        Limits { max_bytes, min_bytes: self.min_bytes.min(max_bytes.max(1)), ..self }
    }

    /// Whether the client should hear of this now: there is enough, or something is wrong.
    pub(super) fn satisfied_by(self, found: &[TargetRead]) -> bool {
        found.iter().any(TargetRead::must_tell) || self.missing_of(found) == 0
    }

    /// The bytes that are worth waiting for.
    pub(super) fn missing(self, found: &[TargetRead]) -> u64 {
        self.missing_of(found) as u64
    }

    fn missing_of(self, found: &[TargetRead]) -> usize {
        self.min_bytes.saturating_sub(found.iter().map(TargetRead::size_bytes).sum())
    }
}

/// One partition that is to be read.
pub(super) struct Target {
    pub(super) wanted: Wanted,
    pub(super) partition: Result<Arc<Partition>, KafkaError>,
}

/// What was found there.
pub(super) struct TargetRead {
    pub(super) result: Result<Fetched, KafkaError>,
}

impl TargetRead {
    /// Bytes of records.
    pub(super) fn size_bytes(&self) -> usize {
        self.result.as_ref().map_or(0, Fetched::size_bytes)
    }

    /// Whether it must not be kept from the client until there are more bytes.
    pub(super) fn must_tell(&self) -> bool {
        self.result.as_ref().map_or(true, |fetched| fetched.diverging.is_some())
    }
}

impl Target {
    /// Finds the partition that is wanted.
    pub(super) fn find(broker: &Broker, wanted: Wanted, by_replica: bool) -> Target {
        let topic = match &wanted.key.topic {
            Topic::Name(name) => broker.partitions.by_name(name),
            Topic::Id(id) => broker.partitions.by_id(*id),
        };
        let partition = topic.and_then(|topic| {
            if by_replica {
                // No other broker holds a replica of a partition here.
                return Err(ErrorCode::NotLeaderOrFollower.into());
            }
            topic.leader(wanted.key.partition).cloned()
        });
        Target { wanted, partition }
    }

    fn read(&self, room: usize, min_one: bool, isolation: Isolation) -> TargetRead {
        let result = self.partition.as_ref().map_err(Clone::clone).and_then(|partition| {
            let fetch = Fetch {
                offset: self.wanted.offset,
                max_bytes: room.min(self.wanted.max_bytes.max(0).unsigned_abs() as usize),
                min_one,
                isolation,
                current_leader_epoch: self.wanted.current_leader_epoch,
                last_fetched_epoch: self.wanted.last_fetched_epoch,
            };
            partition.fetch(&fetch).map_err(|error| KafkaError::from(&error))
        });
        TargetRead { result }
    }
}

/// Reads all targets in order, until the response is full. The first batch there is comes whole, even if it is
/// larger than everything allowed (KIP-74): else a client could never get past it.
pub(super) fn all(targets: &[Target], limits: Limits) -> Vec<TargetRead> {
    let mut room = limits.max_bytes;
    let mut any = false;
    targets
        .iter()
        .map(|target| {
            let read = target.read(room, !any, limits.isolation);
            let bytes = read.size_bytes();
            any |= bytes > 0;
            room = room.saturating_sub(bytes);
            read
        })
        .collect()
}
