//! Why a quota is refused.

use serde::{Deserialize, Serialize};

/// Why a quota is refused (the rules are those of `org.apache.kafka.controller.ClientQuotaControlManager`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum InvalidQuota {
    /// No part, or parts that don't go together.
    #[error("Invalid client quota entity: it is a user, a client-id, both, or an ip alone.")]
    EntityTypes,
    /// A type twice.
    #[error("Invalid client quota entity, duplicate entity entry {0}")]
    DuplicateEntityType(String),
    /// Another type.
    #[error("Unhandled client quota entity type: {0}")]
    UnknownEntityType(String),
    /// The default is null, not the empty name.
    #[error("Empty {0} not supported")]
    EmptyName(String),
    /// Names of hosts are not looked up.
    #[error("{0} is not a valid IP; names of hosts are not looked up here.")]
    NotAnAddress(String),
    /// An entity twice in one request.
    #[error("Ignoring duplicate entity {0}")]
    DuplicateEntity(String),
    /// A key twice for one entity.
    #[error("Duplicate quota key {0}: no quota of this entity is changed")]
    DuplicateKey(String),
    /// No such quota for this kind of entity.
    #[error("Invalid configuration key {0}")]
    UnknownKey(String),
    /// A quota that Kafka has, and nothing here would keep to.
    #[error("Quota {0} is not enforced by this broker, so that it can't be set")]
    NotEnforced(String),
    /// 0, negative, or no number.
    #[error("Quota {0} must be greater than 0")]
    NotPositive(String),
    /// A fraction of a byte or a connection.
    #[error("{0} cannot be a fractional value.")]
    Fractional(String),
    /// Beyond the key's type.
    #[error("Proposed value for {key} is too large for {kind}.")]
    TooLarge {
        /// The quota.
        key: String,
        /// `an INT`, `a LONG` or `a DOUBLE`.
        kind: String,
    },
    /// Not a number: only in a damaged log.
    #[error("{0:?} is no value of a quota")]
    NotANumber(String),
}
