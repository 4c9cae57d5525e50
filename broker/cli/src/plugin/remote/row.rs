//! A version of a plug-in, as people and programs see it.

use klamm_rpc::plugin::{BoundTopic, Plugin};
use serde::Serialize;

use super::role;
use crate::output::Table;
use crate::time;

/// A version of a plug-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PluginRow {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) kinds: Vec<String>,
    pub(super) size_bytes: u64,
    pub(super) sha256: String,
    pub(super) contract: String,
    pub(super) uploaded_at: String,
    pub(super) signer: Option<String>,
    pub(super) bound: Vec<BindingRow>,
}

/// A topic that binds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct BindingRow {
    pub(super) topic: String,
    pub(super) role: &'static str,
    pub(super) binding: String,
}

impl From<BoundTopic> for BindingRow {
    fn from(bound: BoundTopic) -> BindingRow {
        BindingRow { role: role::name(bound.role()), topic: bound.topic, binding: bound.binding }
    }
}

impl From<Plugin> for PluginRow {
    fn from(plugin: Plugin) -> PluginRow {
        PluginRow {
            name: plugin.name,
            version: plugin.version,
            kinds: plugin.kinds,
            size_bytes: plugin.size_bytes,
            sha256: plugin.sha256,
            contract: plugin.contract,
            uploaded_at: time::iso_text(plugin.uploaded_at_ms),
            signer: Some(plugin.signer).filter(|signer| !signer.is_empty()),
            bound: plugin.bound.into_iter().map(BindingRow::from).collect(),
        }
    }
}

/// The table of versions.
pub(super) fn table<'a>(plugins: impl IntoIterator<Item = &'a PluginRow>, wide: bool) -> Table {
    let head =
        ["NAME", "VERSION", "KINDS", "BYTES", "SIGNED BY", "TOPICS", "CONTRACT", "UPLOADED", "SHA-256"];
    let mut table = Table::new(if wide { &head } else { &head[..6] });
    for plugin in plugins {
        table.row([
            plugin.name.clone(),
            plugin.version.clone(),
            plugin.kinds.join(", "),
            plugin.size_bytes.to_string(),
            plugin.signer.clone().unwrap_or_else(|| "-".to_owned()),
            plugin.topics(),
            plugin.contract.clone(),
            plugin.uploaded_at.clone(),
            plugin.sha256.clone(),
        ]);
    }
    table
}

impl PluginRow {
    fn topics(&self) -> String {
        let mut topics: Vec<_> = self.bound.iter().map(|bound| bound.topic.as_str()).collect();
        topics.dedup();
        if topics.is_empty() { "-".to_owned() } else { topics.join(", ") }
    }
}
