//! Sequence numbers of idempotent producers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A record's number within one producer and partition: 0 to 2^31-1, then 0 again (KIP-98); `-1` where
/// there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(pub i32);

impl Sequence {
    /// A record of a producer without idempotence (`-1`).
    pub const NONE: Sequence = Sequence(-1);
    /// A producer's first record.
    pub const FIRST: Sequence = Sequence(0);

    /// The sequence `records` after this one; wraps from 2^31-1 to 0.
    ///
    /// `self` must be 0 or more and so must `records`.
    #[must_use]
    pub const fn plus(self, records: i32) -> Sequence {
        debug_assert!(self.0 >= 0 && records >= 0);
        // 2^31 values: the wrap is a mask of the 31 low bits.
        Sequence(((self.0 as i64 + records as i64) & 0x7fff_ffff) as i32)
    }

    /// Whether this one comes later than `other`, if they are less than 2^30 records apart.
    pub const fn is_after(self, other: Sequence) -> bool {
        let distance = (self.0 as i64 - other.0 as i64) & 0x7fff_ffff;
        distance > 0 && distance < 1 << 30
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Sequence;

    #[test]
    fn counts_on() {
        assert_eq!(Sequence(5).plus(3), Sequence(8));
    }

    #[test]
    fn wraps_to_zero_after_the_largest() {
        assert_eq!(Sequence(i32::MAX).plus(1), Sequence::FIRST);
        assert_eq!(Sequence(i32::MAX - 1).plus(3), Sequence(1));
    }

    #[test]
    fn later_is_later_also_across_the_wrap() {
        let later = |a, b| Sequence(a).is_after(Sequence(b));
        assert!(later(6, 5) && later(0, i32::MAX) && later(100, i32::MAX - 100));
        assert!(!later(5, 5) && !later(5, 6) && !later(i32::MAX, 0));
    }
}
