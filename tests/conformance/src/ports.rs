//! Free ports.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Where ports are looked for: below those that systems give to outgoing connections (Linux from 32768 on).
///
/// A client that tries again and again to reach a broker that is down would else, one day, be given the broker's own port
/// to call from, be connected to itself, and keep the broker from coming back.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// `N` different addresses on loopback that nobody listened on a moment ago.
///
/// Somebody else may take one before the broker does: the caller tries again with others then.
pub(crate) fn free_addresses<const N: usize>() -> [SocketAddr; N] {
    let listeners: [TcpListener; N] = std::array::from_fn(|_| free_port());
    listeners.map(|listener| listener.local_addr().expect("a bound listener has an address"))
}

fn free_port() -> TcpListener {
    let start = RandomState::new().build_hasher().finish() % u64::from(COUNT);
    let ports = (0..u64::from(COUNT)).map(|n| FIRST + ((start + n) % u64::from(COUNT)) as u16);
    let mut bound = ports.filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok());
    bound.next().expect("loopback has a free port")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_differ_and_no_outgoing_connection_gets_one() {
        for _ in 0..20 {
            let [a, b, c] = free_addresses().map(|address| address.port());
            assert!(a != b && b != c && a != c, "{a} {b} {c}");
            assert!([a, b, c].iter().all(|port| (FIRST..FIRST + COUNT).contains(port)), "{a} {b} {c}");
        }
    }
}
