//! `klamm cluster`.

use clap::Subcommand;
use klamm_wire::messages::MetadataResponse;
use serde::Serialize;

use crate::client::Again;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table};
use crate::session;

const INFO_OUTPUT: &str = "\
With -o json or yaml: \"cluster_id\", \"controller\", \"brokers\", \"topics\", \"partitions\", \"partitions_without_leader\".";
const BROKERS_OUTPUT: &str = "\
With -o json or yaml: a list of \"id\", \"host\", \"port\", \"rack\", \"controller\".";

/// What to show of the cluster.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ClusterCommand {
    /// The cluster's id, controller, and how much it holds
    #[command(after_long_help = INFO_OUTPUT)]
    Info,
    /// The brokers
    #[command(after_long_help = BROKERS_OUTPUT)]
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
        let asking = client.retrying(Again::Always, async |client| client.metadata(None, false).await);
        let metadata = asking.await?;
        match self {
            ClusterCommand::Info => output::print(globals.output(), &Info::of(&metadata)),
            ClusterCommand::Brokers => output::print(globals.output(), &BrokerList::of(&metadata)),
        }
    }
}

impl Info {
    fn of(metadata: &MetadataResponse) -> Info {
        let partitions = || metadata.topics.iter().flat_map(|topic| &topic.partitions);
        Info {
            cluster_id: metadata.cluster_id.clone().unwrap_or_default(),
            controller: metadata.controller_id,
            brokers: metadata.brokers.len(),
            topics: metadata.topics.len(),
            partitions: partitions().count(),
            partitions_without_leader: partitions().filter(|partition| partition.leader_id < 0).count(),
        }
    }
}

impl BrokerList {
    fn of(metadata: &MetadataResponse) -> BrokerList {
        let brokers = metadata.brokers.iter().map(|broker| Broker {
            controller: broker.node_id == metadata.controller_id,
            id: broker.node_id,
            host: broker.host.clone(),
            port: broker.port,
            rack: broker.rack.clone(),
        });
        let mut brokers: Vec<Broker> = brokers.collect();
        brokers.sort_by_key(|broker| broker.id);
        BrokerList(brokers)
    }
}

#[cfg(test)]
mod tests {
    use klamm_wire::messages::MetadataResponse;
    use klamm_wire::messages::metadata::MetadataResponseBroker;

    use super::{BrokerList, Info};
    use crate::output::Present;

    #[test]
    fn people_and_programs_see_the_cluster() {
        let broker = |node_id, rack: Option<&str>| MetadataResponseBroker {
            node_id,
            host: "h".into(),
            port: 9092,
            rack: rack.map(str::to_owned),
        };
        let metadata = MetadataResponse {
            brokers: vec![broker(2, None), broker(1, Some("r"))],
            cluster_id: Some("c".into()),
            controller_id: 2,
            ..Default::default()
        };
        let brokers = BrokerList::of(&metadata);
        assert_eq!(
            brokers.tables(false)[0].to_string(),
            "ID  HOST  PORT  RACK    CONTROLLER\n\
             1   h     9092  r       false\n\
             2   h     9092  <none>  true"
        );
        assert_eq!(
            serde_json::to_string(&brokers).unwrap(),
            r#"[{"id":1,"host":"h","port":9092,"rack":"r","controller":false},{"id":2,"host":"h","port":9092,"rack":null,"controller":true}]"#
        );
        assert_eq!(
            serde_json::to_string(&Info::of(&metadata)).unwrap(),
            r#"{"cluster_id":"c","controller":2,"brokers":2,"topics":0,"partitions":0,"partitions_without_leader":0}"#
        );
    }
}
