//! The APIs this crate speaks, with their versions.

use std::fmt;
use std::ops::RangeInclusive;

macro_rules! api_keys {
    ($( $name:ident = $key:literal, $first:literal - $last:literal $(, flexible $flexible:literal +)?; )*) => {
        /// An API of Kafka's protocol.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        pub enum ApiKey {
            $( #[doc = concat!("`", stringify!($name), "`, versions ", $first, " to ", $last, ".")] $name = $key, )*
        }

        impl ApiKey {
            /// Every key, in the order of their numbers.
            pub const ALL: &[ApiKey] = &[$( ApiKey::$name, )*];

            /// The API with this number; `None` for one that this crate has no messages of.
            pub const fn from_i16(key: i16) -> Option<ApiKey> {
                match key {
                    $( $key => Some(ApiKey::$name), )*
                    _ => None,
                }
            }

            /// Its name in Kafka's documentation, such as `ListOffsets`.
            pub const fn name(self) -> &'static str {
                match self {
                    $( ApiKey::$name => stringify!($name), )*
                }
            }

            /// The versions that can be decoded and encoded: those of Kafka 4.3.
            pub const fn versions(self) -> RangeInclusive<i16> {
                match self {
                    $( ApiKey::$name => $first..=$last, )*
                }
            }

            /// The first version with compact lengths and tagged fields (KIP-482); `None` if there is none.
            const fn first_flexible(self) -> Option<i16> {
                match self {
                    $( ApiKey::$name => first_flexible!($($flexible)?), )*
                }
            }
        }
    };
}

macro_rules! first_flexible {
    () => {
        None
    };
    ($first:literal) => {
        Some($first)
    };
}

api_keys! {
    Produce = 0, 3-13, flexible 9+;
    Fetch = 1, 4-18, flexible 12+;
    ListOffsets = 2, 1-11, flexible 6+;
    Metadata = 3, 0-13, flexible 9+;
    OffsetCommit = 8, 2-10, flexible 8+;
    OffsetFetch = 9, 1-10, flexible 6+;
    FindCoordinator = 10, 0-6, flexible 3+;
    JoinGroup = 11, 0-9, flexible 6+;
    Heartbeat = 12, 0-4, flexible 4+;
    LeaveGroup = 13, 0-5, flexible 4+;
    SyncGroup = 14, 0-5, flexible 4+;
    DescribeGroups = 15, 0-6, flexible 5+;
    ListGroups = 16, 0-5, flexible 3+;
    ApiVersions = 18, 0-4, flexible 3+;
    CreateTopics = 19, 2-7, flexible 5+;
    DeleteTopics = 20, 1-6, flexible 4+;
    DeleteRecords = 21, 0-2, flexible 2+;
    InitProducerId = 22, 0-5, flexible 2+;
    OffsetForLeaderEpoch = 23, 2-4, flexible 4+;
    DescribeConfigs = 32, 1-4, flexible 4+;
    AlterConfigs = 33, 0-2, flexible 2+;
    AlterReplicaLogDirs = 34, 1-2, flexible 2+;
    DescribeLogDirs = 35, 1-5, flexible 2+;
    CreatePartitions = 37, 0-3, flexible 2+;
    DeleteGroups = 42, 0-2, flexible 2+;
    ElectLeaders = 43, 0-2, flexible 2+;
    IncrementalAlterConfigs = 44, 0-1, flexible 1+;
    AlterPartitionReassignments = 45, 0-1, flexible 0+;
    ListPartitionReassignments = 46, 0-0, flexible 0+;
    OffsetDelete = 47, 0-0;
    DescribeClientQuotas = 48, 0-1, flexible 1+;
    AlterClientQuotas = 49, 0-1, flexible 1+;
    DescribeQuorum = 55, 0-2, flexible 0+;
    UpdateFeatures = 57, 0-2, flexible 0+;
    DescribeCluster = 60, 0-2, flexible 0+;
    DescribeProducers = 61, 0-0, flexible 0+;
    ConsumerGroupHeartbeat = 68, 0-1, flexible 0+;
    ConsumerGroupDescribe = 69, 0-1, flexible 0+;
    ListConfigResources = 74, 0-1, flexible 0+;
    DescribeTopicPartitions = 75, 0-0, flexible 0+;
}

impl ApiKey {
    /// Its number on the wire.
    pub const fn as_i16(self) -> i16 {
        self as i16
    }

    /// The versions to say in `ApiVersions`. Those of [`versions`](ApiKey::versions), but Produce starts at 0,
    /// as Kafka's does: librdkafka turns compression off for a broker that does not say so (KAFKA-18659).
    pub const fn advertised_versions(self) -> RangeInclusive<i16> {
        match self {
            ApiKey::Produce => 0..=*self.versions().end(),
            _ => self.versions(),
        }
    }

    /// Whether `version` has compact lengths and tagged fields (KIP-482).
    pub const fn is_flexible(self, version: i16) -> bool {
        match self.first_flexible() {
            Some(first) => version >= first,
            None => false,
        }
    }

    /// The version of the request's header: 1, or 2 with tagged fields.
    pub const fn request_header_version(self, version: i16) -> i16 {
        if self.is_flexible(version) { 2 } else { 1 }
    }

    /// The version of the response's header: 0, or 1 with tagged fields. Always 0 for `ApiVersions`, so that
    /// a client of any age can read the answer (KIP-511).
    pub const fn response_header_version(self, version: i16) -> i16 {
        match self {
            ApiKey::ApiVersions => 0,
            _ => self.is_flexible(version) as i16,
        }
    }

    /// Whether a declaration says the same as the table; the derives ask at compile time.
    #[doc(hidden)]
    pub const fn agrees_with(self, first: i16, last: i16, first_flexible: Option<i16>) -> bool {
        let flexible = match (self.first_flexible(), first_flexible) {
            (Some(here), Some(there)) => here == there,
            (None, None) => true,
            _ => false,
        };
        *self.versions().start() == first && *self.versions().end() == last && flexible
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::ApiKey;

    #[test]
    fn numbers_round_trip() {
        for &key in ApiKey::ALL {
            assert_eq!(ApiKey::from_i16(key.as_i16()), Some(key));
        }
        assert_eq!(ApiKey::from_i16(-1), None);
        assert_eq!(ApiKey::from_i16(4), None);
    }

    #[test]
    fn produce_is_advertised_from_zero_and_decoded_from_three() {
        assert_eq!(ApiKey::Produce.versions(), 3..=13);
        assert_eq!(ApiKey::Produce.advertised_versions(), 0..=13);
        assert_eq!(ApiKey::Fetch.advertised_versions(), 4..=18);
    }

    #[test]
    fn headers_follow_flexibility_except_in_api_versions() {
        assert_eq!(ApiKey::Produce.request_header_version(8), 1);
        assert_eq!(ApiKey::Produce.request_header_version(9), 2);
        assert_eq!(ApiKey::Produce.response_header_version(8), 0);
        assert_eq!(ApiKey::Produce.response_header_version(9), 1);
        assert_eq!(ApiKey::ApiVersions.request_header_version(3), 2);
        assert_eq!(ApiKey::ApiVersions.response_header_version(4), 0);
        assert_eq!(ApiKey::OffsetDelete.request_header_version(0), 1);
    }
}
