//! `klamm plugin build`.

mod cargo;
mod component;
#[cfg(test)]
mod shipped;

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
    let module = cargo::build(&arguments.directory, &arguments.profile)?;
    let file =
        arguments.to.clone().unwrap_or_else(|| beside_the_manifest(&arguments.directory, &module.name));
    let bytes = fs::read(&module.file).map_err(|error| CliError::file(&module.file, &error))?;
    let component = component::of_module(&bytes)?;
    fs::write(&file, &component).map_err(|error| CliError::file(&file, &error))?;
    let built = Built { file: file.display().to_string(), size_bytes: component.len() };
    output::print(globals.output(), &built)
}

fn beside_the_manifest(directory: &Path, name: &str) -> PathBuf {
    let name = format!("{name}.wasm");
    if directory == Path::new(".") { PathBuf::from(name) } else { directory.join(name) }
}
