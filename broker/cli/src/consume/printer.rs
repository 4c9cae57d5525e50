//! Printing of records, in the form asked for.

use std::io::{self, BufWriter, StdoutLock, Write};

use klamm_records::Record;

use super::format::Format;
use super::json::JsonRecord;
use crate::error::CliError;
use crate::output::OutputFormat;

const BUFFER_BYTES: usize = 256 * 1024;

/// Prints records to standard output.
pub(super) struct Printer {
    out: BufWriter<StdoutLock<'static>>,
    form: Form,
    topic: String,
    left: Option<u64>,
}

enum Form {
    Text(Format),
    Json,
    Yaml,
}

impl Printer {
    pub(super) fn new(
        output: OutputFormat,
        format: Option<Format>,
        topic: String,
        max_messages: Option<u64>,
    ) -> Printer {
        let form = match (format, output) {
            (Some(format), _) => Form::Text(format),
            (None, OutputFormat::Table | OutputFormat::Wide) => Form::Text(Format::value_lines()),
            (None, OutputFormat::Json) => Form::Json,
            (None, OutputFormat::Yaml) => Form::Yaml,
        };
        let out = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
        Printer { out, form, topic, left: max_messages }
    }

    /// Whether as many records are printed as were asked for.
    pub(super) fn is_done(&self) -> bool {
        self.left == Some(0)
    }

    /// Prints a record, unless enough are printed.
    pub(super) fn print(&mut self, partition: i32, record: &Record<'_>) -> Result<(), CliError> {
        match &mut self.left {
            Some(0) => return Ok(()),
            Some(left) => *left -= 1,
            None => {}
        }
        match &self.form {
            Form::Text(format) => format.write(&mut self.out, &self.topic, partition, record)?,
            Form::Json => {
                let record = JsonRecord::new(&self.topic, partition, record);
                serde_json::to_writer(&mut self.out, &record).map_err(io::Error::from)?;
                self.out.write_all(b"\n")?;
            }
            Form::Yaml => {
                let record = JsonRecord::new(&self.topic, partition, record);
                let text = serde_norway::to_string(&record).map_err(io::Error::other)?;
                write!(self.out, "---\n{text}")?;
            }
        }
        Ok(())
    }

    /// Shows what has been printed.
    pub(super) fn flush(&mut self) -> Result<(), CliError> {
        Ok(self.out.flush()?)
    }

    pub(super) fn finish(mut self) -> Result<(), CliError> {
        self.flush()
    }
}
