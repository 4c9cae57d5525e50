//! Validation of produced bytes.

use bytes::Bytes;
use klamm_model::Offset;

use super::record_check::RecordCheck;
use super::refusal::{InvalidProduce, InvalidReason};
use super::rules::ProduceRules;
use super::store::{recompress, stamp};
use crate::attributes::TimestampType;
use crate::batch::BatchView;
use crate::compression::Compression;
use crate::error::BatchError;
use crate::header::{BatchHeader, HEADER_BYTES};
use crate::produced::ProducedBatch;
use crate::walk::walk;

/// Checks the records of one partition of a produce request, and makes of them what the topic stores.
///
/// Batches whose codec stays are not copied: the result shares `bytes`.
///
/// # Errors
/// If anything is wrong with the batch; nothing of it may be stored then.
pub fn validate_produced(bytes: &Bytes, rules: &ProduceRules) -> Result<ProducedBatch, InvalidProduce> {
    let header = the_only_batch(bytes)?;
    let limit = rules.max_message_bytes;
    if bytes.len() > usize::try_from(limit).unwrap_or(0) {
        return Err(InvalidReason::TooLarge { size: bytes.len(), limit }.into());
    }
    // Before anything that the CRC covers is believed.
    BatchView { header, bytes }.verify_crc()?;
    let codec = check_header(&header, rules)?;
    let body = bytes.slice(HEADER_BYTES..);
    let mut check = RecordCheck::new(header.base_timestamp, rules);
    let count = header.record_count;
    match codec {
        Compression::None => walk(&mut &body[..], count, |index, shape| check.record(index, shape))?,
        codec => {
            let mut reader =
                codec.reader(&body, rules.max_uncompressed_bytes).map_err(BatchError::Compression)?;
            walk(&mut reader, count, |index, shape| check.record(index, shape))?;
        }
    }
    let (max_timestamp, max_timestamp_delta) = check.finish()?;
    let batch = match rules.target_compression {
        Some((target, level)) if target != codec => {
            recompress(&header, &body, (codec, target), level, rules)?
        }
        _ => (header, body),
    };
    Ok(stamp(batch, max_timestamp, max_timestamp_delta, rules))
}

fn the_only_batch(bytes: &Bytes) -> Result<BatchHeader, InvalidProduce> {
    if bytes.is_empty() {
        return Err(InvalidReason::NoBatch.into());
    }
    let header = BatchView::read(bytes)?.header;
    if header.size_bytes() < bytes.len() {
        return Err(InvalidReason::ManyBatches.into());
    }
    if header.base_offset != Offset::ZERO {
        return Err(InvalidReason::BaseOffset { base_offset: header.base_offset.0 }.into());
    }
    Ok(header)
}

fn check_header(header: &BatchHeader, rules: &ProduceRules) -> Result<Compression, InvalidProduce> {
    let attributes = header.attributes;
    let codec = attributes.compression().map_err(BatchError::from)?;
    if codec == Compression::Zstd && !rules.zstd_allowed {
        return Err(InvalidReason::ZstdVersion.into());
    }
    let (count, last_offset_delta) = (header.record_count, header.last_offset_delta);
    if count <= 0 || last_offset_delta != count - 1 {
        return Err(InvalidReason::Counts { count, last_offset_delta }.into());
    }
    if attributes.is_control() {
        return Err(InvalidReason::Control.into());
    }
    if attributes.has_delete_horizon() {
        return Err(InvalidReason::DeleteHorizon.into());
    }
    if attributes.timestamp_type() == TimestampType::LogAppendTime {
        return Err(InvalidReason::LogAppendTime.into());
    }
    check_producer(header)?;
    Ok(codec)
}

/// A producer id comes with an epoch and a sequence, and a transaction with a producer id. Without a producer id
/// the rest means nothing, and has any value: Sarama sends sequence 0 then, KafkaJS epoch 0 too.
fn check_producer(header: &BatchHeader) -> Result<(), InvalidReason> {
    let (epoch, sequence) = (header.producer_epoch.0, header.base_sequence.0);
    let consistent = if header.producer_id.is_some() {
        epoch >= 0 && sequence >= 0
    } else {
        !header.attributes.is_transactional()
    };
    if consistent {
        return Ok(());
    }
    Err(InvalidReason::Producer { producer_id: header.producer_id.0, epoch, sequence })
}
