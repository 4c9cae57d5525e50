//! Reading of the input, on a thread of its own: a terminal or a pipe may let us wait.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

use tokio::sync::mpsc;

use super::json::parse_json;
use super::line::LineFormat;
use super::{InputFormat, ProduceArguments};
use crate::error::CliError;

/// What one hand-over to the sending thread has at the most, in bytes and records.
const CHUNK_BYTES: usize = 256 * 1024;
const CHUNK_RECORDS: usize = 4_096;
/// How many hand-overs may wait.
const WAITING_CHUNKS: usize = 4;
/// The longest line: what Kafka's largest request is.
const MAX_LINE_BYTES: usize = 100 << 20;

/// A record to write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct InputRecord {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub partition: Option<i32>,
    pub timestamp_ms: Option<i64>,
}

/// Some of the input.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub records: Vec<InputRecord>,
    /// The bytes of input they were.
    pub bytes: usize,
}

/// Records, as they are read.
pub(super) struct Input {
    chunks: mpsc::Receiver<Result<Chunk, CliError>>,
}

impl Input {
    /// Starts to read.
    pub(super) fn start(arguments: &ProduceArguments) -> Input {
        let (sender, chunks) = mpsc::channel(WAITING_CHUNKS);
        let reader = Reader {
            format: arguments.input,
            line: LineFormat::new(arguments.key_delimiter.clone(), arguments.tombstones),
            sender,
        };
        let files = arguments.files.clone();
        // Ends with the input, or when nobody listens any more.
        std::thread::spawn(move || reader.read_all(&files));
        Input { chunks }
    }

    /// The next records; `None` at the end. An error is the last thing that comes.
    pub(super) async fn next(&mut self) -> Option<Result<Chunk, CliError>> {
        self.chunks.recv().await
    }
}

struct Reader {
    format: InputFormat,
    line: LineFormat,
    sender: mpsc::Sender<Result<Chunk, CliError>>,
}

impl Reader {
    fn read_all(&self, files: &[PathBuf]) {
        let outcome = if files.is_empty() {
            self.read("standard input", BufReader::with_capacity(CHUNK_BYTES, io::stdin().lock()))
        } else {
            files.iter().try_for_each(|path| {
                let file = File::open(path).map_err(|error| CliError::file(path, &error))?;
                self.read(&path.display().to_string(), BufReader::with_capacity(CHUNK_BYTES, file))
            })
        };
        if let Err(error) = outcome {
            // If nobody listens, the command has failed already and says why.
            let _ = self.sender.blocking_send(Err(error));
        }
    }

    fn read(&self, name: &str, mut input: BufReader<impl Read>) -> Result<(), CliError> {
        let mut chunk = Chunk::default();
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let failed = |error: io::Error| CliError::failed(format!("{name}, line {number}: {error}"));
            let read = read_line(&mut input, &mut line).map_err(failed)?;
            if read == 0 {
                break;
            }
            let record = self.parse(&line).map_err(|what| {
                CliError::failed(format!("{name}, line {number}: {what}"))
                    .next("mend the line; those before it are written")
            });
            match record {
                Ok(record) => chunk.records.push(record),
                Err(error) => {
                    self.hand_over(chunk);
                    return Err(error);
                }
            }
            chunk.bytes += read;
            // With an empty buffer the next read may wait: for a person, who wants to see the record sent.
            if chunk.bytes >= CHUNK_BYTES || chunk.records.len() >= CHUNK_RECORDS || input.buffer().is_empty()
            {
                self.hand_over(std::mem::take(&mut chunk));
            }
        }
        self.hand_over(chunk);
        Ok(())
    }

    fn parse(&self, line: &[u8]) -> Result<InputRecord, String> {
        match self.format {
            InputFormat::Lines => self.line.parse(line),
            InputFormat::Json => parse_json(line),
        }
    }

    fn hand_over(&self, chunk: Chunk) {
        if !chunk.records.is_empty() {
            // If nobody listens, the command has failed already and says why.
            let _ = self.sender.blocking_send(Ok(chunk));
        }
    }
}

/// Reads a line without its end; the bytes read, which are 0 at the end of the input.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    let read = Read::take(&mut *input, MAX_LINE_BYTES as u64 + 1).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() > MAX_LINE_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the line is longer than 100 MiB"));
    }
    Ok(read)
}
