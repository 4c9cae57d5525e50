//! Plug-ins that were uploaded.

use klamm_model::{PluginDigest, PluginReference, PluginRole, TimestampMs};
use serde::{Deserialize, Serialize};

use crate::command::NewPlugin;

/// One version of a plug-in. Its bytes are in each broker's store, under their digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginImage {
    /// Its name and version.
    pub reference: PluginReference,
    /// The SHA-256 of its bytes.
    pub digest: PluginDigest,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// What it can be: `filter`, `serializer`, `partitioner`, `transform`.
    pub kinds: Vec<String>,
    /// The version of the contract that it was built for.
    pub contract: String,
    /// When it first came.
    pub uploaded_at: TimestampMs,
    /// The name of the key that signed it.
    pub signer: Option<String>,
}

impl PluginImage {
    pub(crate) fn new(plugin: &NewPlugin) -> PluginImage {
        PluginImage {
            reference: PluginReference { name: plugin.name.clone(), version: plugin.version.clone() },
            digest: plugin.digest,
            size_bytes: plugin.size_bytes,
            kinds: plugin.kinds.clone(),
            contract: plugin.contract.clone(),
            uploaded_at: plugin.uploaded_at,
            signer: plugin.signer.clone(),
        }
    }

    /// Whether it can be bound in this role.
    pub fn can_be(&self, role: PluginRole) -> bool {
        self.kinds.iter().any(|kind| kind == role.name())
    }
}
