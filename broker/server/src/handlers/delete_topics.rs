//! DeleteTopics (20): removes topics, by name or by id. Rules as in `kafka.server.ControllerApis.deleteTopics`.

use klamm_controller::TopicRef;
use klamm_model::{ErrorCode, TopicId, TopicName};
use klamm_wire::messages::delete_topics::{
    DeletableTopicResult, DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};

use super::duplicates::duplicates;
use crate::error_code::KafkaError;
use crate::{Broker, RequestContext};

/// The first version in which an answer may say that deletion is disabled.
const SAYS_DISABLED: i16 = 3;

/// A topic as the request names it.
type Named = (Option<String>, TopicId);

/// Removes the topics. When this returns, nobody can write to them; the files follow.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: DeleteTopicsRequest,
) -> DeleteTopicsResponse {
    let by_name = request.topic_names.into_iter().map(|name| (Some(name), TopicId::ZERO));
    let by_either = request.topics.into_iter().map(|DeleteTopicState { name, topic_id }| (name, topic_id));
    let asked: Vec<Named> = by_name.chain(by_either).collect();
    let twice = duplicates(asked.iter().cloned());
    let mut responses: Vec<_> = twice.iter().map(|named| failed(named.clone(), &duplicate(named))).collect();
    let mut wanted = Vec::new();
    for named in asked.into_iter().filter(|named| !twice.contains(named)) {
        match check(broker, ctx, &named) {
            Ok(topic) => wanted.push((named, topic)),
            Err(error) => responses.push(failed(named, &error)),
        }
    }
    responses.extend(delete(broker, wanted).await);
    DeleteTopicsResponse { responses, ..DeleteTopicsResponse::default() }
}

async fn delete(broker: &Broker, wanted: Vec<(Named, TopicRef)>) -> Vec<DeletableTopicResult> {
    let (named, topics): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
    match broker.controller.delete_topics(topics).await {
        Err(error) => named.into_iter().map(|named| failed(named, &KafkaError::from(&error))).collect(),
        Ok(answers) => {
            broker.partitions.follow(broker.controller.image().applied()).await;
            let answers = named.into_iter().zip(answers);
            answers
                .map(|(named, answer)| match answer {
                    Ok((name, topic_id)) => DeletableTopicResult {
                        name: Some(name.as_str().to_owned()),
                        topic_id,
                        ..DeletableTopicResult::default()
                    },
                    Err(refusal) => failed(named, &KafkaError::from(&refusal)),
                })
                .collect()
        }
    }
}

fn check(broker: &Broker, ctx: &RequestContext, (name, id): &Named) -> Result<TopicRef, KafkaError> {
    let invalid = |text: &str| Err(KafkaError::new(ErrorCode::InvalidRequest, text.to_owned()));
    if !broker.settings().delete_topic_enable {
        return match ctx.api_version {
            SAYS_DISABLED.. => Err(ErrorCode::TopicDeletionDisabled.into()),
            _ => invalid("Topic deletion is disabled."),
        };
    }
    match name {
        Some(_) if !id.is_zero() => invalid("You may not specify both topic name and topic id."),
        None if id.is_zero() => invalid("Neither topic name nor id were specified."),
        None => Ok(TopicRef::Id(*id)),
        // A text that can't be a topic's name is the name of no topic.
        Some(name) => match TopicName::try_from(name.clone()) {
            Ok(name) => Ok(TopicRef::Name(name)),
            Err(_) => Err(ErrorCode::UnknownTopicOrPartition.into()),
        },
    }
}

fn duplicate((name, _): &Named) -> KafkaError {
    let text = if name.is_some() { "Duplicate topic name." } else { "Duplicate topic id." };
    KafkaError::new(ErrorCode::InvalidRequest, text.to_owned())
}

fn failed((name, topic_id): Named, error: &KafkaError) -> DeletableTopicResult {
    DeletableTopicResult {
        name,
        topic_id,
        error_code: error.code.as_i16(),
        error_message: Some(error.message.clone()),
    }
}
