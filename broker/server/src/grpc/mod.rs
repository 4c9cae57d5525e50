//! gRPC: health, reflection, facts about the server, and plug-ins. Nothing of it runs on a Kafka client's runtime.

mod facts;
mod plugins;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::Broker;

use facts::Facts;
use klamm_rpc::DESCRIPTORS;
use klamm_rpc::admin::server_server::ServerServer;
use klamm_rpc::plugin::plugins_server::PluginsServer;
use plugins::PluginService;

/// Requests that one connection may have under way.
const PER_CONNECTION: u32 = 64;
/// A peer that is silent for so long is asked whether it is there.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How soon the health service notices that the broker became ready.
const WHILE_STARTING: Duration = Duration::from_millis(50);

/// Why gRPC can't be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GrpcError {
    /// The listener can't be used.
    #[error("the gRPC listener failed: {0}")]
    Listener(#[from] io::Error),
    /// The descriptors in this binary can't be read.
    #[error("reflection can't be offered: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("the gRPC transport failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// Serves gRPC until the task is dropped.
pub(crate) async fn serve(broker: Arc<Broker>, listener: std::net::TcpListener) -> Result<(), GrpcError> {
    listener.set_nonblocking(true)?;
    let incoming = TcpIncoming::from(TcpListener::from_std(listener)?).with_nodelay(Some(true));
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let (reporter, health) = tonic_health::server::health_reporter();
    let server = Server::builder()
        .max_concurrent_streams(PER_CONNECTION)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .add_service(health)
        .add_service(reflection)
        .add_service(ServerServer::new(Facts::new(Arc::clone(&broker))))
        .add_service(PluginsServer::new(PluginService::new(Arc::clone(&broker))))
        .serve_with_incoming(incoming);
    tokio::select! {
        served = server => Ok(served?),
        () = report_health(&broker, &reporter) => Ok(()),
    }
}

/// Keeps the health service's answer true.
async fn report_health(broker: &Broker, reporter: &HealthReporter) {
    set_health(reporter, ServingStatus::NotServing).await;
    let mut ticks = tokio::time::interval(WHILE_STARTING);
    while !broker.is_ready() && !broker.stop.is_requested() {
        ticks.tick().await;
    }
    if broker.is_ready() {
        set_health(reporter, ServingStatus::Serving).await;
    }
    broker.stop.clone().requested().await;
    set_health(reporter, ServingStatus::NotServing).await;
    // Whoever asks hears it until the process ends.
    std::future::pending::<()>().await;
}

async fn set_health(reporter: &HealthReporter, status: ServingStatus) {
    reporter.set_service_status("", status).await;
    reporter.set_service_status("klamm.admin.v1.Server", status).await;
    reporter.set_service_status("klamm.plugin.v1.Plugins", status).await;
}
