//! Binding, unbinding and rolling back: changes of a topic's settings.

use klamm_controller::{ConfigOp, Refusal, TopicImage};
use klamm_model::{BindingSpec, OnPluginFailure, PluginReference, PluginRole, TopicName};
use klamm_rpc::plugin::{
    BindRequest, BindResponse, BoundTopic, OnFailure, RollbackRequest, RollbackResponse, UnbindRequest,
    UnbindResponse,
};
use tonic::Status;
use tracing::info;

use super::{show, status};
use crate::Broker;
use crate::plugins::rebinding::{RebindError, rebind};

/// How often a change is planned anew that another request overtook.
const ATTEMPTS: usize = 5;

pub(super) async fn bind(broker: &Broker, request: BindRequest) -> Result<BindResponse, Status> {
    let role = show::asked_role(request.role)?.ok_or_else(|| Status::invalid_argument(NO_ROLE))?;
    if role != PluginRole::Filter && request.position.is_some() {
        return Err(Status::invalid_argument("only filters have a position"));
    }
    let binding = spec(&request)?;
    let image = broker.controller.image();
    if image.plugin(&binding.name, &binding.version).is_none() {
        return Err(status::unknown_plugin(&image, binding.reference()));
    }
    let planned = change(broker, &request.topic, request.validate_only, |topic| {
        let mut bindings = topic.bindings(role);
        put(&mut bindings, &binding, role, request.position)?;
        Ok(vec![replace(topic, role, Some(text(&bindings)).filter(|text| !text.is_empty()))])
    });
    let (before, after) = planned.await?.pop().unwrap_or_default();
    Ok(BindResponse { before, after })
}

pub(super) async fn unbind(broker: &Broker, request: &UnbindRequest) -> Result<UnbindResponse, Status> {
    let role = show::asked_role(request.role)?;
    if role != Some(PluginRole::Filter) && !request.name.is_empty() {
        return Err(Status::invalid_argument("a name is for filters: a topic has one of the other roles"));
    }
    let roles: Vec<_> = PluginRole::ALL.into_iter().filter(|r| role.is_none_or(|role| role == *r)).collect();
    let mut unbound = Vec::new();
    let planned = change(broker, &request.topic, false, |topic| {
        unbound.clear();
        let mut ops = Vec::new();
        for role in &roles {
            let is_meant = |b: &BindingSpec| request.name.is_empty() || b.name.as_str() == request.name;
            let (gone, left): (Vec<_>, Vec<_>) = topic.bindings(*role).into_iter().partition(is_meant);
            if !gone.is_empty() {
                ops.push(replace(topic, *role, Some(text(&left)).filter(|text| !text.is_empty())));
                unbound.extend(gone.iter().map(|binding| bound(topic, *role, binding)));
            }
        }
        if ops.is_empty() { Err(nothing_bound(topic, role, &request.name)) } else { Ok(ops) }
    });
    planned.await?;
    Ok(UnbindResponse { unbound })
}

pub(super) async fn rollback(broker: &Broker, request: &RollbackRequest) -> Result<RollbackResponse, Status> {
    let role = show::asked_role(request.role)?.ok_or_else(|| Status::invalid_argument(NO_ROLE))?;
    let planned = change(broker, &request.topic, false, |topic| {
        let previous = topic.previous_bindings.get(role.setting()).ok_or_else(|| {
            let text =
                format!("the {role} of topic {} never changed: there is nothing to roll back to", topic.name);
            Status::failed_precondition(text)
        })?;
        Ok(vec![replace(topic, role, Some(previous.clone()).filter(|text| !text.is_empty()))])
    });
    let (before, after) = planned.await?.pop().unwrap_or_default();
    Ok(RollbackResponse { before, after })
}

const NO_ROLE: &str = "say in which role: filter, serializer or partitioner";

/// The binding that a request describes.
fn spec(request: &BindRequest) -> Result<BindingSpec, Status> {
    let plugin = PluginReference {
        name: request.name.parse().map_err(status::invalid)?,
        version: request.version.parse().map_err(status::invalid)?,
    };
    let mut binding = BindingSpec::new(plugin);
    for (name, value) in &request.parameters {
        binding.set(name, value).map_err(status::invalid)?;
    }
    binding.on_failure = match OnFailure::try_from(request.on_failure) {
        Ok(OnFailure::Unspecified) => binding.on_failure,
        Ok(OnFailure::DeadLetter) => Some(OnPluginFailure::DeadLetter),
        Ok(OnFailure::Reject) => Some(OnPluginFailure::Reject),
        Ok(OnFailure::Pass) => Some(OnPluginFailure::Pass),
        Err(_) => {
            return Err(status::invalid(format!("there is no choice {} on failure", request.on_failure)));
        }
    };
    for (name, value) in [("deadline-ms", request.deadline_ms), ("memory-mib", request.memory_mib)] {
        if let Some(value) = value {
            binding.set(name, &value.to_string()).map_err(status::invalid)?;
        }
    }
    binding.shadow |= request.shadow;
    Ok(binding)
}

/// Puts a binding where it belongs among those of its role.
fn put(
    bindings: &mut Vec<BindingSpec>,
    binding: &BindingSpec,
    role: PluginRole,
    position: Option<u32>,
) -> Result<(), Status> {
    if role != PluginRole::Filter {
        *bindings = vec![binding.clone()];
        return Ok(());
    }
    let known = bindings.iter().position(|other| other.name == binding.name);
    if let Some(known) = known {
        bindings.remove(known);
    }
    let wanted = position.map(|position| position as usize).or(known).unwrap_or(bindings.len());
    if wanted > bindings.len() {
        let text = format!("there are {} other filters, so that the last position is {0}", bindings.len());
        return Err(Status::invalid_argument(text));
    }
    bindings.insert(wanted, binding.clone());
    Ok(())
}

fn text(bindings: &[BindingSpec]) -> String {
    let texts: Vec<_> = bindings.iter().map(ToString::to_string).collect();
    texts.join(",")
}

fn bound(topic: &TopicImage, role: PluginRole, binding: &BindingSpec) -> BoundTopic {
    BoundTopic { topic: topic.name.to_string(), role: show::role(role).into(), binding: binding.to_string() }
}

fn nothing_bound(topic: &TopicImage, role: Option<PluginRole>, name: &str) -> Status {
    let topic = &topic.name;
    Status::not_found(match role {
        None => format!("no plug-in is bound to topic {topic}"),
        Some(role) if name.is_empty() => format!("no {role} is bound to topic {topic}"),
        Some(role) => format!("no {role} {name} is bound to topic {topic}"),
    })
}

/// Refused if the setting is another by the time of the change.
fn replace(topic: &TopicImage, role: PluginRole, value: Option<String>) -> ConfigOp {
    let known = topic.configs.get(role.setting()).cloned();
    ConfigOp::Replace { name: role.setting().to_owned(), known, value }
}

/// Plans changes of a topic's settings from what they are and makes them, all or none; gives the settings before and after.
/// What others changed meanwhile is planned anew.
async fn change(
    broker: &Broker,
    topic: &str,
    validate_only: bool,
    mut plan: impl FnMut(&TopicImage) -> Result<Vec<ConfigOp>, Status>,
) -> Result<Vec<(String, String)>, Status> {
    let name: TopicName = topic.parse().map_err(status::invalid)?;
    for _ in 0..ATTEMPTS {
        let image = broker.controller.image();
        let unknown = || status::of_refusal(&Refusal::UnknownTopic(name.clone()));
        let ops = plan(image.topic(name.as_str()).ok_or_else(unknown)?)?;
        let made = ops.iter().filter_map(before_and_after).collect();
        match submit(broker, &name, ops, validate_only).await? {
            Ok(()) => return Ok(made),
            Err(Refusal::SettingMoved(_)) => {}
            Err(refusal) => return Err(status::of_refusal(&refusal)),
        }
    }
    Err(Status::aborted(format!(
        "other requests change the plug-ins of topic {name} all the time; try again"
    )))
}

fn before_and_after(op: &ConfigOp) -> Option<(String, String)> {
    match op {
        ConfigOp::Replace { known, value, .. } => {
            Some((known.clone().unwrap_or_default(), value.clone().unwrap_or_default()))
        }
        _ => None,
    }
}

async fn submit(
    broker: &Broker,
    topic: &TopicName,
    ops: Vec<ConfigOp>,
    validate_only: bool,
) -> Result<Result<(), Refusal>, Status> {
    let answer = rebind(broker, topic, ops, validate_only).await.map_err(|error| match error {
        RebindError::Trial(error) => status::of_kafka(&error),
        RebindError::Submit(error) => status::of_submit(&error),
    })?;
    if answer.is_ok() && !validate_only {
        info!(%topic, "plug-ins of a topic were changed");
    }
    Ok(answer)
}
