//! ListPartitionReassignments (46): partitions on their way to other brokers (KIP-455).

use klamm_wire::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};

use crate::{Broker, RequestContext};

/// None is on its way: partitions stay on the broker that made them. Kafka leaves out topics that there are not, so
/// that no request has another answer.
pub(crate) async fn handle(
    _broker: &Broker,
    _ctx: &RequestContext,
    _request: ListPartitionReassignmentsRequest,
) -> ListPartitionReassignmentsResponse {
    ListPartitionReassignmentsResponse::default()
}
