//! The targets, one file a room.

mod files;
mod log_image;
mod plugin;
mod records;
mod wire;

pub(crate) use plugin::BLOB_ADDRESS;
pub(crate) use records::repair;

/// What can be fuzzed. The first bytes of an input choose among what a target covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Request frames of every API and version: header and body.
    WireRequest,
    /// Response frames of every API and version.
    WireResponse,
    /// Record batches: the door of Produce, iteration, every codec.
    Records,
    /// A partition's directory: log, indexes, leader epochs and snapshot, opened, read, and opened again.
    LogImage,
    /// `.index` and `.timeindex`.
    Index,
    /// `leader-epoch-checkpoint`, and the checkpoints of offsets.
    Checkpoint,
    /// `.snapshot` of producers.
    ProducerSnapshot,
    /// `meta.properties` and `partition.metadata`.
    Properties,
    /// What a plug-in answers: by a guest that returns the input, and in the form that the host's checks get.
    PluginAnswer,
}

impl Target {
    /// All of them.
    pub const ALL: [Target; 9] = [
        Target::WireRequest,
        Target::WireResponse,
        Target::Records,
        Target::LogImage,
        Target::Index,
        Target::Checkpoint,
        Target::ProducerSnapshot,
        Target::Properties,
        Target::PluginAnswer,
    ];

    /// Its name, and that of its corpus.
    pub const fn name(self) -> &'static str {
        match self {
            Target::WireRequest => "wire-request",
            Target::WireResponse => "wire-response",
            Target::Records => "records",
            Target::LogImage => "log-image",
            Target::Index => "index",
            Target::Checkpoint => "checkpoint",
            Target::ProducerSnapshot => "producer-snapshot",
            Target::Properties => "properties",
            Target::PluginAnswer => "plugin-answer",
        }
    }

    /// The target of this name.
    pub fn named(name: &str) -> Option<Target> {
        Target::ALL.into_iter().find(|target| target.name() == name)
    }

    /// Decodes `input`; whether it was something that can be decoded.
    ///
    /// # Panics
    /// If decoding does, costs too much, or contradicts encoding.
    pub fn run(self, input: &[u8]) -> bool {
        match self {
            Target::WireRequest => wire::request(input),
            Target::WireResponse => wire::response(input),
            Target::Records => records::batch(input),
            Target::LogImage => log_image::open(input),
            Target::Index => files::index(input),
            Target::Checkpoint => files::checkpoint(input),
            Target::ProducerSnapshot => files::producer_snapshot(input),
            Target::Properties => files::properties(input),
            Target::PluginAnswer => plugin::answer(input),
        }
    }
}
