//! What handlers ask of the metadata.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use klamm_model::{PluginDigest, PluginReference, TopicId, TopicName};

use super::{Controller, SubmitError};
use crate::apply::apply;
use crate::command::{BrokerRegistration, MetadataCommand, NewPlugin, Outcome, TopicRef};
use crate::image::{MetadataImage, TopicImage};
use crate::plan::{Defaults, cluster_settings, plan_configs, plan_partitions, plan_quotas, plan_topic};
use crate::quotas::{InvalidQuota, QuotaAlteration};
use crate::refusal::Refusal;
use crate::request::{ConfigChange, CreateTopics, MorePartitions};
use crate::settings::GroupBounds;

/// How many producer ids a broker takes at a time (`ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`).
const PRODUCER_ID_BLOCK: i64 = 1000;

/// Each item of a request has its own answer, in the request's order; the outer error is of all.
type Answers<T> = Result<Vec<Result<T, Refusal>>, SubmitError>;

impl Controller {
    /// Makes topics; each answer is the topic as it is made, or would be if it is only validated.
    pub async fn create_topics(&self, request: CreateTopics) -> Answers<Arc<TopicImage>> {
        let image = self.image();
        let broker = cluster_settings(&image);
        let defaults = Defaults {
            partitions: request.default_partitions,
            replication_factor: request.default_replication_factor,
        };
        let mut draft = Draft::of(&image);
        let mut planned = Vec::with_capacity(request.topics.len());
        for topic in request.topics {
            let plan = plan_topic(draft.image(), &broker, defaults, topic, TopicId::random());
            planned.push(plan.and_then(|topic| draft.take(MetadataCommand::CreateTopic(topic))));
        }
        let created: Vec<_> = planned.iter().map(|plan| plan.as_ref().ok().and_then(created)).collect();
        let outcomes = self.carry_out(planned, request.validate_only).await?;
        let with_topic = outcomes.into_iter().zip(created);
        Ok(with_topic
            .filter_map(|(outcome, topic)| match outcome {
                Ok(()) => topic.map(Ok),
                Err(refusal) => Some(Err(refusal)),
            })
            .collect())
    }

    /// Removes topics; each answer is the name and id of the topic that is gone.
    pub async fn delete_topics(&self, topics: Vec<TopicRef>) -> Answers<(TopicName, TopicId)> {
        let commands = topics.into_iter().map(MetadataCommand::DeleteTopic).collect();
        let outcomes = self.submit_all(commands).await?;
        outcomes
            .into_iter()
            .map(|outcome| match outcome {
                Ok(Outcome::TopicDeleted { name, id }) => Ok(Ok((name, id))),
                Ok(_) => Err(SubmitError::Unanswered),
                Err(refusal) => Ok(Err(refusal)),
            })
            .collect()
    }

    /// Adds partitions to topics.
    pub async fn create_partitions(&self, topics: Vec<MorePartitions>, validate_only: bool) -> Answers<()> {
        let mut draft = Draft::of(&self.image());
        let mut planned = Vec::with_capacity(topics.len());
        for topic in topics {
            let plan = plan_partitions(draft.image(), topic);
            planned.push(plan.and_then(|new| draft.take(MetadataCommand::CreatePartitions(new))));
        }
        self.carry_out(planned, validate_only).await
    }

    /// Changes settings. Names and values are checked against the tables of [`crate::settings`], those of groups also
    /// against the bounds that this broker has.
    pub async fn alter_configs(
        &self,
        changes: Vec<ConfigChange>,
        bounds: &GroupBounds,
        validate_only: bool,
    ) -> Answers<()> {
        let _no_other_change = self.inner.alter_configs.lock().await;
        let mut draft = Draft::of(&self.image());
        let mut planned = Vec::with_capacity(changes.len());
        for change in changes {
            let plan = plan_configs(draft.image(), change, bounds);
            planned.push(plan.and_then(|command| draft.take(command)));
        }
        self.carry_out(planned, validate_only).await
    }

    /// Sets and removes quotas of clients; each entity's all or none.
    pub async fn alter_client_quotas(
        &self,
        alterations: Vec<QuotaAlteration>,
        validate_only: bool,
    ) -> Answers<()> {
        let mut seen = BTreeSet::new();
        let planned = alterations.into_iter().map(|alteration| match plan_quotas(alteration)? {
            MetadataCommand::AlterClientQuotas { entity, .. } if !seen.insert(entity.clone()) => {
                let parts: Vec<_> = entity
                    .parts()
                    .map(|(kind, name)| format!("{kind}={}", name.unwrap_or("<default>")))
                    .collect();
                Err(InvalidQuota::DuplicateEntity(parts.join(",")).into())
            }
            command => Ok(command),
        });
        let planned = planned.collect();
        self.carry_out(planned, validate_only).await
    }

    /// Makes a plug-in known whose bytes are stored; gives whether it was not before.
    pub async fn add_plugin(&self, plugin: NewPlugin) -> Result<bool, SubmitError> {
        match self.submit(MetadataCommand::AddPlugin(plugin)).await? {
            Outcome::PluginAdded { is_new } => Ok(is_new),
            _ => Err(SubmitError::Unanswered),
        }
    }

    /// Forgets a version of a plug-in; gives the digest of its bytes if nothing else needs them.
    pub async fn delete_plugin(&self, plugin: PluginReference) -> Result<Option<PluginDigest>, SubmitError> {
        let PluginReference { name, version } = plugin;
        match self.submit(MetadataCommand::DeletePlugin { name, version }).await? {
            Outcome::PluginDeleted { digest, shared } => Ok(Some(digest).filter(|_| !shared)),
            _ => Err(SubmitError::Unanswered),
        }
    }

    /// A block of producer ids that no one else gets.
    pub async fn allocate_producer_ids(&self) -> Result<Range<i64>, SubmitError> {
        let command = MetadataCommand::AllocateProducerIds { count: PRODUCER_ID_BLOCK };
        match self.submit(command).await? {
            Outcome::ProducerIds(ids) => Ok(ids),
            _ => Err(SubmitError::Unanswered),
        }
    }

    /// Makes this broker known; gives its epoch. Its partitions start new leader epochs: register before
    /// partitions are opened.
    pub async fn register_broker(&self, registration: BrokerRegistration) -> Result<i64, SubmitError> {
        match self.submit(MetadataCommand::RegisterBroker(registration)).await? {
            Outcome::BrokerRegistered { epoch } => Ok(epoch),
            _ => Err(SubmitError::Unanswered),
        }
    }

    /// Submits what was planned, unless it is only validated, and puts outcomes and refusals back in order.
    async fn carry_out(
        &self,
        planned: Vec<Result<MetadataCommand, Refusal>>,
        validate_only: bool,
    ) -> Answers<()> {
        let commands: Vec<_> = planned.iter().filter_map(|plan| plan.as_ref().ok().cloned()).collect();
        let outcomes = if validate_only {
            commands.iter().map(|_| Ok(())).collect()
        } else {
            let outcomes = self.submit_all(commands).await?;
            outcomes.into_iter().map(|outcome| outcome.map(|_| ())).collect::<Vec<_>>()
        };
        let mut outcomes = outcomes.into_iter();
        planned
            .into_iter()
            .map(|plan| match plan {
                Ok(_) => outcomes.next().ok_or(SubmitError::Unanswered),
                Err(refusal) => Ok(Err(refusal)),
            })
            .collect()
    }
}

/// An image on which the commands of one request are tried in turn, so that each sees those before it.
struct Draft(MetadataImage);

impl Draft {
    fn of(image: &MetadataImage) -> Draft {
        Draft(image.clone())
    }

    fn image(&self) -> &MetadataImage {
        &self.0
    }

    fn take(&mut self, command: MetadataCommand) -> Result<MetadataCommand, Refusal> {
        let index = self.0.applied() + 1;
        apply(&mut self.0, index, &command).map(|_| command)
    }
}

fn created(command: &MetadataCommand) -> Option<Arc<TopicImage>> {
    match command {
        MetadataCommand::CreateTopic(topic) => Some(Arc::new(TopicImage::new(topic))),
        _ => None,
    }
}
