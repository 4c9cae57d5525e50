//! A plug-in that is bound to a topic.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use klamm_model::{BindingSpec, PluginRole, TopicName};
use klamm_plugin_host::{Plugin, Wants};

use super::decision::Culprit;

/// A plug-in that is bound to a topic.
#[derive(Debug)]
pub(crate) struct Bound {
    /// The topic.
    pub(crate) topic: TopicName,
    /// What it does there.
    pub(crate) role: PluginRole,
    /// How it is bound.
    pub(crate) spec: BindingSpec,
    /// Its name on what it has blocked.
    pub(crate) culprit: Arc<Culprit>,
    /// It itself, with its pool, breaker and statistics.
    pub(crate) plugin: Plugin,
    /// When it took the place of what was bound before, if that was while the broker ran.
    pub(crate) took_over: Option<Instant>,
    /// Whether it only runs and is counted.
    pub(crate) shadow: bool,
}

impl Bound {
    /// A plug-in that is bound to `topic`.
    pub(crate) fn new(
        topic: TopicName,
        role: PluginRole,
        spec: BindingSpec,
        plugin: Plugin,
        took_over: Option<Instant>,
    ) -> Bound {
        let culprit = Culprit {
            name: spec.name.to_string(),
            version: spec.version.to_string(),
            digest: plugin.digest().to_string(),
        };
        let shadow = spec.shadow;
        Bound { topic, role, culprit: Arc::new(culprit), took_over, shadow, spec, plugin }
    }

    /// What it wants to see of records.
    pub(crate) fn wants(&self) -> Wants {
        self.plugin.info()
    }
}

impl fmt::Display for Culprit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}
