//! The attributes of a batch.

use crate::compression::{Compression, UnknownCompression};

/// What a batch's timestamps mean (KIP-32).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimestampType {
    /// Each record has the time its producer gave it.
    #[default]
    CreateTime,
    /// All records have the time at which the broker appended the batch.
    LogAppendTime,
}

/// A batch's attribute bits: codec (0 to 2), timestamp type (3), transactional (4), control (5), delete
/// horizon (6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attributes(pub i16);

const CODEC_MASK: i16 = 0x07;
const TIMESTAMP_TYPE: i16 = 0x08;
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;
const DELETE_HORIZON: i16 = 0x40;

impl Attributes {
    /// How the records are compressed.
    pub fn compression(self) -> Result<Compression, UnknownCompression> {
        Compression::from_code(self.0 & CODEC_MASK)
    }

    /// Whose time the timestamps are.
    pub const fn timestamp_type(self) -> TimestampType {
        if self.0 & TIMESTAMP_TYPE == 0 { TimestampType::CreateTime } else { TimestampType::LogAppendTime }
    }

    /// Whether the batch belongs to a transaction.
    pub const fn is_transactional(self) -> bool {
        self.0 & TRANSACTIONAL != 0
    }

    /// Whether the batch has a marker for readers instead of records.
    pub const fn is_control(self) -> bool {
        self.0 & CONTROL != 0
    }

    /// Whether the base timestamp is the time from which tombstones may be deleted (KIP-534).
    pub const fn has_delete_horizon(self) -> bool {
        self.0 & DELETE_HORIZON != 0
    }

    /// The same with another codec.
    #[must_use]
    pub const fn with_compression(self, compression: Compression) -> Attributes {
        Attributes((self.0 & !CODEC_MASK) | compression.code())
    }

    /// The same with another meaning of its timestamps.
    #[must_use]
    pub const fn with_timestamp_type(self, timestamp_type: TimestampType) -> Attributes {
        self.with(TIMESTAMP_TYPE, matches!(timestamp_type, TimestampType::LogAppendTime))
    }

    /// The same, of a transaction or not.
    #[must_use]
    pub const fn with_transactional(self, transactional: bool) -> Attributes {
        self.with(TRANSACTIONAL, transactional)
    }

    /// The same, a control batch or not.
    #[must_use]
    pub const fn with_control(self, control: bool) -> Attributes {
        self.with(CONTROL, control)
    }

    /// The same, with a delete horizon in the place of the base timestamp or not.
    #[must_use]
    pub const fn with_delete_horizon(self, set: bool) -> Attributes {
        self.with(DELETE_HORIZON, set)
    }

    const fn with(self, bit: i16, set: bool) -> Attributes {
        Attributes(if set { self.0 | bit } else { self.0 & !bit })
    }
}
