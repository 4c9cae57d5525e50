//! How far groups are.

use std::collections::BTreeMap;
use std::sync::Arc;

use klamm_model::BrokerId;
use klamm_wire::messages::OffsetFetchRequest;
use klamm_wire::messages::offset_fetch::OffsetFetchRequestGroup;

use crate::client::{Again, Answers, Client, ClientError, Outcome, Target, TopicPartition, check};

/// The last version that names topics; the next ones have ids only.
const LAST_WITH_NAMES: i16 = 9;
/// The first version that asks for several groups (KIP-709).
const FIRST_WITH_GROUPS: i16 = 8;

/// All committed offsets of a group. A partition that nothing is committed of isn't there.
pub(super) type Committed = BTreeMap<TopicPartition, Outcome<i64>>;

/// All committed offsets of each group.
pub(super) async fn fetch(client: &mut Client, groups: &[String]) -> BTreeMap<String, Outcome<Committed>> {
    client
        .at_coordinators(Again::Always, groups, async |client, coordinator, groups| {
            let target = Target::Broker(coordinator);
            if client.version::<OffsetFetchRequest>(target, LAST_WITH_NAMES).await? >= FIRST_WITH_GROUPS {
                return of_many(client, coordinator, groups).await;
            }
            let mut answers = Vec::new();
            for group in groups {
                answers.push((group.clone(), of_one(client, coordinator, group).await?));
            }
            Ok(answers)
        })
        .await
}

fn doing(group: &str) -> String {
    format!("asking for the offsets of group {group}")
}

async fn of_many(
    client: &mut Client,
    coordinator: BrokerId,
    groups: &[String],
) -> Result<Answers<String, Committed>, ClientError> {
    let asked = |group: &String| OffsetFetchRequestGroup { group_id: group.clone(), ..Default::default() };
    let request = OffsetFetchRequest { groups: groups.iter().map(asked).collect(), ..Default::default() };
    let response = client.call_at_most(Target::Broker(coordinator), LAST_WITH_NAMES, &request).await?;
    let mut answers = Vec::new();
    for group in response.groups {
        let id = group.group_id;
        let mut committed = Committed::new();
        for topic in group.topics {
            for found in topic.partitions {
                let partition =
                    TopicPartition { topic: topic.name.clone(), partition: found.partition_index };
                add(&mut committed, partition, found.committed_offset, found.error_code, &id);
            }
        }
        let checked = check(group.error_code, None, doing(&id));
        answers.push((id, checked.map(|()| committed)));
    }
    Ok(answers)
}

async fn of_one(
    client: &mut Client,
    coordinator: BrokerId,
    group: &str,
) -> Result<Result<Committed, ClientError>, ClientError> {
    // No topics means all of them.
    let request = OffsetFetchRequest { group_id: group.to_owned(), topics: None, ..Default::default() };
    let response = client.call_at_most(Target::Broker(coordinator), FIRST_WITH_GROUPS - 1, &request).await?;
    let mut committed = Committed::new();
    for topic in response.topics {
        for found in topic.partitions {
            let partition = TopicPartition { topic: topic.name.clone(), partition: found.partition_index };
            add(&mut committed, partition, found.committed_offset, found.error_code, group);
        }
    }
    Ok(check(response.error_code, None, doing(group)).map(|()| committed))
}

fn add(committed: &mut Committed, partition: TopicPartition, offset: i64, code: i16, group: &str) {
    match check(code, None, format!("asking for the offset of group {group} in {partition}")) {
        Ok(()) if offset < 0 => {}
        Ok(()) => {
            committed.insert(partition, Ok(offset));
        }
        Err(error) => {
            committed.insert(partition, Err(Arc::new(error)));
        }
    }
}
