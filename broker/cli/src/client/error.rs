//! What can go wrong between a command and a cluster.

use std::io;
use std::time::Duration;

use klamm_model::{BrokerId, ErrorCode, Offset};
use klamm_records::BatchError;
use klamm_wire::{DecodeError, EncodeError};

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The broker can't be reached.
    #[error("can't connect to {}{address}: {cause}", .broker.map_or_else(String::new, |id| format!("broker {id} at ")))]
    Connect {
        /// `host:port`.
        address: String,
        /// Which broker it is, if the cluster named the address; none for a bootstrap address.
        broker: Option<BrokerId>,
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
    #[error(
        "{doing}: {} [{code}{}]",
        .message.as_deref().unwrap_or(.code.text()),
        .broker.as_ref().map_or_else(String::new, |address| format!(", broker {address}"))
    )]
    Refused {
        /// What was asked.
        doing: String,
        /// Kafka's code.
        code: ErrorCode,
        /// What the broker says.
        message: Option<String>,
        /// `host:port` of who refuses, where that is known.
        broker: Option<String>,
    },
    /// A code that Kafka 4.3 does not define.
    #[error("{doing}: the broker answers with the unknown error code {code}")]
    UnknownCode {
        /// What was asked.
        doing: String,
        /// The code.
        code: i16,
    },
    /// What the broker gave of a partition is no batch of records.
    #[error("what {address} gave of {name} from offset {offset} can't be read: {cause}")]
    Batch {
        /// `host:port`.
        address: String,
        /// Topic and partition.
        name: String,
        /// From where.
        offset: Offset,
        /// Why.
        cause: BatchError,
    },
    /// The answer says nothing about what was asked.
    #[error("{doing}: the broker's answer says nothing about it")]
    Silent {
        /// What was asked.
        doing: String,
    },
    /// A partition that nobody asked for.
    #[error("{address} answers with partition {name}, which was not asked for")]
    Unasked {
        /// `host:port`.
        address: String,
        /// Topic and partition.
        name: String,
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
    let tenths = (timeout.as_secs_f64() * 10.0).round() / 10.0;
    format!("{tenths} s")
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

    /// A topic that isn't there.
    pub fn unknown_topic(name: &str) -> ClientError {
        let code = ErrorCode::UnknownTopicOrPartition;
        ClientError::Refused { doing: format!("looking for topic {name}"), code, message: None, broker: None }
    }

    /// With the broker that refused, if that is what this is and nobody said yet.
    #[must_use]
    pub fn at(mut self, address: &str) -> ClientError {
        if let ClientError::Refused { broker, .. } = &mut self {
            broker.get_or_insert_with(|| address.to_owned());
        }
        self
    }

    /// Of a broker whose address the cluster named, where the connection can't be made.
    #[must_use]
    pub(super) fn of_broker(mut self, id: BrokerId) -> ClientError {
        if let ClientError::Connect { broker, .. } = &mut self {
            *broker = Some(id);
        }
        self
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
            let message = message.filter(|text| !text.is_empty()).map(str::to_owned);
            Err(ClientError::Refused { doing: doing.into(), code, message, broker: None })
        }
        None => Err(ClientError::UnknownCode { doing: doing.into(), code }),
    }
}
