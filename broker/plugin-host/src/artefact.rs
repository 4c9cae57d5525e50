//! A plug-in that was checked and compiled, bound to nothing yet.

use std::fmt;
use std::time::Duration;

use crate::contract::{ContractVersion, Face, Prepared};
use crate::{Digest, Kind};

/// A plug-in, ready to be bound.
pub struct Artefact {
    pub(crate) digest: Digest,
    pub(crate) size_bytes: usize,
    pub(crate) face: Face,
    pub(crate) compile_time: Duration,
    pub(crate) from_cache: bool,
    pub(crate) prepared: Prepared,
}

impl Artefact {
    /// What its bytes are known by.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// What it can be bound as; at least one kind.
    pub fn kinds(&self) -> &[Kind] {
        &self.face.kinds
    }

    /// The version of the contract that it was built for.
    pub const fn contract(&self) -> ContractVersion {
        self.face.contract
    }

    /// The size of the WebAssembly.
    pub const fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// What it imports, by name.
    pub fn imports(&self) -> &[String] {
        &self.face.imports
    }

    /// What it exports, by name.
    pub fn exports(&self) -> &[String] {
        &self.face.exports
    }

    /// How long it took to check and compile it, or to load it.
    pub const fn compile_time(&self) -> Duration {
        self.compile_time
    }

    /// Whether its compiled code came from the disk.
    pub const fn from_cache(&self) -> bool {
        self.from_cache
    }
}

impl fmt::Debug for Artefact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Artefact")
            .field("digest", &self.digest)
            .field("size_bytes", &self.size_bytes)
            .field("kinds", &self.face.kinds)
            .finish_non_exhaustive()
    }
}
