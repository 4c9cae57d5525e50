//! Topics, and the brokers that lead their partitions.

use std::time::{Duration, Instant};

use klamm_model::{BrokerId, ErrorCode, TopicId};
use klamm_wire::messages::metadata::MetadataResponseTopic;

use super::{Client, ClientError, check};

/// Between two looks at the metadata.
const BACKOFF: Duration = Duration::from_millis(100);

/// A topic, for someone who writes to it or reads from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its id; zero if the broker is too old to have any.
    pub id: TopicId,
    /// Its partitions, in their order from 0.
    pub partitions: Vec<Leader>,
}

/// Who leads a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leader {
    /// The broker.
    pub broker: BrokerId,
    /// In which epoch; `-1` if the broker is too old to say.
    pub epoch: i32,
}

impl Topic {
    /// The leader of a partition.
    pub fn leader(&self, partition: i32) -> Result<Leader, ClientError> {
        let unknown = || ClientError::UnknownPartition {
            topic: self.name.clone(),
            partition,
            count: self.partitions.len(),
        };
        let index = usize::try_from(partition).map_err(|_| unknown())?;
        self.partitions.get(index).copied().ok_or_else(unknown)
    }
}

impl Client {
    /// A topic all of whose partitions have a leader; waits for that as long as an operation may take.
    ///
    /// # Errors
    /// If there is no such topic (and the broker makes none, or `create` is false).
    pub async fn topic(&mut self, name: &str, create: bool) -> Result<Topic, ClientError> {
        let deadline = self.deadline();
        let names = [name.to_owned()];
        loop {
            let problem = match self.metadata(Some(&names), create).await {
                Ok(response) => match response.topics.iter().find(|t| t.name.as_deref() == Some(name)) {
                    Some(topic) => match read_topic(name, topic) {
                        Ok(topic) => return Ok(topic),
                        Err(problem) => problem,
                    },
                    None => missing(name),
                },
                Err(problem) => problem,
            };
            // A topic that the broker is about to make is unknown for a moment.
            let coming = create || problem.code() != Some(ErrorCode::UnknownTopicOrPartition);
            if !problem.is_retriable() || !coming || Instant::now() + BACKOFF > deadline {
                return Err(problem);
            }
            tokio::time::sleep(BACKOFF).await;
        }
    }
}

fn missing(name: &str) -> ClientError {
    let code = ErrorCode::UnknownTopicOrPartition;
    ClientError::Refused { doing: format!("looking for topic {name}"), code, message: None }
}

fn read_topic(name: &str, topic: &MetadataResponseTopic) -> Result<Topic, ClientError> {
    check(topic.error_code, None, format!("looking for topic {name}"))?;
    let mut partitions: Vec<_> = topic.partitions.iter().collect();
    partitions.sort_by_key(|partition| partition.partition_index);
    let leaders = partitions.iter().map(|partition| {
        if partition.leader_id < 0 {
            return Err(ClientError::NoLeader {
                topic: name.to_owned(),
                partition: partition.partition_index,
            });
        }
        Ok(Leader { broker: BrokerId(partition.leader_id), epoch: partition.leader_epoch })
    });
    let partitions = leaders.collect::<Result<Vec<_>, _>>()?;
    Ok(Topic { name: name.to_owned(), id: topic.topic_id, partitions })
}
