//! Offsets of partitions of several topics, asked for by their leaders.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use klamm_model::BrokerId;
use klamm_wire::messages::ListOffsetsRequest;
use klamm_wire::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use klamm_wire::messages::metadata::MetadataResponseTopic;

use super::offsets::{EARLIEST, LATEST};
use super::{Again, Answers, Client, ClientError, Isolation, Outcome, Target, check};

/// A partition by its topic's name, as the cluster or a person said it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// The first offset of a partition and the one after its last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The log start offset.
    pub start: i64,
    /// The log end offset, as readers of all records see it.
    pub end: i64,
}

impl Client {
    /// Where each partition begins and ends.
    pub async fn bounds(&mut self, wanted: &[TopicPartition]) -> BTreeMap<TopicPartition, Outcome<Bounds>> {
        let starts = self.offsets_at(wanted, EARLIEST).await;
        let mut ends = self.offsets_at(wanted, LATEST).await;
        let both = |(partition, start): (TopicPartition, Outcome<i64>)| {
            let end = ends.remove(&partition);
            let bounds = start.and_then(|start| match end {
                Some(Ok(end)) => Ok(Bounds { start, end }),
                Some(Err(error)) => Err(error),
                None => Ok(Bounds { start, end: start }),
            });
            (partition, bounds)
        };
        starts.into_iter().map(both).collect()
    }

    /// For each partition, the first offset whose record is of `timestamp` (milliseconds, or one of Kafka's markers)
    /// or later; -1 where there is none.
    pub async fn offsets_at(
        &mut self,
        wanted: &[TopicPartition],
        timestamp: i64,
    ) -> BTreeMap<TopicPartition, Outcome<i64>> {
        self.spread(
            Again::UnlessLeaderless,
            wanted,
            async |client, wanted| client.leaders(wanted).await,
            async |client, leader, wanted| client.list_at(leader, wanted, timestamp).await,
        )
        .await
    }

    async fn leaders(
        &mut self,
        wanted: &[TopicPartition],
    ) -> Result<Answers<TopicPartition, BrokerId>, ClientError> {
        let names: BTreeSet<&String> = wanted.iter().map(|partition| &partition.topic).collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        let response = self.metadata(Some(&names), false).await?;
        let topics: BTreeMap<&str, &MetadataResponseTopic> =
            response.topics.iter().filter_map(|topic| Some((topic.name.as_deref()?, topic))).collect();
        let leader = |of: &TopicPartition| {
            let topic = topics.get(of.topic.as_str()).ok_or_else(|| ClientError::unknown_topic(&of.topic));
            (of.clone(), topic.and_then(|topic| leader(topic, of)))
        };
        Ok(wanted.iter().map(leader).collect())
    }

    async fn list_at(
        &mut self,
        leader: BrokerId,
        wanted: &[TopicPartition],
        timestamp: i64,
    ) -> Result<Answers<TopicPartition, i64>, ClientError> {
        let mut topics: BTreeMap<&str, Vec<ListOffsetsPartition>> = BTreeMap::new();
        for TopicPartition { topic, partition } in wanted {
            let asked = ListOffsetsPartition { partition_index: *partition, timestamp, ..Default::default() };
            topics.entry(topic).or_default().push(asked);
        }
        let topic = |(name, partitions): (&str, _)| ListOffsetsTopic { name: name.to_owned(), partitions };
        let request = ListOffsetsRequest {
            replica_id: -1,
            isolation_level: Isolation::ReadUncommitted.code(),
            topics: topics.into_iter().map(topic).collect(),
            ..Default::default()
        };
        let response = self.call(Target::Broker(leader), &request).await?;
        let mut found = Vec::new();
        for topic in response.topics {
            for answer in topic.partitions {
                let partition =
                    TopicPartition { topic: topic.name.clone(), partition: answer.partition_index };
                let checked = check(answer.error_code, None, format!("asking for offsets of {partition}"));
                found.push((partition, checked.map(|()| answer.offset)));
            }
        }
        Ok(found)
    }
}

fn leader(topic: &MetadataResponseTopic, of: &TopicPartition) -> Result<BrokerId, ClientError> {
    check(topic.error_code, None, format!("looking for topic {}", of.topic))?;
    let found = topic.partitions.iter().find(|partition| partition.partition_index == of.partition);
    let unknown = || ClientError::UnknownPartition {
        topic: of.topic.clone(),
        partition: of.partition,
        count: topic.partitions.len(),
    };
    match found.ok_or_else(unknown)?.leader_id {
        ..0 => Err(ClientError::NoLeader { topic: of.topic.clone(), partition: of.partition }),
        leader => Ok(BrokerId(leader)),
    }
}
