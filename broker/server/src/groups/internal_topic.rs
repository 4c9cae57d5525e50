//! `__consumer_offsets` itself.

use klamm_controller::{CreateTopics, TopicToCreate};
use klamm_model::ErrorCode;
use tracing::{info, warn};

use crate::Broker;

/// Where groups and their offsets are written down.
pub(crate) const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// Makes the topic if it is not there, and waits until its partitions can be written to.
pub(crate) async fn ensure(broker: &Broker) -> Result<(), ErrorCode> {
    if broker.controller.image().topic(OFFSETS_TOPIC).is_some() {
        return Ok(());
    }
    // One at a time: at the first start of many consumers all of them ask.
    let _turn = broker.groups.making_topic.lock().await;
    if broker.controller.image().topic(OFFSETS_TOPIC).is_none() {
        create(broker).await?;
    }
    broker.partitions.follow(broker.controller.image().applied()).await;
    Ok(())
}

async fn create(broker: &Broker) -> Result<(), ErrorCode> {
    let settings = broker.settings();
    let brokers = broker.controller.image().brokers().count();
    let replicas =
        usize::try_from(settings.offsets_topic_replication_factor).unwrap_or(1).min(brokers.max(1));
    let configs = [
        ("cleanup.policy", "compact".to_owned()),
        ("compression.type", "producer".to_owned()),
        ("segment.bytes", settings.offsets_topic_segment_bytes.to_string()),
    ];
    let topic = TopicToCreate {
        name: OFFSETS_TOPIC.to_owned(),
        partitions: settings.offsets_topic_num_partitions,
        replication_factor: i16::try_from(replicas).unwrap_or(1),
        assignments: Vec::new(),
        configs: configs.map(|(name, value)| (name.to_owned(), Some(value))).to_vec(),
    };
    let request = CreateTopics {
        topics: vec![topic],
        default_partitions: 1,
        default_replication_factor: 1,
        validate_only: false,
    };
    let outcomes = broker.controller.create_topics(request).await.map_err(|error| {
        warn!(%error, topic = OFFSETS_TOPIC, "could not be made");
        ErrorCode::CoordinatorNotAvailable
    })?;
    for outcome in outcomes {
        match outcome.map_err(|refusal| (refusal.code(), refusal)) {
            Ok(_) => info!(topic = OFFSETS_TOPIC, replicas, "made for the first consumer group"),
            Err((ErrorCode::TopicAlreadyExists, _)) => {}
            Err((_, refusal)) => {
                warn!(%refusal, topic = OFFSETS_TOPIC, "could not be made");
                return Err(ErrorCode::CoordinatorNotAvailable);
            }
        }
    }
    Ok(())
}
