//! Settings that are a choice.

use super::raw::{Kind, Raw};
use super::valid::Valid;
use super::value::{SettingValue, read_raw};

/// `cleanup.policy`; neither keeps everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Segments beyond the retention are deleted.
    pub delete: bool,
    /// Only the last record of each key is kept, so that each record must have one.
    pub compact: bool,
}

/// `message.timestamp.type`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's time.
    CreateTime,
    /// The broker's time.
    LogAppendTime,
}

/// `compression.type`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompressionType {
    /// Not compressed.
    Uncompressed,
    /// zstd.
    Zstd,
    /// lz4.
    Lz4,
    /// snappy.
    Snappy,
    /// gzip.
    Gzip,
    /// As the producer sent it.
    Producer,
}

/// `compression.type` together with the level that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicCompression {
    /// As the producer sent it.
    Producer,
    /// Not compressed.
    Uncompressed,
    /// gzip with a level from 1 to 9; `None` is the codec's own.
    Gzip(Option<i32>),
    /// snappy.
    Snappy,
    /// lz4 with a level from 1 to 17.
    Lz4(i32),
    /// zstd with a level from -131072 to 22.
    Zstd(i32),
}

impl CleanupPolicy {
    /// `delete`, the default.
    pub const DELETE: CleanupPolicy = CleanupPolicy { delete: true, compact: false };
    pub(super) const VALID: Valid = Valid::ListOf(&["compact", "delete"]);
}

impl SettingValue for CleanupPolicy {
    const KIND: Kind = Kind::List;

    fn read(text: &str, valid: Valid) -> Result<Self, String> {
        let elements = Vec::<String>::read(text, valid)?;
        let has = |policy: &str| elements.iter().any(|element| element == policy);
        Ok(CleanupPolicy { delete: has("delete"), compact: has("compact") })
    }

    fn show(&self) -> Option<String> {
        let names = [("compact", self.compact), ("delete", self.delete)];
        Some(names.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect::<Vec<_>>().join(","))
    }
}

/// Implements [`SettingValue`] for an enum whose variants are texts.
macro_rules! choice {
    ($type:ident { $($text:literal => $variant:ident),* $(,)? }) => {
        impl $type {
            pub(super) const VALID: Valid = Valid::OneOf(&[$($text),*]);

            /// Kafka's name of it.
            pub const fn name(self) -> &'static str {
                match self {
                    $($type::$variant => $text,)*
                }
            }
        }

        impl SettingValue for $type {
            const KIND: Kind = Kind::String;

            fn read(text: &str, valid: Valid) -> Result<Self, String> {
                match read_raw(Self::KIND, text, valid)? {
                    $(Raw::Text(text) if text == $text => Ok($type::$variant),)*
                    other => Err(format!("{other} is not a choice")),
                }
            }

            fn show(&self) -> Option<String> {
                Some(self.name().to_owned())
            }
        }
    };
}

choice!(TimestampType { "CreateTime" => CreateTime, "LogAppendTime" => LogAppendTime });
choice!(CompressionType {
    "uncompressed" => Uncompressed,
    "zstd" => Zstd,
    "lz4" => Lz4,
    "snappy" => Snappy,
    "gzip" => Gzip,
    "producer" => Producer,
});

#[cfg(test)]
mod tests {
    use super::{CleanupPolicy, CompressionType, TimestampType};
    use crate::settings::SettingValue;

    #[test]
    fn policies_combine() {
        let read = |text| CleanupPolicy::read(text, CleanupPolicy::VALID);
        assert_eq!(read("delete"), Ok(CleanupPolicy::DELETE));
        assert_eq!(read("delete,compact"), Ok(CleanupPolicy { delete: true, compact: true }));
        assert_eq!(read(""), Ok(CleanupPolicy { delete: false, compact: false }));
        assert_eq!(read("delete,compact").unwrap().show(), Some("compact,delete".to_owned()));
        assert!(read("none").is_err());
    }

    #[test]
    fn names_round_trip_and_case_counts() {
        let read = |text| TimestampType::read(text, TimestampType::VALID);
        assert_eq!(read("LogAppendTime"), Ok(TimestampType::LogAppendTime));
        assert!(read("logappendtime").is_err());
        let zstd = CompressionType::read("zstd", CompressionType::VALID).unwrap();
        assert_eq!(zstd.name(), "zstd");
    }
}
