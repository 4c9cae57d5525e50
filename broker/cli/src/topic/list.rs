//! `klamm topic list`.

use clap::Args;
use serde::Serialize;

use crate::client::Again;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table};
use crate::session;

const OUTPUT: &str = "\
With -o json or yaml: a list of \"name\", \"partitions\", \"replication_factor\", \"topic_id\", \"internal\".";

/// List the topics
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct ListArguments {
    /// Internal topics too
    #[arg(short, long)]
    all: bool,
}

#[derive(Debug, Serialize)]
struct TopicRow {
    name: String,
    partitions: usize,
    replication_factor: usize,
    topic_id: String,
    internal: bool,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct TopicList(Vec<TopicRow>);

impl Present for TopicList {
    fn tables(&self, wide: bool) -> Vec<Table> {
        let head = ["NAME", "PARTITIONS", "REPLICATION", "INTERNAL", "ID"];
        let mut table = Table::new(if wide { &head } else { &head[..3] });
        for topic in &self.0 {
            table.row([
                topic.name.clone(),
                topic.partitions.to_string(),
                topic.replication_factor.to_string(),
                topic.internal.to_string(),
                topic.topic_id.clone(),
            ]);
        }
        vec![table]
    }
}

pub(super) async fn run(arguments: ListArguments, globals: &Globals) -> Result<(), CliError> {
    let mut client = session::connect(globals).await?;
    let response = client.retrying(Again::Always, async |client| client.metadata(None, false).await).await?;
    let shown = response.topics.into_iter().filter(|topic| arguments.all || !topic.is_internal);
    let mut topics: Vec<TopicRow> = shown
        .map(|topic| TopicRow {
            name: topic.name.unwrap_or_default(),
            partitions: topic.partitions.len(),
            replication_factor: topic.partitions.iter().map(|p| p.replica_nodes.len()).max().unwrap_or(0),
            topic_id: topic.topic_id.to_string(),
            internal: topic.is_internal,
        })
        .collect();
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    output::print(globals.output(), &TopicList(topics))
}
