//! The errors in an answer.

use klamm_wire::messages::{
    AlterClientQuotasResponse, AlterConfigsResponse, AlterPartitionReassignmentsResponse,
    AlterReplicaLogDirsResponse, ApiVersionsResponse, ConsumerGroupDescribeResponse,
    ConsumerGroupHeartbeatResponse, CreatePartitionsResponse, CreateTopicsResponse, DeleteGroupsResponse,
    DeleteRecordsResponse, DeleteTopicsResponse, DescribeClientQuotasResponse, DescribeClusterResponse,
    DescribeConfigsResponse, DescribeGroupsResponse, DescribeLogDirsResponse, DescribeProducersResponse,
    DescribeQuorumResponse, DescribeTopicPartitionsResponse, ElectLeadersResponse, FetchResponse,
    FindCoordinatorResponse, HeartbeatResponse, IncrementalAlterConfigsResponse, InitProducerIdResponse,
    JoinGroupResponse, LeaveGroupResponse, ListConfigResourcesResponse, ListGroupsResponse,
    ListOffsetsResponse, ListPartitionReassignmentsResponse, MetadataResponse, OffsetCommitResponse,
    OffsetDeleteResponse, OffsetFetchResponse, OffsetForLeaderEpochResponse, ProduceResponse,
    SyncGroupResponse, UpdateFeaturesResponse,
};

/// An answer that says what went wrong.
pub(crate) trait Failures {
    /// Calls `visit` with every error code in it, zeros too.
    fn each_error(&self, visit: &mut dyn FnMut(i16));
}

/// An answer that says for how long the client is held back because of a quota.
pub(crate) trait Throttled {
    /// 0 for not at all.
    fn set_throttle_time_ms(&mut self, throttle_time_ms: i32);
}

/// Both traits, for every answer.
///
/// `Answer { one error code }`, `Answer { list of items with one }` or `Answer { list { list of items with one } }`,
/// and `, unthrottled` behind an answer that has no `throttle_time_ms`.
macro_rules! failures {
    ($( $answer:ident $(. $own:ident)? $([ $items:ident $([ $inner:ident ])? ])? $(, $never:ident)?; )*) => { $(
        failures!(@throttled $answer $(, $never)?);

        impl Failures for $answer {
            fn each_error(&self, visit: &mut dyn FnMut(i16)) {
                $( visit(self.$own); )?
                $( for item in &self.$items {
                    failures!(@item item, visit $(, $inner)?);
                } )?
            }
        }
    )* };
    (@throttled $answer:ident) => {
        impl Throttled for $answer {
            fn set_throttle_time_ms(&mut self, throttle_time_ms: i32) {
                self.throttle_time_ms = throttle_time_ms;
            }
        }
    };
    // The answer has no place for it: the connection is muted all the same.
    (@throttled $answer:ident, unthrottled) => {
        impl Throttled for $answer {
            fn set_throttle_time_ms(&mut self, _: i32) {}
        }
    };
    (@item $item:ident, $visit:ident) => { $visit($item.error_code) };
    (@item $item:ident, $visit:ident, $inner:ident) => {
        for inner in &$item.$inner {
            $visit(inner.error_code);
        }
    };
}

failures! {
    AlterClientQuotasResponse[entries];
    AlterConfigsResponse[responses];
    AlterPartitionReassignmentsResponse.error_code[responses[partitions]];
    AlterReplicaLogDirsResponse[results[partitions]];
    ApiVersionsResponse.error_code;
    ConsumerGroupDescribeResponse[groups];
    ConsumerGroupHeartbeatResponse.error_code;
    CreatePartitionsResponse[results];
    CreateTopicsResponse[topics];
    DeleteGroupsResponse[results];
    DeleteRecordsResponse[topics[partitions]];
    DeleteTopicsResponse[responses];
    DescribeClientQuotasResponse.error_code;
    DescribeClusterResponse.error_code;
    DescribeConfigsResponse[results];
    DescribeGroupsResponse[groups];
    DescribeLogDirsResponse.error_code[results];
    DescribeProducersResponse[topics[partitions]];
    DescribeQuorumResponse.error_code[topics[partitions]], unthrottled;
    DescribeTopicPartitionsResponse[topics];
    ElectLeadersResponse.error_code[replica_election_results[partition_result]];
    FetchResponse.error_code[responses[partitions]];
    FindCoordinatorResponse.error_code[coordinators];
    HeartbeatResponse.error_code;
    IncrementalAlterConfigsResponse[responses];
    InitProducerIdResponse.error_code;
    JoinGroupResponse.error_code;
    LeaveGroupResponse.error_code[members];
    ListConfigResourcesResponse.error_code;
    ListGroupsResponse.error_code;
    ListOffsetsResponse[topics[partitions]];
    ListPartitionReassignmentsResponse.error_code;
    MetadataResponse[topics];
    OffsetCommitResponse[topics[partitions]];
    OffsetDeleteResponse.error_code[topics[partitions]];
    OffsetFetchResponse.error_code[groups];
    OffsetForLeaderEpochResponse[topics[partitions]];
    ProduceResponse[responses[partition_responses]];
    SyncGroupResponse.error_code;
    UpdateFeaturesResponse.error_code[results];
}

#[cfg(test)]
mod tests {
    use klamm_wire::messages::fetch::{FetchResponse, FetchableTopicResponse, PartitionData};

    use super::Failures;

    #[test]
    fn every_code_is_visited() {
        let partition = |error_code| PartitionData { error_code, ..PartitionData::default() };
        let topic = FetchableTopicResponse {
            partitions: vec![partition(0), partition(1)],
            ..FetchableTopicResponse::default()
        };
        let answer = FetchResponse { error_code: 70, responses: vec![topic], ..FetchResponse::default() };
        let mut codes = Vec::new();
        answer.each_error(&mut |code| codes.push(code));
        assert_eq!(codes, [70, 0, 1]);
    }
}
