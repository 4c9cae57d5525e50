//! What a dump says: a line or an object for each thing found.

use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::CliError;
use crate::output::OutputFormat;

/// Prints what is found in files, and remembers what is wrong.
pub(super) struct Report {
    out: BufWriter<StdoutLock<'static>>,
    json: bool,
    only_problems: bool,
    file: PathBuf,
    found: u64,
    problems_in_file: u64,
    problems: u64,
    open: bool,
}

#[derive(Serialize)]
struct Problem<'a> {
    file: &'a Path,
    problem: &'a str,
}

#[derive(Serialize)]
struct Summary<'a> {
    file: &'a Path,
    entries: u64,
    problems: u64,
}

impl Report {
    pub(super) fn new(format: OutputFormat, only_problems: bool) -> Report {
        let out = BufWriter::new(io::stdout().lock());
        let json = matches!(format, OutputFormat::Json | OutputFormat::Yaml);
        let file = PathBuf::new();
        Report { out, json, only_problems, file, found: 0, problems_in_file: 0, problems: 0, open: false }
    }

    /// Goes on with another file.
    pub(super) fn begin(&mut self, file: &Path) -> Result<(), CliError> {
        self.end_file()?;
        file.clone_into(&mut self.file);
        (self.found, self.problems_in_file, self.open) = (0, 0, true);
        if !self.json && !self.only_problems {
            writeln!(self.out, "{}", file.display())?;
        }
        Ok(())
    }

    /// Something that is in the file: an object for programs, a line for people.
    pub(super) fn entry(
        &mut self,
        object: &impl Serialize,
        line: impl FnOnce() -> String,
    ) -> Result<(), CliError> {
        self.found += 1;
        self.detail(object, line)
    }

    /// Something that belongs to an entry and is not counted.
    pub(super) fn detail(
        &mut self,
        object: &impl Serialize,
        line: impl FnOnce() -> String,
    ) -> Result<(), CliError> {
        if self.only_problems {
            return Ok(());
        }
        if self.json { self.object(object) } else { Ok(writeln!(self.out, "{}", line())?) }
    }

    /// Something that is wrong.
    pub(super) fn problem(&mut self, problem: &str) -> Result<(), CliError> {
        self.problems += 1;
        self.problems_in_file += 1;
        let file = self.file.clone();
        if self.json {
            return self.object(&Problem { file: &file, problem });
        }
        Ok(writeln!(self.out, "{}: WRONG: {problem}", file.display())?)
    }

    /// Ends the report; an error if anything was wrong.
    pub(super) fn finish(mut self) -> Result<(), CliError> {
        self.end_file()?;
        self.out.flush()?;
        match self.problems {
            0 => Ok(()),
            1 => Err(CliError::failed("one thing is wrong with these files")),
            many => Err(CliError::failed(format!("{many} things are wrong with these files"))),
        }
        .map_err(|error: CliError| {
            error.next("keep a copy of the files; docs/operations.md says what to do about damaged ones")
        })
    }

    fn end_file(&mut self) -> Result<(), CliError> {
        if !std::mem::take(&mut self.open) {
            return Ok(());
        }
        let (file, entries, problems) = (self.file.clone(), self.found, self.problems_in_file);
        if self.json {
            return self.object(&Summary { file: &file, entries, problems });
        }
        let verdict = if problems == 0 { "all right".to_owned() } else { format!("{problems} wrong") };
        Ok(writeln!(self.out, "{}: {entries} entries, {verdict}", file.display())?)
    }

    fn object(&mut self, object: &impl Serialize) -> Result<(), CliError> {
        serde_json::to_writer(&mut self.out, object).map_err(io::Error::from)?;
        Ok(writeln!(self.out)?)
    }
}
