//! When committed offsets are forgotten (KIP-211).

use std::collections::BTreeSet;

use klamm_model::TimestampMs;

use crate::records::OffsetValue;

/// From when on a group's offsets grow old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expiry {
    /// Since the group has no members; but an offset that was committed later, since then.
    EmptySince(TimestampMs),
    /// Since its last commit, for topics that the members no longer read.
    NotSubscribed(BTreeSet<String>),
    /// Since its last commit: consumers that only commit here and are no members.
    SinceCommit,
    /// Never: nobody knows what the members read.
    Never,
}

impl Expiry {
    /// Whether an offset is to be forgotten at `now`.
    pub fn has_come(&self, now: TimestampMs, retention_ms: i64, topic: &str, value: &OffsetValue) -> bool {
        // An old client said how long it wants its offset kept: whatever the group does, as Kafka has it.
        if value.expire_timestamp >= 0 && !matches!(self, Expiry::Never) {
            return self.concerns(topic) && now.0 >= value.expire_timestamp;
        }
        let since = match self {
            Expiry::EmptySince(since) => since.0.max(value.commit_timestamp),
            Expiry::NotSubscribed(_) | Expiry::SinceCommit => value.commit_timestamp,
            Expiry::Never => return false,
        };
        self.concerns(topic) && now.0.saturating_sub(since) >= retention_ms
    }

    fn concerns(&self, topic: &str) -> bool {
        match self {
            Expiry::NotSubscribed(subscribed) => !subscribed.contains(topic),
            Expiry::EmptySince(_) | Expiry::SinceCommit => true,
            Expiry::Never => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETENTION_MS: i64 = 100;

    fn come(expiry: &Expiry, now: i64, value: &OffsetValue) -> bool {
        expiry.has_come(TimestampMs(now), RETENTION_MS, "t", value)
    }

    fn committed_at(commit_timestamp: i64) -> OffsetValue {
        OffsetValue { commit_timestamp, ..OffsetValue::default() }
    }

    #[test]
    fn time_counts_from_when_the_group_became_empty() {
        let expiry = Expiry::EmptySince(TimestampMs(1000));
        assert!(!come(&expiry, 1099, &committed_at(10)));
        assert!(come(&expiry, 1100, &committed_at(10)));
        assert!(!come(&expiry, 1100, &committed_at(1050)), "an offset that an operator has reset since");
        assert!(come(&expiry, 1150, &committed_at(1050)));
    }

    #[test]
    fn while_members_read_only_topics_that_they_left_expire() {
        let left = Expiry::NotSubscribed(["other".to_owned()].into());
        assert!(come(&left, 110, &committed_at(10)));
        assert!(!come(&left, 109, &committed_at(10)));
        let read = Expiry::NotSubscribed(["t".to_owned()].into());
        assert!(!come(&read, 9999, &committed_at(10)));
        assert!(!come(&Expiry::Never, 9999, &committed_at(10)));
        assert!(come(&Expiry::SinceCommit, 110, &committed_at(10)));
    }

    #[test]
    fn a_client_may_have_said_when() {
        let value = OffsetValue { expire_timestamp: 500, ..committed_at(10) };
        assert!(!come(&Expiry::SinceCommit, 499, &value));
        assert!(come(&Expiry::SinceCommit, 500, &value));
        assert!(!come(&Expiry::NotSubscribed(["t".to_owned()].into()), 500, &value));
    }
}
