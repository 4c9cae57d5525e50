//! `klamm server`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use klamm_server::options::{GivenOptions, OptionsError, ServerOptions, Source};
use klamm_server::{StartError, logging};

/// The exit code of a usage that is wrong; clap's own, too.
const USAGE: u8 = 2;

/// Run a broker.
///
/// Every option can also be a variable of the environment or stand in the file named by --config; a flag is
/// stronger than a variable, a variable than the file. SIGTERM and SIGINT (Ctrl-C) stop the broker cleanly.
#[derive(Debug, Args)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct ServerCommand {
    /// Directory of everything the broker keeps; made if absent [default: klamm-data] [env: KLAMM_DATA_DIR]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Where Kafka clients connect [default: 127.0.0.1:9092] [env: KLAMM_KAFKA_ADDRESS]
    #[arg(long, value_name = "HOST:PORT")]
    kafka_address: Option<String>,

    /// What clients are told to connect to, if that is another address [env: KLAMM_ADVERTISED_ADDRESS]
    ///
    /// Without it they are told the Kafka address; where that is a wildcard such as 0.0.0.0, each client is told
    /// the address it reached.
    #[arg(long, value_name = "HOST:PORT")]
    advertised_address: Option<String>,

    /// Metrics and health; `none` offers none [default: 127.0.0.1:8080] [env: KLAMM_HTTP_ADDRESS]
    #[arg(long, value_name = "HOST:PORT")]
    http_address: Option<String>,

    /// gRPC; `none` offers none [default: 127.0.0.1:9094] [env: KLAMM_GRPC_ADDRESS]
    #[arg(long, value_name = "HOST:PORT")]
    grpc_address: Option<String>,

    /// Read options from a TOML file [env: KLAMM_CONFIG]
    #[arg(long, value_name = "FILE", env = "KLAMM_CONFIG", hide_env = true)]
    config: Option<PathBuf>,

    /// Give a broker setting of Kafka's a value, for example node.id=2; can be repeated
    ///
    /// Variables do the same: KLAMM_SET_NODE_ID is node.id. docs/reference/settings.md lists all settings.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,

    /// What to log: error, warn, info, debug, trace, or pairs like klamm_log=debug [env: KLAMM_LOG]
    #[arg(long, value_name = "FILTER")]
    log_level: Option<String>,

    /// How the log looks: text, json, or auto (text on a terminal, JSON elsewhere) [env: KLAMM_LOG_FORMAT]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  stopped cleanly
  1  could not start, or failed; the last line of the log says why
  2  an option, variable or setting is wrong
  130  a second signal cut the stop short; the next start recovers";

/// What was asked for can't be done as it was asked.
#[derive(Debug, thiserror::Error)]
enum UsageError {
    #[error(transparent)]
    Options(#[from] OptionsError),
    #[error(transparent)]
    Logging(#[from] logging::LoggingError),
}

impl ServerCommand {
    /// Runs the broker until it is told to stop.
    pub(crate) fn run(self) -> ExitCode {
        let (options, format) = match self.prepare() {
            Ok(options) => {
                let format = options.log_format;
                (options, format)
            }
            Err(error) => {
                report(&error);
                return ExitCode::from(USAGE);
            }
        };
        match klamm_server::run(options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                // Whoever reads JSON lines must not find one that is none.
                if format.is_json() {
                    tracing::error!("{error}");
                } else {
                    report(&error);
                }
                exit_code(&error)
            }
        }
    }

    fn prepare(self) -> Result<ServerOptions, UsageError> {
        let options = self.options()?;
        logging::init(options.log_filter.as_deref(), options.log_format)?;
        Ok(options)
    }

    fn options(self) -> Result<ServerOptions, OptionsError> {
        // Variables that are not text can't be meant for a broker.
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let environment = GivenOptions::from_environment(variables)?;
        let file = self.config.as_deref().map(GivenOptions::from_file).transpose()?.unwrap_or_default();
        self.flags()?.over(environment).over(file).resolve()
    }

    fn flags(self) -> Result<GivenOptions, OptionsError> {
        let mut given = GivenOptions {
            data_dir: self.data_dir,
            kafka_address: self.kafka_address,
            advertised_address: self.advertised_address,
            http_address: self.http_address,
            grpc_address: self.grpc_address,
            log_level: self.log_level,
            log_format: self.log_format,
            ..GivenOptions::default()
        };
        for pair in &self.settings {
            given.set(pair)?;
        }
        given.unite(&Source::Flags)
    }
}

fn exit_code(error: &StartError) -> ExitCode {
    match error {
        StartError::Settings(_) | StartError::Address { .. } => ExitCode::from(USAGE),
        _ => ExitCode::FAILURE,
    }
}

#[expect(clippy::print_stderr, reason = "the last word to whoever started the process")]
fn report(error: &impl std::error::Error) {
    eprintln!("error: {error}");
}
