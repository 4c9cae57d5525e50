//! Profiles: names for clusters, in `~/.config/klamm/config.toml`.
//!
//! ```toml
//! profile = "local"                 # the one that is used unless told otherwise
//! [profiles.local]
//! bootstrap = "127.0.0.1:9092"
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::CliError;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profile: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    bootstrap: String,
}

/// The bootstrap address of the profile `name`, or of the file's own choice; `None` where neither is.
pub(crate) fn bootstrap(name: Option<&str>) -> Result<Option<String>, CliError> {
    match path() {
        Some(path) => read(&path, name),
        None => read(Path::new(""), name),
    }
}

fn path() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or_else(home)?;
    Some(config.join("klamm").join("config.toml"))
}

fn read(path: &Path, name: Option<&str>) -> Result<Option<String>, CliError> {
    let file = match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).map_err(|error: toml::de::Error| {
            CliError::usage(format!("{} is not a configuration: {}", path.display(), error.message()))
                .next("it has `[profiles.NAME]` with `bootstrap = \"HOST:PORT\"`")
        })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => File::default(),
        Err(error) => return Err(CliError::usage(format!("{} can't be read: {error}", path.display()))),
    };
    let Some(name) = name.or(file.profile.as_deref()) else { return Ok(None) };
    if let Some(profile) = file.profiles.get(name) {
        return Ok(Some(profile.bootstrap.clone()));
    }
    let known: Vec<&str> = file.profiles.keys().map(String::as_str).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(CliError::usage(format!("there is no profile {name:?} in {}; there is {known}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_profile_is_found_by_name_or_by_the_files_choice() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config.toml");
        assert_eq!(read(&path, None).unwrap(), None);
        assert!(read(&path, Some("x")).is_err());
        std::fs::write(
            &path,
            "profile = 'a'\n[profiles.a]\nbootstrap = 'h:1'\n[profiles.b]\nbootstrap = 'h:2'\n",
        )
        .unwrap();
        assert_eq!(read(&path, None).unwrap(), Some("h:1".into()));
        assert_eq!(read(&path, Some("b")).unwrap(), Some("h:2".into()));
        let error = read(&path, Some("c")).unwrap_err().to_string();
        assert!(error.contains("there is a, b"), "{error}");
        std::fs::write(&path, "boot = 1").unwrap();
        assert!(read(&path, None).is_err());
    }
}
