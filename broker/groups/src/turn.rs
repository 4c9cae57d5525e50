//! What a state machine is given with each event.

use std::net::IpAddr;

use klamm_model::TimestampMs;

use crate::{Effects, GroupConfig};

/// A point of a clock that never jumps: milliseconds since an arbitrary beginning. Deadlines are of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(pub u64);

impl Tick {
    /// The point some milliseconds later; a negative number counts as 0.
    #[must_use]
    pub fn after(self, milliseconds: i32) -> Tick {
        Tick(self.0.saturating_add(u64::try_from(milliseconds).unwrap_or(0)))
    }
}

/// Now, twice: records tell the time of day, deadlines are counted by a clock that never jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The time of day.
    pub time: TimestampMs,
    /// For deadlines.
    pub tick: Tick,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    /// The version of the request.
    pub api_version: i16,
    /// The client's name for itself, or the empty text.
    pub client_id: String,
    /// The client's address; written `/192.0.2.1`, as Kafka's tools show it.
    pub client_host: IpAddr,
}

impl Caller {
    /// The client's address as Kafka writes it in its records and answers.
    pub fn host_text(&self) -> String {
        format!("/{}", self.client_host)
    }
}

/// Where ids come from that must not occur twice, not even after a restart.
pub trait MemberIds {
    /// A new id, as random as a UUID of version 4, in Kafka's text form of a `Uuid` for the consumer protocol and in the
    /// form `8-4-4-4-12` for the classic one; this gives the number.
    fn next_id(&mut self) -> u128;
}

/// What a state machine is given with each event, and where it puts what it wants to happen.
pub struct Turn<'t> {
    /// Now.
    pub now: Now,
    /// What the settings say.
    pub config: &'t GroupConfig,
    /// Where ids come from.
    pub ids: &'t mut dyn MemberIds,
    /// What is to happen.
    pub effects: &'t mut Effects,
}
