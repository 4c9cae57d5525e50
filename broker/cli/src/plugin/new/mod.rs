//! `klamm plugin new`.

mod files;

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table, note};

const OUTPUT: &str = "\
With -o json or yaml: \"name\", \"kind\" and \"directory\".";

/// The longest name that brokers take.
const LONGEST_NAME: usize = 63;

/// Make a project for a plug-in, with an example that builds at once
///
/// The project is for Rust. It needs no network: the crate that plug-ins are written with is put into it.
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct NewArguments {
    /// The plug-in's name: small letters, digits and dashes
    name: String,
    /// What it is to be
    #[arg(long, value_enum)]
    kind: NewKind,
    /// The project's directory, which must not exist or be empty; NAME unless this is given
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

/// What there is an example of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum NewKind {
    /// Lets records pass, or not
    Filter,
    /// Chooses partitions
    Partitioner,
    /// Rewrites keys and values
    Serializer,
}

impl NewKind {
    fn name(self) -> &'static str {
        match self {
            NewKind::Filter => "filter",
            NewKind::Partitioner => "partitioner",
            NewKind::Serializer => "serializer",
        }
    }
}

#[derive(Debug, Serialize)]
struct Made {
    name: String,
    kind: &'static str,
    directory: String,
}

impl Present for Made {
    fn tables(&self, _: bool) -> Vec<Table> {
        let mut table = Table::new(&["PLUG-IN", "KIND", "DIRECTORY"]);
        table.row([self.name.clone(), self.kind.to_owned(), self.directory.clone()]);
        vec![table]
    }
}

pub(super) fn run(arguments: NewArguments, globals: &Globals) -> Result<(), CliError> {
    let NewArguments { name, kind, path } = arguments;
    check_name(&name)?;
    let directory = path.unwrap_or_else(|| PathBuf::from(&name));
    make(&directory, &name, kind)?;
    let shown = directory.display().to_string();
    output::print(globals.output(), &Made { name, kind: kind.name(), directory: shown.clone() })?;
    note(&format!("next: cd {shown}; cargo test; klamm plugin build"));
    Ok(())
}

/// Cargo wants a letter first, brokers small letters, digits and dashes.
fn check_name(name: &str) -> Result<(), CliError> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    let goes_on_well =
        name.chars().all(|other| other.is_ascii_lowercase() || other.is_ascii_digit() || other == '-');
    if starts_well && goes_on_well && name.len() <= LONGEST_NAME {
        return Ok(());
    }
    Err(CliError::usage(format!("{name:?} is no name for a plug-in"))
        .next(format!("small letters, digits and dashes are, a letter first, at most {LONGEST_NAME}")))
}

/// Writes the project.
pub(super) fn make(directory: &Path, name: &str, kind: NewKind) -> Result<(), CliError> {
    let is_taken = match fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => directory.exists(),
    };
    if is_taken {
        return Err(CliError::usage(format!("{} exists already", directory.display()))
            .next("name another directory with --path DIR"));
    }
    for (file, contents) in files::of_project(name, kind) {
        let file = directory.join(file);
        let parent = file.parent().unwrap_or(directory);
        fs::create_dir_all(parent).map_err(|error| CliError::file(parent, &error))?;
        fs::write(&file, contents).map_err(|error| CliError::file(&file, &error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
