//! What a dump says: a line or an object for each thing found.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::CliError;
use crate::output::{OutputFormat, Progress};

/// Prints what is found in files, and remembers what is wrong.
pub(super) struct Report {
    out: Box<dyn Write>,
    format: OutputFormat,
    progress: Progress,
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
    pub(super) fn to_standard_output(
        format: OutputFormat,
        only_problems: bool,
        progress: Progress,
    ) -> Report {
        Report::new(Box::new(BufWriter::new(io::stdout().lock())), format, only_problems, progress)
    }

    pub(super) fn new(
        out: Box<dyn Write>,
        format: OutputFormat,
        only_problems: bool,
        progress: Progress,
    ) -> Report {
        let (file, found, problems_in_file, problems) = (PathBuf::new(), 0, 0, 0);
        Report { out, format, progress, only_problems, file, found, problems_in_file, problems, open: false }
    }

    /// So many more bytes of segments are looked at.
    pub(super) fn advance(&self, bytes: u64) {
        self.progress.advance(bytes);
    }

    fn is_for_people(&self) -> bool {
        matches!(self.format, OutputFormat::Table | OutputFormat::Wide)
    }

    /// Goes on with another file.
    pub(super) fn begin(&mut self, file: &Path) -> Result<(), CliError> {
        self.end_file()?;
        file.clone_into(&mut self.file);
        (self.found, self.problems_in_file, self.open) = (0, 0, true);
        if self.is_for_people() && !self.only_problems {
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
        if self.is_for_people() { Ok(writeln!(self.out, "{}", line())?) } else { self.object(object) }
    }

    /// Something that is wrong.
    pub(super) fn problem(&mut self, problem: &str) -> Result<(), CliError> {
        self.problems += 1;
        self.problems_in_file += 1;
        let file = self.file.clone();
        if !self.is_for_people() {
            return self.object(&Problem { file: &file, problem });
        }
        Ok(writeln!(self.out, "{}: WRONG: {problem}", file.display())?)
    }

    /// Ends the report; an error if anything was wrong.
    pub(super) fn finish(mut self) -> Result<(), CliError> {
        self.end_file()?;
        self.progress.finish();
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
        if !self.is_for_people() {
            return self.object(&Summary { file: &file, entries, problems });
        }
        let verdict = if problems == 0 { "all right".to_owned() } else { format!("{problems} wrong") };
        Ok(writeln!(self.out, "{}: {entries} entries, {verdict}", file.display())?)
    }

    fn object(&mut self, object: &impl Serialize) -> Result<(), CliError> {
        if self.format == OutputFormat::Yaml {
            let text = serde_norway::to_string(object).map_err(io::Error::other)?;
            return Ok(write!(self.out, "---\n{text}")?);
        }
        serde_json::to_writer(&mut self.out, object).map_err(io::Error::from)?;
        Ok(writeln!(self.out)?)
    }
}
