//! Options that every client command has.

use std::time::Duration;

use clap::Args;

use crate::error::CliError;
use crate::output::OutputFormat;
use crate::profile;

/// Where a broker listens unless told otherwise.
const DEFAULT_BOOTSTRAP: &str = "127.0.0.1:9092";
/// Kafka's port, where an address has none.
const DEFAULT_PORT: u16 = 9092;

/// Options that every client command has.
#[derive(Debug, Clone, Args)]
pub struct Globals {
    /// A broker's address, or several with commas between; found by --bootstrap, else the profile, else 127.0.0.1:9092
    #[arg(
        short,
        long,
        global = true,
        env = "KLAMM_BOOTSTRAP",
        value_name = "HOST:PORT",
        help_heading = "Global options"
    )]
    bootstrap: Option<String>,
    /// A profile of the configuration file (~/.config/klamm/config.toml)
    #[arg(long, global = true, env = "KLAMM_PROFILE", value_name = "NAME", help_heading = "Global options")]
    profile: Option<String>,
    /// The form of the output
    #[arg(short, long, global = true, value_enum, default_value_t, help_heading = "Global options")]
    output: OutputFormat,
    /// The most seconds that one operation may take
    #[arg(long, global = true, default_value_t = 30.0, value_name = "SECONDS", value_parser = positive_seconds, help_heading = "Global options")]
    timeout: f64,
}

fn positive_seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if (0.001..=86_400.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err("0.001 to 86400 seconds are possible".into())
    }
}

impl Globals {
    /// Takes these options out of a command that asks no broker: they are not shown there, and
    /// [`Globals::given_on_the_command_line`] finds them.
    #[must_use]
    pub fn hidden_in(command: clap::Command) -> clap::Command {
        // A command's own option of the same name stands before the global one.
        let globals = Globals::augment_args(clap::Command::new("globals"));
        command.args(globals.get_arguments().map(|global| global.clone().global(false).hide(true)))
    }

    /// The first of these options that was given on the command line, as it is written in full.
    pub fn given_on_the_command_line(matches: &clap::ArgMatches) -> Option<String> {
        let globals = Globals::augment_args(clap::Command::new("globals"));
        let given = |global: &&clap::Arg| {
            matches.value_source(global.get_id().as_str()) == Some(clap::parser::ValueSource::CommandLine)
        };
        let given = globals.get_arguments().find(given)?;
        given.get_long().map(|long| format!("--{long}"))
    }

    /// The form of the output.
    pub(crate) fn output(&self) -> OutputFormat {
        self.output
    }

    /// The time for one operation.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs_f64(self.timeout)
    }

    /// `host:port` of one broker or several: option or environment, else the profile, else the default.
    ///
    /// # Errors
    /// If the profile can't be read or an address is none.
    pub(crate) fn bootstrap_addresses(&self) -> Result<Vec<String>, CliError> {
        let text = match &self.bootstrap {
            Some(text) => text.clone(),
            None => {
                profile::bootstrap(self.profile.as_deref())?.unwrap_or_else(|| DEFAULT_BOOTSTRAP.to_owned())
            }
        };
        let addresses: Result<Vec<String>, CliError> =
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(with_port).collect();
        match addresses?.as_slice() {
            [] => Err(CliError::usage("the bootstrap address is empty").next("give one as HOST:PORT")),
            addresses => Ok(addresses.to_vec()),
        }
    }
}

fn with_port(address: &str) -> Result<String, CliError> {
    let bare_ipv6 = address.parse::<std::net::Ipv6Addr>().is_ok();
    if bare_ipv6 {
        return Ok(format!("[{address}]:{DEFAULT_PORT}"));
    }
    match address.rsplit_once(':') {
        None => Ok(format!("{address}:{DEFAULT_PORT}")),
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(address.to_owned()),
        Some(_) if address.ends_with(']') => Ok(format!("{address}:{DEFAULT_PORT}")),
        Some(_) => {
            Err(CliError::usage(format!("{address:?} is not an address")).next("give it as HOST:PORT"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::with_port;

    #[test]
    fn addresses_get_kafkas_port() {
        for (given, meant) in [
            ("broker", "broker:9092"),
            ("broker:19092", "broker:19092"),
            ("::1", "[::1]:9092"),
            ("[::1]", "[::1]:9092"),
            ("[::1]:9", "[::1]:9"),
        ] {
            assert_eq!(with_port(given).unwrap(), meant);
        }
        for bad in ["broker:port", ":9092", "broker:70000"] {
            assert!(with_port(bad).is_err(), "{bad}");
        }
    }
}
