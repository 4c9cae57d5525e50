//! The states of a group.

/// The states of a group, by Kafka's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has no members; perhaps offsets.
    Empty,
    /// Members join.
    PreparingRebalance,
    /// All have joined; the leader is asked who does what.
    CompletingRebalance,
    /// Everyone knows what to do.
    Stable,
}

impl State {
    /// As Kafka's tools show it.
    pub fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::PreparingRebalance => "PreparingRebalance",
            State::CompletingRebalance => "CompletingRebalance",
            State::Stable => "Stable",
        }
    }
}
