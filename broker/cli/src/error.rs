//! What a command says when it fails: the cause, and what to do next.

use std::fmt;
use std::io;

use klamm_model::ErrorCode;

use crate::client::ClientError;

/// A failed command.
///
/// Exit codes: 1 the operation failed, 2 the command was used wrongly, 3 what it is about does not exist, 4 the
/// cluster can't be reached.
#[derive(Debug)]
pub struct CliError {
    what: String,
    next: Option<String>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Failed,
    Usage,
    NotFound,
    Unreachable,
    /// Whoever read the output has had enough; that is no failure.
    OutputClosed,
}

impl CliError {
    /// The operation failed.
    pub(crate) fn failed(what: impl Into<String>) -> CliError {
        CliError { what: what.into(), next: None, kind: Kind::Failed }
    }

    /// The command was used wrongly.
    pub(crate) fn usage(what: impl Into<String>) -> CliError {
        CliError { what: what.into(), next: None, kind: Kind::Usage }
    }

    pub(crate) fn runtime(error: &io::Error) -> CliError {
        CliError::failed(format!("the system refuses what a client needs: {error}"))
    }

    /// A file that can't be used.
    pub(crate) fn file(path: &std::path::Path, error: &io::Error) -> CliError {
        CliError::usage(format!("{}: {error}", path.display()))
    }

    /// With what to do next.
    #[must_use]
    pub(crate) fn next(mut self, next: impl Into<String>) -> CliError {
        self.next = Some(next.into());
        self
    }

    /// What the process ends with.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::NotFound => 3,
            Kind::Unreachable => 4,
            Kind::OutputClosed => 0,
        }
    }

    /// Whether there is nothing to tell: whoever read the output has had enough.
    pub fn is_silent(&self) -> bool {
        self.kind == Kind::OutputClosed
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        match &self.next {
            Some(next) => write!(f, "\nnext: {next}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CliError {}

/// Errors of writing the output.
impl From<io::Error> for CliError {
    fn from(error: io::Error) -> CliError {
        let kind = if error.kind() == io::ErrorKind::BrokenPipe { Kind::OutputClosed } else { Kind::Failed };
        CliError { what: format!("the output can't be written: {error}"), next: None, kind }
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> CliError {
        let kind = match (&error, error.code()) {
            (_, Some(ErrorCode::UnknownTopicOrPartition | ErrorCode::UnknownTopicId))
            | (ClientError::UnknownPartition { .. } | ClientError::UnknownBroker { .. }, _) => Kind::NotFound,
            (
                ClientError::Connect { .. } | ClientError::NoBroker { .. } | ClientError::Disconnected { .. },
                _,
            ) => Kind::Unreachable,
            _ => Kind::Failed,
        };
        CliError { next: next_step(&error), what: error.to_string(), kind }
    }
}

fn next_step(error: &ClientError) -> Option<String> {
    let step = match (error, error.code()) {
        (ClientError::Connect { .. } | ClientError::NoBroker { .. }, _) => {
            "start a broker with `klamm server`, or name another with --bootstrap HOST:PORT"
        }
        (ClientError::Disconnected { .. }, _) => "look into the broker's log, and try again",
        (ClientError::Timeout { .. }, _) => "try again with a longer --timeout SECONDS",
        (ClientError::MissingApi { .. }, _) => "use a broker, or a client, of another version",
        (_, Some(ErrorCode::UnknownTopicOrPartition)) => "`klamm topic list` shows the topics there are",
        (_, Some(ErrorCode::TopicAlreadyExists)) => "add --if-not-exists if that is fine",
        (_, Some(ErrorCode::InvalidReplicationFactor)) => {
            "`klamm cluster brokers` shows how many brokers there are"
        }
        (_, Some(ErrorCode::MessageTooLarge)) => {
            "raise the topic's max.message.bytes: `klamm config set topic NAME max.message.bytes=BYTES`"
        }
        (_, Some(ErrorCode::OffsetOutOfRange)) => {
            "`klamm topic describe NAME -o wide` shows first and last offsets"
        }
        _ => return None,
    };
    Some(step.to_owned())
}

#[cfg(test)]
mod tests {
    use klamm_model::ErrorCode;

    use super::CliError;
    use crate::client::ClientError;

    #[test]
    fn an_error_has_cause_evidence_and_next_step() {
        let refused = ClientError::Connect {
            address: "127.0.0.1:1".into(),
            cause: std::io::Error::from(std::io::ErrorKind::ConnectionRefused),
        };
        let error = CliError::from(refused);
        assert_eq!(
            error.to_string(),
            "error: can't connect to 127.0.0.1:1: connection refused\n\
             next: start a broker with `klamm server`, or name another with --bootstrap HOST:PORT"
        );
        assert_eq!(error.exit_code(), 4);
    }

    #[test]
    fn a_refusal_names_kafkas_code() {
        let refused = ClientError::Refused {
            doing: "looking for topic nope".into(),
            code: ErrorCode::UnknownTopicOrPartition,
            message: None,
        };
        let error = CliError::from(refused);
        assert_eq!(
            error.to_string(),
            "error: looking for topic nope: This broker does not host this topic or partition. \
             UNKNOWN_TOPIC_OR_PARTITION (3)\nnext: `klamm topic list` shows the topics there are"
        );
        assert_eq!(error.exit_code(), 3);
    }
}
