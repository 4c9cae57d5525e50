//! `klamm topic describe`.

use clap::Args;
use klamm_model::Offset;
use serde::Serialize;

use crate::client::offsets::{EARLIEST, LATEST};
use crate::client::{Again, Client, ClientError, Isolation, check};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table};
use crate::session;
use crate::settings::{self, Resource, Setting};

const OUTPUT: &str = "\
With -o json or yaml: \"name\", \"topic_id\", \"internal\", \"partitions\" (a list of \"partition\", \"leader\",
\"leader_epoch\", \"replicas\", \"in_sync\", \"first_offset\", \"end_offset\"; a leader of -1 is none) and \"settings\" as in
`klamm config describe`, those that somebody set.";

/// Show a topic's partitions and settings
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct DescribeArguments {
    /// The topic's name
    name: String,
}

#[derive(Debug, Serialize)]
struct Description {
    name: String,
    topic_id: String,
    internal: bool,
    partitions: Vec<Partition>,
    /// Those that somebody set.
    settings: Vec<Setting>,
}

#[derive(Debug, Serialize)]
struct Partition {
    #[serde(rename = "partition")]
    index: i32,
    leader: i32,
    leader_epoch: i32,
    replicas: Vec<i32>,
    in_sync: Vec<i32>,
    first_offset: Option<i64>,
    end_offset: Option<i64>,
}

impl Present for Description {
    fn tables(&self, wide: bool) -> Vec<Table> {
        let mut summary = Table::new(&["TOPIC", "PARTITIONS", "ID"]);
        summary.row([self.name.clone(), self.partitions.len().to_string(), self.topic_id.clone()]);
        let head = ["PARTITION", "LEADER", "REPLICAS", "IN-SYNC", "FIRST", "END", "EPOCH"];
        let mut partitions = Table::new(if wide { &head } else { &head[..6] });
        for partition in &self.partitions {
            partitions.row([
                partition.index.to_string(),
                or_none(Some(partition.leader).filter(|leader| *leader >= 0)),
                numbers(&partition.replicas),
                numbers(&partition.in_sync),
                or_none(partition.first_offset),
                or_none(partition.end_offset),
                partition.leader_epoch.to_string(),
            ]);
        }
        let mut tables = vec![summary, partitions];
        if !self.settings.is_empty() {
            let mut settings = Table::new(&["SETTING", "VALUE", "SOURCE"]);
            for setting in &self.settings {
                let value = setting.value.clone().unwrap_or_default();
                settings.row([setting.name.clone(), value, setting.source.to_owned()]);
            }
            tables.push(settings);
        }
        tables
    }
}

fn or_none<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "<none>".to_owned(), |value| value.to_string())
}

fn numbers(ids: &[i32]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

pub(super) async fn run(arguments: DescribeArguments, globals: &Globals) -> Result<(), CliError> {
    let mut client = session::connect(globals).await?;
    let describing = client.retrying(Again::Always, async |client| describe(client, &arguments.name).await);
    let description = describing.await?;
    output::print(globals.output(), &description)
}

async fn describe(client: &mut Client, name: &str) -> Result<Description, ClientError> {
    let names = [name.to_owned()];
    let response = client.metadata(Some(&names), false).await?;
    let topic = response.topics.into_iter().next().ok_or_else(|| ClientError::unknown_topic(name))?;
    check(topic.error_code, None, format!("looking for topic {name}"))?;
    let mut partitions: Vec<Partition> = topic
        .partitions
        .iter()
        .map(|partition| Partition {
            index: partition.partition_index,
            leader: partition.leader_id,
            leader_epoch: partition.leader_epoch,
            replicas: partition.replica_nodes.clone(),
            in_sync: partition.isr_nodes.clone(),
            first_offset: None,
            end_offset: None,
        })
        .collect();
    partitions.sort_by_key(|partition| partition.index);
    add_offsets(client, name, &mut partitions).await?;
    let resource = Resource::Topic(name.to_owned());
    let mut settings = settings::describe(client, &resource, None, false).await?;
    settings.retain(Setting::is_set);
    Ok(Description {
        name: name.to_owned(),
        topic_id: topic.topic_id.to_string(),
        internal: topic.is_internal,
        partitions,
        settings,
    })
}

/// Offsets need a leader for each partition; without one the description goes on without them.
async fn add_offsets(
    client: &mut Client,
    name: &str,
    partitions: &mut [Partition],
) -> Result<(), ClientError> {
    if partitions.iter().any(|partition| partition.leader < 0) {
        return Ok(());
    }
    let topic = client.topic(name, false).await?;
    let all: Vec<i32> = partitions.iter().map(|partition| partition.index).collect();
    let first = client.list_offsets(&topic, &all, EARLIEST, Isolation::ReadUncommitted).await?;
    let end = client.list_offsets(&topic, &all, LATEST, Isolation::ReadUncommitted).await?;
    for partition in partitions {
        let of = |offsets: &std::collections::BTreeMap<i32, Option<Offset>>| {
            offsets.get(&partition.index).copied().flatten().map(|offset| offset.0)
        };
        (partition.first_offset, partition.end_offset) = (of(&first), of(&end));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Description, Partition};
    use crate::output::Present;
    use crate::settings::Setting;

    fn description() -> Description {
        let partition = Partition {
            index: 0,
            leader: -1,
            leader_epoch: 4,
            replicas: vec![1, 2],
            in_sync: vec![2],
            first_offset: None,
            end_offset: Some(9),
        };
        let setting = Setting {
            name: "retention.ms".into(),
            value: Some("5".into()),
            source: "topic",
            read_only: false,
            synonyms: vec![],
            documentation: None,
        };
        Description {
            name: "t".into(),
            topic_id: "id".into(),
            internal: false,
            partitions: vec![partition],
            settings: vec![setting],
        }
    }

    #[test]
    fn programs_see_all_of_it() {
        assert_eq!(
            serde_json::to_string(&description()).unwrap(),
            r#"{"name":"t","topic_id":"id","internal":false,"partitions":[{"partition":0,"leader":-1,"leader_epoch":4,"replicas":[1,2],"in_sync":[2],"first_offset":null,"end_offset":9}],"settings":[{"name":"retention.ms","value":"5","source":"topic","read_only":false}]}"#
        );
    }

    #[test]
    fn people_see_tables() {
        let tables: Vec<String> = description().tables(true).iter().map(ToString::to_string).collect();
        assert_eq!(
            tables,
            [
                "TOPIC  PARTITIONS  ID\nt      1           id",
                "PARTITION  LEADER  REPLICAS  IN-SYNC  FIRST   END  EPOCH\n\
                 0          <none>  1,2       2        <none>  9    4",
                "SETTING       VALUE  SOURCE\nretention.ms  5      topic",
            ]
        );
    }
}
