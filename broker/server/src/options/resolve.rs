//! From what was given to what counts.

use std::collections::BTreeMap;

use klamm_controller::settings::{BROKER_SETTINGS, InvalidSetting, StaticSettings};

use super::given::{GivenOptions, GivenSetting};
use super::nearest::nearest;
use super::{OptionsError, ServerOptions, listener};

impl GivenOptions {
    /// What counts, with the defaults where nothing was given. Every setting is checked here, so that a wrong
    /// one is reported with the place that gave it.
    pub fn resolve(self) -> Result<ServerOptions, OptionsError> {
        let defaults = ServerOptions::default();
        let log_format = self.log_format.as_deref().map_or(Ok(defaults.log_format), str::parse)?;
        let options = ServerOptions {
            settings: self.checked_settings()?,
            data_dir: self.data_dir.unwrap_or(defaults.data_dir),
            kafka_address: self.kafka_address.unwrap_or(defaults.kafka_address),
            advertised_address: self.advertised_address,
            http_address: offered(self.http_address, defaults.http_address),
            grpc_address: offered(self.grpc_address, defaults.grpc_address),
            log_filter: self.log_level,
            log_format,
        };
        Ok(options.with_settings_of_options())
    }

    fn checked_settings(&self) -> Result<BTreeMap<String, String>, OptionsError> {
        let values = || self.settings.iter().map(|(name, given)| (name.clone(), given.value.clone()));
        match StaticSettings::parse(values()) {
            Ok(_) => Ok(values().collect()),
            Err(invalid) => match invalid.0.into_iter().next() {
                Some(first) => Err(self.explain(first)),
                None => Ok(values().collect()),
            },
        }
    }

    fn explain(&self, invalid: InvalidSetting) -> OptionsError {
        let (InvalidSetting::Unknown { name, .. }
        | InvalidSetting::Value { name, .. }
        | InvalidSetting::Conflict { name, .. }
        | InvalidSetting::Bound { name, .. }
        | InvalidSetting::ReadOnly { name }) = &invalid;
        let Some(GivenSetting { from, .. }) = self.settings.get(name).cloned() else {
            return OptionsError::Contradiction(invalid);
        };
        match invalid {
            InvalidSetting::Unknown { name, .. } => OptionsError::UnknownSetting {
                nearest: nearest(&name, BROKER_SETTINGS.iter().map(|def| def.name)).map(ToOwned::to_owned),
                from,
                name,
            },
            invalid => OptionsError::InvalidSetting { from, invalid },
        }
    }
}

impl ServerOptions {
    /// DescribeConfigs shows the settings that belong to options, too.
    fn with_settings_of_options(mut self) -> ServerOptions {
        let mut put = |name: &str, value: String| self.settings.insert(name.to_owned(), value);
        put("log.dirs", self.data_dir.display().to_string());
        put("listeners", listener::setting(&self.kafka_address));
        if let Some(address) = &self.advertised_address {
            put("advertised.listeners", listener::setting(address));
        }
        self
    }
}

/// `none` offers nothing, no word offers what is usual.
fn offered(given: Option<String>, default: Option<String>) -> Option<String> {
    match given.as_deref() {
        None => default,
        Some("none") => None,
        Some(_) => given,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{GivenOptions, ServerOptions};
    use crate::options::Source;

    fn flags(pairs: &[&str]) -> GivenOptions {
        let mut given = GivenOptions::default();
        for pair in pairs {
            given.set(pair).unwrap();
        }
        given.unite(&Source::Flags).unwrap()
    }

    fn environment(name: &str, value: &str) -> GivenOptions {
        GivenOptions::from_environment([(name.to_owned(), value.to_owned())]).unwrap()
    }

    #[test]
    fn nothing_given_is_a_broker_on_this_machine() {
        let options = GivenOptions::default().resolve().unwrap();
        assert_eq!(options.kafka_address, "127.0.0.1:9092");
        assert_eq!(options.http_address.as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(options.grpc_address.as_deref(), Some("127.0.0.1:9094"));
        assert_eq!(options.data_dir, Path::new("klamm-data"));
        assert_eq!(options.settings["listeners"], "PLAINTEXT://127.0.0.1:9092");
    }

    #[test]
    fn a_flag_is_stronger_than_the_environment_even_in_kafkas_words() {
        let given = flags(&["listeners=PLAINTEXT://a:1", "node.id=2"])
            .over(environment("KLAMM_KAFKA_ADDRESS", "b:2"))
            .over(environment("KLAMM_SET_NODE_ID", "3"));
        let options = given.resolve().unwrap();
        assert_eq!(options.kafka_address, "a:1");
        assert_eq!(options.settings["listeners"], "PLAINTEXT://a:1");
        assert_eq!(options.settings["node.id"], "2");
    }

    #[test]
    fn none_offers_nothing() {
        let given = GivenOptions { http_address: Some("none".to_owned()), ..GivenOptions::default() };
        let ServerOptions { http_address, grpc_address, .. } = given.resolve().unwrap();
        assert_eq!(http_address, None);
        assert_eq!(grpc_address.as_deref(), Some("127.0.0.1:9094"));
    }

    #[test]
    fn wrong_settings_say_where_and_what_is_allowed() {
        let error = flags(&["log.retention.m=1"]).resolve().unwrap_err().to_string();
        assert!(error.contains("the command line has an unknown setting log.retention.m"), "{error}");
        assert!(error.contains("did you mean log.retention.ms?"), "{error}");
        let error = environment("KLAMM_SET_NODE_ID", "-7").resolve().unwrap_err().to_string();
        assert!(error.contains("the environment variable KLAMM_SET_NODE_ID"), "{error}");
        assert!(
            error.contains("Invalid value -7 for configuration node.id: Value must be at least 0"),
            "{error}"
        );
    }

    #[test]
    fn a_pair_has_a_name_and_a_value() {
        for wrong in ["node.id", "=7", ""] {
            let error = GivenOptions::default().set(wrong).unwrap_err().to_string();
            assert!(error.contains("write NAME=VALUE"), "{error}");
        }
    }
}
