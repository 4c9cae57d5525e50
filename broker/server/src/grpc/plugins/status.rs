//! The one place where errors become gRPC's codes.

use std::fmt::Display;

use klamm_controller::{MetadataImage, Refusal, SubmitError};
use klamm_model::{ErrorCode, PluginReference};
use tonic::{Code, Status};

use crate::error_code::KafkaError;
use crate::plugins::library::LibraryError;
use crate::plugins::store::BlobError;

/// Something in the request is badly written.
pub(super) fn invalid(error: impl Display) -> Status {
    Status::invalid_argument(error.to_string())
}

pub(super) fn of_library(error: &LibraryError) -> Status {
    let code = match error {
        LibraryError::Digest { .. } | LibraryError::Refused(_) => Code::InvalidArgument,
        LibraryError::Signature(_) => Code::PermissionDenied,
        LibraryError::Blob(BlobError::Quota { .. } | BlobError::Full { .. }) => Code::ResourceExhausted,
        LibraryError::Blob(BlobError::Missing(_) | BlobError::Damaged { .. }) => Code::DataLoss,
        LibraryError::Blob(BlobError::Disk(error)) if error.is_full() => Code::ResourceExhausted,
        LibraryError::Blob(BlobError::Disk(_)) => Code::Unavailable,
        LibraryError::Submit(error) => return of_submit(error),
        LibraryError::Failed(_) => Code::Internal,
    };
    Status::new(code, error.to_string())
}

pub(super) fn of_submit(error: &SubmitError) -> Status {
    let code = match error {
        SubmitError::Refused(refusal) => return of_refusal(refusal),
        SubmitError::DiskFull { .. } => Code::ResourceExhausted,
        SubmitError::NotLeader { .. } | SubmitError::Stopped { .. } | SubmitError::Unanswered => {
            Code::Unavailable
        }
    };
    Status::new(code, error.to_string())
}

pub(super) fn of_refusal(refusal: &Refusal) -> Status {
    of_kafka(&KafkaError::from(refusal))
}

pub(super) fn of_kafka(error: &KafkaError) -> Status {
    let code = match error.code {
        ErrorCode::UnknownTopicOrPartition | ErrorCode::ResourceNotFound => Code::NotFound,
        ErrorCode::DuplicateResource => Code::AlreadyExists,
        ErrorCode::PolicyViolation => Code::FailedPrecondition,
        _ => Code::InvalidArgument,
    };
    Status::new(code, error.message.clone())
}

/// With the versions that are there.
pub(super) fn unknown_plugin(image: &MetadataImage, plugin: PluginReference) -> Status {
    let same_name = image.plugins().filter(|known| known.reference.name == plugin.name);
    let others = same_name.map(|known| known.reference.version.clone()).collect();
    of_refusal(&Refusal::UnknownPlugin { plugin, others })
}
