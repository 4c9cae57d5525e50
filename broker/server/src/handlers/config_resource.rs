//! Whose settings a request means (`org.apache.kafka.common.config.ConfigResource.Type`).

use klamm_controller::ConfigResource;
use klamm_model::{BrokerId, ErrorCode, TopicName};

use crate::Broker;
use crate::error_code::KafkaError;

pub(super) const TOPIC: i8 = 2;
pub(super) const BROKER: i8 = 4;
pub(super) const BROKER_LOGGER: i8 = 8;
pub(super) const CLIENT_METRICS: i8 = 16;
pub(super) const GROUP: i8 = 32;

/// A resource whose settings can be read and changed here.
pub(crate) fn parse(broker: &Broker, kind: i8, name: &str) -> Result<ConfigResource, KafkaError> {
    match kind {
        TOPIC => topic(broker, name).map(ConfigResource::Topic),
        BROKER if name.is_empty() => Ok(ConfigResource::Cluster),
        BROKER => this_broker(broker, name).map(ConfigResource::Broker),
        BROKER_LOGGER => Err(refusal(
            "this broker has no loggers to configure while it runs; start it with --log-level, for example \
             --log-level klamm_log=debug",
        )),
        CLIENT_METRICS if name.is_empty() => {
            Err(refusal("Client metrics subscription name must not be empty"))
        }
        CLIENT_METRICS => Ok(ConfigResource::ClientMetrics(name.to_owned())),
        GROUP if name.is_empty() => Err(refusal("Group name must not be empty")),
        GROUP => Ok(ConfigResource::Group(name.to_owned())),
        other => Err(refusal(&format!("Unsupported resource type: {other}"))),
    }
}

fn topic(broker: &Broker, name: &str) -> Result<TopicName, KafkaError> {
    let name = TopicName::try_from(name.to_owned())
        .map_err(|invalid| KafkaError::new(ErrorCode::InvalidTopicException, invalid.to_string()))?;
    if broker.controller.image().topic(name.as_str()).is_some() {
        return Ok(name);
    }
    let text = format!("Topic '{name}' does not exist.");
    Err(KafkaError::new(ErrorCode::UnknownTopicOrPartition, text))
}

/// A broker knows its own settings only: clients send the request to the broker that it names.
fn this_broker(broker: &Broker, name: &str) -> Result<BrokerId, KafkaError> {
    let own = broker.node_id;
    match name.parse() {
        Err(_) => Err(refusal(&format!("Broker id must be an integer, but it is: {name}"))),
        Ok(id) if BrokerId(id) == own => Ok(own),
        Ok(id) => {
            Err(refusal(&format!("Unexpected broker id, expected {own} or empty string, but received {id}")))
        }
    }
}

fn refusal(text: &str) -> KafkaError {
    KafkaError::new(ErrorCode::InvalidRequest, text.to_owned())
}
