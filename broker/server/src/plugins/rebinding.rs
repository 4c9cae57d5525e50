//! Changing what a topic binds: tried first, then committed, then followed here.

use klamm_controller::settings::GroupBounds;
use klamm_controller::{ConfigChange, ConfigOp, ConfigResource, Refusal, SubmitError};
use klamm_model::TopicName;

use super::trial;
use crate::Broker;
use crate::error_code::KafkaError;

/// Why what a topic binds was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RebindError {
    /// A plug-in does not start with these parameters.
    #[error("{}", .0.message)]
    Trial(KafkaError),
    /// The metadata can't be changed.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

/// Changes what a topic binds, or tells what the metadata has against it. Returns when the change counts here.
pub(crate) async fn rebind(
    broker: &Broker,
    topic: &TopicName,
    ops: Vec<ConfigOp>,
    validate_only: bool,
) -> Result<Result<(), Refusal>, RebindError> {
    let resource = ConfigResource::Topic(topic.clone());
    let change = ConfigChange { resource, ops, replace_all: false };
    trial::of_change(broker, &change).await.map_err(RebindError::Trial)?;
    let bounds = GroupBounds::of(&broker.settings());
    let answers = broker.controller.alter_configs(vec![change], &bounds, validate_only).await?;
    let answer = answers.into_iter().next().unwrap_or(Ok(()));
    if answer.is_ok() && !validate_only {
        broker.partitions.follow(broker.controller.image().applied()).await;
    }
    Ok(answer)
}
