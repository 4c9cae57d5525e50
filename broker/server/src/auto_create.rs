//! Making topics that clients ask for (`auto.create.topics.enable`).

use klamm_controller::{CreateTopics, TopicToCreate};
use klamm_model::{ErrorCode, TopicName};
use tracing::{info, warn};

use crate::Broker;

/// Makes the topics with the default number of partitions and replicas, if the settings allow it, and waits until
/// they can be written to. Gives those that could not be made, with the code for it.
pub(crate) async fn create(broker: &Broker, names: &[TopicName]) -> Vec<(TopicName, ErrorCode)> {
    let settings = broker.settings();
    if names.is_empty() || !settings.auto_create_topics_enable {
        return Vec::new();
    }
    let topics = names.iter().map(|name| TopicToCreate {
        name: name.to_string(),
        partitions: -1,
        replication_factor: -1,
        assignments: Vec::new(),
        configs: Vec::new(),
    });
    let request = CreateTopics {
        topics: topics.collect(),
        default_partitions: settings.num_partitions,
        default_replication_factor: i16::try_from(settings.default_replication_factor).unwrap_or(i16::MAX),
        validate_only: false,
    };
    let outcomes = match broker.controller.create_topics(request).await {
        Ok(outcomes) => outcomes,
        Err(error) => {
            warn!(%error, "topics could not be made automatically");
            return names.iter().map(|name| (name.clone(), error.code())).collect();
        }
    };
    broker.partitions.follow(broker.controller.image().applied()).await;
    let mut refused = Vec::new();
    for (name, outcome) in names.iter().zip(outcomes) {
        match outcome.map_err(|refusal| refusal.code()) {
            Ok(_) => info!(topic = %name, "topic was made automatically: a client asked for it"),
            // Another client was faster: the topic is there.
            Err(ErrorCode::TopicAlreadyExists) => {}
            Err(code) => refused.push((name.clone(), code)),
        }
    }
    refused
}
