//! What an acknowledgement means.

use std::fmt;

use klamm_controller::settings::BrokerSettings;

/// What an acknowledgement means on this broker, unless a topic says otherwise (`flush.messages`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The records are on the disk.
    Fsync,
    /// The records are in the page cache, as with Kafka's defaults.
    PageCache,
}

impl Durability {
    /// What these settings mean.
    pub(crate) fn of(settings: &BrokerSettings) -> Durability {
        match settings.log_flush_interval_messages {
            1 => Durability::Fsync,
            _ => Durability::PageCache,
        }
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Durability::Fsync => "acknowledged records are on the disk (fsync)",
            Durability::PageCache => {
                "acknowledged records are in the page cache (log.flush.interval.messages)"
            }
        })
    }
}
