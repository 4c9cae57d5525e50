//! The new offsets of a group (`org.apache.kafka.tools.consumer.group.OffsetsUtils` has Kafka's rules).

use serde::Serialize;

use super::Target;
use crate::client::{Bounds, TopicPartition};
use crate::error::CliError;
use crate::group::describe::or_dash;
use crate::output::{Present, Table};

/// What is to be set, or was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::group) struct Plan {
    pub group: String,
    pub executed: bool,
    pub partitions: Vec<PlannedPartition>,
}

/// What is to be set of one partition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::group) struct PlannedPartition {
    pub topic: String,
    pub partition: i32,
    pub current_offset: Option<i64>,
    /// `None`: it is left as it is.
    pub new_offset: Option<i64>,
    pub log_start_offset: Option<i64>,
    pub log_end_offset: Option<i64>,
    pub note: Option<String>,
}

impl Plan {
    /// The offsets to set.
    pub fn set(&self) -> impl Iterator<Item = (TopicPartition, i64)> {
        self.partitions.iter().filter_map(|row| {
            let partition = TopicPartition { topic: row.topic.clone(), partition: row.partition };
            Some((partition, row.new_offset?))
        })
    }
}

impl Present for Plan {
    fn tables(&self, wide: bool) -> Vec<Table> {
        let head = ["TOPIC", "PARTITION", "CURRENT", "NEW", "NOTE", "START", "END"];
        let mut table = Table::new(if wide { &head } else { &head[..5] });
        for row in &self.partitions {
            table.row([
                row.topic.clone(),
                row.partition.to_string(),
                or_dash(row.current_offset),
                or_dash(row.new_offset),
                row.note.clone().unwrap_or_default(),
                or_dash(row.log_start_offset),
                or_dash(row.log_end_offset),
            ]);
        }
        vec![table]
    }
}

impl PlannedPartition {
    /// A partition that nothing is set of.
    pub fn left(partition: TopicPartition, current: Option<i64>, note: String) -> PlannedPartition {
        PlannedPartition {
            topic: partition.topic,
            partition: partition.partition,
            current_offset: current,
            new_offset: None,
            log_start_offset: None,
            log_end_offset: None,
            note: Some(note),
        }
    }
}

impl Target {
    /// The new offset of a partition; `by_time` is what its leader found for the time asked for, -1 if nothing.
    pub fn plan(
        &self,
        partition: TopicPartition,
        current: Option<i64>,
        bounds: Bounds,
        by_time: Option<i64>,
    ) -> Result<PlannedPartition, CliError> {
        let (new, note) = match self {
            Target::Earliest => (bounds.start, None),
            Target::Latest => (bounds.end, None),
            Target::Offset(offset) => within(*offset, bounds),
            Target::File(offsets) => within(offsets.get(&partition).copied().unwrap_or(bounds.end), bounds),
            Target::Time(_) => match by_time {
                Some(offset @ 0..) => (offset, None),
                _ => (bounds.end, Some("no record is of that time or later: the end is taken".to_owned())),
            },
            Target::Current => match current {
                Some(current) => (current, None),
                None => (bounds.end, Some("nothing is committed: the end is taken".to_owned())),
            },
            Target::Shift(by) => match current {
                Some(current) => within(current.saturating_add(*by), bounds),
                None => return Err(nothing_to_shift(&partition)),
            },
        };
        Ok(PlannedPartition {
            topic: partition.topic,
            partition: partition.partition,
            current_offset: current,
            new_offset: Some(new),
            log_start_offset: Some(bounds.start),
            log_end_offset: Some(bounds.end),
            note,
        })
    }
}

fn nothing_to_shift(partition: &TopicPartition) -> CliError {
    CliError::failed(format!("the offset of {partition} can't be shifted: the group has none committed"))
        .next("leave the partition out, or set it with --to-earliest, --to-latest or --to-offset first")
}

fn within(wanted: i64, bounds: Bounds) -> (i64, Option<String>) {
    if wanted < bounds.start {
        (bounds.start, Some(format!("warning: {wanted} is before the log start: the start is taken")))
    } else if wanted > bounds.end {
        (bounds.end, Some(format!("warning: {wanted} is beyond the log end: the end is taken")))
    } else {
        (wanted, None)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Plan, Target, TopicPartition};
    use crate::client::Bounds;
    use crate::output::Present;

    const BOUNDS: Bounds = Bounds { start: 5, end: 20 };

    fn t(partition: i32) -> TopicPartition {
        TopicPartition { topic: "t".to_owned(), partition }
    }

    fn planned(target: &Target, current: Option<i64>, by_time: Option<i64>) -> (Option<i64>, Option<String>) {
        let row = target.plan(t(0), current, BOUNDS, by_time).unwrap();
        (row.new_offset, row.note)
    }

    #[test]
    fn each_target_has_its_offset() {
        let file = |offset| Target::File(BTreeMap::from([(t(0), offset)]));
        let before = "warning: 3 is before the log start: the start is taken";
        let beyond = "warning: 21 is beyond the log end: the end is taken";
        for (target, current, by_time, new, note) in [
            (Target::Earliest, None, None, 5, None),
            (Target::Latest, Some(7), None, 20, None),
            (Target::Offset(5), None, None, 5, None),
            (Target::Offset(3), None, None, 5, Some(before)),
            (Target::Offset(20), None, None, 20, None),
            (Target::Offset(21), None, None, 20, Some(beyond)),
            (file(9), None, None, 9, None),
            (file(21), None, None, 20, Some(beyond)),
            (Target::Time(1), None, Some(8), 8, None),
            (
                Target::Time(1),
                None,
                Some(-1),
                20,
                Some("no record is of that time or later: the end is taken"),
            ),
            (Target::Shift(-2), Some(9), None, 7, None),
            (Target::Shift(-6), Some(9), None, 5, Some(before)),
            (Target::Shift(12), Some(9), None, 20, Some(beyond)),
            (Target::Current, Some(9), None, 9, None),
            // What is committed stays, even where it is no offset of the log.
            (Target::Current, Some(99), None, 99, None),
            (Target::Current, None, None, 20, Some("nothing is committed: the end is taken")),
        ] {
            let expected = (Some(new), note.map(str::to_owned));
            assert_eq!(planned(&target, current, by_time), expected, "{target:?} {current:?}");
        }
    }

    #[test]
    fn nothing_can_be_shifted_where_nothing_is_committed() {
        let error = Target::Shift(1).plan(t(3), None, BOUNDS, None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "error: the offset of t-3 can't be shifted: the group has none committed\n\
             next: leave the partition out, or set it with --to-earliest, --to-latest or --to-offset first"
        );
    }

    #[test]
    fn people_and_programs_see_the_plan() {
        let partitions = vec![Target::Offset(21).plan(t(0), Some(7), BOUNDS, None).unwrap()];
        let plan = Plan { group: "g".to_owned(), executed: false, partitions };
        assert_eq!(
            plan.tables(true)[0].to_string(),
            "TOPIC  PARTITION  CURRENT  NEW  NOTE                                                 START  END\n\
             t      0          7        20   warning: 21 is beyond the log end: the end is taken  5      20"
        );
        assert_eq!(
            serde_json::to_string(&plan).unwrap(),
            r#"{"group":"g","executed":false,"partitions":[{"topic":"t","partition":0,"current_offset":7,"new_offset":20,"log_start_offset":5,"log_end_offset":20,"note":"warning: 21 is beyond the log end: the end is taken"}]}"#
        );
    }
}
