//! Which plug-ins may be added, deleted and bound to which topics.

use std::collections::BTreeMap;
use std::sync::Arc;

use klamm_model::{BindingSpec, PluginName, PluginReference, PluginRole, PluginVersion, TopicName};

use crate::command::{NewPlugin, Outcome};
use crate::image::{MetadataImage, PluginImage, TopicImage, is_internal};
use crate::refusal::Refusal;
use crate::settings::{Configs, InvalidSetting};

/// How the names of topics end that have dead letters of other topics.
const DEAD_LETTERS: &str = ".dlq";
/// How many topics a refusal names.
const NAMED: usize = 5;

/// A version never changes: the same bytes again are the same plug-in, which may get its first signature by it.
pub(crate) fn add(image: &mut MetadataImage, plugin: &NewPlugin) -> Result<Outcome, Refusal> {
    let mut added = PluginImage::new(plugin);
    let known = image.plugins.get(&added.reference);
    if let Some(known) = known {
        if known.digest != plugin.digest {
            return Err(Refusal::PluginExists {
                plugin: added.reference,
                existing: known.digest,
                given: plugin.digest,
            });
        }
        let signer = known.signer.clone().or(added.signer);
        added = PluginImage { signer, ..PluginImage::clone(known) };
    }
    let is_new = known.is_none();
    image.plugins.insert_mut(added.reference.clone(), Arc::new(added));
    Ok(Outcome::PluginAdded { is_new })
}

pub(crate) fn delete(
    image: &mut MetadataImage,
    name: &PluginName,
    version: &PluginVersion,
) -> Result<Outcome, Refusal> {
    let plugin = PluginReference { name: name.clone(), version: version.clone() };
    let digest = image
        .plugins
        .get(&plugin)
        .map(|known| known.digest)
        .ok_or_else(|| Refusal::UnknownPlugin { others: versions(image, name), plugin: plugin.clone() })?;
    let bound: Vec<_> =
        image.topics().filter(|topic| binds(topic, &plugin)).map(|t| t.name.clone()).collect();
    if !bound.is_empty() {
        let count = bound.len();
        return Err(Refusal::PluginBound { plugin, topics: bound.into_iter().take(NAMED).collect(), count });
    }
    image.plugins.remove_mut(&plugin);
    let shared = image.plugins().any(|other| other.digest == digest);
    Ok(Outcome::PluginDeleted { digest, shared })
}

fn binds(topic: &TopicImage, plugin: &PluginReference) -> bool {
    // Most topics have no plug-ins: nothing of theirs is read.
    PluginRole::ALL
        .into_iter()
        .filter(|role| topic.configs.contains_key(role.setting()))
        .any(|role| topic.bindings(role).iter().any(|b| b.name == plugin.name && b.version == plugin.version))
}

/// Checks what a topic shall bind anew, for the plan.
pub(crate) fn check(
    image: &MetadataImage,
    topic: &TopicName,
    changes: &BTreeMap<String, Option<String>>,
) -> Result<(), Refusal> {
    each_set(changes, |role, value| check_value(image, topic, role, value))
}

/// As [`check`], for a topic that is made.
pub(crate) fn check_new(image: &MetadataImage, topic: &TopicName, configs: &Configs) -> Result<(), Refusal> {
    check(image, topic, &as_changes(configs))
}

/// Checks only that the plug-ins are there. Stands in the log's order, so that a plug-in that is bound is there,
/// whatever requests come at the same time; and says nothing of what another version may judge otherwise.
pub(crate) fn are_known(
    image: &MetadataImage,
    changes: &BTreeMap<String, Option<String>>,
) -> Result<(), Refusal> {
    each_set(changes, |role, value| match role.read(value) {
        Ok(bindings) => bindings.iter().try_for_each(|binding| check_binding(image, role, binding)),
        Err(_) => Ok(()),
    })
}

/// As [`are_known`], for a topic that is made.
pub(crate) fn are_known_of_new(image: &MetadataImage, configs: &Configs) -> Result<(), Refusal> {
    are_known(image, &as_changes(configs))
}

fn as_changes(configs: &Configs) -> BTreeMap<String, Option<String>> {
    let binding = configs.iter().filter(|(name, _)| PluginRole::of_setting(name).is_some());
    binding.map(|(name, value)| (name.clone(), Some(value.clone()))).collect()
}

/// Runs a check on what each of the settings is set to; its reason becomes a refusal.
fn each_set(
    changes: &BTreeMap<String, Option<String>>,
    check: impl Fn(PluginRole, &str) -> Result<(), String>,
) -> Result<(), Refusal> {
    for role in PluginRole::ALL {
        if let Some(Some(value)) = changes.get(role.setting()) {
            check(role, value).map_err(|reason| {
                let name = role.setting().to_owned();
                InvalidSetting::Value { name, value: value.clone(), reason }
            })?;
        }
    }
    Ok(())
}

fn check_value(
    image: &MetadataImage,
    topic: &TopicName,
    role: PluginRole,
    value: &str,
) -> Result<(), String> {
    let bindings = role.read(value).map_err(|invalid| invalid.to_string())?;
    if bindings.is_empty() {
        return Ok(());
    }
    check_topic(topic)?;
    bindings.iter().try_for_each(|binding| check_binding(image, role, binding))
}

fn check_topic(topic: &TopicName) -> Result<(), String> {
    let most = TopicName::MAX_LENGTH - DEAD_LETTERS.len();
    let length = topic.as_str().len();
    if is_internal(topic) {
        Err("no plug-in can be bound to Kafka's own topics".to_owned())
    } else if topic.as_str().ends_with(DEAD_LETTERS) {
        Err("a topic of dead letters takes what plug-ins refused: none can be bound to it".to_owned())
    } else if length > most {
        Err(format!(
            "the topic's name has {length} characters, and there is no room for the {DEAD_LETTERS} that its dead \
             letters' topic adds: bind plug-ins to topics whose names have at most {most}"
        ))
    } else {
        Ok(())
    }
}

fn check_binding(image: &MetadataImage, role: PluginRole, binding: &BindingSpec) -> Result<(), String> {
    let Some(plugin) = image.plugin(&binding.name, &binding.version) else {
        let others = there_is(&versions(image, &binding.name));
        return Err(format!("there is no plug-in {}{others}; push it first", binding.reference()));
    };
    if plugin.can_be(role) {
        return Ok(());
    }
    let kinds = plugin.kinds.join(" and a ");
    let fitting: Vec<_> =
        PluginRole::ALL.into_iter().filter(|role| plugin.can_be(*role)).map(PluginRole::setting).collect();
    let advice = if fitting.is_empty() {
        "it can't be bound to a topic".to_owned()
    } else {
        format!("bind it with {}", fitting.join(" or "))
    };
    Err(format!("{} is no {role} but a {kinds}: {advice}", plugin.reference))
}

fn versions(image: &MetadataImage, name: &PluginName) -> Vec<PluginVersion> {
    let same_name = image.plugins().filter(|plugin| plugin.reference.name == *name);
    same_name.map(|plugin| plugin.reference.version.clone()).collect()
}

/// What to take instead of a version that isn't there.
pub(crate) fn there_is(versions: &[PluginVersion]) -> String {
    let texts: Vec<_> = versions.iter().rev().take(NAMED).map(PluginVersion::as_str).collect();
    match versions.len() {
        0 => String::new(),
        1 => format!(", only version {}", texts.concat()),
        _ => format!(", only versions {}", texts.join(", ")),
    }
}

/// Notes what a topic bound until now, for a rollback.
pub(crate) fn remember(topic: &mut TopicImage, changes: &BTreeMap<String, Option<String>>) {
    for role in PluginRole::ALL {
        let Some(next) = changes.get(role.setting()) else { continue };
        let current = topic.configs.get(role.setting());
        if current != next.as_ref() {
            let current = current.cloned().unwrap_or_default();
            topic.previous_bindings.insert(role.setting().to_owned(), current);
        }
    }
}

#[cfg(test)]
mod tests;
