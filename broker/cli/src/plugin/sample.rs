//! Records to try a plug-in with: from a file, a topic, or made up.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use klamm_plugin_host::{Batch, Header, Record, Span};

use crate::consume::{self, Collected};
use crate::error::CliError;
use crate::globals::Globals;
use crate::produce::{InputRecord, parse_json};
use crate::session;

/// What producers put into a batch at the most, unless they are told otherwise (`batch.size` is 16 KiB; many raise it).
const BATCH_BYTES: usize = 64 << 10;
const BATCH_RECORDS: usize = 1_000;

/// Where the records come from.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct SampleSource {
    /// A file of records, a line of JSON each, as `klamm consume -o json` prints them
    #[arg(long, value_name = "FILE.jsonl")]
    records: Option<PathBuf>,
    /// A topic of the cluster that --bootstrap names; nothing is written to it
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
}

/// A record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) partition: i32,
    /// Only what came from a topic has one.
    pub(super) offset: Option<i64>,
    pub(super) timestamp: i64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl SampleSource {
    /// The records, if any source was named; of a topic the last `newest` of each partition.
    pub(super) fn read(&self, newest: u32, globals: &Globals) -> Result<Option<Vec<Sample>>, CliError> {
        match (&self.records, &self.topic) {
            (Some(file), _) => of_file(file).map(Some),
            (None, Some(topic)) => {
                let records = session::block_on(consume::newest(topic, newest, globals))?;
                Ok(Some(records.into_iter().map(Sample::from).collect()))
            }
            (None, None) => Ok(None),
        }
    }
}

fn of_file(path: &Path) -> Result<Vec<Sample>, CliError> {
    let file = File::open(path).map_err(|error| CliError::file(path, &error))?;
    let mut samples = Vec::new();
    for (index, line) in BufReader::new(file).split(b'\n').enumerate() {
        let line = line.map_err(|error| CliError::file(path, &error))?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let record = parse_json(&line).map_err(|why| {
            CliError::usage(format!("{}, line {}: {why}", path.display(), index + 1))
                .next("a line is such as {\"key\": \"k\", \"value\": {\"id\": 1}}; `klamm consume -o json` prints such lines")
        })?;
        samples.push(record.into());
    }
    Ok(samples)
}

impl From<InputRecord> for Sample {
    fn from(record: InputRecord) -> Sample {
        let InputRecord { key, value, headers, partition, timestamp_ms } = record;
        let (partition, timestamp) = (partition.unwrap_or(0), timestamp_ms.unwrap_or(0));
        Sample { partition, offset: None, timestamp, key, value, headers }
    }
}

impl From<Collected> for Sample {
    fn from(record: Collected) -> Sample {
        let Collected { partition, offset, timestamp, key, value, headers } = record;
        Sample { partition, offset: Some(offset), timestamp, key, value, headers }
    }
}

impl Sample {
    fn size(&self) -> usize {
        let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        let headers: usize = self.headers.iter().map(|(key, value)| key.len() + length(value)).sum();
        length(&self.key) + length(&self.value) + headers
    }
}

/// Records as producers would batch them: neighbours of one partition.
pub(super) fn batches(samples: &[Sample]) -> Vec<Packed> {
    let mut batches: Vec<Packed> = Vec::new();
    for sample in samples {
        let fits = |batch: &&mut Packed| {
            batch.partition == sample.partition
                && batch.records.len() < BATCH_RECORDS
                && batch.blob.len() + sample.size() <= BATCH_BYTES
        };
        if let Some(batch) = batches.last_mut().filter(fits) {
            batch.push(sample);
        } else {
            let mut batch = Packed { partition: sample.partition, ..Packed::default() };
            batch.push(sample);
            batches.push(batch);
        }
    }
    batches
}

/// Records as a plug-in gets them.
#[derive(Debug, Default)]
pub(super) struct Packed {
    partition: i32,
    blob: Vec<u8>,
    records: Vec<Record>,
    headers: Vec<Header>,
}

impl Packed {
    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Bytes of keys, values and headers.
    pub(super) fn bytes(&self) -> usize {
        self.blob.len()
    }

    pub(super) fn batch<'a>(&'a self, topic: &'a str) -> Batch<'a> {
        Batch {
            topic,
            partition: self.partition,
            blob: &self.blob,
            records: &self.records,
            headers: &self.headers,
        }
    }

    fn push(&mut self, sample: &Sample) {
        let rec = self.records.len() as u32;
        let record = Record {
            offset_delta: rec,
            timestamp: sample.timestamp,
            key: self.append(sample.key.as_deref()),
            value: self.append(sample.value.as_deref()),
        };
        self.records.push(record);
        for (key, value) in &sample.headers {
            let header = Header { rec, key: self.append(Some(key)), value: self.append(value.as_deref()) };
            self.headers.push(header);
        }
    }

    fn append(&mut self, bytes: Option<&[u8]>) -> Span {
        let Some(bytes) = bytes else { return Span::NULL };
        let off = self.blob.len() as u32;
        self.blob.extend_from_slice(bytes);
        Span { off, len: bytes.len() as i32 }
    }
}

#[cfg(test)]
mod tests {
    use super::{Sample, batches};

    #[test]
    fn batches_are_of_one_partition_and_bounded() {
        let sample =
            |partition, bytes| Sample { partition, value: Some(vec![0; bytes]), ..Sample::default() };
        let samples =
            [sample(0, 10), sample(0, 10), sample(1, 10), sample(1, 100_000), sample(1, 10), sample(0, 1)];
        let batches = batches(&samples);
        let sizes: Vec<_> =
            batches.iter().map(|batch| (batch.partition, batch.len(), batch.bytes())).collect();
        assert_eq!(sizes, [(0, 2, 20), (1, 1, 10), (1, 1, 100_000), (1, 1, 10), (0, 1, 1)]);
    }
}
