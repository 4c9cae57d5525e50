//! What plug-ins of every kind may make of a record, and where it is then.

use std::sync::Arc;

use klamm_model::{Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_records::{
    BatchBuilder, BuildOptions, ProduceRules, ProducedBatch, ProducerStamp, validate_produced,
};

use crate::plugins::decision::{Blame, Culprit, Decision, Edit, Edits, Fate};
use crate::plugins::divide::{Divided, Ingress, divide};

const NOW: TimestampMs = TimestampMs(1_700_000_000_000);
/// Three partitions and the quarantine.
pub(super) const LOGS: usize = 4;
/// The partition that the producer sends to.
pub(super) const INGRESS: usize = 0;
pub(super) const QUARANTINE: usize = 3;
pub(super) const PRODUCER: (ProducerId, ProducerEpoch) = (ProducerId(5), ProducerEpoch(0));
pub(super) const BATCHES: usize = 2;
pub(super) const RECORDS: usize = 2;

pub(super) const RULES: ProduceRules = ProduceRules::anything(NOW);

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// No plug-in does anything.
    Stays,
    /// The serializer changes it.
    StaysChanged,
    /// A filter drops it.
    Dropped,
    /// A filter quarantines it.
    Quarantined,
    /// The partitioner sends it to the second partition.
    Leaves,
    /// The serializer changes it, and the partitioner sends it to the third.
    LeavesChanged,
}

impl Way {
    const ALL: [Way; 6] =
        [Way::Stays, Way::StaysChanged, Way::Dropped, Way::Quarantined, Way::Leaves, Way::LeavesChanged];

    fn log(self) -> Option<usize> {
        match self {
            Way::Stays | Way::StaysChanged => Some(INGRESS),
            Way::Dropped => None,
            Way::Quarantined => Some(QUARANTINE),
            Way::Leaves => Some(1),
            Way::LeavesChanged => Some(2),
        }
    }

    fn changes(self) -> bool {
        matches!(self, Way::StaysChanged | Way::LeavesChanged)
    }

    fn fate(self) -> Fate {
        let culprit = || Culprit { name: "guard".into(), version: "1".into(), digest: "0".repeat(64) };
        match self {
            Way::Stays | Way::StaysChanged => Fate::Stay,
            Way::Dropped => Fate::Drop,
            Way::Quarantined => {
                Fate::DeadLetter(Blame { by: Arc::new(culprit()), reason: "poison".to_owned() })
            }
            Way::Leaves => Fate::Leave(PartitionIndex(1)),
            Way::LeavesChanged => Fate::Leave(PartitionIndex(2)),
        }
    }
}

/// What becomes of each record of each batch.
pub(super) type Ways = [[Way; RECORDS]; BATCHES];

/// All that can become of them.
pub(super) fn every_way() -> Vec<Ways> {
    let all = choices(&[Way::ALL.len() - 1; BATCHES * RECORDS]);
    all.into_iter()
        .map(|at| [[Way::ALL[at[0]], Way::ALL[at[1]]], [Way::ALL[at[2]], Way::ALL[at[3]]]])
        .collect()
}

/// Every way to choose one of 0 to `most[i]` for each `i`.
pub(super) fn choices(most: &[usize]) -> Vec<Vec<usize>> {
    most.iter().fold(vec![Vec::new()], |all, most| {
        let longer = |chosen: Vec<usize>| {
            (0..=*most).map(move |choice| chosen.iter().copied().chain([choice]).collect())
        };
        all.into_iter().flat_map(longer).collect()
    })
}

fn batch(number: usize) -> ProducedBatch {
    let base_sequence = Sequence((number * RECORDS) as i32);
    let (id, epoch) = PRODUCER;
    let producer = ProducerStamp { id, epoch, base_sequence };
    let mut builder = BatchBuilder::new(BuildOptions { producer: Some(producer), ..BuildOptions::default() });
    for record in 0..RECORDS {
        builder.append(NOW, None, Some(format!("{number}.{record}").as_bytes()), &[]);
    }
    validate_produced(&builder.build().unwrap(), &RULES).unwrap()
}

/// The batches as plug-ins divide them; the same at every try.
pub(super) fn divided(ways: Ways) -> Vec<(ProducedBatch, Divided)> {
    let divided = ways.iter().enumerate().map(|(number, ways)| {
        let batch = batch(number);
        let unpacked = batch.unpack(usize::MAX).unwrap();
        let edits = |(record, way): (usize, &Way)| {
            let changed = Edit::Set(format!("changed {number}.{record}").into());
            Edits { key: Edit::Keep, value: if way.changes() { changed } else { Edit::Keep } }
        };
        let decision = Decision {
            fates: ways.iter().map(|way| way.fate()).collect(),
            edits: ways.iter().enumerate().map(edits).collect(),
        };
        let partition = PartitionIndex(INGRESS as i32);
        let base_offset = Offset((number * RECORDS) as i64);
        let ingress = Ingress { topic: "orders", partition, base_offset };
        let divided = divide(&batch, &unpacked, &decision, ingress, &RULES).unwrap();
        (batch, divided)
    });
    divided.collect()
}

/// What is in a log when both batches went through: values, and in the producer's partition their offsets.
pub(super) fn expected(ways: Ways, log: usize) -> Vec<(i64, String)> {
    let mut expected = Vec::new();
    for (number, ways) in ways.iter().enumerate() {
        for (record, way) in ways.iter().enumerate().filter(|(_, way)| way.log() == Some(log)) {
            let offset = if log == INGRESS { number * RECORDS + record } else { expected.len() };
            let value = format!("{number}.{record}");
            expected.push((offset as i64, if way.changes() { format!("changed {value}") } else { value }));
        }
    }
    expected
}
