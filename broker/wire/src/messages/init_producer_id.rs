//! InitProducerId: identities of producers (KIP-98).

use klamm_wire_derive::Message;

/// Asks for a producer id, for idempotence or transactions.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = InitProducerId, kind = request, versions = "0-5", flexible = "2+")]
pub struct InitProducerIdRequest {
    /// The producer's transactional id, or null for a producer without transactions (KIP-98).
    #[field(nullable)]
    pub transactional_id: Option<String>,
    /// After how long the broker aborts a transaction that stands still, in milliseconds.
    pub transaction_timeout_ms: i32,
    /// The id that the producer has, or -1 (KIP-360).
    #[field(versions = "3+", default = -1)]
    pub producer_id: i64,
    /// The epoch that the producer has, or -1 (KIP-360).
    #[field(versions = "3+", default = -1)]
    pub producer_epoch: i16,
}

/// The producer id and its epoch.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = InitProducerId, kind = response, versions = "0-5", flexible = "2+")]
pub struct InitProducerIdResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The producer's id, or -1.
    #[field(default = -1)]
    pub producer_id: i64,
    /// The producer's epoch (KIP-98).
    pub producer_epoch: i16,
}
