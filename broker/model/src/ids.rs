//! Identities of brokers, clusters and producers.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{PartitionIndex, TopicId};

/// A broker's number (`node.id`): 0 and up; `-1` where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BrokerId(pub i32);

impl BrokerId {
    /// Kafka's marker for "no broker" (`-1`), for example a partition without a leader.
    pub const NONE: BrokerId = BrokerId(-1);
}

impl fmt::Display for BrokerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A producer's number, given out by InitProducerId: 0 and up; `-1` for a producer without idempotence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProducerId(pub i64);

impl ProducerId {
    /// A producer without idempotence (`-1`).
    pub const NONE: ProducerId = ProducerId(-1);

    /// Whether this is an idempotent producer's id.
    pub const fn is_some(self) -> bool {
        self.0 >= 0
    }

    /// The id under which records of this producer are in another partition than the one it sent them to: a plug-in chose that, and
    /// `ingress` is where they came from. So a partition tells a producer's own records from those that came by way of another
    /// partition, whose sequences are another series.
    ///
    /// Bit 62, the ingress partition in 20 bits, the producer's id in 42. `None` if either is larger, or the id is derived already.
    pub const fn derived(self, ingress: PartitionIndex) -> Option<ProducerId> {
        let fits = self.0 >= 0 && self.0 >> ID_BITS == 0;
        if !fits || ingress.0 < 0 || ingress.0 >> INGRESS_BITS != 0 {
            return None;
        }
        Some(ProducerId(DERIVED | (ingress.0 as i64) << ID_BITS | self.0))
    }

    /// Whether it is an id that only the broker writes with; see [`ProducerId::derived`].
    pub const fn is_derived(self) -> bool {
        self.0 >= DERIVED
    }
}

/// Set in derived ids alone: InitProducerId counts up from 0.
const DERIVED: i64 = 1 << 62;
const ID_BITS: u32 = 42;
const INGRESS_BITS: u32 = 20;

impl fmt::Display for ProducerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How often a producer id has been taken over: 0 to 32767; `-1` where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProducerEpoch(pub i16);

impl ProducerEpoch {
    /// No epoch (`-1`).
    pub const NONE: ProducerEpoch = ProducerEpoch(-1);
}

impl fmt::Display for ProducerEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A cluster's name for itself, made when its first broker formats its data directory: 1 to 100 visible
/// ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClusterId(Arc<str>);

/// A cluster id that is empty, too long, or has characters that don't print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cluster id {0:?} is not 1 to 100 visible ASCII characters")]
pub struct InvalidClusterId(String);

impl ClusterId {
    /// A new id that no other cluster has, in the form of Kafka's own (a random UUID in URL-safe base64).
    pub fn random() -> ClusterId {
        ClusterId(TopicId::random().to_string().into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClusterId {
    type Err = InvalidClusterId;

    fn from_str(text: &str) -> Result<ClusterId, InvalidClusterId> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if visible && (1..=100).contains(&text.len()) {
            Ok(ClusterId(text.into()))
        } else {
            Err(InvalidClusterId(text.to_owned()))
        }
    }
}

impl TryFrom<String> for ClusterId {
    type Error = InvalidClusterId;

    fn try_from(text: String) -> Result<ClusterId, InvalidClusterId> {
        text.parse()
    }
}

impl From<ClusterId> for String {
    fn from(id: ClusterId) -> String {
        id.as_str().to_owned()
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ProducerId;
    use crate::PartitionIndex;

    #[test]
    fn derived_ids_differ_by_producer_and_by_partition() {
        let derived = |id, ingress| ProducerId(id).derived(PartitionIndex(ingress));
        let largest = (1 << 42) - 1;
        let all: Vec<_> = [(0, 0), (1, 0), (0, 1), (largest, 0), (largest, (1 << 20) - 1)]
            .map(|(id, ingress)| derived(id, ingress).unwrap())
            .to_vec();
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|id| id.is_derived() && id.is_some()), "{all:?}");
        assert!(!ProducerId(largest).is_derived() && !ProducerId::NONE.is_derived());
    }

    #[test]
    fn what_does_not_fit_has_no_derived_id() {
        let derived = |id, ingress| ProducerId(id).derived(PartitionIndex(ingress));
        for (id, ingress) in [(-1, 0), (1 << 42, 0), (0, -1), (0, 1 << 20)] {
            assert_eq!(derived(id, ingress), None, "{id} {ingress}");
        }
        assert_eq!(derived(derived(7, 7).unwrap().0, 7), None);
    }
}
