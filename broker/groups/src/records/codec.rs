//! Records as bytes.
//!
//! A key is never flexible: a number that says what the record is of, then plain fields. Keys 0 and 1 are the same.

use std::ops::RangeInclusive;

use bytes::Bytes;
use klamm_wire::codec::Wire;
use klamm_wire::{DecodeError, EncodeError, decode_versioned, encode_versioned, version_of};
use klamm_wire_derive::Fields;

use super::{GroupRecord, OffsetKey, OffsetValue};

const LEGACY_OFFSET: i16 = 0;
const OFFSET: i16 = 1;
const CLASSIC_GROUP: i16 = 2;
const CONSUMER_GROUP: i16 = 3;
const CONSUMER_GROUP_MEMBER: i16 = 5;
const TARGET_ASSIGNMENT: i16 = 6;
const TARGET_ASSIGNMENT_MEMBER: i16 = 7;
const CURRENT_ASSIGNMENT: i16 = 8;
const REGULAR_EXPRESSION: i16 = 16;

/// Values that grow by tagged fields only.
const SINCE_KIP_848: RangeInclusive<i16> = 0..=0;
/// Values that were there before (KIP-915 made their version 4 flexible).
const SINCE_THE_BEGINNING: RangeInclusive<i16> = 0..=4;
const FIRST_FLEXIBLE: i16 = 4;
/// What this release writes: Kafka from 2.1 on reads it, and a topic's id needs version 4.
const OFFSET_VALUE_VERSION: i16 = 3;
const CLASSIC_GROUP_VALUE_VERSION: i16 = 3;

/// A record's key and value, as they are written. The value is `None` where the key is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedRecord {
    /// The key.
    pub key: Bytes,
    /// The value.
    pub value: Option<Bytes>,
}

/// Why a record of `__consumer_offsets` can't be read.
#[derive(Debug, thiserror::Error)]
#[error("a group record with a key of kind {kind:?} can't be read: {source}")]
pub struct InvalidRecord {
    /// What the key says the record is of; `None` if it says nothing.
    pub kind: Option<i16>,
    source: DecodeError,
}

#[derive(Debug, Clone, PartialEq, Fields)]
struct GroupKey {
    group_id: String,
}

/// A key of two names: a group's, and a member's or a regular expression.
#[derive(Debug, Clone, PartialEq, Fields)]
struct GroupAndNameKey {
    group_id: String,
    name: String,
}

impl GroupRecord {
    /// The record as bytes. Fails only if a text is longer than Kafka's formats can say (32767 bytes).
    pub fn encode(&self) -> Result<EncodedRecord, EncodeError> {
        match self {
            GroupRecord::Offset { key, value } => Ok(EncodedRecord {
                key: encode_versioned(key, OFFSET, false)?,
                value: value.as_ref().map(encode_offset).transpose()?,
            }),
            GroupRecord::ClassicGroup { group_id, value } => {
                let version = CLASSIC_GROUP_VALUE_VERSION;
                let encode = |value| encode_versioned(value, version, version >= FIRST_FLEXIBLE);
                let value = value.as_ref().map(encode).transpose()?;
                Ok(EncodedRecord { key: of_group(CLASSIC_GROUP, group_id)?, value })
            }
            GroupRecord::ConsumerGroup { group_id, value } => {
                modern(of_group(CONSUMER_GROUP, group_id)?, value.as_ref())
            }
            GroupRecord::ConsumerGroupMember { group_id, member_id, value } => {
                modern(of_both(CONSUMER_GROUP_MEMBER, group_id, member_id)?, value.as_ref())
            }
            GroupRecord::TargetAssignment { group_id, value } => {
                modern(of_group(TARGET_ASSIGNMENT, group_id)?, value.as_ref())
            }
            GroupRecord::TargetAssignmentMember { group_id, member_id, value } => {
                modern(of_both(TARGET_ASSIGNMENT_MEMBER, group_id, member_id)?, value.as_ref())
            }
            GroupRecord::CurrentAssignment { group_id, member_id, value } => {
                modern(of_both(CURRENT_ASSIGNMENT, group_id, member_id)?, value.as_ref())
            }
            GroupRecord::RegularExpression { group_id, pattern, value } => {
                modern(of_both(REGULAR_EXPRESSION, group_id, pattern)?, value.as_ref())
            }
        }
    }

    /// Reads a record. `None` if it is of a kind that this release does not know, such as a share group's.
    pub fn decode(key: &Bytes, value: Option<&Bytes>) -> Result<Option<GroupRecord>, InvalidRecord> {
        let kind = version_of(key);
        decode(kind, key, value).map_err(|source| InvalidRecord { kind, source })
    }
}

fn encode_offset(value: &OffsetValue) -> Result<Bytes, EncodeError> {
    // Versions that Kafka chooses, too: the newest that has what is to be said, so that old tools read most of them.
    let version = match value {
        value if value.expire_timestamp >= 0 => 1,
        value if !value.topic_id.is_zero() => FIRST_FLEXIBLE,
        _ => OFFSET_VALUE_VERSION,
    };
    encode_versioned(value, version, version >= FIRST_FLEXIBLE)
}

fn of_group(kind: i16, group_id: &str) -> Result<Bytes, EncodeError> {
    encode_versioned(&GroupKey { group_id: group_id.to_owned() }, kind, false)
}

fn of_both(kind: i16, group_id: &str, name: &str) -> Result<Bytes, EncodeError> {
    let key = GroupAndNameKey { group_id: group_id.to_owned(), name: name.to_owned() };
    encode_versioned(&key, kind, false)
}

fn modern<V: Wire>(key: Bytes, value: Option<&V>) -> Result<EncodedRecord, EncodeError> {
    let value = value.map(|value| encode_versioned(value, *SINCE_KIP_848.end(), true)).transpose()?;
    Ok(EncodedRecord { key, value })
}

fn decode(kind: Option<i16>, key: &Bytes, value: Option<&Bytes>) -> Result<Option<GroupRecord>, DecodeError> {
    let record = match kind {
        Some(LEGACY_OFFSET | OFFSET) => GroupRecord::Offset {
            key: decode_versioned::<OffsetKey>(key, LEGACY_OFFSET..=OFFSET, None)?,
            value: old_value(value)?,
        },
        Some(kind @ CLASSIC_GROUP) => {
            GroupRecord::ClassicGroup { group_id: group(key, kind)?, value: old_value(value)? }
        }
        Some(kind @ CONSUMER_GROUP) => {
            GroupRecord::ConsumerGroup { group_id: group(key, kind)?, value: modern_value(value)? }
        }
        Some(kind @ CONSUMER_GROUP_MEMBER) => {
            let (group_id, member_id) = both(key, kind)?;
            GroupRecord::ConsumerGroupMember { group_id, member_id, value: modern_value(value)? }
        }
        Some(kind @ TARGET_ASSIGNMENT) => {
            GroupRecord::TargetAssignment { group_id: group(key, kind)?, value: modern_value(value)? }
        }
        Some(kind @ TARGET_ASSIGNMENT_MEMBER) => {
            let (group_id, member_id) = both(key, kind)?;
            GroupRecord::TargetAssignmentMember { group_id, member_id, value: modern_value(value)? }
        }
        Some(kind @ CURRENT_ASSIGNMENT) => {
            let (group_id, member_id) = both(key, kind)?;
            GroupRecord::CurrentAssignment { group_id, member_id, value: modern_value(value)? }
        }
        Some(kind @ REGULAR_EXPRESSION) => {
            let (group_id, pattern) = both(key, kind)?;
            GroupRecord::RegularExpression { group_id, pattern, value: modern_value(value)? }
        }
        Some(_) => return Ok(None),
        // Too short for a kind: the error says where it ends.
        None => return decode_versioned::<GroupKey>(key, 0..=0, None).map(|_| None),
    };
    Ok(Some(record))
}

fn group(key: &Bytes, kind: i16) -> Result<String, DecodeError> {
    decode_versioned::<GroupKey>(key, kind..=kind, None).map(|key| key.group_id)
}

fn both(key: &Bytes, kind: i16) -> Result<(String, String), DecodeError> {
    let key = decode_versioned::<GroupAndNameKey>(key, kind..=kind, None)?;
    Ok((key.group_id, key.name))
}

fn old_value<V: Wire>(value: Option<&Bytes>) -> Result<Option<V>, DecodeError> {
    value.map(|value| decode_versioned(value, SINCE_THE_BEGINNING, Some(FIRST_FLEXIBLE))).transpose()
}

fn modern_value<V: Wire>(value: Option<&Bytes>) -> Result<Option<V>, DecodeError> {
    value.map(|value| decode_versioned(value, SINCE_KIP_848, Some(0))).transpose()
}

#[cfg(test)]
mod tests {
    use klamm_model::TopicId;
    use klamm_wire::generate::{Generate, Tape};
    use proptest::prelude::*;

    use super::super::*;
    use super::*;

    fn text(tape: &mut Tape<'_>) -> String {
        String::generate(tape, 0)
    }

    fn value<V: Generate>(tape: &mut Tape<'_>, version: i16) -> Option<V> {
        tape.null_or(|tape| V::generate(tape, version))
    }

    fn any_record(kind: u8, tape: &mut Tape<'_>) -> GroupRecord {
        let group_id = text(tape);
        match kind {
            0 => {
                let key = OffsetKey { group: group_id, topic: text(tape), partition: 7 };
                let version = if text(tape).is_empty() { 3 } else { 4 };
                GroupRecord::Offset { key, value: value(tape, version) }
            }
            1 => GroupRecord::ClassicGroup { group_id, value: value(tape, 3) },
            2 => GroupRecord::ConsumerGroup { group_id, value: value(tape, 0) },
            3 => GroupRecord::ConsumerGroupMember { group_id, member_id: text(tape), value: value(tape, 0) },
            4 => GroupRecord::TargetAssignment { group_id, value: value(tape, 0) },
            5 => {
                GroupRecord::TargetAssignmentMember { group_id, member_id: text(tape), value: value(tape, 0) }
            }
            6 => GroupRecord::CurrentAssignment { group_id, member_id: text(tape), value: value(tape, 0) },
            _ => GroupRecord::RegularExpression { group_id, pattern: text(tape), value: value(tape, 0) },
        }
    }

    proptest! {
        #[test]
        fn a_record_comes_back_as_it_was(kind in 0u8..8, tape in prop::collection::vec(any::<u8>(), 0..400)) {
            let record = any_record(kind, &mut Tape::new(&tape));
            let encoded = record.encode().unwrap();
            let decoded = GroupRecord::decode(&encoded.key, encoded.value.as_ref()).unwrap();
            prop_assert_eq!(decoded, Some(record));
        }

        #[test]
        fn any_bytes_give_a_record_or_an_error(key in prop::collection::vec(any::<u8>(), 0..60),
            value in prop::option::of(prop::collection::vec(any::<u8>(), 0..60)), kind in 0u8..18) {
            let mut key = key;
            if let [high, low, ..] = &mut key[..] {
                (*high, *low) = (0, kind);
            }
            let _ = GroupRecord::decode(&key.into(), value.map(Bytes::from).as_ref());
        }
    }

    #[test]
    fn an_offset_is_written_as_kafka_writes_it() {
        let key = OffsetKey { group: "g".into(), topic: "t".into(), partition: 2 };
        let value = OffsetValue {
            offset: 5,
            leader_epoch: 1,
            metadata: "m".into(),
            commit_timestamp: 9,
            ..OffsetValue::default()
        };
        let encoded = GroupRecord::Offset { key, value: Some(value) }.encode().unwrap();
        assert_eq!(&encoded.key[..], b"\0\x01\0\x01g\0\x01t\0\0\0\x02");
        assert_eq!(
            &encoded.value.unwrap()[..],
            b"\0\x03\0\0\0\0\0\0\0\x05\0\0\0\x01\0\x01m\0\0\0\0\0\0\0\x09"
        );
    }

    #[test]
    fn a_topics_id_needs_the_flexible_version() {
        let key = OffsetKey { group: "g".into(), topic: "t".into(), partition: 2 };
        let value = OffsetValue { topic_id: TopicId::from_bytes([7; 16]), ..OffsetValue::default() };
        let encoded = GroupRecord::Offset { key, value: Some(value) }.encode().unwrap();
        assert_eq!(version_of(&encoded.value.unwrap()), Some(4));
    }

    #[test]
    fn a_key_of_the_first_kind_is_an_offsets_too_and_an_unknown_kind_is_passed_over() {
        let key = Bytes::from_static(b"\0\0\0\x01g\0\x01t\0\0\0\x02");
        assert!(matches!(GroupRecord::decode(&key, None), Ok(Some(GroupRecord::Offset { value: None, .. }))));
        assert_eq!(GroupRecord::decode(&Bytes::from_static(b"\0\x0b\0\x01g"), None).unwrap(), None);
        assert!(GroupRecord::decode(&Bytes::from_static(b"\0"), None).is_err());
        let missing = GroupRecord::decode(&Bytes::from_static(b"\0\x02\0\x05g"), None).unwrap_err();
        assert!(missing.to_string().contains("kind Some(2)"), "{missing}");
    }
}
