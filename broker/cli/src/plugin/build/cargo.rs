//! Cargo, which builds a project into a WebAssembly module.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::error::CliError;

/// WebAssembly without WASI, whose imports no broker grants.
const TARGET: &str = "wasm32-unknown-unknown";

/// What separates flags in `CARGO_ENCODED_RUSTFLAGS`.
const SEPARATOR: &str = "\x1f";

/// A module that was built.
#[derive(Debug)]
pub(super) struct Module {
    /// The package's name.
    pub(super) name: String,
    pub(super) file: PathBuf,
}

/// Builds the project in a directory.
pub(super) fn build(directory: &Path, profile: &str) -> Result<Module, CliError> {
    let manifest = directory.join("Cargo.toml");
    let manifest = manifest.canonicalize().map_err(|error| {
        CliError::file(&manifest, &error).next("name a project's directory; `klamm plugin new` makes one")
    })?;
    let directory = manifest.parent().unwrap_or(directory);
    check_target(directory)?;
    let output = cargo(directory)
        .args(["build", "--target", TARGET, "--profile", profile])
        .args(["--message-format", "json-render-diagnostics", "--manifest-path"])
        .arg(&manifest)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(directory)?)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| not_there("cargo", &error))?;
    if !output.status.success() {
        return Err(CliError::failed("cargo could not build it").next("mend what it says above"));
    }
    module(&output.stdout, &manifest).ok_or_else(|| {
        CliError::usage(format!("{} builds no module", manifest.display()))
            .next("add [lib] crate-type = [\"cdylib\"] to it")
    })
}

fn cargo(directory: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(directory);
    command
}

fn not_there(program: &str, error: &io::Error) -> CliError {
    CliError::failed(format!("{program} can't be started: {error}"))
        .next("install Rust as https://rustup.rs says, then `rustup target add wasm32-unknown-unknown`")
}

/// Cargo's own message for a missing target has four lines for each crate and doesn't say what to type.
fn check_target(directory: &Path) -> Result<(), CliError> {
    let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .current_dir(directory)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .map_err(|error| not_there("rustc", &error))?;
    let libraries = String::from_utf8_lossy(&output.stdout);
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    Err(CliError::failed(format!("this compiler has no {TARGET} target"))
        .next(format!("rustup target add {TARGET}")))
}

/// The flags that are set, and those that keep this machine's paths out of the module, so that it is the same everywhere.
fn flags(directory: &Path) -> Result<String, CliError> {
    let mut flags: Vec<String> = match env::var("CARGO_ENCODED_RUSTFLAGS") {
        Ok(encoded) => encoded.split(SEPARATOR).filter(|flag| !flag.is_empty()).map(Into::into).collect(),
        Err(_) => env::var("RUSTFLAGS").unwrap_or_default().split_whitespace().map(Into::into).collect(),
    };
    let mut hide = |path: &Path, name: &str| {
        flags.push(format!("--remap-path-prefix={}={name}", path.display()));
    };
    if let Some(home) = cargo_home() {
        hide(&home, "/cargo");
    }
    hide(&workspace(directory)?, "/plugin");
    Ok(flags.join(SEPARATOR))
}

fn cargo_home() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    home.or_else(|| Some(env::home_dir()?.join(".cargo")))
}

/// The root of the workspace that the project is in, which is its own unless it is one of several.
fn workspace(directory: &Path) -> Result<PathBuf, CliError> {
    let output = cargo(directory)
        .args(["locate-project", "--workspace", "--message-format", "plain"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| not_there("cargo", &error))?;
    let manifest = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Ok(manifest.parent().unwrap_or(directory).to_owned())
}

#[derive(Debug, Deserialize)]
struct Message {
    reason: String,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

/// The module of this manifest among Cargo's messages.
fn module(messages: &[u8], manifest: &Path) -> Option<Module> {
    let messages = messages.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    messages
        .filter_map(|message: Message| {
            let target = message.target?;
            let of_manifest =
                message.reason == "compiler-artifact" && message.manifest_path.as_deref() == Some(manifest);
            if !of_manifest || !target.crate_types.iter().any(|kind| kind == "cdylib") {
                return None;
            }
            let is_module = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "wasm");
            let file = message.filenames.into_iter().find(is_module)?;
            Some(Module { name: target.name.replace('_', "-"), file })
        })
        .next_back()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::module;

    #[test]
    fn the_module_is_found_among_other_artifacts() {
        let messages = br#"{"reason":"compiler-artifact","manifest_path":"/p/sdk/Cargo.toml","target":{"name":"klamm_plugin","crate_types":["lib"]},"filenames":["/t/libklamm_plugin.rlib"]}
not json
{"reason":"compiler-artifact","manifest_path":"/p/Cargo.toml","target":{"name":"my_guard","crate_types":["cdylib","rlib"]},"filenames":["/t/my_guard.wasm","/t/libmy_guard.rlib"]}
{"reason":"build-finished","success":true}
"#;
        let found = module(messages, Path::new("/p/Cargo.toml")).unwrap();
        assert_eq!((found.name.as_str(), found.file.as_path()), ("my-guard", Path::new("/t/my_guard.wasm")));
        assert!(module(messages, Path::new("/p/sdk/Cargo.toml")).is_none());
    }
}
