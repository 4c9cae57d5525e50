//! The ports of a broker.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

use socket2::Socket;

use crate::advertised::{Advertised, parse_address};
use crate::net::acceptor;
use crate::{ServerOptions, StartError};

/// The ports of a broker, taken. The one for Kafka does not listen yet.
#[derive(Debug)]
pub(crate) struct Ports {
    /// For Kafka clients.
    pub(crate) kafka: Socket,
    /// Where that is.
    pub(crate) kafka_address: SocketAddr,
    /// What clients are told to connect to.
    pub(crate) advertised: Advertised,
    /// For metrics and health.
    pub(crate) http: Option<TcpListener>,
    /// For gRPC.
    pub(crate) grpc: Option<TcpListener>,
}

impl Ports {
    /// Takes the ports.
    pub(crate) fn bind(options: &ServerOptions) -> Result<Ports, StartError> {
        let asked = parse_address(&options.kafka_address)
            .map_err(|source| StartError::Address { flag: "--kafka-address", source })?;
        let told = options.advertised_address.as_deref().map(parse_address).transpose();
        let told = told.map_err(|source| StartError::Address { flag: "--advertised-address", source })?;
        let kafka = take(&options.kafka_address, acceptor::bind);
        let (kafka, kafka_address) = kafka.map_err(|source| {
            StartError::port("Kafka clients", "--kafka-address", options.kafka_address.clone(), source)
        })?;
        let advertised = Advertised::decide(told, &asked, kafka_address);
        let http = side_door(options.http_address.as_ref(), "HTTP", "--http-address")?;
        let grpc = side_door(options.grpc_address.as_ref(), "gRPC", "--grpc-address")?;
        Ok(Ports { kafka, kafka_address, advertised, http, grpc })
    }

    /// Where metrics and health are.
    pub(crate) fn http_address(&self) -> Option<SocketAddr> {
        self.http.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Where gRPC is.
    pub(crate) fn grpc_address(&self) -> Option<SocketAddr> {
        self.grpc.as_ref().and_then(|listener| listener.local_addr().ok())
    }
}

fn side_door(
    address: Option<&String>,
    purpose: &'static str,
    flag: &'static str,
) -> Result<Option<TcpListener>, StartError> {
    let Some(address) = address else { return Ok(None) };
    parse_address(address).map_err(|source| StartError::Address { flag, source })?;
    let listener = take(address, |at| TcpListener::bind(at).map(|door| (door, at)));
    let (listener, _) =
        listener.map_err(|source| StartError::port(purpose, flag, address.clone(), source))?;
    Ok(Some(listener))
}

/// Takes the first of a name's addresses that can be taken.
fn take<T>(address: &str, bind: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    let mut failure = io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address");
    for at in address.to_socket_addrs()? {
        match bind(at) {
            Ok(taken) => return Ok(taken),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}
