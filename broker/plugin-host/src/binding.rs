//! How a plug-in is bound to a topic.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Kind;

const MIB: usize = 1 << 20;

/// One plug-in, bound to one topic in one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The role. The plug-in must export its interface.
    pub kind: Kind,
    /// The plug-in's name, for reasons, logs and figures.
    pub name: String,
    /// The plug-in's version, likewise.
    pub version: String,
    /// The topic, which `init` is told.
    pub topic: String,
    /// The parameters, which `init` is told.
    pub parameters: BTreeMap<String, String>,
    /// What becomes of records that the plug-in fails on.
    pub on_failure: OnFailure,
    /// What the plug-in may use.
    pub limits: Limits,
    /// The plug-in runs and is counted, and whoever calls ignores what it says. The host treats it as any other binding.
    pub shadow: bool,
}

impl Binding {
    /// A binding without parameters, with the limits and the rule for failures that are usual for `kind`.
    pub fn new(kind: Kind, name: &str, version: &str, topic: &str) -> Binding {
        Binding {
            kind,
            name: name.to_owned(),
            version: version.to_owned(),
            topic: topic.to_owned(),
            parameters: BTreeMap::new(),
            on_failure: OnFailure::default_for(kind),
            limits: Limits::for_kind(kind),
            shadow: false,
        }
    }

    /// `name@version`.
    pub fn label(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

/// What becomes of a record that a plug-in fails on: by a trap, at its deadline, by an answer that can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnFailure {
    /// It goes to quarantine, with the reason.
    DeadLetter,
    /// The producer's batch is refused, with the reason.
    Reject,
    /// It goes on as if the plug-in weren't bound: a filter accepts it, a serializer keeps it, a partitioner leaves it where the
    /// producer put it.
    Pass,
}

impl OnFailure {
    /// What holds unless a binding says otherwise. A record that no filter saw may be poison, and one that no serializer rewrote is in
    /// the wrong format: both go to quarantine. A record that no partitioner placed is still a good record.
    pub const fn default_for(kind: Kind) -> OnFailure {
        match kind {
            Kind::Partitioner => OnFailure::Pass,
            Kind::Filter | Kind::Serializer | Kind::Transform => OnFailure::DeadLetter,
        }
    }
}

/// What one instance of a plug-in may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of all its modules together.
    pub memory_bytes: usize,
    /// How long one call may run, in time that its thread really ran. Counted in ticks of 1 ms.
    pub deadline: Duration,
    /// How long starting and `init` may run, likewise.
    pub init_deadline: Duration,
    /// What a call may return is this many times what went in, ...
    pub output_factor: usize,
    /// ... and this many bytes more.
    pub output_extra_bytes: usize,
    /// An instance is thrown away after this many calls.
    pub recycle_after_calls: u64,
    /// Instances of a binding that are kept while nothing calls them.
    pub idle_instances: usize,
}

impl Default for Limits {
    /// Those of plug-ins in the way of a produce or a fetch.
    fn default() -> Limits {
        Limits {
            memory_bytes: 16 * MIB,
            deadline: Duration::from_millis(10),
            init_deadline: Duration::from_secs(1),
            output_factor: 4,
            output_extra_bytes: MIB,
            recycle_after_calls: 1_000_000,
            idle_instances: 4,
        }
    }
}

impl Limits {
    /// What is usual for a kind.
    pub fn for_kind(kind: Kind) -> Limits {
        match kind {
            Kind::Partitioner | Kind::Filter | Kind::Serializer => Limits::default(),
            Kind::Transform => {
                Limits { memory_bytes: 256 * MIB, deadline: Duration::from_secs(1), ..Limits::default() }
            }
        }
    }

    /// Bytes that a call may return if `input_bytes` went in.
    pub(crate) fn output_bytes(&self, input_bytes: usize) -> usize {
        input_bytes.saturating_mul(self.output_factor).saturating_add(self.output_extra_bytes)
    }
}
