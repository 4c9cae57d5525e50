//! What the group is subscribed to, and whether that has changed.

use std::collections::{BTreeMap, BTreeSet};

use klamm_model::TopicId;

use super::ConsumerGroup;
use super::member::Member;
use super::pattern::Pattern;
use crate::records::{GroupRecord, RegularExpressionValue};
use crate::{Topics, Turn};

/// Expressions are not looked up again sooner than after this time (Kafka's `REGEX_BATCH_REFRESH_MIN_INTERVAL_MS`): each
/// look goes through all names.
const MIN_REFRESH_INTERVAL_MS: i64 = 10_000;

impl ConsumerGroup {
    /// The names of the topics that a member is subscribed to, whether they exist or not.
    pub(super) fn names_of<'g>(&'g self, member: &'g Member) -> impl Iterator<Item = &'g str> {
        let by_pattern = member.pattern().and_then(|pattern| self.patterns.get(pattern));
        let by_pattern = by_pattern.into_iter().flat_map(|value| value.topics.iter());
        member.value.subscribed_topic_names.iter().chain(by_pattern).map(String::as_str)
    }

    /// The topics that a member is subscribed to.
    pub(super) fn topics_of(&self, member: &Member, topics: &dyn Topics) -> BTreeSet<TopicId> {
        self.names_of(member).filter_map(|name| topics.by_name(name)).map(|(id, _)| id).collect()
    }

    /// A number of the metadata of all subscribed topics; it changes when one of them is made, deleted or gets more
    /// partitions (KIP-1101). 0 if the group is subscribed to nothing that exists.
    pub(super) fn subscription_hash(&self, topics: &dyn Topics) -> i64 {
        let names: BTreeSet<&str> = self.members.values().flat_map(|member| self.names_of(member)).collect();
        let mut hash = Fnv1a::new();
        let mut any = false;
        for name in names {
            if let Some((id, partitions)) = topics.by_name(name) {
                any = true;
                hash.add(&id.to_bytes());
                hash.add(&(name.len() as u64).to_be_bytes());
                hash.add(name.as_bytes());
                hash.add(&partitions.to_be_bytes());
            }
        }
        if any { hash.0.cast_signed() } else { 0 }
    }

    /// Forgets expressions that no member has any more, looks new ones up at once, and all again if that is due. Says
    /// whether one stands for other topics now.
    pub(super) fn refresh_patterns(&mut self, turn: &mut Turn<'_>, topics: &dyn Topics) -> bool {
        let wanted: BTreeSet<String> =
            self.members.values().filter_map(Member::pattern).map(str::to_owned).collect();
        let unused: Vec<String> =
            self.patterns.keys().filter(|pattern| !wanted.contains(*pattern)).cloned().collect();
        for pattern in unused {
            let group_id = self.group_id.clone();
            self.emit(turn, GroupRecord::RegularExpression { group_id, pattern, value: None });
        }
        let all = self.patterns_are_due(turn, topics);
        let mut changed = false;
        for pattern in wanted {
            let known = self.patterns.get(&pattern);
            if known.is_some() && !all {
                continue;
            }
            let value = look_up(&pattern, turn, topics);
            changed |= known.map_or(&[][..], |known| &known.topics) != value.topics;
            let group_id = self.group_id.clone();
            self.emit(turn, GroupRecord::RegularExpression { group_id, pattern, value: Some(value) });
        }
        changed
    }

    /// Whether the topics of the expressions may be out of date, and the last look is long enough ago.
    pub(super) fn patterns_are_due(&self, turn: &Turn<'_>, topics: &dyn Topics) -> bool {
        let Some(last) = self.patterns.values().map(|value| value.timestamp).max() else { return false };
        let version = self.patterns.values().map(|value| value.metadata_version).max().unwrap_or(-1);
        let age = turn.now.time.0.saturating_sub(last);
        let stale =
            version != version_of(topics) || age > i64::from(turn.config.consumer_regex_refresh_interval_ms);
        // An age below 0 comes from a clock that was set back.
        stale && !(0..=MIN_REFRESH_INTERVAL_MS).contains(&age)
    }

    /// How many members wish each assignor.
    pub(super) fn preferred_assignor(&self) -> Option<&str> {
        let mut wishes: BTreeMap<&str, usize> = BTreeMap::new();
        for name in self.members.values().filter_map(|member| member.value.server_assignor.as_deref()) {
            *wishes.entry(name).or_default() += 1;
        }
        wishes.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name)
    }
}

fn look_up(pattern: &str, turn: &Turn<'_>, topics: &dyn Topics) -> RegularExpressionValue {
    // One that another broker accepted and this one does not stands for nothing.
    let names = Pattern::new(pattern).map_or_else(
        |_| BTreeSet::new(),
        |pattern| topics.names().filter(|name| pattern.matches(name)).map(str::to_owned).collect(),
    );
    RegularExpressionValue {
        topics: names.into_iter().collect(),
        metadata_version: version_of(topics),
        timestamp: turn.now.time.0,
    }
}

fn version_of(topics: &dyn Topics) -> i64 {
    i64::try_from(topics.version()).unwrap_or(i64::MAX)
}

/// A hash that is the same on every broker and in every version; nobody gains by guessing it.
struct Fnv1a(u64);

impl Fnv1a {
    fn new() -> Fnv1a {
        Fnv1a(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
