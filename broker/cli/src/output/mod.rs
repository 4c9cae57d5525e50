//! What commands print, in one place: tables for people, JSON and YAML for programs.

mod bytes_text;
mod header_text;
#[cfg(test)]
mod page;
mod progress;
mod table;

pub(crate) use bytes_text::BytesText;
pub(crate) use header_text::HeaderText;
#[cfg(test)]
pub(crate) use page::Page;
pub(crate) use progress::Progress;
pub(crate) use table::Table;

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use serde::Serialize;

use crate::error::CliError;

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OutputFormat {
    /// A table
    #[default]
    Table,
    /// A table with all columns
    Wide,
    /// One JSON document
    Json,
    /// One YAML document
    Yaml,
}

/// Something to print: a value for programs, and how people see it.
pub(crate) trait Present: Serialize {
    /// The tables that people see; `wide` asks for all columns.
    fn tables(&self, wide: bool) -> Vec<Table>;
}

/// Prints `value` in the form asked for.
pub(crate) fn print(format: OutputFormat, value: &impl Present) -> Result<(), CliError> {
    write(&mut io::stdout().lock(), format, value)
}

/// A word about what was done, on standard error: standard output is for what was asked for.
pub(crate) fn note(text: &str) {
    // There is nowhere else to say that standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// How many characters a line of the terminal has; none if standard output is no terminal.
pub(crate) fn terminal_width() -> Option<usize> {
    // comfy-table asks the terminal, once.
    comfy_table::Table::new().width().map(usize::from)
}

/// Whether people watch: progress and questions are for them.
pub(crate) fn is_interactive() -> bool {
    io::stderr().is_terminal() && io::stdin().is_terminal()
}

/// Ends a command of several parts: of its failures the others are told by a note, the last by the command's end.
pub(crate) fn tell_all(failures: Vec<CliError>) -> Result<(), CliError> {
    let mut failures = failures.into_iter().peekable();
    while let Some(failure) = failures.next() {
        if failures.peek().is_none() {
            return Err(failure);
        }
        note(&failure.to_string());
    }
    Ok(())
}

/// Asks before something is lost. Where nobody can answer, that is an error with `consequence`, what would be lost.
pub(crate) fn confirm(question: &str, consequence: &str, refused: &str) -> Result<(), CliError> {
    if !is_interactive() {
        return Err(CliError::usage(consequence).next("add --yes if that is what you want"));
    }
    note(&format!("{question} Type yes:"));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if answer.trim() == "yes" { Ok(()) } else { Err(CliError::failed(refused)) }
}

fn write(out: &mut impl Write, format: OutputFormat, value: &impl Present) -> Result<(), CliError> {
    match format {
        OutputFormat::Table | OutputFormat::Wide => {
            for (index, table) in value.tables(format == OutputFormat::Wide).iter().enumerate() {
                if index > 0 {
                    writeln!(out)?;
                }
                writeln!(out, "{table}")?;
            }
        }
        OutputFormat::Json => {
            let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
            writeln!(out, "{text}")?;
        }
        OutputFormat::Yaml => {
            let text = serde_norway::to_string(value).map_err(io::Error::other)?;
            write!(out, "{text}")?;
        }
    }
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::{OutputFormat, Present, Table, write};

    #[derive(Serialize)]
    struct Fruit {
        name: &'static str,
        grams: u32,
    }

    impl Present for Fruit {
        fn tables(&self, wide: bool) -> Vec<Table> {
            let mut table = Table::new(&["NAME"]);
            if wide {
                table = Table::new(&["NAME", "GRAMS"]);
            }
            table.row([self.name.to_owned(), self.grams.to_string()]);
            vec![table]
        }
    }

    #[test]
    fn every_form_is_exact() {
        let fruit = Fruit { name: "pear", grams: 180 };
        for (format, text) in [
            (OutputFormat::Table, "NAME\npear\n"),
            (OutputFormat::Wide, "NAME  GRAMS\npear  180\n"),
            (OutputFormat::Json, "{\n  \"name\": \"pear\",\n  \"grams\": 180\n}\n"),
            (OutputFormat::Yaml, "name: pear\ngrams: 180\n"),
        ] {
            let mut out = Vec::new();
            write(&mut out, format, &fruit).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
