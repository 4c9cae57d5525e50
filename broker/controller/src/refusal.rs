//! Why a command is refused.

use klamm_model::ErrorCode;

/// Why a command is refused: a rule of Kafka's that it breaks. The metadata is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum Refusal {
    /// Placeholder until the rules are written.
    #[error("refused")]
    Refused,
}

impl Refusal {
    /// Kafka's code for it.
    pub fn code(&self) -> ErrorCode {
        ErrorCode::InvalidRequest
    }
}
