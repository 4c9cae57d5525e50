//! What consumers of the classic protocol tell each other inside of JoinGroup and SyncGroup: `ConsumerProtocolSubscription`
//! and `ConsumerProtocolAssignment` (KIP-429, KIP-792, KIP-881).
//!
//! A coordinator has no need to read it until such consumers share a group with ones of the consumer protocol (KIP-848).

use std::collections::BTreeSet;

use bytes::Bytes;
use klamm_model::TopicId;
use klamm_wire::codec::Wire;
use klamm_wire::messages::consumer_group_heartbeat::TopicPartitions;
use klamm_wire::{Decoder, Limits, encode_versioned, version_of};
use klamm_wire_derive::Fields;

use crate::Topics;
use crate::consumer::Partitions;

/// The class of protocols whose members are consumers.
pub(crate) const CONSUMERS: &str = "consumer";
/// Newer versions begin like this one (Kafka's `ConsumerProtocol` reads them so, too). None is flexible.
const NEWEST: i16 = 3;
/// The assignors whose members keep what they had in their user data (KIP-54, KIP-429).
const STICKY: [&str; 2] = ["sticky", "cooperative-sticky"];
/// The versions of that, the newer first; the data don't say which they are of.
const STICKY_VERSIONS: [i16; 2] = [1, 0];

/// What a consumer wants, and what it has.
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub(crate) struct Subscription {
    /// The topics that it wants.
    pub(crate) topics: Vec<String>,
    #[field(nullable)]
    user_data: Option<Bytes>,
    /// What it has and does not give up to rejoin: nothing before version 1, or if its assignor is an eager one.
    #[field(versions = "1+", ignorable)]
    pub(crate) owned_partitions: Vec<NamedPartitions>,
    #[field(versions = "2+", default = -1, ignorable)]
    generation_id: i32,
    /// Its rack.
    #[field(versions = "3+", nullable, ignorable)]
    pub(crate) rack_id: Option<String>,
}

/// What a consumer is to read.
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub(crate) struct Assignment {
    /// The partitions.
    pub(crate) partitions: Vec<NamedPartitions>,
    /// What an assignor keeps for itself.
    #[field(nullable)]
    user_data: Option<Bytes>,
}

/// What the members of sticky assignors tell the leader in their user data: what they had.
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
struct StickyUserData {
    partitions: Vec<NamedPartitions>,
    /// Of the generation in which they had it.
    #[field(versions = "1+", default = -1, ignorable)]
    generation_id: i32,
}

/// Partitions of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub(crate) struct NamedPartitions {
    /// The topic.
    pub(crate) topic: String,
    /// The partitions.
    pub(crate) partitions: Vec<i32>,
}

impl Subscription {
    /// Reads one, of any version; `None` if it is none.
    pub(crate) fn read(bytes: &Bytes) -> Option<Subscription> {
        read(bytes)
    }

    /// The partitions that it has, of topics that exist.
    pub(crate) fn owned(&self, topics: &dyn Topics) -> Vec<TopicPartitions> {
        let of_topic = |named: &NamedPartitions| {
            let (topic_id, _) = topics.by_name(&named.topic)?;
            Some(TopicPartitions { topic_id, partitions: named.partitions.clone() })
        };
        self.owned_partitions.iter().filter_map(of_topic).collect()
    }
}

impl Assignment {
    /// Reads one, of any version; `None` if it is none. No bytes stand for nothing.
    pub(crate) fn read(bytes: &Bytes) -> Option<Assignment> {
        if bytes.is_empty() { Some(Assignment::default()) } else { read(bytes) }
    }

    /// Whether it says more than which partitions the member is to read, so that something would be lost without this assignor.
    ///
    /// The leader of a sticky assignor may add partitions once more: librdkafka sends each member its own user data back, and
    /// Sarama has it keep the data for the next time. Nothing is lost with that. (Kafka takes any user data for an assignor of
    /// the members' own.)
    pub(crate) fn says_more(&self, assignor: Option<&str>) -> bool {
        let Some(user_data) = self.user_data.as_ref().filter(|user_data| !user_data.is_empty()) else {
            return false;
        };
        !(assignor.is_some_and(|assignor| STICKY.contains(&assignor)) && is_sticky(user_data))
    }

    /// Its partitions, of topics that exist.
    pub(crate) fn by_id(&self, topics: &dyn Topics) -> Partitions {
        let mut by_id = Partitions::new();
        for named in self.partitions.iter().filter(|named| !named.partitions.is_empty()) {
            if let Some((topic_id, _)) = topics.by_name(&named.topic) {
                by_id.entry(topic_id).or_default().extend(&named.partitions);
            }
        }
        by_id
    }
}

/// Partitions as bytes, for a consumer that wrote `subscription`: in the version that it speaks. Topics that do not exist any
/// more are left out.
pub(crate) fn write_assignment(partitions: &Partitions, topics: &dyn Topics, subscription: &Bytes) -> Bytes {
    let of_topic = |(topic_id, partitions): (&TopicId, &BTreeSet<i32>)| {
        let (name, _) = topics.by_id(*topic_id)?;
        Some(NamedPartitions { topic: name.to_owned(), partitions: partitions.iter().copied().collect() })
    };
    let assignment =
        Assignment { partitions: partitions.iter().filter_map(of_topic).collect(), user_data: None };
    let version = version_of(subscription).unwrap_or(0).clamp(0, NEWEST);
    // A topic's name is never too long for its format: it came in through it.
    encode_versioned(&assignment, version, false).unwrap_or_default()
}

fn is_sticky(user_data: &Bytes) -> bool {
    STICKY_VERSIONS.iter().any(|version| {
        let mut decoder = Decoder::new(user_data.clone(), Limits::REQUEST);
        StickyUserData::read(&mut decoder, *version).is_ok() && decoder.remaining() == 0
    })
}

fn read<T: Wire>(bytes: &Bytes) -> Option<T> {
    let version = version_of(bytes).filter(|version| *version >= 0)?;
    let mut decoder = Decoder::new(bytes.slice(size_of::<i16>()..), Limits::REQUEST);
    T::read(&mut decoder, version.min(NEWEST)).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::consumer::tests::world::Cluster;

    /// A subscription as a client of this version writes it.
    pub(crate) fn subscription(version: i16, topics: &[&str], owned: &[(&str, &[i32])]) -> Bytes {
        let subscription = Subscription {
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            owned_partitions: named(owned),
            ..Subscription::default()
        };
        encode_versioned(&subscription, version, false).unwrap()
    }

    /// An assignment as a leader writes it.
    pub(crate) fn assignment(version: i16, partitions: &[(&str, &[i32])]) -> Bytes {
        assignment_with(version, partitions, None)
    }

    /// The same, with user data.
    pub(crate) fn assignment_with(
        version: i16,
        partitions: &[(&str, &[i32])],
        user_data: Option<Bytes>,
    ) -> Bytes {
        let assignment = Assignment { partitions: named(partitions), user_data };
        encode_versioned(&assignment, version, false).unwrap()
    }

    /// User data of a sticky assignor's member.
    pub(crate) fn sticky_user_data(version: i16, had: &[(&str, &[i32])], generation_id: i32) -> Bytes {
        let data = StickyUserData { partitions: named(had), generation_id };
        // The data don't begin with their version.
        encode_versioned(&data, version, false).unwrap().slice(size_of::<i16>()..)
    }

    fn named(partitions: &[(&str, &[i32])]) -> Vec<NamedPartitions> {
        let named = |(topic, partitions): &(&str, &[i32])| NamedPartitions {
            topic: (*topic).to_owned(),
            partitions: partitions.to_vec(),
        };
        partitions.iter().map(named).collect()
    }

    #[test]
    fn every_version_is_read_and_newer_ones_like_the_newest() {
        for version in 0..=3 {
            let read = Subscription::read(&subscription(version, &["a", "b"], &[("a", &[1, 2])])).unwrap();
            assert_eq!(read.topics, ["a", "b"]);
            assert_eq!(read.owned_partitions.len(), usize::from(version >= 1), "version {version}");
        }
        let mut newer = subscription(3, &["a"], &[("a", &[1])]).to_vec();
        newer[1] = 9;
        newer.extend(b"more");
        assert_eq!(Subscription::read(&newer.into()).unwrap().owned_partitions.len(), 1);
        for wrong in [&b""[..], b"\0", b"\xff\xff\0\0\0\0", b"\0\0\0\0\0\x09"] {
            assert!(Subscription::read(&Bytes::from_static(wrong)).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn an_assignment_is_written_in_the_members_version_and_read_back() {
        let topics = Cluster::with(&[("a", 4), ("gone", 4)]);
        let mut fewer = topics.clone();
        fewer.delete("gone");
        let bytes = assignment(3, &[("a", &[1, 3]), ("gone", &[0]), ("never", &[0])]);
        let partitions = Assignment::read(&bytes).unwrap().by_id(&topics);
        assert_eq!(partitions.len(), 2);
        for version in [0, 1, 3] {
            let written = write_assignment(&partitions, &fewer, &subscription(version, &["a"], &[]));
            assert_eq!(written, assignment(version, &[("a", &[1, 3])]));
        }
        assert_eq!(
            write_assignment(&Partitions::new(), &topics, &Bytes::from_static(b"\0\x09")),
            assignment(3, &[])
        );
        assert_eq!(Assignment::read(&Bytes::new()).unwrap(), Assignment::default());
    }

    #[test]
    fn a_sticky_assignor_says_partitions_twice_and_others_say_more() {
        let says_more = |assignor, user_data: &[u8]| {
            let bytes = assignment_with(0, &[("a", &[1])], Some(Bytes::copy_from_slice(user_data)));
            Assignment::read(&bytes).unwrap().says_more(assignor)
        };
        // As librdkafka 2.12 wrote them: before the member had anything, and after.
        let nothing = b"\0\0\0\0\0\0\0\x02";
        let two = b"\0\0\0\x01\0\x06orders\0\0\0\x02\0\0\0\x02\0\0\0\x03\0\0\0\x02";
        assert_eq!(two[..], sticky_user_data(1, &[("orders", &[2, 3])], 2));
        let old = sticky_user_data(0, &[("orders", &[2, 3])], 2);
        assert_eq!(old.len() + size_of::<i32>(), two.len());
        for data in [&nothing[..], &two[..], &old[..]] {
            for (assignor, more) in [
                (Some("cooperative-sticky"), false),
                (Some("sticky"), false),
                (Some("range"), true),
                (Some("their-own"), true),
                (None, true),
            ] {
                assert_eq!(says_more(assignor, data), more, "{assignor:?} {data:?}");
            }
        }
        for data in [&b"\x07"[..], &two[..two.len() - 1], &[&two[..], b"\0"].concat()[..]] {
            assert!(says_more(Some("sticky"), data), "{data:?}");
        }
        assert!(!says_more(Some("range"), b"") && !Assignment::default().says_more(None));
    }
}
