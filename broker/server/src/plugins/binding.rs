//! From what a topic's setting says to what the host runs.

use std::time::Duration;

use klamm_model::{BindingSpec, OnPluginFailure, PluginRole, TopicName};
use klamm_plugin_host::{Binding, Kind, OnFailure};

/// The binding that the host gets.
pub(crate) fn of(topic: &TopicName, role: PluginRole, spec: &BindingSpec) -> Binding {
    let usual = Binding::new(kind(role), spec.name.as_str(), spec.version.as_str(), topic.as_str());
    let mut limits = usual.limits.clone();
    if let Some(deadline_ms) = spec.deadline_ms {
        limits.deadline = Duration::from_millis(deadline_ms.into());
    }
    if let Some(memory_mib) = spec.memory_mib {
        limits.memory_bytes = usize::try_from(memory_mib).unwrap_or(usize::MAX).saturating_mul(1 << 20);
    }
    Binding {
        parameters: spec.parameters.clone(),
        on_failure: spec.on_failure.map_or(usual.on_failure, on_failure),
        limits,
        shadow: spec.shadow,
        ..usual
    }
}

/// The kind that a plug-in in this role must be of.
pub(crate) const fn kind(role: PluginRole) -> Kind {
    match role {
        PluginRole::Filter => Kind::Filter,
        PluginRole::Serializer => Kind::Serializer,
        PluginRole::Partitioner => Kind::Partitioner,
    }
}

const fn on_failure(choice: OnPluginFailure) -> OnFailure {
    match choice {
        OnPluginFailure::DeadLetter => OnFailure::DeadLetter,
        OnPluginFailure::Reject => OnFailure::Reject,
        OnPluginFailure::Pass => OnFailure::Pass,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use klamm_model::{BindingSpec, PluginRole};
    use klamm_plugin_host::{Kind, Limits, OnFailure};

    #[test]
    fn what_a_setting_says_counts_and_the_rest_is_usual() {
        let topic = "orders".parse().unwrap();
        let of = |role, text: &str| super::of(&topic, role, &text.parse::<BindingSpec>().unwrap());
        let plain = of(PluginRole::Partitioner, "by-region@1/field:region");
        assert_eq!((plain.kind, plain.topic.as_str()), (Kind::Partitioner, "orders"));
        assert_eq!((plain.label().as_str(), plain.shadow), ("by-region@1", false));
        assert_eq!(plain.parameters["field"], "region");
        assert_eq!((plain.on_failure, plain.limits), (OnFailure::Pass, Limits::default()));
        let own = "json-guard@2/on-failure:reject/deadline-ms:25/memory-mib:64/shadow:true";
        let own = of(PluginRole::Filter, own);
        assert_eq!((own.on_failure, own.shadow), (OnFailure::Reject, true));
        assert_eq!((own.limits.deadline, own.limits.memory_bytes), (Duration::from_millis(25), 64 << 20));
        assert!(own.parameters.is_empty());
    }
}
