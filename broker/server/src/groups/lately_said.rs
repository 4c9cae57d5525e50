//! What was said of groups lately, so that the log does not say it with each try of each client.

use std::collections::HashMap;

use klamm_groups::Tick;

/// Of a group nothing is said again for so long, in milliseconds.
const EVERY_MS: u64 = 600_000;
/// Of no more groups than these is something said meanwhile.
const MOST: usize = 1000;

/// When something was last said of each group.
#[derive(Debug, Default)]
pub(super) struct LatelySaid {
    at: HashMap<String, Tick>,
}

impl LatelySaid {
    /// Whether something may be said of a group now; if so, it is not for some time then.
    pub(super) fn may_say(&mut self, group_id: &str, now: Tick) -> bool {
        self.at.retain(|_, said| now.0.saturating_sub(said.0) < EVERY_MS);
        let may = self.at.len() < MOST && !self.at.contains_key(group_id);
        if may {
            self.at.insert(group_id.to_owned(), now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use klamm_groups::Tick;

    use super::{EVERY_MS, LatelySaid, MOST};

    #[test]
    fn of_a_group_something_is_said_now_and_then_and_not_of_too_many() {
        let mut said = LatelySaid::default();
        assert!(said.may_say("a", Tick(5)));
        assert!(!said.may_say("a", Tick(6)));
        assert!(said.may_say("b", Tick(6)));
        assert!(!said.may_say("a", Tick(4 + EVERY_MS)));
        assert!(said.may_say("a", Tick(5 + EVERY_MS)));
        let others = (0..2 * MOST).filter(|n| said.may_say(&format!("{n}"), Tick(5 + EVERY_MS)));
        assert_eq!(others.count(), MOST - 2);
        assert!(said.may_say("c", Tick(5 + 2 * EVERY_MS)), "nothing is kept for ever");
    }
}
