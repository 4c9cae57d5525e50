//! What a heartbeat must look like (Kafka's `GroupCoordinatorService`).

use klamm_model::ErrorCode;
use klamm_wire::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};

use crate::GroupConfig;

/// The epoch of a member that joins.
pub(super) const JOIN: i32 = 0;
/// The epoch of a member that leaves.
pub(super) const LEAVE: i32 = -1;
/// The epoch of a static member that leaves and comes back.
pub(super) const LEAVE_FOR_A_WHILE: i32 = -2;

/// Why a heartbeat is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: ErrorCode,
    pub message: String,
}

impl Refusal {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into() }
    }

    pub fn into_response(self) -> ConsumerGroupHeartbeatResponse {
        ConsumerGroupHeartbeatResponse {
            throttle_time_ms: 0,
            error_code: self.code.as_i16(),
            error_message: Some(self.message),
            member_id: None,
            member_epoch: 0,
            heartbeat_interval_ms: 0,
            assignment: None,
        }
    }
}

/// Refuses a heartbeat that contradicts itself.
pub(super) fn validate(
    request: &ConsumerGroupHeartbeatRequest,
    api_version: i16,
    config: &GroupConfig,
) -> Result<(), Refusal> {
    let epoch = request.member_epoch;
    if api_version >= 1 || epoch > 0 || epoch == LEAVE {
        not_blank("MemberId", Some(&request.member_id))?;
    }
    not_blank("GroupId", Some(&request.group_id))?;
    not_blank("InstanceId", request.instance_id.as_deref())?;
    not_blank("RackId", request.rack_id.as_deref())?;
    if epoch == JOIN {
        validate_join(request)?;
    } else if epoch == LEAVE_FOR_A_WHILE && request.instance_id.is_none() {
        return invalid("A member that leaves for a while needs an InstanceId.");
    } else if epoch < LEAVE_FOR_A_WHILE {
        return invalid("MemberEpoch is below -2.");
    }
    match &request.server_assignor {
        Some(name) if !config.consumer_assignors.contains(name) => Err(Refusal::new(
            ErrorCode::UnsupportedAssignor,
            format!("There is no ServerAssignor {name}; there are {}.", config.consumer_assignors.join(", ")),
        )),
        _ => Ok(()),
    }
}

fn validate_join(request: &ConsumerGroupHeartbeatRequest) -> Result<(), Refusal> {
    if request.rebalance_timeout_ms == -1 {
        return invalid("A member that joins has to say its RebalanceTimeoutMs.");
    }
    if request.topic_partitions.as_ref().is_none_or(|partitions| !partitions.is_empty()) {
        return invalid("A member that joins must have no TopicPartitions, and say so.");
    }
    if request.subscribed_topic_names.is_none() && request.subscribed_topic_regex.is_none() {
        return invalid(
            "A member that joins has to say its SubscribedTopicNames or its SubscribedTopicRegex.",
        );
    }
    Ok(())
}

fn not_blank(name: &str, text: Option<&str>) -> Result<(), Refusal> {
    match text {
        Some(text) if text.trim().is_empty() => invalid(format!("{name} is empty.")),
        _ => Ok(()),
    }
}

fn invalid(message: impl Into<String>) -> Result<(), Refusal> {
    Err(Refusal::new(ErrorCode::InvalidRequest, message))
}
