//! The messages, one file an API key, in the words of Kafka's own definitions.
//!
//! Field names are those of Kafka's definitions; so are the versions, the nulls, the tags and the defaults. An
//! `Option` is null by default, also where Kafka's default is an empty value.

pub mod alter_configs;
pub mod api_versions;
pub mod create_partitions;
pub mod create_topics;
pub mod delete_groups;
pub mod delete_records;
pub mod delete_topics;
pub mod describe_cluster;
pub mod describe_configs;
pub mod describe_groups;
pub mod describe_producers;
pub mod describe_topic_partitions;
pub mod fetch;
pub mod find_coordinator;
pub mod heartbeat;
pub mod incremental_alter_configs;
pub mod init_producer_id;
pub mod join_group;
pub mod leave_group;
pub mod list_groups;
pub mod list_offsets;
pub mod metadata;
pub mod offset_delete;
pub mod offset_for_leader_epoch;
pub mod produce;
pub mod sync_group;

pub use alter_configs::{AlterConfigsRequest, AlterConfigsResponse};
pub use api_versions::{ApiVersionsRequest, ApiVersionsResponse};
pub use create_partitions::{CreatePartitionsRequest, CreatePartitionsResponse};
pub use create_topics::{CreateTopicsRequest, CreateTopicsResponse};
pub use delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse};
pub use delete_records::{DeleteRecordsRequest, DeleteRecordsResponse};
pub use delete_topics::{DeleteTopicsRequest, DeleteTopicsResponse};
pub use describe_cluster::{DescribeClusterRequest, DescribeClusterResponse};
pub use describe_configs::{DescribeConfigsRequest, DescribeConfigsResponse};
pub use describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse};
pub use describe_producers::{DescribeProducersRequest, DescribeProducersResponse};
pub use describe_topic_partitions::{DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse};
pub use fetch::{FetchRequest, FetchResponse};
pub use find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};
pub use heartbeat::{HeartbeatRequest, HeartbeatResponse};
pub use incremental_alter_configs::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};
pub use init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
pub use join_group::{JoinGroupRequest, JoinGroupResponse};
pub use leave_group::{LeaveGroupRequest, LeaveGroupResponse};
pub use list_groups::{ListGroupsRequest, ListGroupsResponse};
pub use list_offsets::{ListOffsetsRequest, ListOffsetsResponse};
pub use metadata::{MetadataRequest, MetadataResponse};
pub use offset_delete::{OffsetDeleteRequest, OffsetDeleteResponse};
pub use offset_for_leader_epoch::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
pub use produce::{ProduceRequest, ProduceResponse};
pub use sync_group::{SyncGroupRequest, SyncGroupResponse};

/// Gives every API to a macro, for tests: its module, its request, its response.
#[cfg(any(test, feature = "generate"))]
#[macro_export]
macro_rules! for_each_api {
    ($then:ident) => {
        $then! {
            produce ProduceRequest ProduceResponse;
            fetch FetchRequest FetchResponse;
            list_offsets ListOffsetsRequest ListOffsetsResponse;
            metadata MetadataRequest MetadataResponse;
            find_coordinator FindCoordinatorRequest FindCoordinatorResponse;
            join_group JoinGroupRequest JoinGroupResponse;
            heartbeat HeartbeatRequest HeartbeatResponse;
            leave_group LeaveGroupRequest LeaveGroupResponse;
            sync_group SyncGroupRequest SyncGroupResponse;
            describe_groups DescribeGroupsRequest DescribeGroupsResponse;
            list_groups ListGroupsRequest ListGroupsResponse;
            api_versions ApiVersionsRequest ApiVersionsResponse;
            create_topics CreateTopicsRequest CreateTopicsResponse;
            delete_topics DeleteTopicsRequest DeleteTopicsResponse;
            delete_records DeleteRecordsRequest DeleteRecordsResponse;
            init_producer_id InitProducerIdRequest InitProducerIdResponse;
            offset_for_leader_epoch OffsetForLeaderEpochRequest OffsetForLeaderEpochResponse;
            describe_configs DescribeConfigsRequest DescribeConfigsResponse;
            alter_configs AlterConfigsRequest AlterConfigsResponse;
            create_partitions CreatePartitionsRequest CreatePartitionsResponse;
            delete_groups DeleteGroupsRequest DeleteGroupsResponse;
            incremental_alter_configs IncrementalAlterConfigsRequest IncrementalAlterConfigsResponse;
            offset_delete OffsetDeleteRequest OffsetDeleteResponse;
            describe_cluster DescribeClusterRequest DescribeClusterResponse;
            describe_producers DescribeProducersRequest DescribeProducersResponse;
            describe_topic_partitions DescribeTopicPartitionsRequest DescribeTopicPartitionsResponse;
        }
    };
}
