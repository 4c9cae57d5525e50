//! Holding clients back that use more than their quotas allow (KIP-13, KIP-124, KIP-219).
//!
//! A request is answered at once and says for how long the client is held back; for so long nothing is read from its
//! connection. Where no quota is set, a request costs one look at a flag.
//!
//! ```text
//!   dispatch -> Meter (one for each request) -> Quotas -> Rates -> Rate (windows)
//!                 |
//!                 +--> Mute (one for each connection) -> net/connection: no reads, no new requests
//! ```

mod meter;
mod mute;
mod rate;
mod rates;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use klamm_controller::quotas::{ClientQuotas, QuotaKey, QuotaLimit};
use klamm_controller::settings::BrokerSettings;

pub(crate) use meter::{Meter, Timed};
pub(crate) use mute::Mute;
use rate::Windows;
use rates::Rates;

/// The user of every client: there is no authentication.
const USER: &str = "ANONYMOUS";

/// The quotas in force, and what clients that have one have used.
#[derive(Debug)]
pub(crate) struct Quotas {
    /// Whether any is set: all that a request looks at where none is.
    any: AtomicBool,
    table: ArcSwap<ClientQuotas>,
    rates: Rates,
    windows: Windows,
    begun: Instant,
}

impl Quotas {
    /// None set yet, on a broker with these settings.
    pub(crate) fn new(settings: &BrokerSettings) -> Quotas {
        let window_ms = u64::from(settings.quota_window_size_seconds.unsigned_abs()) * 1000;
        let windows = Windows { count: u64::from(settings.quota_window_num.unsigned_abs()), window_ms };
        Quotas {
            any: AtomicBool::new(false),
            table: ArcSwap::default(),
            rates: Rates::default(),
            windows,
            begun: Instant::now(),
        }
    }

    /// Takes what the metadata says.
    pub(crate) fn follow(&self, table: &Arc<ClientQuotas>) {
        if !Arc::ptr_eq(&self.table.load(), table) {
            self.table.store(Arc::clone(table));
            self.any.store(!table.is_empty(), Ordering::Release);
        }
    }

    /// Whether any quota is set.
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// A time as [`Mute`] counts it.
    pub(crate) fn at(&self, since_begun: Duration) -> Instant {
        self.begun + since_begun
    }

    /// How long a new connection from this address is to be kept without an answer, if there are too many. It is
    /// not counted then.
    pub(crate) fn connection(&self, address: IpAddr) -> Option<Duration> {
        if !self.any() {
            return None;
        }
        let limit = self.table.load().connection_rate(address)?;
        let over_ms = self.rates.charge_if_within(
            QuotaKey::ConnectionCreationRate,
            limit,
            1.0,
            self.windows,
            self.now_ms(),
        )?;
        Some(Duration::from_millis(over_ms.min(self.windows.window_ms)))
    }

    fn limit(&self, key: QuotaKey, client_id: &str) -> Option<QuotaLimit> {
        self.table.load().limit(key, USER, client_id)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
