//! What a TOML file says.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::OptionsError;
use super::given::{GivenOptions, Source};
use super::nearest::nearest;

const SECTIONS: [&str; 2] = ["server", "settings"];
const SERVER_KEYS: [&str; 7] = [
    "data_dir",
    "kafka_address",
    "advertised_address",
    "http_address",
    "grpc_address",
    "log_level",
    "log_format",
];

impl GivenOptions {
    /// What the file says: `[server]` has the options, `[settings]` has Kafka's settings by name. A key that
    /// nothing reads is refused.
    pub fn from_file(path: &Path) -> Result<GivenOptions, OptionsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| OptionsError::FileUnreadable { path: path.to_owned(), error })?;
        from_text(path, &text)
    }
}

fn from_text(path: &Path, text: &str) -> Result<GivenOptions, OptionsError> {
    let file = text
        .parse::<Table>()
        .map_err(|error| OptionsError::FileSyntax { path: path.to_owned(), error: Box::new(error) })?;
    let mut given = GivenOptions::default();
    for (section, value) in file {
        let Value::Table(table) = value else {
            return Err(unknown(path, &section, &SECTIONS));
        };
        match section.as_str() {
            "server" => read_server(&mut given, path, table)?,
            "settings" => read_settings(&mut given, path, "", table)?,
            _ => return Err(unknown(path, &section, &SECTIONS)),
        }
    }
    given.unite(&Source::File(path.to_owned()))
}

fn read_server(given: &mut GivenOptions, path: &Path, table: Table) -> Result<(), OptionsError> {
    for (key, value) in table {
        if !SERVER_KEYS.contains(&key.as_str()) {
            return Err(unknown(path, &key, &SERVER_KEYS));
        }
        let Value::String(text) = value else {
            return Err(wrong_type(path, &key, &value, "a text in quotes"));
        };
        match key.as_str() {
            "data_dir" => given.data_dir = Some(PathBuf::from(text)),
            "kafka_address" => given.kafka_address = Some(text),
            "advertised_address" => given.advertised_address = Some(text),
            "http_address" => given.http_address = Some(text),
            "grpc_address" => given.grpc_address = Some(text),
            "log_level" => given.log_level = Some(text),
            _ => given.log_format = Some(text),
        }
    }
    Ok(())
}

/// TOML reads `log.retention.ms = 1` as tables in tables; with the name in quotes it is one key. Both are meant
/// the same.
fn read_settings(
    given: &mut GivenOptions,
    path: &Path,
    prefix: &str,
    table: Table,
) -> Result<(), OptionsError> {
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        if let Value::Table(inner) = value {
            read_settings(given, path, &format!("{name}."), inner)?;
        } else {
            let text = setting_text(&value).ok_or_else(|| {
                wrong_type(path, &name, &value, "a text, a number, true or false, or a list")
            })?;
            given.put_setting(&name, &text, Source::File(path.to_owned()));
        }
    }
    Ok(())
}

fn setting_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Array(elements) => {
            let texts = elements.iter().map(setting_text).collect::<Option<Vec<_>>>()?;
            Some(texts.join(","))
        }
        Value::Datetime(_) | Value::Table(_) => None,
    }
}

fn unknown(path: &Path, key: &str, known: &[&str]) -> OptionsError {
    OptionsError::FileKey {
        path: path.to_owned(),
        key: key.to_owned(),
        nearest: nearest(key, known.iter().copied()).map(ToOwned::to_owned),
        known: known.join(", "),
    }
}

fn wrong_type(path: &Path, key: &str, value: &Value, wanted: &'static str) -> OptionsError {
    OptionsError::FileValue { path: path.to_owned(), key: key.to_owned(), found: found(value), wanted }
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{GivenOptions, from_text};

    fn read(text: &str) -> Result<GivenOptions, String> {
        from_text(Path::new("klamm.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn both_sections() {
        let given = read(
            "[server]\nkafka_address = \"0.0.0.0:9092\"\n\
             [settings]\n\"node.id\" = 7\nlog.retention.ms = 1000\nauto.create.topics.enable = false\n\
             log.cleanup.policy = [\"compact\", \"delete\"]\n",
        )
        .unwrap();
        assert_eq!(given.kafka_address.as_deref(), Some("0.0.0.0:9092"));
        let values: Vec<_> =
            given.settings.iter().map(|(name, set)| (name.as_str(), set.value.as_str())).collect();
        let wanted = [
            ("auto.create.topics.enable", "false"),
            ("log.cleanup.policy", "compact,delete"),
            ("log.retention.ms", "1000"),
            ("node.id", "7"),
        ];
        assert_eq!(values, wanted);
    }

    #[test]
    fn a_setting_may_say_what_an_option_says() {
        let given = read("[settings]\nlisteners = \"PLAINTEXT://:9092\"\nlog.dirs = \"/data\"\n").unwrap();
        assert_eq!(given.kafka_address.as_deref(), Some("0.0.0.0:9092"));
        assert_eq!(given.data_dir.as_deref(), Some(Path::new("/data")));
        assert!(given.settings.is_empty());
    }

    #[test]
    fn what_nothing_reads_is_refused() {
        let error = read("[server]\nkafka_adress = \"x\"\n").unwrap_err();
        assert!(error.contains("unknown key kafka_adress; did you mean kafka_address?"), "{error}");
        let error = read("[sever]\n").unwrap_err();
        assert!(error.contains("did you mean server?"), "{error}");
        let error = read("node_id = 7\n").unwrap_err();
        assert!(error.contains("unknown key node_id (known are server, settings)"), "{error}");
    }

    #[test]
    fn wrong_types_and_syntax() {
        let error = read("[server]\ndata_dir = 7\n").unwrap_err();
        assert_eq!(
            error,
            "data_dir in the configuration file klamm.toml is a number; it must be a text in quotes"
        );
        let error = read("[server\n").unwrap_err();
        assert!(error.contains("is not TOML") && error.contains("line 1"), "{error}");
        let error = read("[server]\nkafka_address = \"a:1\"\n[settings]\nlisteners = \"PLAINTEXT://b:2\"\n");
        assert!(error.unwrap_err().contains("which mean the same; give one"));
    }
}
