//! What one request uses, and for how long its client is held back.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use klamm_controller::quotas::QuotaKey;
use klamm_wire::ApiKey;

use super::{Mute, Quotas};
use crate::Broker;
use crate::metrics::Metrics;

/// What one request uses, and for how long its client is held back. There is one only while quotas are set.
#[derive(Debug)]
pub(crate) struct Meter {
    quotas: Arc<Quotas>,
    metrics: Arc<Metrics>,
    mute: Arc<Mute>,
    api: ApiKey,
    /// The time that was spent on the request before the poll under way.
    spent_ns: AtomicU64,
    /// When the poll under way began.
    polled_ns: AtomicU64,
    /// For how long the client is held back so far.
    held_back_ms: AtomicU64,
    settled: AtomicBool,
}

impl Meter {
    /// For a request of the connection with this `mute`; `None` where no quota is set.
    pub(crate) fn begin(broker: &Broker, mute: &Arc<Mute>, api: ApiKey) -> Option<Arc<Meter>> {
        broker.quotas.any().then(|| {
            Arc::new(Meter {
                quotas: Arc::clone(&broker.quotas),
                metrics: Arc::clone(&broker.metrics),
                mute: Arc::clone(mute),
                api,
                spent_ns: AtomicU64::new(0),
                polled_ns: AtomicU64::new(0),
                held_back_ms: AtomicU64::new(0),
                settled: AtomicBool::new(false),
            })
        })
    }

    /// A Produce request of this size came. The connection is muted at once: it may have more requests on the way.
    pub(crate) fn produced(&self, client_id: &str, bytes: usize) {
        let key = QuotaKey::ProducerByteRate;
        let Some(limit) = self.quotas.limit(key, client_id) else { return };
        let Quotas { rates, windows, .. } = &*self.quotas;
        let now_ms = self.quotas.now_ms();
        if let Some(excess_ms) = rates.charge(key, limit, bytes as f64, *windows, now_ms) {
            self.hold_back(excess_ms.min(windows.all_ms()), now_ms);
        }
    }

    /// The most bytes that a Fetch may bring: more could never be granted.
    pub(crate) fn fetch_room(&self, client_id: &str) -> usize {
        let windows = self.quotas.windows;
        match self.quotas.limit(QuotaKey::ConsumerByteRate, client_id) {
            // Of a single window nothing but the one under way is left.
            Some(limit) => (limit.value * windows.full_ms().max(windows.window_ms) as f64 / 1000.0) as usize,
            None => usize::MAX,
        }
    }

    /// A Fetch found so many bytes; `None` if the client gets them, else for how long it is held back and gets
    /// nothing.
    pub(crate) fn fetched(&self, client_id: &str, bytes: usize) -> Option<i32> {
        self.settle_time(client_id);
        let key = QuotaKey::ConsumerByteRate;
        if let Some(limit) = self.quotas.limit(key, client_id) {
            let Quotas { rates, windows, .. } = &*self.quotas;
            let now_ms = self.quotas.now_ms();
            let held_back = self.held_back_ms() > 0;
            // What is not sent for another reason is not counted.
            let bytes = if held_back { 0.0 } else { bytes as f64 };
            if let Some(excess_ms) = rates.charge_if_within(key, limit, bytes, *windows, now_ms) {
                self.hold_back(excess_ms.min(windows.all_ms()), now_ms);
            }
        }
        let held_back_ms = self.held_back_ms();
        (held_back_ms > 0).then_some(held_back_ms)
    }

    /// The request is answered: gives for how long the client is held back.
    pub(crate) fn answered(&self, client_id: &str) -> i32 {
        self.settle_time(client_id);
        let held_back_ms = self.held_back_ms();
        if held_back_ms > 0 {
            let time = Duration::from_millis(u64::from(held_back_ms.unsigned_abs()));
            self.metrics.throttled(self.api, time);
        }
        held_back_ms
    }

    /// Charges the time that the request took, once. As in Kafka nobody is held back for it longer than a window.
    fn settle_time(&self, client_id: &str) {
        if self.settled.swap(true, Ordering::Relaxed) {
            return;
        }
        let key = QuotaKey::RequestPercentage;
        let Some(limit) = self.quotas.limit(key, client_id) else { return };
        let Quotas { rates, windows, .. } = &*self.quotas;
        let now_ms = self.quotas.now_ms();
        // So many percent of a thread's second.
        let percent = self.time_ns() as f64 * 100.0 / 1e9;
        if let Some(excess_ms) = rates.charge(key, limit, percent, *windows, now_ms) {
            self.hold_back(excess_ms.min(windows.window_ms), now_ms);
        }
    }

    /// The longer of two times counts, as in Kafka.
    fn hold_back(&self, for_ms: u64, now_ms: u64) {
        self.held_back_ms.fetch_max(for_ms, Ordering::Relaxed);
        self.mute.extend(now_ms + for_ms);
    }

    fn held_back_ms(&self) -> i32 {
        i32::try_from(self.held_back_ms.load(Ordering::Relaxed)).unwrap_or(i32::MAX)
    }

    fn time_ns(&self) -> u64 {
        let under_way = self.now_ns().saturating_sub(self.polled_ns.load(Ordering::Relaxed));
        self.spent_ns.load(Ordering::Relaxed) + under_way
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.quotas.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A request whose time is taken: only while something is done for it, not while it waits.
pub(crate) struct Timed<T> {
    /// The request.
    pub(crate) answering: Pin<Box<dyn Future<Output = T> + Send>>,
    /// What takes its time.
    pub(crate) meter: Arc<Meter>,
}

impl<T> Future for Timed<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let begun = self.meter.now_ns();
        self.meter.polled_ns.store(begun, Ordering::Relaxed);
        let polled = self.answering.as_mut().poll(cx);
        self.meter.spent_ns.fetch_add(self.meter.now_ns().saturating_sub(begun), Ordering::Relaxed);
        polled
    }
}
