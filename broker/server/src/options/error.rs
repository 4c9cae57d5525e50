//! Why a broker's options can't be used.

use std::io;
use std::path::PathBuf;

use klamm_controller::settings::InvalidSetting;

use super::given::Source;
use super::nearest::hint;

/// Why a broker's options can't be used. Each says what is wrong, where it was given, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// The file named by `--config` can't be read.
    #[error("the configuration file {path} can't be read: {error}; check the path given to --config")]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file {path} is not TOML:\n{error}")]
    FileSyntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        error: Box<toml::de::Error>,
    },
    /// The file has a key that nothing reads.
    #[error("the configuration file {path} has an unknown key {key}{} (known are {known})", hint(.nearest.as_deref()))]
    FileKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What may have been meant.
        nearest: Option<String>,
        /// What is possible there.
        known: String,
    },
    /// A value in the file has the wrong type.
    #[error("{key} in the configuration file {path} is {found}; it must be {wanted}")]
    FileValue {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What it is.
        found: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// `--set` without `=`.
    #[error("--set {text}: write NAME=VALUE, for example --set node.id=2")]
    NotAPair {
        /// What was given.
        text: String,
    },
    /// A setting that does not exist.
    #[error("{from} has an unknown setting {name}{} (docs/reference/settings.md lists all)", hint(.nearest.as_deref()))]
    UnknownSetting {
        /// Where it was given.
        from: Source,
        /// The name.
        name: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// A setting whose value is not allowed.
    #[error("{from}: {invalid} (docs/reference/settings.md says what is allowed)")]
    InvalidSetting {
        /// Where it was given.
        from: Source,
        /// What is wrong.
        invalid: InvalidSetting,
    },
    /// Settings that contradict each other.
    #[error("{0}")]
    Contradiction(InvalidSetting),
    /// One place says two things.
    #[error("{from} says both {option} {value} and {setting}={setting_value}, which mean the same; give one")]
    Conflict {
        /// The place.
        from: Source,
        /// The option.
        option: &'static str,
        /// What it says.
        value: String,
        /// The setting.
        setting: &'static str,
        /// What that says.
        setting_value: String,
    },
    /// A listener that is not offered.
    #[error(
        "{setting}={value}: {reason}; write PLAINTEXT://HOST:PORT, for example PLAINTEXT://127.0.0.1:9092"
    )]
    Listener {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// Why not.
        reason: &'static str,
    },
    /// The log's format is unknown.
    #[error(transparent)]
    LogFormat(#[from] crate::logging::InvalidLogFormat),
}
