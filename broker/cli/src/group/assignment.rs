//! What consumers of the classic protocol tell each other through the coordinator, which does not read it
//! (`ConsumerProtocolAssignment.json`, `ConsumerProtocolSubscription.json`).

use bytes::Bytes;
use klamm_wire::{DecodeError, decode_versioned};
use klamm_wire_derive::Fields;

use super::roster::Partitions;

/// Newer versions only add fields at the end, and none are flexible; the ones we don't know are an error.
const VERSIONS: std::ops::RangeInclusive<i16> = 0..=3;

#[derive(Debug, Clone, PartialEq, Fields)]
struct TopicPartitions {
    topic: String,
    partitions: Vec<i32>,
}

#[derive(Debug, Clone, PartialEq, Fields)]
struct Assignment {
    topics: Vec<TopicPartitions>,
    #[field(nullable)]
    user_data: Option<Bytes>,
}

#[derive(Debug, Clone, PartialEq, Fields)]
struct Subscription {
    topics: Vec<String>,
    #[field(nullable)]
    user_data: Option<Bytes>,
    #[field(versions = "1+", ignorable)]
    owned_partitions: Vec<TopicPartitions>,
    #[field(versions = "2+", default = -1, ignorable)]
    generation_id: i32,
    #[field(versions = "3+", nullable, ignorable)]
    rack_id: Option<String>,
}

/// The partitions of an assignment; none where there are no bytes: a member that nothing was assigned to yet.
pub(super) fn partitions(bytes: &Bytes) -> Result<Partitions, DecodeError> {
    if bytes.is_empty() {
        return Ok(Partitions::new());
    }
    let assignment: Assignment = decode_versioned(bytes, VERSIONS, None)?;
    let mut partitions = Partitions::new();
    for topic in assignment.topics {
        partitions.entry(topic.topic).or_default().extend(topic.partitions);
    }
    for indexes in partitions.values_mut() {
        indexes.sort_unstable();
    }
    Ok(partitions)
}

/// The topics of a subscription.
pub(super) fn subscription(bytes: &Bytes) -> Result<Vec<String>, DecodeError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let mut topics = decode_versioned::<Subscription>(bytes, VERSIONS, None)?.topics;
    topics.sort();
    Ok(topics)
}

#[cfg(test)]
pub(super) fn assignment_bytes(topics: &[(&str, &[i32])]) -> Bytes {
    let topic = |(topic, partitions): &(&str, &[i32])| TopicPartitions {
        topic: (*topic).to_owned(),
        partitions: partitions.to_vec(),
    };
    let assignment = Assignment { topics: topics.iter().map(topic).collect(), user_data: None };
    klamm_wire::encode_versioned(&assignment, 3, false).unwrap()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{partitions, subscription};

    #[test]
    fn an_assignment_of_javas_client_is_read() {
        // Version 3: one topic "t" with partitions 1 and 0, no user data.
        let bytes = b"\0\x03\0\0\0\x01\0\x01t\0\0\0\x02\0\0\0\x01\0\0\0\0\xff\xff\xff\xff";
        let read = partitions(&Bytes::from_static(bytes)).unwrap();
        assert_eq!(read.into_iter().collect::<Vec<_>>(), [("t".to_owned(), vec![0, 1])]);
        assert!(partitions(&Bytes::new()).unwrap().is_empty());
        assert!(partitions(&Bytes::from_static(&bytes[..20])).is_err());
    }

    #[test]
    fn subscriptions_of_all_versions_are_read() {
        let first = b"\0\0\0\0\0\x02\0\x01u\0\x01t\0\0\0\x01x";
        assert_eq!(subscription(&Bytes::from_static(first)).unwrap(), ["t", "u"]);
        // With owned partitions, generation and rack.
        let last = b"\0\x03\0\0\0\x01\0\x01t\xff\xff\xff\xff\0\0\0\0\0\0\0\x07\0\x01r";
        assert_eq!(subscription(&Bytes::from_static(last)).unwrap(), ["t"]);
        assert!(subscription(&Bytes::from_static(b"\0\x04\0\0\0\0\xff\xff\xff\xff")).is_err());
    }
}
