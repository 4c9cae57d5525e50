//! Segments.

use std::path::Path;

use klamm_log::Disk;
use klamm_log::dump::{self, DumpedBatch};
use klamm_records::{BatchError, BatchView, Record, TimestampType};
use serde::Serialize;

use super::report::Report;
use crate::error::CliError;
use crate::output::{BytesText, HeaderText};

/// The most that the records of a batch may decompress to.
const MAX_UNCOMPRESSED_BYTES: usize = 1 << 30;

#[derive(Serialize)]
struct BatchObject<'a> {
    file: &'a Path,
    position: u64,
    size_bytes: usize,
    base_offset: i64,
    last_offset: i64,
    records: i32,
    leader_epoch: i32,
    compression: String,
    timestamp_type: &'static str,
    max_timestamp: i64,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    transactional: bool,
    control: bool,
    crc: u32,
}

#[derive(Serialize)]
struct RecordObject<'a> {
    offset: i64,
    timestamp: i64,
    key: Option<BytesText<'a>>,
    value: Option<BytesText<'a>>,
    headers: Vec<HeaderText<'a>>,
}

/// Shows a `.log` file.
pub(super) fn dump(disk: &dyn Disk, file: &Path, records: bool, report: &mut Report) -> Result<(), CliError> {
    let segment = match dump::segment(disk, file) {
        Ok(segment) => segment,
        Err(error) => return report.problem(&error.to_string()),
    };
    for batch in segment {
        match batch {
            Err(error) => report.problem(&error.to_string())?,
            Ok(batch) => {
                report.advance(batch.header.size_bytes() as u64);
                show_batch(file, &batch, report)?;
                if let Some(problem) = &batch.problem {
                    report.problem(&format!("batch at byte {}: {problem}", batch.position))?;
                } else if let Err(error) = show_records(&batch, records, report)? {
                    report.problem(&format!("batch at byte {}: {error}", batch.position))?;
                }
            }
        }
    }
    Ok(())
}

fn show_batch(file: &Path, batch: &DumpedBatch, report: &mut Report) -> Result<(), CliError> {
    let header = &batch.header;
    let object = BatchObject {
        file,
        position: batch.position,
        size_bytes: header.size_bytes(),
        base_offset: header.base_offset.0,
        last_offset: header.last_offset().0,
        records: header.record_count,
        leader_epoch: header.leader_epoch.0,
        compression: header
            .attributes
            .compression()
            .map_or_else(|error| error.to_string(), |codec| codec.to_string()),
        timestamp_type: match header.attributes.timestamp_type() {
            TimestampType::CreateTime => "CreateTime",
            TimestampType::LogAppendTime => "LogAppendTime",
        },
        max_timestamp: header.max_timestamp.0,
        producer_id: header.producer_id.0,
        producer_epoch: header.producer_epoch.0,
        base_sequence: header.base_sequence.0,
        transactional: header.attributes.is_transactional(),
        control: header.attributes.is_control(),
        crc: header.crc,
    };
    report.entry(&object, || {
        format!(
            "byte {}: offsets {} to {}, {} records in {} bytes, {}, epoch {}, {} {}{}{}{}",
            object.position,
            object.base_offset,
            object.last_offset,
            object.records,
            object.size_bytes,
            object.compression,
            object.leader_epoch,
            object.timestamp_type,
            object.max_timestamp,
            producer_text(&object),
            if object.transactional { ", transactional" } else { "" },
            if object.control { ", control" } else { "" },
        )
    })
}

fn producer_text(batch: &BatchObject<'_>) -> String {
    if batch.producer_id < 0 {
        return String::new();
    }
    format!(
        ", producer {} epoch {} sequence {}",
        batch.producer_id, batch.producer_epoch, batch.base_sequence
    )
}

/// Walks over the records, and shows them if asked to; the inner error is what is wrong with them.
fn show_records(
    batch: &DumpedBatch,
    show: bool,
    report: &mut Report,
) -> Result<Result<(), BatchError>, CliError> {
    let view = BatchView { header: batch.header, bytes: &batch.bytes };
    let mut records = match view.records(MAX_UNCOMPRESSED_BYTES) {
        Ok(records) => records,
        Err(error) => return Ok(Err(error)),
    };
    loop {
        match records.next_record() {
            Ok(None) => return Ok(Ok(())),
            Ok(Some(record)) if show => show_record(&record, report)?,
            Ok(Some(_)) => {}
            Err(error) => return Ok(Err(error)),
        }
    }
}

fn show_record(record: &Record<'_>, report: &mut Report) -> Result<(), CliError> {
    let headers = record.headers.iter().map(|header| HeaderText::of(header.key, header.value));
    let object = RecordObject {
        offset: record.offset.0,
        timestamp: record.timestamp.0,
        key: record.key.map(BytesText::of),
        value: record.value.map(BytesText::of),
        headers: headers.collect(),
    };
    report.detail(&object, || record_line(record))
}

fn record_line(record: &Record<'_>) -> String {
    let text = |bytes: Option<&[u8]>| {
        bytes.map_or_else(|| "null".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    let headers: Vec<String> = record
        .headers
        .iter()
        .map(|header| format!(" {}={}", text(Some(header.key)), text(header.value)))
        .collect();
    format!(
        "  offset {} time {} key {} value {}{}",
        record.offset,
        record.timestamp,
        text(record.key),
        text(record.value),
        headers.concat(),
    )
}
