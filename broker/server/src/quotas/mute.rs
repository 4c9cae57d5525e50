//! Until when a connection is not read from.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Until when a connection is not read from, counted from when the broker began. Shared by a connection and its
/// requests.
#[derive(Debug, Default)]
pub(crate) struct Mute(AtomicU64);

impl Mute {
    /// Until when; `None` if it is read from.
    pub(crate) fn until(&self) -> Option<Duration> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            until_ms => Some(Duration::from_millis(until_ms)),
        }
    }

    /// The time is over, unless it was extended meanwhile.
    pub(crate) fn lift(&self, until: Duration) {
        let until_ms = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        let _extended = self.0.compare_exchange(until_ms, 0, Ordering::Relaxed, Ordering::Relaxed).is_err();
    }

    /// Not before this time.
    pub(super) fn extend(&self, until_ms: u64) {
        self.0.fetch_max(until_ms, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Mute;

    #[test]
    fn the_latest_end_counts() {
        let mute = Mute::default();
        assert_eq!(mute.until(), None);
        mute.extend(50);
        mute.extend(20);
        assert_eq!(mute.until(), Some(Duration::from_millis(50)));
        mute.extend(70);
        mute.lift(Duration::from_millis(50));
        assert_eq!(mute.until(), Some(Duration::from_millis(70)), "extended after it was looked at");
        mute.lift(Duration::from_millis(70));
        assert_eq!(mute.until(), None);
    }
}
