//! What a command says when it fails: the cause, and what to do next.

use std::fmt;
use std::io;

use klamm_model::ErrorCode;

use crate::client::ClientError;

/// What commands end with, for `--help` and the reference page.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed; the last lines of standard error say why and what to do next
  2  used wrongly: an option, an argument or a file
  3  what the command is about does not exist
  4  the cluster can't be reached";

/// A failed command.
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

    /// What the command is about does not exist.
    pub(crate) fn not_found(what: impl Into<String>) -> CliError {
        CliError { what: what.into(), next: None, kind: Kind::NotFound }
    }

    /// The cluster can't be reached.
    pub(crate) fn unreachable(what: impl Into<String>) -> CliError {
        CliError { what: what.into(), next: None, kind: Kind::Unreachable }
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
        CliError::from(&error)
    }
}

impl From<&ClientError> for CliError {
    fn from(error: &ClientError) -> CliError {
        let kind = match (error, error.code()) {
            (
                _,
                Some(
                    ErrorCode::UnknownTopicOrPartition
                    | ErrorCode::UnknownTopicId
                    | ErrorCode::GroupIdNotFound,
                ),
            )
            | (ClientError::UnknownPartition { .. } | ClientError::UnknownBroker { .. }, _) => Kind::NotFound,
            (
                ClientError::Connect { .. } | ClientError::NoBroker { .. } | ClientError::Disconnected { .. },
                _,
            ) => Kind::Unreachable,
            _ => Kind::Failed,
        };
        CliError { next: next_step(error), what: error.to_string(), kind }
    }
}

fn next_step(error: &ClientError) -> Option<String> {
    let step = match error {
        ClientError::Refused { code, .. } => return after_refusal(*code).map(str::to_owned),
        ClientError::Connect { broker: Some(_), .. } => {
            "the cluster names this address: if it can't be reached from here, correct the broker's advertised \
             address; `klamm cluster brokers` shows all of them"
        }
        ClientError::Connect { .. } | ClientError::NoBroker { .. } => {
            "start a broker with `klamm server`, or name another with --bootstrap HOST:PORT"
        }
        ClientError::Disconnected { api: "ApiVersions", .. } => {
            "is that the port of a Kafka listener without TLS? If it is, look into the broker's log"
        }
        ClientError::Disconnected { .. } => "look into the broker's log, and try again",
        ClientError::Timeout { .. } => "try again with a longer --timeout SECONDS",
        ClientError::MissingApi { .. } => "use a broker, or a client, of another version",
        ClientError::Batch { .. } => "look at the partition's files on that broker with `klamm log dump`",
        ClientError::UnknownBroker { .. } | ClientError::NoLeader { .. } => {
            "`klamm cluster brokers` shows the brokers that are there"
        }
        ClientError::UnknownPartition { topic, .. } => {
            return Some(format!("`klamm topic describe {topic}` shows its partitions"));
        }
        _ => return None,
    };
    Some(step.to_owned())
}

fn after_refusal(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::UnknownTopicOrPartition => {
            "`klamm topic list` shows the topics there are, `klamm topic create NAME` makes one"
        }
        ErrorCode::TopicAlreadyExists => "add --if-not-exists if that is fine",
        ErrorCode::InvalidReplicationFactor | ErrorCode::LeaderNotAvailable => {
            "`klamm cluster brokers` shows how many brokers there are"
        }
        ErrorCode::MessageTooLarge => {
            "raise the topic's limit: `klamm config set topic NAME max.message.bytes=BYTES`; or, if no single \
             record is that large, lower --batch-bytes"
        }
        ErrorCode::OffsetOutOfRange => "`klamm topic describe NAME` shows first and last offsets",
        ErrorCode::InvalidConfig => {
            "`klamm config describe` with --documentation shows the settings there are and what they mean"
        }
        ErrorCode::KafkaStorageError => "the broker's disk fails or is full: look into its log",
        ErrorCode::InvalidPartitions => "`klamm topic describe NAME` shows how many partitions it has",
        ErrorCode::InvalidRecord => {
            "mend the record; a compacted topic takes none without a key (--key-delimiter, or JSON)"
        }
        ErrorCode::NotEnoughReplicas | ErrorCode::NotEnoughReplicasAfterAppend => {
            "`klamm topic describe NAME` shows who is in sync; min.insync.replicas says how many must be"
        }
        ErrorCode::GroupIdNotFound => "`klamm group list` shows the groups there are, with their types",
        ErrorCode::NonEmptyGroup | ErrorCode::UnknownMemberId => {
            "the group has members: `klamm group members GROUP` shows them; stop them, wait until they are gone, and \
             try again"
        }
        ErrorCode::GroupSubscribedToTopic => {
            "a member reads that topic: `klamm group members GROUP` shows who; stop it and try again"
        }
        ErrorCode::CoordinatorNotAvailable | ErrorCode::CoordinatorLoadInProgress => {
            "the group's coordinator is still starting: try again; `klamm topic describe __consumer_offsets` shows \
             whether its partitions have leaders"
        }
        _ => return None,
    })
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
            broker: None,
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
            broker: Some("broker:9092".into()),
        };
        let error = CliError::from(refused);
        assert_eq!(
            error.to_string(),
            "error: looking for topic nope: This broker does not host this topic or partition. \
             [UNKNOWN_TOPIC_OR_PARTITION (3), broker broker:9092]\n\
             next: `klamm topic list` shows the topics there are, `klamm topic create NAME` makes one"
        );
        assert_eq!(error.exit_code(), 3);
    }
}
