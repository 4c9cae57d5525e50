//! Taking connections and handing each to the runtime that has the fewest.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tracing::{debug, error, warn};

use super::connection::{Closed, Connection, Endpoints};
use super::limits::{ConnectionPlace, TooMany};
use crate::Broker;
use crate::metrics::Metrics;
use crate::runtime::CoreRuntimes;

/// How long to wait after the machine refused a connection, for example for want of file descriptors.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Takes a port without listening on it yet; gives the address, whose port is known now.
pub(crate) fn bind(address: SocketAddr) -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    // A restart must not wait for the kernel to forget the connections of the process before.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    let taken = socket.local_addr()?.as_socket().unwrap_or(address);
    Ok((socket, taken))
}

/// Listens; from now on clients are answered.
pub(crate) fn listen(socket: Socket, backlog: i32) -> io::Result<StdListener> {
    socket.listen(backlog)?;
    Ok(socket.into())
}

/// Takes connections until the broker stops.
pub(crate) async fn accept(broker: Arc<Broker>, listener: StdListener, runtimes: Arc<CoreRuntimes>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(failure) => {
            error!(%failure, "Kafka clients can't be accepted");
            return;
        }
    };
    let stop = broker.stop.clone();
    tokio::select! {
        () = stop.requested() => {}
        () = accept_forever(&broker, &listener, &runtimes) => {}
    }
}

async fn accept_forever(broker: &Arc<Broker>, listener: &TcpListener, runtimes: &CoreRuntimes) {
    loop {
        match listener.accept().await.and_then(|(socket, peer)| Ok((socket.into_std()?, peer))) {
            Ok((socket, peer)) => admit(broker, socket, peer, runtimes),
            Err(error) => {
                warn!(%error, "a connection could not be accepted; trying on (open file limit: ulimit -n)");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// Gives a connection its place and its runtime.
fn admit(broker: &Arc<Broker>, socket: StdStream, peer: SocketAddr, runtimes: &CoreRuntimes) {
    let place = match enter(broker, peer) {
        Ok(place) => place,
        Err(why) => {
            broker.metrics.connection_refused();
            warn!(%peer, %why, "connection refused");
            return;
        }
    };
    let broker = Arc::clone(broker);
    runtimes.spawn_on_least_loaded(async move { serve(broker, socket, peer, place).await });
}

fn enter(broker: &Broker, peer: SocketAddr) -> Result<ConnectionPlace, TooMany> {
    let settings = broker.settings();
    let limit = |setting: i32| usize::try_from(setting).unwrap_or(0);
    broker.connections.enter(
        peer.ip(),
        limit(settings.max_connections),
        limit(settings.max_connections_per_ip),
    )
}

/// Counts a connection as open for as long as it is, even if its task panics.
struct OpenConnection(Arc<Metrics>);

impl OpenConnection {
    fn new(metrics: Arc<Metrics>) -> OpenConnection {
        metrics.connection_opened();
        OpenConnection(metrics)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.connection_closed();
    }
}

async fn serve(broker: Arc<Broker>, socket: StdStream, peer: SocketAddr, place: ConnectionPlace) {
    let _counted = OpenConnection::new(Arc::clone(&broker.metrics));
    let closed = match prepare(socket) {
        Ok((socket, local)) => Connection::new(broker, socket, Endpoints { peer, local }, place).await,
        Err(error) => Closed::Network(error),
    };
    match closed {
        Closed::Frame(_) | Closed::Request(_) => warn!(%peer, reason = %closed, "connection closed"),
        _ => debug!(%peer, reason = %closed, "connection closed"),
    }
}

fn prepare(socket: StdStream) -> io::Result<(TcpStream, SocketAddr)> {
    socket.set_nodelay(true)?;
    let local = socket.local_addr()?;
    Ok((TcpStream::from_std(socket)?, local))
}
