//! The one place where errors become Kafka's error codes.

use std::fmt;

use klamm_controller::{Refusal, SubmitError};
use klamm_model::ErrorCode;
use klamm_partition::producers::SequenceError;
use klamm_partition::{
    AppendError, CommitError, DeleteRecordsError, FetchError, LeaderEpochError, ListOffsetsError, StopReason,
};

/// An error as a client hears of it: a code for the program and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KafkaError {
    /// The code.
    pub(crate) code: ErrorCode,
    /// The sentence.
    pub(crate) message: String,
}

impl KafkaError {
    /// An error with a sentence of its own.
    pub(crate) fn new(code: ErrorCode, message: String) -> KafkaError {
        KafkaError { code, message }
    }

    /// The sentence, where it says more than the code. An answer with an error for each of many partitions leaves out
    /// what clients know themselves.
    pub(crate) fn own_message(self) -> Option<String> {
        (self.message != self.code.text()).then_some(self.message)
    }
}

impl From<ErrorCode> for KafkaError {
    fn from(code: ErrorCode) -> KafkaError {
        KafkaError { code, message: code.text().to_owned() }
    }
}

impl fmt::Display for KafkaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// Makes a [`KafkaError`] of an error whose code is known by its kind.
macro_rules! kafka_error {
    ($error:ty, $it:ident => $code:expr) => {
        impl From<&$error> for KafkaError {
            fn from($it: &$error) -> KafkaError {
                KafkaError { code: $code, message: $it.to_string() }
            }
        }
    };
}

kafka_error!(AppendError, error => match error {
    AppendError::Sequence(sequence) => sequence_code(sequence),
    AppendError::Stopped(reason) => stop_code(reason),
    AppendError::Log(_) => ErrorCode::KafkaStorageError,
});

kafka_error!(CommitError, error => match error {
    CommitError::Stopped(reason) => stop_code(reason),
});

kafka_error!(FetchError, error => match error {
    FetchError::LeaderEpoch(epoch) => epoch_code(epoch),
    FetchError::OffsetOutOfRange { .. } | FetchError::UnknownLastFetchedEpoch { .. } => ErrorCode::OffsetOutOfRange,
    FetchError::Closed(reason) => stop_code(reason),
    FetchError::Log(_) => ErrorCode::KafkaStorageError,
});

kafka_error!(ListOffsetsError, error => match error {
    ListOffsetsError::LeaderEpoch(epoch) => epoch_code(epoch),
    ListOffsetsError::Closed(reason) => stop_code(reason),
    ListOffsetsError::Log(_) => ErrorCode::KafkaStorageError,
});

kafka_error!(DeleteRecordsError, error => match error {
    DeleteRecordsError::OffsetOutOfRange { .. } => ErrorCode::OffsetOutOfRange,
    DeleteRecordsError::Stopped(reason) => stop_code(reason),
    DeleteRecordsError::Log(_) => ErrorCode::KafkaStorageError,
});

kafka_error!(Refusal, error => error.code());

kafka_error!(SubmitError, error => error.code());

kafka_error!(LeaderEpochError, error => epoch_code(error));

fn sequence_code(error: &SequenceError) -> ErrorCode {
    match error {
        SequenceError::InvalidProducerEpoch { .. } => ErrorCode::InvalidProducerEpoch,
        SequenceError::OutOfOrderSequence { .. } => ErrorCode::OutOfOrderSequenceNumber,
    }
}

fn epoch_code(error: &LeaderEpochError) -> ErrorCode {
    match error {
        LeaderEpochError::Fenced { .. } => ErrorCode::FencedLeaderEpoch,
        LeaderEpochError::Unknown { .. } => ErrorCode::UnknownLeaderEpoch,
    }
}

fn stop_code(reason: &StopReason) -> ErrorCode {
    match reason {
        StopReason::Disk { .. } => ErrorCode::KafkaStorageError,
        // The broker stops or the topic is being deleted: the client looks anew for the leader.
        StopReason::Closed { .. } => ErrorCode::NotLeaderOrFollower,
    }
}
