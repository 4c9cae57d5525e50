//! DeleteTopics: topics away.

use klamm_model::TopicId;
use klamm_wire_derive::{Fields, Message};

/// Deletes topics.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DeleteTopics, kind = request, versions = "1-6", flexible = "4+")]
pub struct DeleteTopicsRequest {
    /// The topics to delete, by name or id.
    #[field(versions = "6+")]
    pub topics: Vec<DeleteTopicState>,
    /// The topics to delete.
    #[field(versions = "0-5", ignorable)]
    pub topic_names: Vec<String>,
    /// How long the broker may take, in milliseconds.
    pub timeout_ms: i32,
}

/// A topic to delete.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DeleteTopicState {
    /// The topic's name, or null if it is named by id.
    #[field(nullable)]
    pub name: Option<String>,
    /// The topic's id, or zero if it is named by name.
    pub topic_id: TopicId,
}

/// What became of each topic.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DeleteTopics, kind = response, versions = "1-6", flexible = "4+")]
pub struct DeleteTopicsResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// The answers, one for each that was asked for.
    pub responses: Vec<DeletableTopicResult>,
}

/// The answer for one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DeletableTopicResult {
    /// The topic's name; null if it was named by an id that is unknown or not the client's to see.
    #[field(nullable = "6+")]
    pub name: Option<String>,
    /// The topic's id (KIP-516).
    #[field(versions = "6+", ignorable)]
    pub topic_id: TopicId,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(versions = "5+", nullable, ignorable)]
    pub error_message: Option<String>,
}
