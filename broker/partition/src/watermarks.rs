//! How far a partition is written, durable and visible.
//!
//! Pure. One broker is its own in-sync set, so its own progress decides; with followers (the cluster issue)
//! the smallest of the in-sync replicas' ends joins the rule in [`Watermarks::committed`], and nothing else
//! changes.

use klamm_model::Offset;

/// A place in the log: an offset, and how many bytes were appended up to it since the partition was opened.
///
/// The bytes only grow, also when old segments are deleted: their difference between two positions is what
/// `fetch.min.bytes` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// The offset of the next record.
    pub offset: Offset,
    /// Bytes of batches before it, counted from when the partition was opened.
    pub bytes: u64,
}

/// What makes a record visible to consumers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitRule {
    /// It is on the disk: `flush.messages` is 1. A consumer never sees what a power cut can take back.
    Fsynced,
    /// It is written; the page cache brings it to the disk when it will (Kafka's way).
    Written,
}

/// The ends of a partition: high watermark <= log end, durable end <= log end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermarks {
    rule: CommitRule,
    end: Position,
    durable: Position,
    high: Position,
}

impl Watermarks {
    /// The watermarks of a partition that was just opened: recovery has left nothing behind that is not in
    /// the log, and all of it counts as durable and visible.
    pub fn opened(rule: CommitRule, end: Offset) -> Watermarks {
        let end = Position { offset: end, bytes: 0 };
        Watermarks { rule, end, durable: end, high: end }
    }

    /// The log end: the offset of the next record.
    pub fn end(&self) -> Position {
        self.end
    }

    /// Everything before it is on the disk.
    pub fn durable(&self) -> Position {
        self.durable
    }

    /// Everything before it may be read by consumers.
    pub fn high(&self) -> Position {
        self.high
    }

    /// The rule in force.
    pub fn rule(&self) -> CommitRule {
        self.rule
    }

    /// A batch of `bytes` bytes was written, after which the log ends at `end`; gives the high watermark if
    /// it moved.
    pub fn appended(&mut self, end: Offset, bytes: u64) -> Option<Position> {
        debug_assert!(end > self.end.offset, "an append moves the log end forward");
        self.end = Position { offset: end, bytes: self.end.bytes + bytes };
        self.advance()
    }

    /// All before `durable` is on the disk; gives the high watermark if it moved.
    ///
    /// Reports of overlapping flushes may come in any order.
    pub fn flushed(&mut self, durable: Position) -> Option<Position> {
        debug_assert!(durable <= self.end, "nothing is durable before it is written");
        self.durable = self.durable.max(durable);
        self.advance()
    }

    /// Another rule is in force from now on; gives the high watermark if it moved. It never moves back: what
    /// consumers have seen stays seen.
    pub fn set_rule(&mut self, rule: CommitRule) -> Option<Position> {
        self.rule = rule;
        self.advance()
    }

    /// The last stable offset (KIP-98): read_committed consumers see what is before it.
    pub fn last_stable_offset(&self, first_unstable: Option<Offset>) -> Offset {
        first_unstable.map_or(self.high.offset, |unstable| unstable.min(self.high.offset))
    }

    fn committed(&self) -> Position {
        match self.rule {
            CommitRule::Fsynced => self.durable,
            CommitRule::Written => self.end,
        }
    }

    fn advance(&mut self) -> Option<Position> {
        let committed = self.committed();
        if committed <= self.high {
            return None;
        }
        self.high = committed;
        debug_assert!(self.high <= self.end, "the high watermark is at most the log end");
        Some(self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::{CommitRule, Position, Watermarks};
    use klamm_model::Offset;

    fn at(offset: i64, bytes: u64) -> Position {
        Position { offset: Offset(offset), bytes }
    }

    #[test]
    fn durable_records_become_visible_by_the_fsync() {
        let mut marks = Watermarks::opened(CommitRule::Fsynced, Offset(10));
        assert_eq!(marks.appended(Offset(12), 200), None);
        let flush_started = marks.end();
        assert_eq!(marks.appended(Offset(13), 50), None);
        assert_eq!(marks.flushed(flush_started), Some(at(12, 200)));
        assert_eq!((marks.high(), marks.durable(), marks.end()), (at(12, 200), at(12, 200), at(13, 250)));
        assert_eq!(marks.flushed(marks.end()), Some(at(13, 250)));
    }

    #[test]
    fn written_records_are_visible_at_once() {
        let mut marks = Watermarks::opened(CommitRule::Written, Offset(10));
        assert_eq!(marks.appended(Offset(12), 200), Some(at(12, 200)));
        assert_eq!(marks.durable(), at(10, 0));
        assert_eq!(marks.flushed(marks.end()), None, "the fsync shows nothing new");
        assert_eq!(marks.durable(), at(12, 200));
    }

    #[test]
    fn flushes_that_end_in_another_order_never_move_back() {
        let mut marks = Watermarks::opened(CommitRule::Fsynced, Offset(0));
        marks.appended(Offset(1), 100);
        let first = marks.end();
        marks.appended(Offset(2), 100);
        assert_eq!(marks.flushed(marks.end()), Some(at(2, 200)));
        assert_eq!(marks.flushed(first), None);
        assert_eq!((marks.durable(), marks.high()), (at(2, 200), at(2, 200)));
    }

    #[test]
    fn a_change_of_the_rule_never_hides_what_was_seen() {
        let mut marks = Watermarks::opened(CommitRule::Written, Offset(0));
        marks.appended(Offset(3), 300);
        assert_eq!(marks.set_rule(CommitRule::Fsynced), None);
        assert_eq!(marks.high(), at(3, 300), "seen before the change");
        assert_eq!(marks.appended(Offset(4), 100), None);
        assert_eq!(marks.high(), at(3, 300));
        assert_eq!(marks.set_rule(CommitRule::Written), Some(at(4, 400)));
    }

    #[test]
    fn the_last_stable_offset_is_held_back_by_a_transaction() {
        let mut marks = Watermarks::opened(CommitRule::Fsynced, Offset(0));
        marks.appended(Offset(5), 100);
        assert_eq!(marks.last_stable_offset(Some(Offset(3))), Offset(0), "never above the high watermark");
        marks.flushed(marks.end());
        assert_eq!(marks.last_stable_offset(Some(Offset(3))), Offset(3));
        assert_eq!(marks.last_stable_offset(None), Offset(5));
    }
}
