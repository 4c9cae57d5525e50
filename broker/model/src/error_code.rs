//! Kafka's error codes.

macro_rules! error_codes {
    ($( $code:literal $name:ident $(($retriable:ident))? $text:literal; )*) => {
        /// An error code of Kafka's protocol (`org.apache.kafka.common.protocol.Errors`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(i16)]
        pub enum ErrorCode {
            $( #[doc = $text] $name = $code, )*
        }

        impl ErrorCode {
            /// Every code, in the order of their numbers.
            pub const ALL: &[ErrorCode] = &[$( ErrorCode::$name, )*];

            /// The code with this number; `None` for a number Kafka 4.3 does not define.
            pub const fn from_i16(code: i16) -> Option<ErrorCode> {
                match code {
                    $( $code => Some(ErrorCode::$name), )*
                    _ => None,
                }
            }

            /// One sentence for people.
            pub const fn text(self) -> &'static str {
                match self {
                    $( ErrorCode::$name => $text, )*
                }
            }

            /// Whether a client may send the same request again and hope for a better answer.
            pub const fn is_retriable(self) -> bool {
                match self {
                    $( ErrorCode::$name => false $( || error_codes!(@$retriable) )?, )*
                }
            }

            const fn variant(self) -> &'static str {
                match self {
                    $( ErrorCode::$name => stringify!($name), )*
                }
            }
        }
    };
    (@retriable) => { true };
}

error_codes! {
    -1 UnknownServerError "The server experienced an unexpected error when processing the request.";
    0 None "The request succeeded.";
    1 OffsetOutOfRange (retriable) "The requested offset is not within the range of offsets the partition has.";
    2 CorruptMessage (retriable) "A batch has failed its CRC check, has an impossible size, or no key where the topic is compacted.";
    3 UnknownTopicOrPartition (retriable) "This broker does not host this topic or partition.";
    4 InvalidFetchSize "The requested fetch size is invalid.";
    5 LeaderNotAvailable (retriable) "There is no leader for this partition at the moment.";
    6 NotLeaderOrFollower (retriable) "This broker is not the leader, or not a replica, of this partition.";
    7 RequestTimedOut (retriable) "The request timed out.";
    8 BrokerNotAvailable "The broker is not available.";
    9 ReplicaNotAvailable (retriable) "The replica is not available for this partition.";
    10 MessageTooLarge "A batch is larger than max.message.bytes allows.";
    11 StaleControllerEpoch "The controller moved to another broker.";
    12 OffsetMetadataTooLarge "The metadata field of the offset request is too large.";
    13 NetworkException (retriable) "The server disconnected before a response was received.";
    14 CoordinatorLoadInProgress (retriable) "The coordinator is loading.";
    15 CoordinatorNotAvailable (retriable) "The coordinator is not available.";
    16 NotCoordinator (retriable) "This is not the right coordinator.";
    17 InvalidTopicException "The topic name or the operation on this topic is invalid.";
    18 RecordListTooLarge "The request has more records than the broker's segment size allows.";
    19 NotEnoughReplicas (retriable) "There are fewer in-sync replicas than min.insync.replicas asks for.";
    20 NotEnoughReplicasAfterAppend (retriable) "The records are written, but to fewer in-sync replicas than asked for.";
    21 InvalidRequiredAcks "Produce takes acks -1, 0 or 1.";
    22 IllegalGeneration "The group's generation id is not valid.";
    23 InconsistentGroupProtocol "The member's protocols don't fit the group's.";
    24 InvalidGroupId "The group id is invalid.";
    25 UnknownMemberId "The coordinator does not know this member.";
    26 InvalidSessionTimeout "The session timeout is outside the range the broker allows.";
    27 RebalanceInProgress "The group is rebalancing: rejoin.";
    28 InvalidCommitOffsetSize "The committed offset's data is too large.";
    29 TopicAuthorizationFailed "Topic authorization failed.";
    30 GroupAuthorizationFailed "Group authorization failed.";
    31 ClusterAuthorizationFailed "Cluster authorization failed.";
    32 InvalidTimestamp "A record's timestamp is out of the acceptable range.";
    33 UnsupportedSaslMechanism "The broker does not support the SASL mechanism.";
    34 IllegalSaslState "The request is not valid in this state of SASL.";
    35 UnsupportedVersion "The version of the request is not supported.";
    36 TopicAlreadyExists "A topic of this name exists.";
    37 InvalidPartitions "The number of partitions is invalid.";
    38 InvalidReplicationFactor "The replication factor is below 1 or above the number of brokers.";
    39 InvalidReplicaAssignment "The replica assignment is invalid.";
    40 InvalidConfig "The configuration is invalid.";
    41 NotController (retriable) "This is not the right controller for the cluster.";
    42 InvalidRequest "The request is malformed or contradicts itself.";
    43 UnsupportedForMessageFormat "The message format on the broker does not support the request.";
    44 PolicyViolation "The request violates the broker's policy.";
    45 OutOfOrderSequenceNumber "The broker received a sequence number that does not follow the last one.";
    46 DuplicateSequenceNumber "The broker received a sequence number it already has.";
    47 InvalidProducerEpoch "The producer's epoch is older than the broker's.";
    48 InvalidTxnState "The transaction is not in a state for this.";
    49 InvalidProducerIdMapping "The producer id is not the one of its transactional id.";
    50 InvalidTransactionTimeout "The transaction timeout is larger than the broker allows.";
    51 ConcurrentTransactions (retriable) "Another operation on this transaction is under way.";
    52 TransactionCoordinatorFenced "The transaction coordinator is an old one.";
    53 TransactionalIdAuthorizationFailed "Transactional id authorization failed.";
    54 SecurityDisabled "Security features are disabled.";
    55 OperationNotAttempted "The broker did not attempt this operation.";
    56 KafkaStorageError (retriable) "The broker could not read or write its disk; its log says more.";
    57 LogDirNotFound "The log directory was not found.";
    58 SaslAuthenticationFailed "SASL authentication failed.";
    59 UnknownProducerId "The broker has no state of this producer.";
    60 ReassignmentInProgress "A reassignment of this partition is under way.";
    61 DelegationTokenAuthDisabled "Delegation tokens are disabled.";
    62 DelegationTokenNotFound "The delegation token was not found.";
    63 DelegationTokenOwnerMismatch "The principal is not an owner of the delegation token.";
    64 DelegationTokenRequestNotAllowed "Delegation tokens can't be requested on this connection.";
    65 DelegationTokenAuthorizationFailed "Delegation token authorization failed.";
    66 DelegationTokenExpired "The delegation token has expired.";
    67 InvalidPrincipalType "The principal type is not supported.";
    68 NonEmptyGroup "The group is not empty.";
    69 GroupIdNotFound "The group id does not exist.";
    70 FetchSessionIdNotFound (retriable) "The fetch session is not known.";
    71 InvalidFetchSessionEpoch (retriable) "The fetch session epoch is invalid.";
    72 ListenerNotFound (retriable) "The leader has no listener of the name the request came in on.";
    73 TopicDeletionDisabled "Topic deletion is disabled (delete.topic.enable).";
    74 FencedLeaderEpoch (retriable) "The client's leader epoch is older than the broker's.";
    75 UnknownLeaderEpoch (retriable) "The client's leader epoch is newer than the broker's.";
    76 UnsupportedCompressionType "The request's version does not support this compression.";
    77 StaleBrokerEpoch "The broker epoch has changed.";
    78 OffsetNotAvailable (retriable) "The leader's high watermark is not yet known.";
    79 MemberIdRequired "The member must rejoin with the id it was given.";
    80 PreferredLeaderNotAvailable (retriable) "The preferred leader is not available.";
    81 GroupMaxSizeReached "The group has its maximum number of members.";
    82 FencedInstanceId "Another member uses this group instance id.";
    83 EligibleLeadersNotAvailable (retriable) "No eligible leader is available.";
    84 ElectionNotNeeded (retriable) "The partition already has the leader asked for.";
    85 NoReassignmentInProgress "No reassignment of this partition is under way.";
    86 GroupSubscribedToTopic "The group is subscribed to the topic.";
    87 InvalidRecord "A record failed validation.";
    88 UnstableOffsetCommit (retriable) "There are commits of transactions that have not ended.";
    89 ThrottlingQuotaExceeded (retriable) "The throttling quota is used up.";
    90 ProducerFenced "A newer producer has this transactional id.";
    91 ResourceNotFound "The resource was not found.";
    92 DuplicateResource "The resource is named twice.";
    93 UnacceptableCredential "The credential is not acceptable.";
    94 InconsistentVoterSet "The voter set is inconsistent.";
    95 InvalidUpdateVersion "The feature version can't be updated so.";
    96 FeatureUpdateFailed "The finalized features could not be updated.";
    97 PrincipalDeserializationFailure "The forwarded principal could not be read.";
    98 SnapshotNotFound "The snapshot was not found.";
    99 PositionOutOfRange "The position is outside the snapshot.";
    100 UnknownTopicId (retriable) "This broker does not know this topic id.";
    101 DuplicateBrokerRegistration "A broker of this id is registered and alive.";
    102 BrokerIdNotRegistered "No broker of this id is registered.";
    103 InconsistentTopicId (retriable) "The log's topic id is not the one of the request.";
    104 InconsistentClusterId "The cluster id is not this cluster's.";
    105 TransactionalIdNotFound "The transactional id was not found.";
    106 FetchSessionTopicIdError (retriable) "The fetch session mixes topic names and topic ids.";
    107 IneligibleReplica "The replica can't be in sync now.";
    108 NewLeaderElected "The partition has a new leader.";
    109 OffsetMovedToTieredStorage "The offset is in tiered storage.";
    110 FencedMemberEpoch "The member's epoch is not the coordinator's: rejoin.";
    111 UnreleasedInstanceId "The instance id is in use by a member that has not left.";
    112 UnsupportedAssignor "The group's assignor is not supported.";
    113 StaleMemberEpoch "The member's epoch is stale: retry with the newest.";
    114 MismatchedEndpointType "The request came to the wrong kind of endpoint.";
    115 UnsupportedEndpointType "The endpoint type is not supported.";
    116 UnknownControllerId "The controller id is not known.";
    117 UnknownSubscriptionId "The telemetry subscription is not known.";
    118 TelemetryTooLarge "The telemetry is larger than the broker allows.";
    119 InvalidRegistration "The broker registration is invalid.";
    120 TransactionAbortable "The transaction must be aborted.";
    121 InvalidRecordState "The record's share state is invalid.";
    122 ShareSessionNotFound (retriable) "The share session was not found.";
    123 InvalidShareSessionEpoch (retriable) "The share session epoch is invalid.";
    124 FencedStateEpoch "The share state epoch is old.";
    125 InvalidVoterKey "The voter's key is not the one that is known.";
    126 DuplicateVoter "The voter is in the set already.";
    127 VoterNotFound "The voter is not in the set.";
    128 InvalidRegularExpression "The regular expression is invalid.";
    129 RebootstrapRequired "The client should bootstrap again.";
}

impl ErrorCode {
    /// The number on the wire.
    pub const fn as_i16(self) -> i16 {
        self as i16
    }

    /// Whether this is an error at all.
    pub const fn is_error(self) -> bool {
        !matches!(self, ErrorCode::None)
    }

    /// Kafka's name, such as `UNKNOWN_TOPIC_OR_PARTITION`.
    pub fn kafka_name(self) -> String {
        let mut name = String::new();
        for letter in self.variant().chars() {
            if letter.is_ascii_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(letter.to_ascii_uppercase());
        }
        name
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.kafka_name(), self.as_i16())
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn numbers_round_trip() {
        for &code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_i16(code.as_i16()), Some(code));
        }
        assert_eq!(ErrorCode::from_i16(-2), None);
        assert_eq!(ErrorCode::from_i16(9999), None);
    }

    #[test]
    fn names_are_kafkas() {
        assert_eq!(ErrorCode::UnknownTopicOrPartition.to_string(), "UNKNOWN_TOPIC_OR_PARTITION (3)");
        assert!(ErrorCode::NotLeaderOrFollower.is_retriable());
        assert!(!ErrorCode::MessageTooLarge.is_retriable());
    }
}
