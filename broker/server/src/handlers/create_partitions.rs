//! CreatePartitions (37): adds partitions to topics.

use klamm_controller::MorePartitions;
use klamm_model::{BrokerId, ErrorCode, TopicName};
use klamm_wire::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic, CreatePartitionsTopicResult,
};

use super::duplicates::duplicates;
use crate::error_code::KafkaError;
use crate::{Broker, RequestContext};

/// Adds the partitions. When this returns, they can be written to.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: CreatePartitionsRequest,
) -> CreatePartitionsResponse {
    let twice = duplicates(request.topics.iter().map(|topic| topic.name.clone()));
    let mut results: Vec<_> = twice.iter().map(|name| result(name.clone(), Err(duplicate()))).collect();
    let mut wanted = Vec::new();
    for topic in request.topics.into_iter().filter(|topic| !twice.contains(&topic.name)) {
        let name = topic.name.clone();
        match more(topic) {
            Ok(topic) => wanted.push(topic),
            Err(error) => results.push(result(name, Err(error))),
        }
    }
    results.extend(create(broker, wanted, request.validate_only).await);
    CreatePartitionsResponse { results, ..CreatePartitionsResponse::default() }
}

async fn create(
    broker: &Broker,
    wanted: Vec<MorePartitions>,
    validate_only: bool,
) -> Vec<CreatePartitionsTopicResult> {
    let names: Vec<_> = wanted.iter().map(|topic| topic.topic.as_str().to_owned()).collect();
    match broker.controller.create_partitions(wanted, validate_only).await {
        Err(error) => names.into_iter().map(|name| result(name, Err(KafkaError::from(&error)))).collect(),
        Ok(answers) => {
            if !validate_only {
                broker.partitions.follow(broker.controller.image().applied()).await;
            }
            let answers = names.into_iter().zip(answers);
            answers
                .map(|(name, answer)| result(name, answer.map_err(|refusal| KafkaError::from(&refusal))))
                .collect()
        }
    }
}

fn more(topic: CreatePartitionsTopic) -> Result<MorePartitions, KafkaError> {
    // A text that can't be a topic's name is the name of no topic.
    let name = TopicName::try_from(topic.name).map_err(|_| ErrorCode::UnknownTopicOrPartition)?;
    let assignments = topic.assignments.unwrap_or_default();
    Ok(MorePartitions {
        topic: name,
        total: topic.count,
        assignments: assignments
            .into_iter()
            .map(|assignment| assignment.broker_ids.into_iter().map(BrokerId).collect())
            .collect(),
    })
}

fn duplicate() -> KafkaError {
    KafkaError::new(ErrorCode::InvalidRequest, "Duplicate topic name.".to_owned())
}

fn result(name: String, answer: Result<(), KafkaError>) -> CreatePartitionsTopicResult {
    match answer {
        Ok(()) => CreatePartitionsTopicResult { name, ..CreatePartitionsTopicResult::default() },
        Err(error) => CreatePartitionsTopicResult {
            name,
            error_code: error.code.as_i16(),
            error_message: Some(error.message),
        },
    }
}
