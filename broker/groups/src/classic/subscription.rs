//! What consumers tell the leader of their group.

use std::collections::BTreeSet;

use bytes::Bytes;
use klamm_wire::{Decoder, Limits, codec::Wire};

use super::ClassicGroup;
use crate::embedded::CONSUMERS;

impl ClassicGroup {
    /// Whether its members are consumers, which tell each other what the coordinator can read.
    pub(crate) fn is_of_consumers(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMERS)
    }

    /// The topics that the members read; `None` if they don't tell, or in a way that is not known here.
    pub fn subscribed_topics(&self) -> Option<BTreeSet<String>> {
        let protocol = self.protocol.as_deref()?;
        if !self.is_of_consumers() {
            return None;
        }
        let mut topics = BTreeSet::new();
        for member in self.members.values() {
            topics.extend(topics_of(member.metadata(protocol)?)?);
        }
        Some(topics)
    }
}

/// Every version begins with its number and the topics.
fn topics_of(subscription: &Bytes) -> Option<Vec<String>> {
    let mut decoder = Decoder::new(subscription.clone(), Limits::REQUEST);
    let version = i16::read(&mut decoder, 0).ok()?;
    Vec::read(&mut decoder, version).ok()
}
