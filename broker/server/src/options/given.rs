//! What one place says: the flags, the environment, or the file.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::OptionsError;
use super::listener;

/// What one place says of a broker's options; `None` says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GivenOptions {
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
    /// `--kafka-address`
    pub kafka_address: Option<String>,
    /// `--advertised-address`
    pub advertised_address: Option<String>,
    /// `--http-address`; `none` offers none.
    pub http_address: Option<String>,
    /// `--grpc-address`; `none` offers none.
    pub grpc_address: Option<String>,
    /// `--log-level`
    pub log_level: Option<String>,
    /// `--log-format`
    pub log_format: Option<String>,
    /// Kafka's broker settings, each with the place that gave it.
    pub settings: BTreeMap<String, GivenSetting>,
}

/// A setting's value and where it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenSetting {
    /// The value, as given.
    pub value: String,
    /// Where it was given.
    pub from: Source,
}

/// Where something was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// On the command line.
    Flags,
    /// In this variable of the environment.
    Variable(String),
    /// In the environment, in more than one variable.
    Environment,
    /// In this file.
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Flags => f.write_str("the command line"),
            Source::Variable(name) => write!(f, "the environment variable {name}"),
            Source::Environment => f.write_str("the environment"),
            Source::File(path) => write!(f, "the configuration file {}", path.display()),
        }
    }
}

impl GivenOptions {
    /// Adds what `--set NAME=VALUE` says; of a name that comes twice, the last counts.
    pub fn set(&mut self, pair: &str) -> Result<(), OptionsError> {
        match pair.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                self.put_setting(name.trim(), value.trim(), Source::Flags);
                Ok(())
            }
            _ => Err(OptionsError::NotAPair { text: pair.to_owned() }),
        }
    }

    pub(super) fn put_setting(&mut self, name: &str, value: &str, from: Source) {
        self.settings.insert(name.to_owned(), GivenSetting { value: value.to_owned(), from });
    }

    /// This place's word where it has one, else the weaker place's.
    #[must_use]
    pub fn over(self, weaker: GivenOptions) -> GivenOptions {
        let mut settings = weaker.settings;
        settings.extend(self.settings);
        GivenOptions {
            data_dir: self.data_dir.or(weaker.data_dir),
            kafka_address: self.kafka_address.or(weaker.kafka_address),
            advertised_address: self.advertised_address.or(weaker.advertised_address),
            http_address: self.http_address.or(weaker.http_address),
            grpc_address: self.grpc_address.or(weaker.grpc_address),
            log_level: self.log_level.or(weaker.log_level),
            log_format: self.log_format.or(weaker.log_format),
            settings,
        }
    }

    /// Kafka has settings for what has an option of its own here. Within one place the two are one, so that a
    /// flag `--set listeners=..` is stronger than a variable `KLAMM_KAFKA_ADDRESS`, as every flag is.
    pub fn unite(mut self, from: &Source) -> Result<GivenOptions, OptionsError> {
        for setting in ["listeners", "advertised.listeners"] {
            if let Some(given) = self.settings.remove(setting) {
                let address = listener::address(setting, &given.value)?;
                let (option, place) = match setting {
                    "listeners" => ("kafka-address", &mut self.kafka_address),
                    _ => ("advertised-address", &mut self.advertised_address),
                };
                agree(place, address, (option, setting, &given.value), from)?;
            }
        }
        // `log.dirs` counts before `log.dir`, as in Kafka.
        let (one, many) = (self.settings.remove("log.dir"), self.settings.remove("log.dirs"));
        if let Some(given) = many.map(|given| ("log.dirs", given)).or(one.map(|given| ("log.dir", given))) {
            let (setting, GivenSetting { value, .. }) = given;
            agree(&mut self.data_dir, PathBuf::from(&value), ("data-dir", setting, &value), from)?;
        }
        Ok(self)
    }
}

fn agree<T: PartialEq + fmt::Debug>(
    place: &mut Option<T>,
    value: T,
    (option, setting, setting_value): (&'static str, &'static str, &str),
    from: &Source,
) -> Result<(), OptionsError> {
    match place {
        Some(known) if *known != value => Err(OptionsError::Conflict {
            from: from.clone(),
            option,
            value: format!("{known:?}"),
            setting,
            setting_value: setting_value.to_owned(),
        }),
        _ => {
            *place = Some(value);
            Ok(())
        }
    }
}
