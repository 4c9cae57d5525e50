//! Taking connections and handing each to the runtime that has the fewest.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use klamm_controller::settings::BrokerSettings;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tracing::{debug, error, warn};

use super::connection::{Closed, Connection, Endpoints};
use super::connection_rate::ConnectionRate;
use super::limits::{ConnectionPlace, TooMany};
use crate::Broker;
use crate::metrics::Metrics;
use crate::runtime::CoreRuntimes;

/// How long to wait after the machine refused a connection, for example for want of file descriptors.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// How long connections wait for their turn before the setting that makes them wait is read again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

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
///
/// Accepted sockets inherit the listener's buffers. The one for receiving must be set before a client comes: it
/// decides which window the handshake can agree on.
pub(crate) fn listen(socket: Socket, settings: &BrokerSettings) -> io::Result<StdListener> {
    if let Some(bytes) = buffer_bytes(settings.socket_receive_buffer_bytes) {
        socket.set_recv_buffer_size(bytes)?;
    }
    if let Some(bytes) = buffer_bytes(settings.socket_send_buffer_bytes) {
        socket.set_send_buffer_size(bytes)?;
    }
    socket.listen(settings.socket_listen_backlog_size)?;
    Ok(socket.into())
}

/// A buffer's size; `None`, for -1, is the operating system's business.
fn buffer_bytes(setting: i32) -> Option<usize> {
    usize::try_from(setting).ok()
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
    let mut rate = ConnectionRate::default();
    loop {
        wait_for_turn(broker, &mut rate).await;
        match listener.accept().await.and_then(|(socket, peer)| Ok((socket.into_std()?, peer))) {
            Ok((socket, peer)) => {
                rate.accepted();
                admit(broker, socket, peer, runtimes);
            }
            Err(error) => {
                warn!(%error, "a connection could not be accepted; trying on (open file limit: ulimit -n)");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// Waits until one more connection is within `max.connection.creation.rate`.
async fn wait_for_turn(broker: &Broker, rate: &mut ConnectionRate) {
    while let Some(wait) = rate.wait(broker.settings().max_connection_creation_rate, Instant::now()) {
        tokio::time::sleep(wait.min(LOOK_AGAIN)).await;
    }
}

/// Gives a connection its place and its runtime.
fn admit(broker: &Arc<Broker>, socket: StdStream, peer: SocketAddr, runtimes: &CoreRuntimes) {
    let place = match enter(broker, peer) {
        Ok(place) => place,
        Err(why) => {
            broker.metrics.connection_refused();
            if let Some(untold) = broker.connection_warnings.pass(Instant::now()) {
                warn!(%peer, %why, untold, "connection refused");
            }
            return;
        }
    };
    if let Some(time) = broker.quotas.connection(peer.ip()) {
        hold_and_close(broker, socket, place, time);
        return;
    }
    let broker = Arc::clone(broker);
    runtimes.spawn_on_least_loaded(async move { serve(broker, socket, peer, place).await });
}

/// Closes a connection of an address that opens too many. Not at once, or the client would only try the faster; meanwhile
/// the connection counts among all.
fn hold_and_close(broker: &Broker, socket: StdStream, place: ConnectionPlace, time: Duration) {
    broker.metrics.connection_refused();
    let stop = broker.stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = stop.requested() => {}
            () = tokio::time::sleep(time) => {}
        }
        drop((socket, place));
    });
}

fn enter(broker: &Broker, peer: SocketAddr) -> Result<ConnectionPlace, TooMany> {
    let settings = broker.settings();
    let limit = |setting: i32| usize::try_from(setting).unwrap_or(0);
    // A client of a socket for both kinds of addresses counts as the IPv4 address it is.
    let address = peer.ip().to_canonical();
    let of_address = settings.max_connections_per_ip_overrides.of(address);
    broker.connections.enter(
        address,
        limit(settings.max_connections),
        limit(of_address.unwrap_or(settings.max_connections_per_ip)),
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
    let warnings = Arc::clone(&broker.connection_warnings);
    let closed = match prepare(socket) {
        Ok((socket, local)) => Connection::new(broker, socket, Endpoints { peer, local }, place).await,
        Err(error) => Closed::Network(error),
    };
    match closed {
        Closed::Frame(_) | Closed::Request(_) => {
            if let Some(untold) = warnings.pass(Instant::now()) {
                warn!(%peer, reason = %closed, untold, "connection closed");
            }
        }
        _ => debug!(%peer, reason = %closed, "connection closed"),
    }
}

fn prepare(socket: StdStream) -> io::Result<(TcpStream, SocketAddr)> {
    socket.set_nodelay(true)?;
    let local = socket.local_addr()?;
    Ok((TcpStream::from_std(socket)?, local))
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use klamm_controller::settings::BrokerSettings;
    use socket2::SockRef;

    use super::{bind, listen};

    /// The buffers of an accepted socket, as the kernel tells them; Linux tells twice what was asked for.
    fn buffers(receive: i32, send: i32) -> (usize, usize) {
        let (socket, address) = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let settings = BrokerSettings {
            socket_receive_buffer_bytes: receive,
            socket_send_buffer_bytes: send,
            ..BrokerSettings::built_in()
        };
        let listener = listen(socket, &settings).unwrap();
        listener.set_nonblocking(false).unwrap();
        let _client = TcpStream::connect(address).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let accepted = SockRef::from(&accepted);
        (accepted.recv_buffer_size().unwrap(), accepted.send_buffer_size().unwrap())
    }

    #[test]
    fn an_accepted_socket_has_the_buffers_of_the_settings() {
        let (receive, send) = buffers(30_000, 20_000);
        assert!((30_000..=60_000).contains(&receive), "{receive}");
        assert!((20_000..=40_000).contains(&send), "{send}");
        let (own_receive, own_send) = buffers(-1, -1);
        assert!(own_receive != receive && own_send != send, "-1 leaves them alone: {own_receive} {own_send}");
    }
}
