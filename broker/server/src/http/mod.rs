//! HTTP: metrics and health, for Prometheus and for probes. Nothing of it runs on a Kafka client's runtime.

mod routes;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use crate::Broker;

/// Connections at once; more wait to be accepted.
const MAX_CONNECTIONS: usize = 64;
/// A client that sends its request line and headers slower is let go.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// The longest life of a connection: a scraper connects anew after that.
const CONNECTION_LIFE: Duration = Duration::from_mins(10);
/// How long to wait after the machine refused a connection.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Serves HTTP until the broker stops. Probes are answered while partitions are being opened and closed.
pub(crate) async fn serve(broker: Arc<Broker>, listener: std::net::TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let service = TowerToHyperService::new(routes::router(broker));
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        // The semaphore is never closed: without a place there is nothing to serve.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return Ok(()) };
        match listener.accept().await {
            Ok((socket, peer)) => {
                debug!(%peer, "HTTP connection");
                tokio::spawn(serve_connection(socket, service.clone(), place));
            }
            Err(error) => {
                warn!(%error, "an HTTP connection could not be accepted; trying on");
                sleep(AFTER_FAILURE).await;
            }
        }
    }
}

async fn serve_connection(
    socket: TcpStream,
    service: TowerToHyperService<axum::Router>,
    _place: OwnedSemaphorePermit,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .serve_connection(TokioIo::new(socket), service);
    if let Ok(Err(error)) = timeout(CONNECTION_LIFE, connection).await {
        debug!(%error, "HTTP connection ended");
    }
}
