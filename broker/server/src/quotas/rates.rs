//! The rates of all clients that have a quota.

use std::collections::HashMap;

use klamm_controller::quotas::{QuotaEntity, QuotaKey, QuotaLimit};
use parking_lot::Mutex;

use super::rate::{Rate, Windows};

/// As many rates as this are kept without looking whether they still count.
const KEPT: usize = 1024;

/// The rates of all clients that have a quota.
#[derive(Debug, Default)]
pub(super) struct Rates(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    rates: HashMap<(QuotaKey, QuotaEntity), Rate>,
    /// How many there were when those without use were last thrown away.
    kept: usize,
}

impl Rates {
    /// Counts a use; gives for how long the client has to pause, if it is above its limit.
    pub(super) fn charge(
        &self,
        key: QuotaKey,
        limit: QuotaLimit,
        amount: f64,
        windows: Windows,
        now_ms: u64,
    ) -> Option<u64> {
        let mut table = self.0.lock();
        let rate = table.rate(key, limit.shared_by, windows, now_ms);
        rate.record(amount, windows, now_ms);
        rate.excess_ms(limit.value, windows, now_ms)
    }

    /// As [`Rates::charge`], for a use that is not granted above the limit and then not counted. What is above it
    /// alone is granted to a client that used nothing else, or it would never get it.
    pub(super) fn charge_if_within(
        &self,
        key: QuotaKey,
        limit: QuotaLimit,
        amount: f64,
        windows: Windows,
        now_ms: u64,
    ) -> Option<u64> {
        let mut table = self.0.lock();
        let rate = table.rate(key, limit.shared_by, windows, now_ms);
        let unused = rate.is_unused(windows, now_ms);
        rate.record(amount, windows, now_ms);
        let excess_ms = rate.excess_ms(limit.value, windows, now_ms).filter(|_| !unused)?;
        rate.record(-amount, windows, now_ms);
        Some(excess_ms)
    }
}

impl Table {
    /// Clients choose their ids: rates without use are thrown away whenever there are twice as many.
    fn rate(&mut self, key: QuotaKey, of: QuotaEntity, windows: Windows, now_ms: u64) -> &mut Rate {
        if self.rates.len() >= 2 * self.kept.max(KEPT) {
            self.rates.retain(|_, rate| !rate.is_unused(windows, now_ms));
            self.kept = self.rates.len();
        }
        self.rates.entry((key, of)).or_default()
    }
}

#[cfg(test)]
mod tests {
    use klamm_controller::quotas::{EntityName, QuotaEntity, QuotaKey, QuotaLimit};

    use super::super::rate::Windows;
    use super::{KEPT, Rates};

    const WINDOWS: Windows = Windows { count: 11, window_ms: 1000 };
    const FETCH: QuotaKey = QuotaKey::ConsumerByteRate;

    fn limit(client_id: &str) -> QuotaLimit {
        let client_id = Some(EntityName::Named(client_id.to_owned()));
        QuotaLimit { value: 1000.0, shared_by: QuotaEntity { client_id, ..QuotaEntity::default() } }
    }

    #[test]
    fn clients_and_keys_have_rates_of_their_own() {
        let rates = Rates::default();
        let charge = |key, client_id| rates.charge(key, limit(client_id), 20_000.0, WINDOWS, 0);
        assert_eq!(charge(FETCH, "a"), Some(10_000));
        assert_eq!(charge(FETCH, "b"), Some(10_000));
        assert_eq!(charge(QuotaKey::ProducerByteRate, "a"), Some(10_000));
        assert_eq!(charge(FETCH, "a"), Some(30_000));
    }

    #[test]
    fn what_is_not_granted_is_not_counted() {
        let rates = Rates::default();
        let fetch = |bytes, now_ms| rates.charge_if_within(FETCH, limit("a"), bytes, WINDOWS, now_ms);
        assert_eq!(fetch(6_000.0, 0), None);
        assert_eq!(fetch(6_000.0, 0), Some(2_000), "12000 B over 10 s");
        assert_eq!(fetch(6_000.0, 1_000), Some(2_000), "the same: the refused one left nothing behind");
        assert_eq!(fetch(4_000.0, 1_000), None);
        assert_eq!(fetch(90_000.0, 30_000), None, "a batch larger than all windows comes through once");
        assert_eq!(fetch(1.0, 30_000), Some(80_001));
    }

    #[test]
    fn strangers_are_forgotten() {
        let rates = Rates::default();
        for stranger in 0..5 * KEPT {
            rates.charge(FETCH, limit(&stranger.to_string()), 1.0, WINDOWS, 100 * stranger as u64);
        }
        assert!(rates.0.lock().rates.len() <= 2 * KEPT, "{}", rates.0.lock().rates.len());
    }
}
