//! What the environment says.

use std::path::PathBuf;

use klamm_controller::settings::BROKER_SETTINGS;

use super::OptionsError;
use super::given::{GivenOptions, Source};
use super::nearest::nearest;

/// `KLAMM_SET_LOG_RETENTION_MS` is the setting `log.retention.ms`.
const SETTING: &str = "KLAMM_SET_";

impl GivenOptions {
    /// What variables named `KLAMM_...` say: one for each option, such as `KLAMM_DATA_DIR`, and
    /// `KLAMM_SET_` with a setting's name in capitals and `_` for its dots.
    ///
    /// Other variables that start with `KLAMM_` are no error: Kubernetes makes some (`KLAMM_PORT`) for every
    /// service that is called klamm.
    pub fn from_environment<I>(variables: I) -> Result<GivenOptions, OptionsError>
    where
        I: IntoIterator<Item = (String, String)>,
    {
        let mut given = GivenOptions::default();
        for (name, value) in variables {
            if let Some(setting) = name.strip_prefix(SETTING) {
                let setting = setting_of(setting, &name)?;
                given.put_setting(setting, value.trim(), Source::Variable(name));
                continue;
            }
            // An empty variable is how many tools say that there is none.
            if value.is_empty() {
                continue;
            }
            match name.as_str() {
                "KLAMM_DATA_DIR" => given.data_dir = Some(PathBuf::from(value)),
                "KLAMM_KAFKA_ADDRESS" => given.kafka_address = Some(value),
                "KLAMM_ADVERTISED_ADDRESS" => given.advertised_address = Some(value),
                "KLAMM_HTTP_ADDRESS" => given.http_address = Some(value),
                "KLAMM_GRPC_ADDRESS" => given.grpc_address = Some(value),
                "KLAMM_LOG" => given.log_level = Some(value),
                "KLAMM_LOG_FORMAT" => given.log_format = Some(value),
                _ => {}
            }
        }
        given.unite(&Source::Environment)
    }
}

fn setting_of(capitals: &str, variable: &str) -> Result<&'static str, OptionsError> {
    let names = || BROKER_SETTINGS.iter().map(|def| def.name);
    names().find(|name| capitals_of(name) == capitals).ok_or_else(|| {
        let meant = capitals.to_lowercase().replace('_', ".");
        OptionsError::UnknownSetting {
            from: Source::Variable(variable.to_owned()),
            nearest: nearest(&meant, names()).map(|name| format!("{SETTING}{}", capitals_of(name))),
            name: meant,
        }
    })
}

fn capitals_of(setting: &str) -> String {
    setting.to_uppercase().replace('.', "_")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use klamm_controller::settings::BROKER_SETTINGS;

    use super::{GivenOptions, capitals_of};

    fn environment(pairs: &[(&str, &str)]) -> Result<GivenOptions, String> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        GivenOptions::from_environment(pairs).map_err(|error| error.to_string())
    }

    #[test]
    fn options_and_settings() {
        let given = environment(&[
            ("KLAMM_DATA_DIR", "/data"),
            ("KLAMM_SET_LOG_RETENTION_MS", " 1000 "),
            ("KLAMM_HTTP_ADDRESS", ""),
            ("KLAMM_PORT", "tcp://10.0.0.1:9092"),
            ("PATH", "/bin"),
        ])
        .unwrap();
        assert_eq!(given.data_dir.as_deref(), Some(std::path::Path::new("/data")));
        assert_eq!(given.http_address, None);
        assert_eq!(given.settings["log.retention.ms"].value, "1000");
        assert_eq!(given.settings.len(), 1);
    }

    #[test]
    fn a_misspelt_setting_names_the_right_variable() {
        let error = environment(&[("KLAMM_SET_LOG_RETENTION_MSS", "1")]).unwrap_err();
        assert!(error.contains("did you mean KLAMM_SET_LOG_RETENTION_MS?"), "{error}");
    }

    #[test]
    fn no_two_settings_share_a_variable() {
        let names: BTreeSet<_> = BROKER_SETTINGS.iter().map(|def| capitals_of(def.name)).collect();
        assert_eq!(names.len(), BROKER_SETTINGS.len());
    }
}
