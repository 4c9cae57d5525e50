//! `klamm.admin.v1.Server`: facts about this process.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::Broker;
use crate::durability::Durability;
use crate::readiness::Readiness;
use klamm_rpc::admin::server_server::Server;
use klamm_rpc::admin::{self as proto, GetFactsRequest, GetFactsResponse};

/// Answers from the broker's state.
#[derive(Debug)]
pub(super) struct Facts {
    broker: Arc<Broker>,
}

impl Facts {
    pub(super) fn new(broker: Arc<Broker>) -> Facts {
        Facts { broker }
    }
}

#[tonic::async_trait]
impl Server for Facts {
    async fn get_facts(&self, _: Request<GetFactsRequest>) -> Result<Response<GetFactsResponse>, Status> {
        let broker = &self.broker;
        let image = broker.controller.image();
        let readiness = Readiness::of(broker);
        let durability = match Durability::of(&broker.settings()) {
            Durability::Fsync => proto::Durability::Fsync,
            Durability::PageCache => proto::Durability::PageCache,
        };
        Ok(Response::new(GetFactsResponse {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            node_id: broker.node_id.0,
            cluster_id: broker.cluster_id.as_str().to_owned(),
            controller_id: image.controller_id().map(|id| id.0),
            started_at_ms: broker.metrics.started_at().0,
            ready: readiness.ready,
            not_ready_because: readiness.reasons,
            durability: durability.into(),
            data_dir: broker.partitions.data_dir().path().display().to_string(),
            topics: image.topic_count() as u64,
            partitions: broker.partitions.count() as u64,
        }))
    }
}
