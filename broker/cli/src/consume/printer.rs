//! Printing of records, in the form asked for.

use std::io::{self, BufWriter, Write};

use klamm_records::Record;

use super::format::Format;
use super::json::JsonRecord;
use super::sink::Sink;
use crate::error::CliError;
use crate::output::OutputFormat;

const BUFFER_BYTES: usize = 256 * 1024;

/// Prints records, to standard output but for tests.
pub(super) struct Printer {
    out: BufWriter<Box<dyn Write>>,
    form: Form,
    topic: String,
    max: Option<u64>,
    printed: u64,
}

enum Form {
    Text(Format),
    Json,
    Yaml,
}

impl Printer {
    pub(super) fn to_standard_output(
        output: OutputFormat,
        format: Option<Format>,
        topic: String,
        max_messages: Option<u64>,
    ) -> Printer {
        Printer::new(Box::new(io::stdout().lock()), output, format, topic, max_messages)
    }

    pub(super) fn new(
        out: Box<dyn Write>,
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
        let out = BufWriter::with_capacity(BUFFER_BYTES, out);
        Printer { out, form, topic, max: max_messages, printed: 0 }
    }

    /// Whether as many records are printed as were asked for.
    pub(super) fn is_done(&self) -> bool {
        self.max == Some(self.printed)
    }

    /// How many records are printed.
    pub(super) fn printed(&self) -> u64 {
        self.printed
    }
}

impl Sink for Printer {
    /// Prints a record, unless enough are printed.
    fn take(&mut self, partition: i32, record: &Record<'_>) -> Result<(), CliError> {
        if self.is_done() {
            return Ok(());
        }
        self.printed += 1;
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

    fn flush(&mut self) -> Result<(), CliError> {
        Ok(self.out.flush()?)
    }
}
