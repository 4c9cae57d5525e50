//! `klamm cluster`.

use clap::Subcommand;
use klamm_wire::messages::DescribeClusterRequest;
use serde::Serialize;

use crate::client::{Client, ClientError, Target, check};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table};
use crate::session;

/// What to show of the cluster.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ClusterCommand {
    /// The cluster's id, controller, and how much it holds
    Info,
    /// The brokers
    Brokers,
}

#[derive(Debug, Serialize)]
struct Info {
    cluster_id: String,
    controller: i32,
    brokers: usize,
    topics: usize,
    partitions: usize,
    partitions_without_leader: usize,
}

impl Present for Info {
    fn tables(&self, _wide: bool) -> Vec<Table> {
        let mut table =
            Table::new(&["CLUSTER", "CONTROLLER", "BROKERS", "TOPICS", "PARTITIONS", "LEADERLESS"]);
        table.row([
            self.cluster_id.clone(),
            self.controller.to_string(),
            self.brokers.to_string(),
            self.topics.to_string(),
            self.partitions.to_string(),
            self.partitions_without_leader.to_string(),
        ]);
        vec![table]
    }
}

#[derive(Debug, Serialize)]
struct Broker {
    id: i32,
    host: String,
    port: i32,
    rack: Option<String>,
    controller: bool,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct BrokerList(Vec<Broker>);

impl Present for BrokerList {
    fn tables(&self, _wide: bool) -> Vec<Table> {
        let mut table = Table::new(&["ID", "HOST", "PORT", "RACK", "CONTROLLER"]);
        for broker in &self.0 {
            table.row([
                broker.id.to_string(),
                broker.host.clone(),
                broker.port.to_string(),
                broker.rack.clone().unwrap_or_else(|| "<none>".into()),
                broker.controller.to_string(),
            ]);
        }
        vec![table]
    }
}

impl ClusterCommand {
    pub(crate) async fn run(self, globals: &Globals) -> Result<(), CliError> {
        let mut client = session::connect(globals).await?;
        match self {
            ClusterCommand::Info => output::print(globals.output(), &info(&mut client).await?),
            ClusterCommand::Brokers => output::print(globals.output(), &brokers(&mut client).await?),
        }
    }
}

async fn info(client: &mut Client) -> Result<Info, ClientError> {
    let response = client.metadata(None, false).await?;
    let partitions = || response.topics.iter().flat_map(|topic| &topic.partitions);
    Ok(Info {
        cluster_id: response.cluster_id.clone().unwrap_or_default(),
        controller: response.controller_id,
        brokers: response.brokers.len(),
        topics: response.topics.len(),
        partitions: partitions().count(),
        partitions_without_leader: partitions().filter(|partition| partition.leader_id < 0).count(),
    })
}

async fn brokers(client: &mut Client) -> Result<BrokerList, ClientError> {
    let response = client.call(Target::Any, &DescribeClusterRequest::default()).await?;
    check(response.error_code, response.error_message.as_deref(), "describing the cluster")?;
    let controller = response.controller_id;
    let brokers = response.brokers.into_iter().map(|broker| Broker {
        controller: broker.broker_id == controller,
        id: broker.broker_id,
        host: broker.host,
        port: broker.port,
        rack: broker.rack,
    });
    let mut brokers: Vec<Broker> = brokers.collect();
    brokers.sort_by_key(|broker| broker.id);
    Ok(BrokerList(brokers))
}
