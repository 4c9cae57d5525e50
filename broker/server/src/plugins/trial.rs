//! Tries plug-ins before they are bound: nobody finds out from a failed produce that a parameter is misspelt.

use klamm_controller::settings::InvalidSetting;
use klamm_controller::{ConfigChange, ConfigOp, ConfigResource, TopicToCreate};
use klamm_model::{BindingSpec, ErrorCode, PluginRole, TopicName};

use super::library::blocking;
use crate::Broker;
use crate::error_code::KafkaError;

/// Tries what a change binds to a topic anew.
pub(crate) async fn of_change(broker: &Broker, change: &ConfigChange) -> Result<(), KafkaError> {
    let ConfigResource::Topic(topic) = &change.resource else { return Ok(()) };
    for op in &change.ops {
        let value = match op {
            ConfigOp::Set { value, .. }
            | ConfigOp::Append { value, .. }
            | ConfigOp::Replace { value: Some(value), .. } => value,
            ConfigOp::Delete { .. } | ConfigOp::Subtract { .. } | ConfigOp::Replace { value: None, .. } => {
                continue;
            }
        };
        of_setting(broker, topic, op.name(), value).await?;
    }
    Ok(())
}

/// Tries what a topic is made with.
pub(crate) async fn of_new_topic(broker: &Broker, request: &TopicToCreate) -> Result<(), KafkaError> {
    let Ok(topic) = request.name.parse() else { return Ok(()) };
    for (name, value) in &request.configs {
        if let Some(value) = value {
            of_setting(broker, &topic, name, value).await?;
        }
    }
    Ok(())
}

async fn of_setting(broker: &Broker, topic: &TopicName, name: &str, value: &str) -> Result<(), KafkaError> {
    let Some(role) = PluginRole::of_setting(name) else { return Ok(()) };
    // What can't be read, or isn't there, the metadata refuses with better words.
    for binding in role.read(value).unwrap_or_default() {
        of_binding(broker, topic, role, &binding).await.map_err(|reason| {
            let (name, value) = (name.to_owned(), value.to_owned());
            let invalid = InvalidSetting::Value { name, value, reason };
            KafkaError::new(ErrorCode::InvalidConfig, invalid.to_string())
        })?;
    }
    Ok(())
}

async fn of_binding(
    broker: &Broker,
    topic: &TopicName,
    role: PluginRole,
    binding: &BindingSpec,
) -> Result<(), String> {
    let image = broker.controller.image();
    let is_bound = |topic: &klamm_controller::TopicImage| topic.bindings(role).contains(binding);
    if image.topic(topic.as_str()).is_some_and(|topic| is_bound(topic)) {
        return Ok(());
    }
    let plugin = image.plugin(&binding.name, &binding.version).filter(|plugin| plugin.can_be(role));
    let Some(plugin) = plugin else { return Ok(()) };
    let library = &broker.plugin_library;
    let artefact = library.artefact(plugin.digest).await.map_err(|error| error.to_string())?;
    let (host, binding) = (library.host().clone(), super::binding::of(topic, role, binding));
    let bound = blocking(move || host.bind(&artefact, binding).map(drop)).await;
    bound.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}
