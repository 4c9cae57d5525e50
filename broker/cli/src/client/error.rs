//! What can go wrong between a command and a cluster.

use std::io;
use std::time::Duration;

use klamm_model::{BrokerId, ErrorCode};
use klamm_wire::{DecodeError, EncodeError};

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The broker can't be reached.
    #[error("can't connect to {address}: {cause}")]
    Connect {
        /// `host:port`.
        address: String,
        /// What the system says.
        cause: io::Error,
    },
    /// No bootstrap address answers.
    #[error("no broker answers: {}", .tried.join("; "))]
    NoBroker {
        /// What each said.
        tried: Vec<String>,
    },
    /// The connection broke.
    #[error("the connection to {address} broke during {api}: {cause}")]
    Disconnected {
        /// `host:port`.
        address: String,
        /// During which API.
        api: &'static str,
        /// What the system says.
        cause: io::Error,
    },
    /// The time is up.
    #[error("{doing} took longer than {}", seconds(*.timeout))]
    Timeout {
        /// What took too long.
        doing: String,
        /// The time there was.
        timeout: Duration,
    },
    /// The broker has no version of an API that this client speaks.
    #[error("{address} has no version of {api} that this client speaks ({ours}; it has {theirs})")]
    MissingApi {
        /// `host:port`.
        address: String,
        /// The API.
        api: &'static str,
        /// Our versions.
        ours: String,
        /// The broker's, or "none".
        theirs: String,
    },
    /// The broker's answer can't be read.
    #[error("{address} gave an answer that can't be read: {cause}")]
    Decode {
        /// `host:port`.
        address: String,
        /// Where and why.
        cause: DecodeError,
    },
    /// The request can't be said in the version that the broker speaks.
    #[error("{address} speaks an old version of {api} in which this can't be said: {cause}")]
    Encode {
        /// `host:port`.
        address: String,
        /// The API.
        api: &'static str,
        /// Why.
        cause: EncodeError,
    },
    /// The broker refuses.
    #[error("{doing}: {}{code}", .message.as_ref().map_or_else(|| format!("{} ", .code.text()), |m| format!("{m} ")))]
    Refused {
        /// What was asked.
        doing: String,
        /// Kafka's code.
        code: ErrorCode,
        /// What the broker says.
        message: Option<String>,
    },
    /// A code that Kafka 4.3 does not define.
    #[error("{doing}: the broker answers with the unknown error code {code}")]
    UnknownCode {
        /// What was asked.
        doing: String,
        /// The code.
        code: i16,
    },
    /// No such partition.
    #[error("topic {topic} has no partition {partition}; it has {count}")]
    UnknownPartition {
        /// The topic.
        topic: String,
        /// The partition asked for.
        partition: i32,
        /// How many there are.
        count: usize,
    },
    /// No such broker.
    #[error("the cluster has no broker {id}")]
    UnknownBroker {
        /// The id.
        id: BrokerId,
    },
    /// A partition without a leader.
    #[error("partition {partition} of {topic} has no leader at the moment")]
    NoLeader {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
}

fn seconds(timeout: Duration) -> String {
    format!("{} s", timeout.as_secs_f64())
}

impl ClientError {
    /// Whether the same again may work.
    pub fn is_retriable(&self) -> bool {
        match self {
            ClientError::Refused { code, .. } => code.is_retriable(),
            ClientError::Disconnected { .. } | ClientError::Connect { .. } | ClientError::NoLeader { .. } => {
                true
            }
            _ => false,
        }
    }

    /// Kafka's code, if a broker refused.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            ClientError::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the connection is of no use any more.
    pub(super) fn breaks_connection(&self) -> bool {
        matches!(
            self,
            ClientError::Disconnected { .. } | ClientError::Timeout { .. } | ClientError::Decode { .. }
        )
    }
}

/// An error if `code` is one.
///
/// # Errors
/// What the code says, with what was asked in front.
pub fn check(code: i16, message: Option<&str>, doing: impl Into<String>) -> Result<(), ClientError> {
    match ErrorCode::from_i16(code) {
        Some(ErrorCode::None) => Ok(()),
        Some(code) => {
            Err(ClientError::Refused { doing: doing.into(), code, message: message.map(str::to_owned) })
        }
        None => Err(ClientError::UnknownCode { doing: doing.into(), code }),
    }
}
