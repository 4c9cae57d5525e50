//! Plug-ins and bindings as gRPC shows them.

use std::collections::BTreeMap;

use klamm_controller::{MetadataImage, PluginImage};
use klamm_model::{PluginReference, PluginRole};
use klamm_rpc::plugin::{BoundTopic, Plugin, Role};
use tonic::Status;

use crate::plugins::Bound;

/// Who binds what, in one look at all topics.
#[derive(Debug)]
pub(super) struct Bindings(BTreeMap<PluginReference, Vec<BoundTopic>>);

impl Bindings {
    pub(super) fn of(image: &MetadataImage) -> Bindings {
        let mut bindings: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for topic in image.topics() {
            for role in PluginRole::ALL {
                for binding in topic.bindings(role) {
                    let bound = BoundTopic {
                        topic: topic.name.to_string(),
                        role: self::role(role).into(),
                        binding: binding.to_string(),
                    };
                    bindings.entry(binding.reference()).or_default().push(bound);
                }
            }
        }
        Bindings(bindings)
    }
}

pub(super) fn plugin(plugin: &PluginImage, bindings: &Bindings) -> Plugin {
    Plugin {
        name: plugin.reference.name.to_string(),
        version: plugin.reference.version.to_string(),
        sha256: plugin.digest.to_string(),
        size_bytes: plugin.size_bytes,
        kinds: plugin.kinds.clone(),
        contract: plugin.contract.clone(),
        uploaded_at_ms: plugin.uploaded_at.0,
        signer: plugin.signer.clone().unwrap_or_default(),
        bound: bindings.0.get(&plugin.reference).cloned().unwrap_or_default(),
    }
}

pub(super) const fn role(role: PluginRole) -> Role {
    match role {
        PluginRole::Filter => Role::Filter,
        PluginRole::Serializer => Role::Serializer,
        PluginRole::Partitioner => Role::Partitioner,
    }
}

/// The role that a request names; `None` for none.
pub(super) fn asked_role(number: i32) -> Result<Option<PluginRole>, Status> {
    match Role::try_from(number) {
        Ok(Role::Unspecified) => Ok(None),
        Ok(Role::Filter) => Ok(Some(PluginRole::Filter)),
        Ok(Role::Serializer) => Ok(Some(PluginRole::Serializer)),
        Ok(Role::Partitioner) => Ok(Some(PluginRole::Partitioner)),
        Err(_) => Err(Status::invalid_argument(format!("there is no role {number}"))),
    }
}

/// Whether a request for this topic and this plug-in, each of which may be empty for any, is about this binding.
pub(super) fn is_wanted(bound: &Bound, topic: &str, name: &str) -> bool {
    (topic.is_empty() || bound.topic.as_str() == topic)
        && (name.is_empty() || bound.plugin.binding().name == name)
}
