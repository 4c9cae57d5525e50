//! Changes of topics, and looks at them.

use std::io;

use klamm_faults::{Client, REQUEST_TIMEOUT_MS, Random, TopicState, pause};
use klamm_model::ErrorCode;
use klamm_wire::messages::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use klamm_wire::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use klamm_wire::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use klamm_wire::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use klamm_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponseTopic};

use crate::requests::{creation, error};

const TOPIC_RESOURCE: i8 = 2;
/// The two settings that are changed together.
const SETTINGS: [&str; 2] = ["retention.ms", "segment.ms"];

/// What a client asks for.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    Create { partitions: i32, settings: (i64, i64) },
    Alter { settings: (i64, i64) },
    AddPartitions { to: i32 },
    Delete,
}

/// What became of it.
#[derive(Debug, Clone, Copy)]
pub enum Outcome {
    Done,
    /// The broker died, or can't say.
    Unknown,
    Refused(ErrorCode),
}

impl Change {
    /// One that makes sense for a topic in this state.
    pub fn random(random: &mut Random, state: TopicState) -> Change {
        // Retention beyond the age of the records, so that none expires.
        let settings =
            (10_000_000_000_000 + random.below(1_000) as i64, 1_000_000 + random.below(1_000) as i64);
        match state {
            TopicState::Absent => Change::Create { partitions: 1 + random.below(4) as i32, settings },
            TopicState::Present { partitions, .. } => match random.below(4) {
                0 => Change::Delete,
                1 if partitions < 8 => Change::AddPartitions { to: partitions + 1 + random.below(2) as i32 },
                _ => Change::Alter { settings },
            },
        }
    }

    /// What it makes of a topic.
    pub fn applied_to(self, state: TopicState) -> TopicState {
        match (self, state) {
            (Change::Create { partitions, settings }, _)
            | (Change::Alter { settings }, TopicState::Present { partitions, .. })
            | (Change::AddPartitions { to: partitions }, TopicState::Present { settings, .. }) => {
                TopicState::Present { partitions, settings }
            }
            (_, _) => TopicState::Absent,
        }
    }

    /// Asks the broker for it.
    pub fn ask(self, client: &mut Client, name: &str) -> Outcome {
        let answer = match self {
            Change::Create { partitions, settings } => create(client, name, partitions, settings),
            Change::Alter { settings } => alter(client, name, settings),
            Change::AddPartitions { to } => add_partitions(client, name, to),
            Change::Delete => delete(client, name),
        };
        match answer.map(error) {
            Ok(ErrorCode::None) => Outcome::Done,
            Ok(code) if !code.is_retriable() => Outcome::Refused(code),
            Ok(_) | Err(_) => Outcome::Unknown,
        }
    }
}

fn create(client: &mut Client, name: &str, partitions: i32, settings: (i64, i64)) -> io::Result<i16> {
    let [first, second] = SETTINGS;
    let settings = [(first, settings.0.to_string()), (second, settings.1.to_string())];
    Ok(client.ask(&creation(name, partitions, &settings))?.topics[0].error_code)
}

fn alter(client: &mut Client, name: &str, settings: (i64, i64)) -> io::Result<i16> {
    let configs = SETTINGS.iter().zip([settings.0, settings.1]).map(|(setting, value)| AlterableConfig {
        name: (*setting).to_owned(),
        value: Some(value.to_string()),
        ..AlterableConfig::default()
    });
    let resource = AlterConfigsResource {
        resource_type: TOPIC_RESOURCE,
        resource_name: name.to_owned(),
        configs: configs.collect(),
    };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
    Ok(client.ask(&request)?.responses[0].error_code)
}

fn add_partitions(client: &mut Client, name: &str, to: i32) -> io::Result<i16> {
    let topic = CreatePartitionsTopic { name: name.to_owned(), count: to, assignments: None };
    let request =
        CreatePartitionsRequest { topics: vec![topic], timeout_ms: REQUEST_TIMEOUT_MS, ..Default::default() };
    Ok(client.ask(&request)?.results[0].error_code)
}

fn delete(client: &mut Client, name: &str) -> io::Result<i16> {
    let topic = DeleteTopicState { name: Some(name.to_owned()), ..DeleteTopicState::default() };
    let request =
        DeleteTopicsRequest { topics: vec![topic], timeout_ms: REQUEST_TIMEOUT_MS, ..Default::default() };
    Ok(client.ask(&request)?.responses[0].error_code)
}

/// The topic's state; waits for its partitions to have a leader.
pub fn look(client: &mut Client, name: &str) -> io::Result<TopicState> {
    loop {
        let topic = MetadataRequestTopic { name: Some(name.to_owned()), ..MetadataRequestTopic::default() };
        let request = MetadataRequest {
            topics: Some(vec![topic]),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let topic = client.ask(&request)?.topics.remove(0);
        match error(topic.error_code) {
            ErrorCode::UnknownTopicOrPartition => return Ok(TopicState::Absent),
            ErrorCode::None if is_led(&topic) => {
                let partitions = topic.partitions.len() as i32;
                return Ok(TopicState::Present { partitions, settings: settings(client, name)? });
            }
            _ => pause(std::time::Duration::from_millis(5)),
        }
    }
}

fn is_led(topic: &MetadataResponseTopic) -> bool {
    topic.partitions.iter().all(|partition| error(partition.error_code) == ErrorCode::None)
}

fn settings(client: &mut Client, name: &str) -> io::Result<(i64, i64)> {
    let resource = DescribeConfigsResource {
        resource_type: TOPIC_RESOURCE,
        resource_name: name.to_owned(),
        configuration_keys: Some(SETTINGS.map(str::to_owned).to_vec()),
    };
    let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
    let result = client.ask(&request)?.results.remove(0);
    assert_eq!(error(result.error_code), ErrorCode::None, "{name} has settings");
    let value = |setting: &str| -> i64 {
        let found = result.configs.iter().find(|config| config.name == setting);
        found.and_then(|config| config.value.as_ref()).unwrap().parse().unwrap()
    };
    Ok((value(SETTINGS[0]), value(SETTINGS[1])))
}

/// The names of all topics.
pub fn list(client: &mut Client) -> io::Result<Vec<String>> {
    let request = MetadataRequest { topics: None, ..MetadataRequest::default() };
    Ok(client.ask(&request)?.topics.into_iter().filter_map(|topic| topic.name).collect())
}
