//! Who clients are told to connect to.

use std::net::SocketAddr;

use klamm_controller::Endpoint;

/// What clients are told to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Advertised {
    /// Always this.
    Fixed(Endpoint),
    /// The broker listens on every address of the machine and was told of none to advertise: each client is told
    /// the one that it reached, which is right wherever no address translation lies between them.
    AddressReached {
        /// The port that is listened on.
        port: u16,
    },
}

/// An address that is no `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address:?} is not an address; write HOST:PORT, for example 127.0.0.1:9092 or [::1]:9092")]
pub struct InvalidAddress {
    /// The text.
    pub address: String,
}

/// Splits `host:port`; an IPv6 address stands in brackets.
pub(crate) fn parse_address(address: &str) -> Result<Endpoint, InvalidAddress> {
    let invalid = || InvalidAddress { address: address.to_owned() };
    let (host, port) = address.rsplit_once(':').ok_or_else(invalid)?;
    let port = port.parse().map_err(|_| invalid())?;
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').ok_or_else(invalid)?,
        None if host.contains(':') => return Err(invalid()),
        None => host,
    };
    if host.is_empty() {
        return Err(invalid());
    }
    Ok(Endpoint { host: host.to_owned(), port })
}

impl Advertised {
    /// What a broker advertises that was told `advertised` and listens on `listening`.
    pub(crate) fn decide(
        advertised: Option<Endpoint>,
        asked: &Endpoint,
        listening: SocketAddr,
    ) -> Advertised {
        match advertised {
            Some(endpoint) => {
                let port = if endpoint.port == 0 { listening.port() } else { endpoint.port };
                Advertised::Fixed(Endpoint { port, ..endpoint })
            }
            None if listening.ip().is_unspecified() => Advertised::AddressReached { port: listening.port() },
            None => Advertised::Fixed(Endpoint { host: asked.host.clone(), port: listening.port() }),
        }
    }

    /// What other brokers are told. They have no connection yet to take an address from: they get this machine's
    /// name.
    pub(crate) fn to_brokers(&self) -> Endpoint {
        match self {
            Advertised::Fixed(endpoint) => endpoint.clone(),
            Advertised::AddressReached { port } => {
                let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
                Endpoint { host, port: *port }
            }
        }
    }

    /// What a client is told that reached `local`.
    pub(crate) fn to_client(&self, local: SocketAddr) -> Endpoint {
        match self {
            Advertised::Fixed(endpoint) => endpoint.clone(),
            Advertised::AddressReached { port } => {
                Endpoint { host: local.ip().to_canonical().to_string(), port: *port }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use klamm_controller::Endpoint;

    use super::{Advertised, parse_address};

    fn endpoint(host: &str, port: u16) -> Endpoint {
        Endpoint { host: host.to_owned(), port }
    }

    #[test]
    fn addresses() {
        assert_eq!(parse_address("localhost:9092"), Ok(endpoint("localhost", 9092)));
        assert_eq!(parse_address("[::1]:9092"), Ok(endpoint("::1", 9092)));
        for wrong in ["localhost", ":9092", "host:port", "host:99999", "::1:9092", "[::1:9092", "host:"] {
            assert!(parse_address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_that_was_asked_for_is_advertised_with_the_port_that_was_free() {
        let listening = "127.0.0.1:40000".parse().unwrap();
        let advertised = Advertised::decide(None, &endpoint("localhost", 0), listening);
        assert_eq!(advertised, Advertised::Fixed(endpoint("localhost", 40000)));
    }

    #[test]
    fn on_a_wildcard_a_client_is_told_what_it_reached() {
        let listening = "0.0.0.0:9092".parse().unwrap();
        let advertised = Advertised::decide(None, &endpoint("0.0.0.0", 9092), listening);
        assert_eq!(advertised.to_client("10.0.0.7:9092".parse().unwrap()), endpoint("10.0.0.7", 9092));
        let mapped = "[::ffff:10.0.0.7]:9092".parse().unwrap();
        assert_eq!(advertised.to_client(mapped), endpoint("10.0.0.7", 9092));
    }

    #[test]
    fn what_was_told_wins() {
        let listening = "0.0.0.0:9092".parse().unwrap();
        let told = Some(endpoint("broker.example", 19092));
        let advertised = Advertised::decide(told, &endpoint("0.0.0.0", 9092), listening);
        assert_eq!(advertised.to_client(listening), endpoint("broker.example", 19092));
    }
}
