//! A produced batch with other records: some left out, some changed, as if compaction had been there already.

use klamm_model::{Offset, TimestampMs};

use crate::attributes::TimestampType;
use crate::builder::{BatchBuilder, BuildOptions, ProducerStamp};
use crate::compression::Level;
use crate::header::{BatchHeader, HEADER_BYTES};
use crate::produce::{InvalidProduce, InvalidReason, ProduceRules};
use crate::produced::ProducedBatch;
use crate::record::Header;

/// A record that stays in a batch.
#[derive(Debug, Clone)]
pub struct KeptRecord<'a> {
    /// Its place in the batch, which it keeps.
    pub offset_delta: i32,
    /// When it was made, as its producer says.
    pub timestamp: TimestampMs,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: Option<&'a [u8]>,
    /// Its headers.
    pub headers: Vec<Header<'a>>,
}

impl ProducedBatch {
    /// The batch with these records, which grow in their `offset_delta`, in the place of its own. Its offsets, its producer and its
    /// sequences stay, so that the producer's next batch fits; without a record it stays as an empty batch.
    ///
    /// # Errors
    /// If the records are not what the topic allows: too large, or without a key where it is compacted.
    pub fn with_records<'a>(
        &self,
        records: impl IntoIterator<Item = KeptRecord<'a>>,
        rules: &ProduceRules,
    ) -> Result<ProducedBatch, InvalidProduce> {
        let header = self.header();
        let mut builder = BatchBuilder::new(self.build_options(rules)?);
        let mut newest = (TimestampMs::NONE, 0);
        let mut keyless = Vec::new();
        for record in records {
            if record.timestamp > newest.0 || builder.is_empty() {
                newest = (record.timestamp, record.offset_delta);
            }
            if record.key.is_none() && rules.compacted {
                keyless.push((record.offset_delta, "a plug-in left it without a key".to_owned()));
            }
            let KeptRecord { offset_delta, timestamp, key, value, headers } = record;
            builder.append_at(offset_delta, timestamp, key, value, &headers);
        }
        if !keyless.is_empty() {
            let reason =
                InvalidReason::Records("the topic is compacted and a plug-in left records without a key");
            return Err(InvalidProduce { reason, record_errors: keyless });
        }
        if builder.is_empty() {
            return Ok(ProducedBatch::new(header.emptied(), bytes::Bytes::new(), 0));
        }
        let bytes = builder.build_ending_at(header.last_offset_delta)?;
        check_size(bytes.len(), rules)?;
        let mut built = BatchHeader::read(&bytes)?;
        if header.attributes.timestamp_type() == TimestampType::LogAppendTime {
            built.max_timestamp = header.max_timestamp;
            built.crc = built.compute_crc(&bytes[HEADER_BYTES..]);
        }
        Ok(ProducedBatch::new(built, bytes.slice(HEADER_BYTES..), newest.1))
    }

    fn build_options(&self, rules: &ProduceRules) -> Result<BuildOptions, InvalidProduce> {
        let header = self.header();
        let own = header.attributes.compression().map_err(crate::BatchError::from)?;
        let (compression, level): (_, Level) = rules.target_compression.unwrap_or((own, None));
        let producer = header.producer_id.is_some().then_some(ProducerStamp {
            id: header.producer_id,
            epoch: header.producer_epoch,
            base_sequence: header.base_sequence,
        });
        Ok(BuildOptions {
            base_offset: Offset::ZERO,
            compression,
            level,
            timestamp_type: header.attributes.timestamp_type(),
            producer,
            ..BuildOptions::default()
        })
    }
}

fn check_size(size: usize, rules: &ProduceRules) -> Result<(), InvalidProduce> {
    let limit = rules.max_message_bytes;
    if size > usize::try_from(limit).unwrap_or(0) {
        return Err(InvalidReason::TooLarge { size, limit }.into());
    }
    Ok(())
}
