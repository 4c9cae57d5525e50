//! Which records are replayed, and where to.

use std::collections::BTreeMap;
use std::fmt;

use clap::ValueEnum;
use klamm_records::Record;
use serde::Serialize;

use crate::consume::Sink;
use crate::dlq::filter::FilterArguments;
use crate::dlq::letter::Heading;
use crate::dlq::letter_id::LetterId;
use crate::dlq::offset_set::OffsetSet;
use crate::dlq::quarantine::Quarantine;
use crate::dlq::replayed;
use crate::error::CliError;
use crate::output::{Present, Table};
use crate::produce::Partitioner;

/// Where a record goes
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Placing {
    /// To the partition that it was to go to at first
    #[default]
    Original,
    /// By its key, as Kafka's clients do it; without a key to the original one, or to 0 if that is gone
    ByKey,
}

/// Which records are meant.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// All that were not replayed yet and pass the filter.
    All(FilterArguments),
    /// These, whether they were replayed or not.
    These(Vec<LetterId>),
}

/// Why a record can't be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Unsendable {
    NotALetter,
    OtherTopic,
    NoPartition,
    PartitionGone(i32),
}

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unsendable::NotALetter => f.write_str("it is not a dead letter: it has no klamm.dlq headers"),
            Unsendable::OtherTopic => f.write_str("it is a dead letter of another topic"),
            Unsendable::NoPartition => f.write_str("it doesn't say which partition it was to go to"),
            Unsendable::PartitionGone(partition) => {
                write!(f, "the topic has no partition {partition} any more")
            }
        }
    }
}

/// A record that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Planned {
    #[serde(flatten, serialize_with = "place")]
    pub id: LetterId,
    pub to_partition: i32,
    /// Whether it was replayed before.
    pub replayed: bool,
}

/// A record that is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Skipped {
    #[serde(flatten, serialize_with = "place")]
    pub id: LetterId,
    pub why: String,
}

/// `partition` and `offset`, as all lists have them.
pub(super) fn place<S: serde::Serializer>(id: &LetterId, to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Place {
        partition: i32,
        offset: i64,
    }
    Place { partition: id.partition, offset: id.offset }.serialize(to)
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Plan {
    pub topic: String,
    pub quarantine: String,
    pub records: Vec<Planned>,
    pub skipped: Vec<Skipped>,
    /// How many that would be meant were replayed already.
    pub replayed_already: u64,
}

impl Present for Plan {
    fn tables(&self, _wide: bool) -> Vec<Table> {
        let mut table = Table::new(&["OFFSET", "TO", "REPLAYED"]);
        for record in &self.records {
            let replayed = if record.replayed { "yes" } else { "no" };
            table.row([
                record.id.to_string(),
                format!("{}-{}", self.topic, record.to_partition),
                replayed.to_owned(),
            ]);
        }
        let mut tables = vec![table];
        tables.extend(skipped_table(&self.skipped));
        tables
    }
}

pub(super) fn skipped_table(skipped: &[Skipped]) -> Option<Table> {
    let mut table = Table::new(&["SKIPPED", "WHY"]);
    for record in skipped {
        table.row([record.id.to_string(), record.why.clone()]);
    }
    (!skipped.is_empty()).then_some(table)
}

/// Looks through a quarantine.
#[derive(Debug)]
pub(super) struct Choice {
    wanted: Wanted,
    quarantine: Quarantine,
    placing: Placing,
    partitions: usize,
    partitioner: Partitioner,
    candidates: BTreeMap<LetterId, Result<i32, Unsendable>>,
    replayed: OffsetSet,
}

impl Choice {
    /// For a topic of so many partitions.
    pub(super) fn new(
        wanted: Wanted,
        quarantine: &Quarantine,
        placing: Placing,
        partitions: usize,
    ) -> Choice {
        Choice {
            wanted,
            quarantine: quarantine.clone(),
            placing,
            partitions,
            partitioner: Partitioner::new(partitions),
            candidates: BTreeMap::new(),
            replayed: OffsetSet::default(),
        }
    }

    /// What is to be done, when everything was looked through.
    pub(super) fn plan(self) -> Result<Plan, CliError> {
        let mut plan = Plan {
            topic: self.quarantine.base.clone(),
            quarantine: self.quarantine.name.clone(),
            records: Vec::new(),
            skipped: Vec::new(),
            replayed_already: 0,
        };
        let limit = match &self.wanted {
            Wanted::All(filter) => filter.limit(),
            Wanted::These(ids) => {
                self.refuse_unsendable(ids)?;
                usize::MAX
            }
        };
        let all = matches!(self.wanted, Wanted::All(_));
        for (id, to) in self.candidates {
            let replayed = self.replayed.contains(id);
            match to {
                Ok(_) if all && replayed => plan.replayed_already += 1,
                Ok(_) if plan.records.len() >= limit => {}
                Ok(to_partition) => plan.records.push(Planned { id, to_partition, replayed }),
                Err(why) => plan.skipped.push(Skipped { id, why: why.to_string() }),
            }
        }
        Ok(plan)
    }

    /// What is named must be there and possible.
    fn refuse_unsendable(&self, ids: &[LetterId]) -> Result<(), CliError> {
        let name = &self.quarantine.name;
        for id in ids {
            match self.candidates.get(id) {
                Some(Ok(_)) => {}
                Some(Err(why)) => {
                    let what = format!("record {id} of {name} can't be sent: {why}");
                    let error = CliError::failed(what);
                    return Err(match why {
                        Unsendable::NoPartition | Unsendable::PartitionGone(_) => {
                            error.next("--partition by-key sends it by its key; nothing was sent")
                        }
                        _ => error.next("nothing was sent; leave it out"),
                    });
                }
                None => {
                    return Err(CliError::not_found(format!("{name} has no record at offset {id}")).next(
                        format!(
                            "`klamm dlq list {}` shows those it has; nothing was sent",
                            self.quarantine.base
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    fn place(&self, heading: &Heading, key: Option<&[u8]>) -> Result<i32, Unsendable> {
        let told = heading.envelope.as_ref().ok_or(Unsendable::NotALetter)?;
        if told.topic != self.quarantine.base {
            return Err(Unsendable::OtherTopic);
        }
        let original = told.partition.ok_or(Unsendable::NoPartition).and_then(|partition| {
            let there = usize::try_from(partition).is_ok_and(|index| index < self.partitions);
            if there { Ok(partition) } else { Err(Unsendable::PartitionGone(partition)) }
        });
        match (self.placing, key) {
            (Placing::Original, _) => original,
            (Placing::ByKey, Some(key)) => Ok(self.partitioner.partition(Some(key))),
            (Placing::ByKey, None) => Ok(original.unwrap_or(0)),
        }
    }
}

impl Sink for Choice {
    fn take(&mut self, partition: i32, record: &Record<'_>) -> Result<(), CliError> {
        if let Some(ranges) = replayed::read(record) {
            self.replayed.add_all(partition, &ranges);
            return Ok(());
        }
        let heading = Heading::of(partition, record);
        let is_meant = match &self.wanted {
            Wanted::All(filter) => filter.matches(&heading),
            Wanted::These(ids) => ids.contains(&heading.id),
        };
        if is_meant {
            let to = self.place(&heading, record.key);
            self.candidates.insert(heading.id, to);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), CliError> {
        Ok(())
    }
}
