//! Why a broker can't start.

use std::io;
use std::path::PathBuf;

use klamm_controller::SubmitError;
use klamm_controller::settings::InvalidSettings;
use klamm_log::checkpoint::CheckpointError;
use klamm_log::data_dir::DataDirError;

use crate::advertised::InvalidAddress;

/// Why a broker can't start: what is wrong, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings that are unknown or have values that are not allowed.
    #[error(transparent)]
    Settings(#[from] InvalidSettings),
    /// An address that is none.
    #[error("{flag}: {source}")]
    Address {
        /// The flag.
        flag: &'static str,
        /// What is wrong.
        source: InvalidAddress,
    },
    /// A port that can't be listened on.
    #[error("can't listen on {address} for {purpose}: {source}; {next_step}")]
    Port {
        /// What the port is for.
        purpose: &'static str,
        /// The address.
        address: String,
        /// The system's answer.
        source: io::Error,
        /// What to do.
        next_step: String,
    },
    /// The data directory can't be used.
    #[error("{0}{next_step}", next_step = next_step(.0))]
    DataDir(#[from] DataDirError),
    /// What the last run wrote down can't be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The metadata log can't be opened.
    #[error("the cluster's metadata can't be opened: {0}")]
    Controller(#[from] klamm_controller::StartError),
    /// The broker can't be made known to the cluster.
    #[error("the broker can't be registered in the cluster's metadata: {0}")]
    Registration(SubmitError),
    /// There are partitions, and no metadata that knows them.
    #[error(
        "the cluster's metadata in {} is gone, but {partitions} partitions are there, such as {}; restore the \
         metadata directory from a copy, or move the partitions away to start an empty cluster",
        metadata.display(),
        example.display()
    )]
    MetadataLost {
        /// Where the metadata should be.
        metadata: PathBuf,
        /// How many partitions there are.
        partitions: usize,
        /// One of them.
        example: PathBuf,
    },
    /// A key that is none.
    #[error("{text} in klamm.plugins.trusted.keys is no key: {source}")]
    TrustedKey {
        /// What the setting says.
        text: String,
        /// What is wrong with it.
        source: klamm_rpc::InvalidKey,
    },
    /// Plug-ins can't run.
    #[error("plug-ins can't run: {0}")]
    PluginHost(String),
    /// The system gives no thread or runtime.
    #[error("the system gives no more threads or descriptors: {0}; see ulimit -u and ulimit -n")]
    Threads(io::Error),
    /// Signals can't be waited for.
    #[error("signals can't be waited for: {0}")]
    Signals(io::Error),
    /// Metrics can't be counted: an error of this program.
    #[error("metrics can't be registered: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// What the system's own answer leaves open.
fn next_step(error: &DataDirError) -> &'static str {
    match error {
        DataDirError::Disk(_) => {
            "; --data-dir must be a directory, or one that can be made, where this user may write"
        }
        _ => "",
    }
}

impl StartError {
    pub(crate) fn port(
        purpose: &'static str,
        flag: &'static str,
        address: String,
        source: io::Error,
    ) -> StartError {
        let next_step = match source.kind() {
            io::ErrorKind::AddrInUse => {
                format!("another process has the port: stop it, or choose another with {flag}")
            }
            io::ErrorKind::AddrNotAvailable => {
                format!("this machine does not have the address: choose one that it has with {flag}")
            }
            io::ErrorKind::PermissionDenied => {
                format!("ports below 1024 need a privilege: choose a higher one with {flag}")
            }
            _ => format!("choose another with {flag}"),
        };
        StartError::Port { purpose, address, source, next_step }
    }
}
