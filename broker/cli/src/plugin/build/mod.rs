//! `klamm plugin build`.

mod cargo;
mod component;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table};

const OUTPUT: &str = "\
With -o json or yaml: \"file\" and \"size_bytes\".";

/// Build a project into a component
///
/// This is `cargo build --release --target wasm32-unknown-unknown`, and then the module that it makes becomes a WebAssembly
/// component, which is what brokers take. The same sources and the same compiler give the same bytes on any machine.
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct BuildArguments {
    /// The project's directory, where its Cargo.toml is
    #[arg(default_value = ".", value_name = "DIR")]
    directory: PathBuf,
    /// Where the component goes; NAME.wasm in the project's directory unless this is given
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// The profile of Cargo.toml to build with
    #[arg(long, value_name = "NAME", default_value = "release")]
    profile: String,
}

#[derive(Debug, Serialize)]
struct Built {
    file: String,
    size_bytes: usize,
}

impl Present for Built {
    fn tables(&self, _: bool) -> Vec<Table> {
        let mut table = Table::new(&["COMPONENT", "BYTES"]);
        table.row([self.file.clone(), self.size_bytes.to_string()]);
        vec![table]
    }
}

pub(super) fn run(arguments: &BuildArguments, globals: &Globals) -> Result<(), CliError> {
    let (name, component) = component_of(&arguments.directory, &arguments.profile)?;
    let file = arguments.to.clone().unwrap_or_else(|| beside_the_manifest(&arguments.directory, &name));
    fs::write(&file, &component).map_err(|error| CliError::file(&file, &error))?;
    let built = Built { file: file.display().to_string(), size_bytes: component.len() };
    output::print(globals.output(), &built)
}

/// The name of the project in a directory, and its component.
pub(super) fn component_of(directory: &Path, profile: &str) -> Result<(String, Vec<u8>), CliError> {
    let module = cargo::build(directory, profile)?;
    let bytes = fs::read(&module.file).map_err(|error| CliError::file(&module.file, &error))?;
    Ok((module.name, component::of_module(&bytes)?))
}

fn beside_the_manifest(directory: &Path, name: &str) -> PathBuf {
    let name = format!("{name}.wasm");
    if directory == Path::new(".") { PathBuf::from(name) } else { directory.join(name) }
}
