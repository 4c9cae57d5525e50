//! What is known of a topic whose changes may be cut off.

use std::fmt;

/// A topic as clients see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicState {
    /// It isn't there.
    Absent,
    /// It is.
    Present {
        /// How many partitions it has.
        partitions: i32,
        /// Its two settings, which are always changed together.
        settings: (i64, i64),
    },
}

/// The states a topic may be in: one, or two after a change that nobody answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicModel {
    before: TopicState,
    /// What an unanswered change would have made of it.
    after: Option<TopicState>,
}

/// The topic is in a state that it can't be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impossible {
    observed: TopicState,
    expected: TopicModel,
}

impl TopicModel {
    /// A topic that was never made.
    pub fn new() -> TopicModel {
        TopicModel { before: TopicState::Absent, after: None }
    }

    /// Its state; `None` while a change is unanswered.
    pub fn state(&self) -> Option<TopicState> {
        self.after.is_none().then_some(self.before)
    }

    /// A change to `state` was answered as a success.
    pub fn acknowledged(&mut self, state: TopicState) {
        *self = TopicModel { before: state, after: None };
    }

    /// A change to `state` was asked for, and no answer came.
    pub fn unanswered(&mut self, state: TopicState) {
        self.after = Some(state);
    }

    /// The topic was looked at: it is as it was before an unanswered change, or after it, and stays so.
    ///
    /// Gives whether an unanswered change was made; `None` if there was none.
    ///
    /// # Errors
    /// If it is neither, so that an answered change is lost or one is half done.
    pub fn observed(&mut self, state: TopicState) -> Result<Option<bool>, Impossible> {
        let made = (self.after == Some(state)).then_some(true);
        let made = made.or_else(|| (state == self.before).then_some(false));
        let made = made.ok_or_else(|| Impossible { observed: state, expected: self.clone() })?;
        let was_open = self.after.is_some();
        self.acknowledged(state);
        Ok(was_open.then_some(made))
    }
}

impl Default for TopicModel {
    fn default() -> TopicModel {
        TopicModel::new()
    }
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Impossible { observed, expected } = self;
        write!(f, "it is {observed:?}, but was {:?}", expected.before)?;
        expected.after.map_or(Ok(()), |after| write!(f, " and may have become {after:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: TopicState = TopicState::Present { partitions: 1, settings: (1, 1) };
    const LARGE: TopicState = TopicState::Present { partitions: 4, settings: (1, 1) };
    const HALF: TopicState = TopicState::Present { partitions: 1, settings: (2, 1) };
    const CHANGED: TopicState = TopicState::Present { partitions: 1, settings: (2, 2) };

    #[test]
    fn an_answered_change_must_be_there() {
        let mut topic = TopicModel::new();
        topic.acknowledged(SMALL);
        assert_eq!(topic.observed(SMALL), Ok(None));
        for lost in [TopicState::Absent, LARGE] {
            assert!(topic.clone().observed(lost).is_err(), "{lost:?}");
        }
        topic.acknowledged(TopicState::Absent);
        assert!(topic.observed(SMALL).is_err(), "a deleted topic is back");
    }

    #[test]
    fn an_unanswered_change_is_made_or_not_and_then_for_good() {
        for (seen, made) in [(SMALL, false), (CHANGED, true)] {
            let mut topic = TopicModel::new();
            topic.acknowledged(SMALL);
            topic.unanswered(CHANGED);
            assert_eq!(topic.state(), None);
            assert_eq!(topic.observed(seen), Ok(Some(made)));
            assert_eq!(topic.state(), Some(seen));
            let other = if made { SMALL } else { CHANGED };
            assert!(topic.observed(other).is_err());
        }
    }

    #[test]
    fn half_a_change_is_impossible() {
        let mut topic = TopicModel::new();
        topic.acknowledged(SMALL);
        topic.unanswered(CHANGED);
        let error = topic.observed(HALF).unwrap_err();
        assert!(error.to_string().contains("may have become"), "{error}");
        assert!(topic.observed(TopicState::Absent).is_err());
    }
}
