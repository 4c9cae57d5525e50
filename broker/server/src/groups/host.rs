//! What a shard asks of whom it serves.

use klamm_groups::{GroupConfig, MemberIds, Now};

use crate::Broker;

/// What a shard needs beside its log: the time, the settings, new ids. A broker has them; a test that must be able to repeat
/// itself brings its own.
pub(crate) trait Host: Sync {
    /// Now. It is asked under the shard's lock, so that from one event to the next it never goes back.
    fn now(&self) -> Now;

    /// What the settings say about groups.
    fn config(&self) -> &GroupConfig;

    /// An id that never was: see [`MemberIds::next_id`].
    fn next_id(&self) -> u128;
}

impl Host for Broker {
    fn now(&self) -> Now {
        self.groups.now(self)
    }

    fn config(&self) -> &GroupConfig {
        &self.groups.config
    }

    fn next_id(&self) -> u128 {
        uuid::Uuid::new_v4().as_u128()
    }
}

/// A host's ids.
pub(super) struct Ids<'h>(pub(super) &'h dyn Host);

impl MemberIds for Ids<'_> {
    fn next_id(&mut self) -> u128 {
        self.0.next_id()
    }
}
