//! The plug-ins that are bound and run.

use std::sync::Arc;

use klamm_model::{PluginRole, TopicName};
use klamm_plugin_host::Plugin;
use parking_lot::Mutex;

/// A plug-in that is bound to a topic and runs.
#[derive(Debug)]
pub struct Bound {
    /// The topic.
    pub topic: TopicName,
    /// What it does there.
    pub role: PluginRole,
    /// The plug-in with its pool, breaker and statistics.
    pub plugin: Plugin,
}

/// The plug-ins that are bound and run on this broker.
#[derive(Debug, Default)]
pub struct PluginRegistry {
    bound: Mutex<Vec<Arc<Bound>>>,
}

impl PluginRegistry {
    /// All that are bound, in the order of topics, roles and of the chain.
    pub fn bound(&self) -> Vec<Arc<Bound>> {
        self.bound.lock().clone()
    }

    /// Puts these in the place of those that are bound.
    pub fn replace(&self, bound: Vec<Arc<Bound>>) {
        *self.bound.lock() = bound;
    }
}
