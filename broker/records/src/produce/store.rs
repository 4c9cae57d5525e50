//! What a topic makes of a valid batch.

use bytes::Bytes;
use klamm_model::{Offset, TimestampMs};

use super::refusal::{InvalidProduce, InvalidReason};
use super::rules::ProduceRules;
use crate::attributes::TimestampType;
use crate::batch::BatchView;
use crate::builder::{BatchBuilder, BuildOptions, ProducerStamp};
use crate::compression::{Compression, Level};
use crate::header::{BatchHeader, HEADER_BYTES};
use crate::produced::ProducedBatch;

/// Compresses the records anew, as the topic asks.
pub(super) fn recompress(
    header: &BatchHeader,
    bytes: &Bytes,
    target: Compression,
    level: Level,
    rules: &ProduceRules,
) -> Result<(BatchHeader, Bytes), InvalidProduce> {
    let mut records = BatchView { header: *header, bytes }.records(rules.max_uncompressed_bytes)?;
    let producer = header.producer_id.is_some().then_some(ProducerStamp {
        id: header.producer_id,
        epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
    });
    let mut builder = BatchBuilder::new(BuildOptions {
        base_offset: Offset::ZERO,
        compression: target,
        level,
        producer,
        transactional: header.attributes.is_transactional(),
        ..BuildOptions::default()
    });
    while let Some(record) = records.next_record()? {
        builder.append(record.timestamp, record.key, record.value, &record.headers);
    }
    let built = builder.build()?;
    let limit = rules.max_message_bytes;
    if built.len() > usize::try_from(limit).unwrap_or(0) {
        return Err(InvalidReason::TooLarge { size: built.len(), limit }.into());
    }
    Ok((BatchHeader::read(&built)?, built.slice(HEADER_BYTES..)))
}

/// Gives the batch the times the topic asks for; the CRC covers them.
pub(super) fn stamp(
    (mut header, body): (BatchHeader, Bytes),
    max_timestamp: TimestampMs,
    max_timestamp_delta: i32,
    rules: &ProduceRules,
) -> ProducedBatch {
    let (max, delta) = match rules.timestamp_type {
        TimestampType::CreateTime => (max_timestamp, max_timestamp_delta),
        // All records have the same time then, and the first of them is the first with the largest.
        TimestampType::LogAppendTime => (rules.now, 0),
    };
    let attributes = header.attributes.with_timestamp_type(rules.timestamp_type);
    if header.max_timestamp != max || header.attributes != attributes {
        header.max_timestamp = max;
        header.attributes = attributes;
        header.crc = header.compute_crc(&body);
    }
    header.base_offset = Offset::ZERO;
    ProducedBatch::new(header, body, delta)
}
