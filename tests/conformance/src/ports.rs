//! Free ports.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// `N` different addresses on loopback that nobody listened on a moment ago.
///
/// Somebody else may take one before the broker does: the caller tries again with others then.
pub(crate) fn free_addresses<const N: usize>() -> [SocketAddr; N] {
    let listeners: [TcpListener; N] = std::array::from_fn(|_| {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port")
    });
    listeners.map(|listener| listener.local_addr().expect("a bound listener has an address"))
}
