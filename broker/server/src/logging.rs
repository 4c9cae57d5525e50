//! The broker's log: text on a terminal, JSON elsewhere, always on standard error.

use std::fmt;
use std::io::{self, IsTerminal};
use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// What is logged where nothing else is asked for. What other crates say is of interest only if it is bad.
pub const DEFAULT_FILTER: &str =
    "warn,klamm=info,klamm_server=info,klamm_controller=info,klamm_partition=info,klamm_log=info";

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A text that is no log format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no log format; it is one of auto, text, json")]
pub struct InvalidLogFormat(String);

/// Why the log can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter can't be read.
    #[error(
        "the log filter {filter:?} can't be read: {reason}; write a level (error, warn, info, debug, trace) or \
         pairs like klamm_log=debug, with commas between them"
    )]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something in this process logs already.
    #[error("the log is set up twice: {0}")]
    Twice(String),
}

impl FromStr for LogFormat {
    type Err = InvalidLogFormat;

    fn from_str(text: &str) -> Result<LogFormat, InvalidLogFormat> {
        match text {
            "auto" => Ok(LogFormat::Auto),
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err(InvalidLogFormat(text.to_owned())),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LogFormat::Auto => "auto",
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        })
    }
}

impl LogFormat {
    /// Whether lines are JSON.
    pub fn is_json(self) -> bool {
        match self {
            LogFormat::Json => true,
            LogFormat::Text => false,
            LogFormat::Auto => !io::stderr().is_terminal(),
        }
    }
}

/// Sets the process's log up. `filter` is a level, or pairs of module and level; `None` takes
/// [`DEFAULT_FILTER`].
pub fn init(filter: Option<&str>, format: LogFormat) -> Result<(), LoggingError> {
    let filter = parse_filter(filter)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_span_events(FmtSpan::NONE)
        .with_ansi(io::stderr().is_terminal());
    let set =
        if format.is_json() { builder.json().flatten_event(true).try_init() } else { builder.try_init() };
    set.map_err(|error| LoggingError::Twice(error.to_string()))
}

/// A bare level is meant for Klamm: `debug` must not bring every HTTP/2 frame.
fn parse_filter(filter: Option<&str>) -> Result<EnvFilter, LoggingError> {
    let filter = filter.map(str::trim).filter(|filter| !filter.is_empty());
    let text = match filter {
        None => DEFAULT_FILTER.to_owned(),
        Some(level) if is_level(level) => DEFAULT_FILTER.replace("=info", &format!("={level}")),
        Some(filter) => filter.to_owned(),
    };
    EnvFilter::builder().parse(&text).map_err(|error| LoggingError::Filter {
        filter: filter.unwrap_or_default().to_owned(),
        reason: error.to_string(),
    })
}

fn is_level(text: &str) -> bool {
    text.parse::<tracing::level_filters::LevelFilter>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::{LogFormat, LoggingError, parse_filter};

    #[test]
    fn a_level_is_klamms_own() {
        let filter = parse_filter(Some("debug")).unwrap().to_string();
        assert!(filter.contains("klamm_server=debug"), "{filter}");
        assert!(filter.contains("warn"), "{filter}");
        assert!(!filter.contains("info"), "{filter}");
    }

    #[test]
    fn pairs_are_taken_as_they_are() {
        assert_eq!(parse_filter(Some("klamm_log=trace")).unwrap().to_string(), "klamm_log=trace");
    }

    #[test]
    fn nonsense_is_refused_with_an_example() {
        let error = parse_filter(Some("klamm_log=loud")).unwrap_err();
        assert!(matches!(error, LoggingError::Filter { .. }));
        assert!(error.to_string().contains("klamm_log=debug"), "{error}");
    }

    #[test]
    fn formats_round_trip() {
        for format in [LogFormat::Auto, LogFormat::Text, LogFormat::Json] {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert!("xml".parse::<LogFormat>().is_err());
    }
}
