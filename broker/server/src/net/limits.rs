//! How much all connections together may take.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// How many connections there are, in all and from each address.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    by_address: Mutex<HashMap<IpAddr, usize>>,
    total: AtomicUsize,
    closed: Notify,
}

/// One connection's place among [`Connections`]; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct ConnectionPlace {
    connections: Arc<Connections>,
    address: IpAddr,
}

/// Why there is no place for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooMany {
    /// The broker has as many as it may.
    #[error("there are {0} connections, as many as max.connections allows")]
    InAll(usize),
    /// The address has as many as it may.
    #[error("there are {0} connections from this address, as many as max.connections.per.ip allows")]
    FromAddress(usize),
}

impl Connections {
    /// How many connections there are.
    pub(crate) fn total(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }

    /// Waits until there are fewer than `max` connections.
    pub(crate) async fn below(&self, max: usize) {
        loop {
            let closed = self.closed.notified();
            if self.total() < max {
                return;
            }
            closed.await;
        }
    }

    /// A place for a connection from `address`.
    pub(crate) fn enter(
        self: &Arc<Connections>,
        address: IpAddr,
        max: usize,
        max_per_address: usize,
    ) -> Result<ConnectionPlace, TooMany> {
        let mut by_address = self.by_address.lock();
        let count = by_address.get(&address).copied().unwrap_or(0);
        if self.total() >= max {
            return Err(TooMany::InAll(max));
        }
        if count >= max_per_address {
            return Err(TooMany::FromAddress(max_per_address));
        }
        by_address.insert(address, count + 1);
        self.total.fetch_add(1, Ordering::Relaxed);
        Ok(ConnectionPlace { connections: Arc::clone(self), address })
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        let mut by_address = self.connections.by_address.lock();
        if let Some(count) = by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&self.address);
            }
        }
        self.connections.total.fetch_sub(1, Ordering::Relaxed);
        self.connections.closed.notify_one();
    }
}

/// The bytes of requests that are received or being answered (`queued.max.request.bytes`).
///
/// As with Kafka's memory pool a request is let in while the sum is below the limit, so that the sum stays
/// below the limit plus one request and a request larger than the limit is not stuck forever.
#[derive(Debug)]
pub(crate) struct RequestBytes {
    used: AtomicI64,
    freed: Notify,
}

/// A request's share of [`RequestBytes`]; dropping it gives the share back.
#[derive(Debug)]
pub(crate) struct RequestShare {
    pool: Arc<RequestBytes>,
    bytes: i64,
}

impl RequestBytes {
    /// A pool in which nothing is used.
    pub(crate) fn new() -> Arc<RequestBytes> {
        Arc::new(RequestBytes { used: AtomicI64::new(0), freed: Notify::new() })
    }

    /// A share for a request of `bytes`, if less than `max` is used.
    pub(crate) fn take(self: &Arc<RequestBytes>, bytes: usize, max: i64) -> Option<RequestShare> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        if self.used.fetch_add(bytes, Ordering::Relaxed) < max {
            return Some(RequestShare { pool: Arc::clone(self), bytes });
        }
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        None
    }

    /// Waits until less than `max` is used.
    pub(crate) async fn below(self: Arc<RequestBytes>, max: i64) {
        loop {
            let freed = self.freed.notified();
            if self.used() < max {
                return;
            }
            freed.await;
        }
    }

    /// The bytes in use.
    pub(crate) fn used(&self) -> i64 {
        self.used.load(Ordering::Relaxed)
    }
}

impl Drop for RequestShare {
    fn drop(&mut self) {
        self.pool.used.fetch_sub(self.bytes, Ordering::Relaxed);
        self.pool.freed.notify_waiters();
    }
}

/// The bytes of answers that clients have not taken yet, of all connections together.
///
/// A Fetch is read into memory, and a client may leave its answer unread. So the fuller this is, the less one Fetch
/// gets: a quarter of what is left, and a single batch at the least (KIP-74). No client waits for another, and those
/// that don't read can't take more than the broker has.
#[derive(Debug, Default)]
pub(crate) struct UnsentBytes(AtomicUsize);

/// The most of [`UnsentBytes`], but for a batch for each connection.
const MAX_UNSENT_BYTES: usize = 256 << 20;

impl UnsentBytes {
    /// The most bytes of records that a Fetch may be answered with now.
    pub(crate) fn room(&self) -> usize {
        MAX_UNSENT_BYTES.saturating_sub(self.0.load(Ordering::Relaxed)) / 4
    }

    pub(crate) fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn subtract(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Connections, MAX_UNSENT_BYTES, RequestBytes, TooMany, UnsentBytes};

    #[test]
    fn places_are_counted_in_all_and_by_address() {
        let connections = Arc::new(Connections::default());
        let (here, there) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        let first = connections.enter(here, 3, 2).unwrap();
        let _second = connections.enter(here, 3, 2).unwrap();
        assert_eq!(connections.enter(here, 3, 2).unwrap_err(), TooMany::FromAddress(2));
        let _third = connections.enter(there, 3, 2).unwrap();
        assert_eq!(connections.enter(there, 3, 2).unwrap_err(), TooMany::InAll(3));
        drop(first);
        assert_eq!(connections.total(), 2);
        assert!(connections.enter(here, 3, 2).is_ok());
    }

    #[test]
    fn requests_enter_while_the_sum_is_below_the_limit() {
        let pool = RequestBytes::new();
        let large = pool.take(1000, 100).unwrap();
        assert!(pool.take(1, 100).is_none());
        assert_eq!(pool.used(), 1000);
        drop(large);
        assert!(pool.take(1, 100).is_some());
        assert_eq!(pool.used(), 0);
    }

    #[test]
    fn answers_get_smaller_where_others_are_not_read() {
        let unsent = UnsentBytes::default();
        assert_eq!(unsent.room(), 64 << 20);
        unsent.add(MAX_UNSENT_BYTES / 2);
        assert_eq!(unsent.room(), 32 << 20);
        unsent.add(MAX_UNSENT_BYTES);
        assert_eq!(unsent.room(), 0);
        unsent.subtract(MAX_UNSENT_BYTES * 3 / 2);
        assert_eq!(unsent.room(), 64 << 20);
    }
}
