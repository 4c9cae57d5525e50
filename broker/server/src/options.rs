//! What a broker is started with.
//!
//! ```text
//!   flags > environment > file     (GivenOptions each, GivenOptions::over merges them)
//!                \-> resolve -> ServerOptions
//! ```

mod environment;
mod error;
mod file;
mod given;
mod listener;
mod nearest;
mod resolve;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use error::OptionsError;
pub use given::{GivenOptions, GivenSetting, Source};

use crate::logging::LogFormat;

/// What a broker is started with. Addresses are `host:port`; port 0 takes a free one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerOptions {
    /// The directory of everything that the broker keeps; made if it is absent.
    pub data_dir: PathBuf,
    /// Where Kafka clients connect.
    pub kafka_address: String,
    /// What clients are told to connect to; `None` tells them `kafka_address`, or, where that is a wildcard
    /// such as `0.0.0.0`, the address of this machine that their connection came in on.
    pub advertised_address: Option<String>,
    /// Metrics and health; `None` offers none.
    pub http_address: Option<String>,
    /// gRPC; `None` offers none.
    pub grpc_address: Option<String>,
    /// Kafka's broker settings by name, such as `node.id`.
    pub settings: BTreeMap<String, String>,
    /// What is logged; `None` is [`crate::logging::DEFAULT_FILTER`].
    pub log_filter: Option<String>,
    /// How the log looks.
    pub log_format: LogFormat,
}

impl Default for ServerOptions {
    /// What `klamm server` does when nothing is asked for.
    fn default() -> ServerOptions {
        ServerOptions {
            data_dir: PathBuf::from("klamm-data"),
            kafka_address: "127.0.0.1:9092".to_owned(),
            advertised_address: None,
            http_address: Some("127.0.0.1:8080".to_owned()),
            grpc_address: Some("127.0.0.1:9094".to_owned()),
            settings: BTreeMap::new(),
            log_filter: None,
            log_format: LogFormat::Auto,
        }
    }
}
