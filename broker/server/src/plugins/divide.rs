//! From a batch and a decision to batches for the logs.
//!
//! ```text
//!   batch + decision -> letters: to the quarantine, as they came
//!                    -> leaving: to other partitions, one batch each
//!                    -> stays:   the batch itself without the rest, as compaction would have left it
//! ```

use std::collections::BTreeMap;

use klamm_model::{Offset, PartitionIndex, ProducerId};
use klamm_records::{
    BatchBuilder, BuildOptions, Compression, Header, InvalidProduce, KeptRecord, ProduceRules, ProducedBatch,
    ProducerStamp, UnpackedBatch, UnpackedRecord, validate_produced,
};

use super::dead_letters;
use super::decision::{Decision, Fate};

/// Where a batch was sent to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ingress<'a> {
    /// The topic.
    pub(crate) topic: &'a str,
    /// The partition.
    pub(crate) partition: PartitionIndex,
    /// The offset of its first record there.
    pub(crate) base_offset: Offset,
}

/// What is to be appended, in this order: first the letters, then what leaves, then what stays.
#[derive(Debug)]
pub(crate) struct Divided {
    /// For the quarantine.
    pub(crate) letters: Option<ProducedBatch>,
    /// For other partitions, in the order of their numbers.
    pub(crate) leaving: Vec<(PartitionIndex, ProducedBatch)>,
    /// For the partition that the batch was sent to. Its append decides: until then the producer may send it all again.
    pub(crate) stays: ProducedBatch,
}

/// Why a batch can't be divided.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DivideError {
    /// What plug-ins made of it is not what the topic allows.
    #[error(transparent)]
    Invalid(#[from] InvalidProduce),
    /// The producer's id is one that no broker has given out.
    #[error(
        "producer id {0} is too large for a topic with plug-ins that send records elsewhere: a producer's id must come from \
         InitProducerId"
    )]
    ProducerId(ProducerId),
}

/// Divides a batch.
pub(crate) fn divide(
    batch: &ProducedBatch,
    unpacked: &UnpackedBatch,
    decision: &Decision,
    ingress: Ingress<'_>,
    rules: &ProduceRules,
) -> Result<Divided, DivideError> {
    let division = Division { batch, unpacked, decision, ingress, rules };
    Ok(Divided { letters: division.letters()?, leaving: division.leaving()?, stays: division.stays()? })
}

struct Division<'a> {
    batch: &'a ProducedBatch,
    unpacked: &'a UnpackedBatch,
    decision: &'a Decision,
    ingress: Ingress<'a>,
    rules: &'a ProduceRules,
}

impl<'a> Division<'a> {
    fn stays(&self) -> Result<ProducedBatch, DivideError> {
        let codec = self.batch.header().attributes.compression().ok();
        let repack = self.rules.target_compression.is_some_and(|(target, _)| Some(target) != codec);
        if self.decision.is_untouched() && !repack {
            return Ok(self.batch.clone());
        }
        let kept = self.decision.staying().filter_map(|place| self.kept(place));
        Ok(self.batch.with_records(kept, self.rules)?)
    }

    /// A record with what plug-ins changed in it.
    fn kept(&self, place: usize) -> Option<KeptRecord<'a>> {
        let record = self.unpacked.records().get(place)?;
        let (mut key, mut value) = self.fields(record);
        if let Some(edits) = self.decision.edits.get(place) {
            (key, value) = (edits.key.apply(key), edits.value.apply(value));
        }
        Some(KeptRecord {
            offset_delta: record.offset_delta,
            timestamp: record.timestamp,
            key,
            value,
            headers: self.unpacked.headers_of(record),
        })
    }

    fn fields(&self, record: &UnpackedRecord) -> (Option<&'a [u8]>, Option<&'a [u8]>) {
        let piece = |range: &Option<_>| range.as_ref().map(|range| self.unpacked.piece(range));
        (piece(&record.key), piece(&record.value))
    }

    fn leaving(&self) -> Result<Vec<(PartitionIndex, ProducedBatch)>, DivideError> {
        let mut builders: BTreeMap<PartitionIndex, BatchBuilder> = BTreeMap::new();
        for (place, fate) in self.decision.fates.iter().enumerate() {
            let Fate::Leave(target) = fate else { continue };
            let Some(record) = self.kept(place) else { continue };
            if !builders.contains_key(target) {
                builders.insert(*target, self.builder()?);
            }
            if let Some(builder) = builders.get_mut(target) {
                builder.append(record.timestamp, record.key, record.value, &record.headers);
            }
        }
        let built = |builder: BatchBuilder| -> Result<ProducedBatch, InvalidProduce> {
            validate_produced(&builder.build()?, self.rules)
        };
        let batches = builders.into_iter().map(|(target, builder)| Ok((target, built(builder)?)));
        batches.collect()
    }

    fn letters(&self) -> Result<Option<ProducedBatch>, DivideError> {
        let mut builder = None;
        for (record, fate) in self.unpacked.records().iter().zip(&self.decision.fates) {
            let Fate::DeadLetter(blame) = fate else { continue };
            let told = dead_letters::told(&self.ingress, self.batch.header(), record, blame);
            let mut headers = self.unpacked.headers_of(record);
            headers.extend(
                told.iter().map(|(key, value)| Header { key: key.as_bytes(), value: Some(value.as_bytes()) }),
            );
            let (key, value) = self.fields(record);
            let builder = match &mut builder {
                Some(builder) => builder,
                None => builder.insert(self.builder()?),
            };
            builder.append(record.timestamp, key, value, &headers);
        }
        let Some(builder) = builder else { return Ok(None) };
        let bytes = builder.build().map_err(InvalidProduce::from)?;
        Ok(Some(validate_produced(&bytes, &dead_letters::rules(self.rules))?))
    }

    /// For records that leave this partition. They carry the sequence of the batch that they come from, under an id of their own.
    fn builder(&self) -> Result<BatchBuilder, DivideError> {
        let header = self.batch.header();
        let producer = if header.producer_id.is_some() {
            let id = header.producer_id;
            let derived = id.derived(self.ingress.partition).ok_or(DivideError::ProducerId(id))?;
            let (epoch, base_sequence) = (header.producer_epoch, header.base_sequence);
            Some(ProducerStamp { id: derived, epoch, base_sequence })
        } else {
            None
        };
        let compression = header.attributes.compression().unwrap_or(Compression::None);
        Ok(BatchBuilder::new(BuildOptions { compression, producer, ..BuildOptions::default() }))
    }
}
