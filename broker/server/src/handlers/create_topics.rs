//! CreateTopics (19): makes topics. Rules as in `org.apache.kafka.controller.ReplicationControlManager`.

use std::collections::HashSet;

use klamm_controller::settings::describe_topic;
use klamm_controller::{CreateTopics, TopicImage, TopicToCreate};
use klamm_model::{BrokerId, ErrorCode};
use klamm_wire::messages::create_topics::{
    CreatableTopic, CreatableTopicConfigs, CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};

use super::duplicates::duplicates;
use crate::error_code::KafkaError;
use crate::plugins::trial;
use crate::{Broker, RequestContext};

/// Makes the topics. When this returns, they can be written to.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: CreateTopicsRequest,
) -> CreateTopicsResponse {
    let twice: HashSet<String> = duplicates(request.topics.iter().map(|topic| topic.name.clone()));
    let unique = request.topics.into_iter().filter(|topic| !twice.contains(&topic.name));
    let (mut names, mut tried, mut topics) = (Vec::new(), Vec::new(), Vec::new());
    for topic in unique.map(wanted) {
        match trial::of_new_topic(broker, &topic).await {
            Ok(()) => {
                names.push(topic.name.clone());
                tried.push(topic);
            }
            Err(error) => topics.push(failed(topic.name, &error)),
        }
    }
    topics.extend(create(broker, names, tried, request.validate_only).await);
    let duplicate = || KafkaError::new(ErrorCode::InvalidRequest, "Duplicate topic name.".to_owned());
    topics.extend(twice.into_iter().map(|name| failed(name, &duplicate())));
    CreateTopicsResponse { topics, ..CreateTopicsResponse::default() }
}

async fn create(
    broker: &Broker,
    names: Vec<String>,
    topics: Vec<TopicToCreate>,
    validate_only: bool,
) -> Vec<CreatableTopicResult> {
    let settings = broker.settings();
    let request = CreateTopics {
        topics,
        default_partitions: settings.num_partitions,
        default_replication_factor: i16::try_from(settings.default_replication_factor).unwrap_or(i16::MAX),
        validate_only,
    };
    match broker.controller.create_topics(request).await {
        Err(error) => names.into_iter().map(|name| failed(name, &KafkaError::from(&error))).collect(),
        Ok(answers) => {
            if !validate_only {
                broker.partitions.follow(broker.controller.image().applied()).await;
            }
            let answers = names.into_iter().zip(answers);
            answers
                .map(|(name, answer)| match answer {
                    Ok(topic) => created(broker, &topic),
                    Err(refusal) => failed(name, &KafkaError::from(&refusal)),
                })
                .collect()
        }
    }
}

fn wanted(topic: CreatableTopic) -> TopicToCreate {
    let brokers = |ids: Vec<i32>| ids.into_iter().map(BrokerId).collect();
    TopicToCreate {
        name: topic.name,
        partitions: topic.num_partitions,
        replication_factor: topic.replication_factor,
        assignments: topic
            .assignments
            .into_iter()
            .map(|assignment| (assignment.partition_index, brokers(assignment.broker_ids)))
            .collect(),
        configs: topic.configs.into_iter().map(|config| (config.name, config.value)).collect(),
    }
}

fn created(broker: &Broker, topic: &TopicImage) -> CreatableTopicResult {
    let image = broker.controller.image();
    let layers = image.broker_layers(&broker.static_settings, broker.node_id);
    let configs = describe_topic(layers, &topic.configs).into_iter().map(|setting| CreatableTopicConfigs {
        name: setting.name.to_owned(),
        value: setting.value,
        read_only: setting.read_only,
        config_source: setting.source.as_i8(),
        is_sensitive: setting.sensitive,
    });
    CreatableTopicResult {
        name: topic.name.as_str().to_owned(),
        topic_id: topic.id,
        num_partitions: i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX),
        replication_factor: topic.partitions.first().map_or(-1, |partition| partition.replicas.len() as i16),
        configs: Some(configs.collect()),
        ..CreatableTopicResult::default()
    }
}

fn failed(name: String, error: &KafkaError) -> CreatableTopicResult {
    CreatableTopicResult {
        name,
        error_code: error.code.as_i16(),
        error_message: Some(error.message.clone()),
        ..CreatableTopicResult::default()
    }
}
