//! What a plug-in does for a topic, as options.

use clap::{Args, ValueEnum};
use klamm_model::{PluginReference, PluginRole};
use klamm_rpc::plugin::{OnFailure, Role};

/// A plug-in in a role.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct RoleArguments {
    /// As a filter: it says which records get in
    #[arg(long, value_name = "NAME@VERSION")]
    filter: Option<PluginReference>,
    /// As the serializer: it changes the records' bytes
    #[arg(long, value_name = "NAME@VERSION")]
    serializer: Option<PluginReference>,
    /// As the partitioner: it chooses the records' partitions
    #[arg(long, value_name = "NAME@VERSION")]
    partitioner: Option<PluginReference>,
}

impl RoleArguments {
    /// The role and the plug-in that were given.
    pub(super) fn given(self) -> Option<(PluginRole, PluginReference)> {
        let RoleArguments { filter, serializer, partitioner } = self;
        let filter = filter.map(|plugin| (PluginRole::Filter, plugin));
        let serializer = serializer.map(|plugin| (PluginRole::Serializer, plugin));
        filter.or(serializer).or(partitioner.map(|plugin| (PluginRole::Partitioner, plugin)))
    }
}

/// What happens to records on which the plug-in fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailureChoice {
    /// They go to the topic's dead letters
    DeadLetter,
    /// Their batch is refused
    Reject,
    /// They go on as if the plug-in weren't there
    Pass,
}

pub(super) fn on_failure(choice: Option<FailureChoice>) -> OnFailure {
    match choice {
        None => OnFailure::Unspecified,
        Some(FailureChoice::DeadLetter) => OnFailure::DeadLetter,
        Some(FailureChoice::Reject) => OnFailure::Reject,
        Some(FailureChoice::Pass) => OnFailure::Pass,
    }
}

pub(super) const fn to_wire(role: PluginRole) -> Role {
    match role {
        PluginRole::Filter => Role::Filter,
        PluginRole::Serializer => Role::Serializer,
        PluginRole::Partitioner => Role::Partitioner,
    }
}

/// The role's name, as options and tables have it.
pub(super) fn name(role: Role) -> &'static str {
    match role {
        Role::Unspecified => "unknown",
        Role::Filter => PluginRole::Filter.name(),
        Role::Serializer => PluginRole::Serializer.name(),
        Role::Partitioner => PluginRole::Partitioner.name(),
    }
}
