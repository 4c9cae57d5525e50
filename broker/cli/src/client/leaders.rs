//! Topics, and the brokers that lead their partitions.

use klamm_model::{BrokerId, TopicId};
use klamm_wire::messages::metadata::MetadataResponseTopic;

use super::{Again, Client, ClientError, check};

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
        let names = [name.to_owned()];
        let again = if create { Again::UntilThere } else { Again::Always };
        self.retrying(again, async |client| {
            let response = client.metadata(Some(&names), create).await?;
            let topic = response.topics.iter().find(|topic| topic.name.as_deref() == Some(name));
            read_topic(name, topic.ok_or_else(|| ClientError::unknown_topic(name))?)
        })
        .await
    }
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
