//! What a topic makes of a valid batch.

use bytes::Bytes;
use klamm_model::{Offset, TimestampMs};

use super::refusal::{InvalidProduce, InvalidReason};
use super::rules::ProduceRules;
use crate::attributes::TimestampType;
use crate::compression::{Compression, Level, RepackError};
use crate::error::BatchError;
use crate::header::{BatchHeader, HEADER_BYTES, LOG_OVERHEAD_BYTES};
use crate::produced::ProducedBatch;

/// Compresses the records anew, as the topic asks. Their bytes stay as they are, since nothing in them depends on the
/// codec; so they pass through piece by piece, and a batch that unpacks to gigabytes is never held.
pub(super) fn recompress(
    header: &BatchHeader,
    body: &[u8],
    (from, to): (Compression, Compression),
    level: Level,
    rules: &ProduceRules,
) -> Result<(BatchHeader, Bytes), InvalidProduce> {
    let limit = usize::try_from(rules.max_message_bytes).unwrap_or(0);
    let mut plain = from.reader(body, rules.max_uncompressed_bytes).map_err(BatchError::Compression)?;
    let packed = to.repack(&mut *plain, level, limit.saturating_sub(HEADER_BYTES)).map_err(refusal)?;
    let mut header = *header;
    header.attributes = header.attributes.with_compression(to);
    header.batch_length = i32::try_from(HEADER_BYTES - LOG_OVERHEAD_BYTES + packed.len())
        .map_err(|_| InvalidReason::TooLargePacked { limit: rules.max_message_bytes })?;
    header.crc = header.compute_crc(&packed);
    Ok((header, packed.into()))
}

fn refusal(error: RepackError) -> InvalidProduce {
    match error {
        RepackError::Plain(error) => BatchError::Compression(error).into(),
        RepackError::TooLarge { limit } => {
            InvalidReason::TooLargePacked { limit: (limit + HEADER_BYTES) as i32 }.into()
        }
        RepackError::Codec(error) => InvalidReason::Compress(error.to_string()).into(),
    }
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
