//! The quarantine of a topic: where it is, and what it says of each record.

use klamm_controller::{CreateTopics, TopicToCreate};
use klamm_model::ErrorCode;
use klamm_records::{BatchHeader, ProduceRules, UnpackedRecord};
use tracing::info;

use super::decision::Blame;
use super::divide::Ingress;
use crate::Broker;
use crate::error_code::KafkaError;

/// What the name of a quarantine ends with.
const SUFFIX: &str = ".dlq";

/// The name of a topic's quarantine. The same for each of its batches, so that a producer's sequences in it are one series.
pub(crate) fn topic_of(topic: &str) -> String {
    format!("{topic}{SUFFIX}")
}

/// The headers that a dead letter gets, after its own.
pub(super) fn told(
    ingress: &Ingress<'_>,
    batch: &BatchHeader,
    record: &UnpackedRecord,
    blame: &Blame,
) -> Vec<(&'static str, String)> {
    let offset = ingress.base_offset.0.saturating_add(i64::from(record.offset_delta));
    vec![
        ("klamm.dlq.topic", ingress.topic.to_owned()),
        ("klamm.dlq.partition", ingress.partition.0.to_string()),
        ("klamm.dlq.offset", offset.to_string()),
        ("klamm.dlq.timestamp", record.timestamp.0.to_string()),
        ("klamm.dlq.plugin", blame.by.name.clone()),
        ("klamm.dlq.version", blame.by.version.clone()),
        ("klamm.dlq.digest", blame.by.digest.clone()),
        ("klamm.dlq.reason", blame.reason.clone()),
        ("klamm.dlq.producer.id", batch.producer_id.to_string()),
    ]
}

/// A dead letter is taken as it is, with what was added to it, whatever its topic's settings are: it has no other place.
pub(super) fn rules(of_topic: &ProduceRules) -> ProduceRules {
    ProduceRules { zstd_allowed: of_topic.zstd_allowed, ..ProduceRules::anything(of_topic.now) }
}

/// Makes the quarantine of a topic if it is not there, and waits until it can be written to.
pub(crate) async fn ensure(broker: &Broker, topic: &str) -> Result<(), KafkaError> {
    let name = topic_of(topic);
    if broker.controller.image().topic(&name).is_none() {
        create(broker, &name).await?;
    }
    broker.partitions.follow(broker.controller.image().applied()).await;
    Ok(())
}

async fn create(broker: &Broker, name: &str) -> Result<(), KafkaError> {
    let settings = broker.settings();
    let topic = TopicToCreate {
        name: name.to_owned(),
        partitions: 1,
        replication_factor: -1,
        assignments: Vec::new(),
        // Quarantined records wait for people: nothing but a person removes them.
        configs: [("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")]
            .map(|(name, value)| (name.to_owned(), Some(value.to_owned())))
            .to_vec(),
    };
    let request = CreateTopics {
        topics: vec![topic],
        default_partitions: 1,
        default_replication_factor: i16::try_from(settings.default_replication_factor).unwrap_or(i16::MAX),
        validate_only: false,
    };
    let no_quarantine = |why: String| {
        KafkaError::new(ErrorCode::KafkaStorageError, format!("the quarantine {name} can't be made: {why}"))
    };
    let outcomes =
        broker.controller.create_topics(request).await.map_err(|error| no_quarantine(error.to_string()))?;
    for outcome in outcomes {
        match outcome {
            Ok(_) => {
                info!(topic = %name, "quarantine was made for the first record that a plug-in sent there");
            }
            Err(refusal) if refusal.code() == ErrorCode::TopicAlreadyExists => {}
            Err(refusal) => return Err(no_quarantine(refusal.to_string())),
        }
    }
    Ok(())
}
