//! The group coordinator: groups' state machines (`klamm_groups`) over the partitions of `__consumer_offsets` here.
//!
//! ```text
//!   handler --ask--> Shard: lock -> state machine -> append its records -> unlock
//!                                        \-> answers to whoever waits
//!   the answer, once what was appended until then is durable <---/
//! ```
//!
//! A shard is one partition of the topic. It is read at the start, and again if an append fails: what was told to no one may be
//! lost then, as in a crash. While appends go on failing (a full disk), it is read at longer and longer intervals.

mod append;
mod asking;
mod backoff;
mod config;
mod host;
mod internal_topic;
mod key;
mod lately_said;
mod load;
#[cfg(test)]
mod power_loss;
mod shard;
mod tend;
mod topics;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use klamm_controller::MetadataImage;
use klamm_controller::settings::BrokerSettings;
use klamm_groups::{GroupConfig, Now, Tick};
use klamm_model::ErrorCode;
use parking_lot::RwLock;

use crate::Broker;

pub(crate) use asking::Asked;
pub(crate) use internal_topic::{OFFSETS_TOPIC, ensure as ensure_offsets_topic};
pub(crate) use key::partition_for;
pub(crate) use shard::Shard;
pub(crate) use tend::tend;
pub(crate) use topics::ImageTopics;

/// The group coordinator of this broker.
#[derive(Debug)]
pub(crate) struct Groups {
    config: GroupConfig,
    /// Where [`Tick`]s are counted from.
    began: Instant,
    shards: RwLock<HashMap<i32, Arc<Shard>>>,
    /// Held while `__consumer_offsets` is made.
    making_topic: tokio::sync::Mutex<()>,
}

impl Groups {
    /// No groups yet.
    pub(crate) fn new(settings: &BrokerSettings) -> Groups {
        Groups {
            config: config::group_config(settings),
            began: Instant::now(),
            shards: RwLock::default(),
            making_topic: tokio::sync::Mutex::default(),
        }
    }

    /// The shard that a group belongs to.
    pub(crate) fn shard_of(&self, broker: &Broker, group_id: &str) -> Result<Arc<Shard>, ErrorCode> {
        let topic = broker.partitions.by_name(OFFSETS_TOPIC).map_err(|_| ErrorCode::NotCoordinator)?;
        let index = key::partition_for(group_id, topic.image.partitions.len());
        self.shards.read().get(&index).cloned().ok_or(ErrorCode::NotCoordinator)
    }

    /// What the settings say about one group, which may have some of its own.
    pub(crate) fn config_of(&self, image: &MetadataImage, group_id: &str) -> GroupConfig {
        let own = image.group_configs(group_id);
        let mut config = self.config.clone();
        if let Some(session_timeout_ms) = own.consumer_session_timeout_ms {
            config.consumer_session_timeout_ms = session_timeout_ms;
        }
        if let Some(heartbeat_interval_ms) = own.consumer_heartbeat_interval_ms {
            config.consumer_heartbeat_interval_ms = heartbeat_interval_ms;
        }
        config
    }

    /// All shards, in no order.
    pub(crate) fn shards(&self) -> Vec<Arc<Shard>> {
        self.shards.read().values().cloned().collect()
    }

    fn now(&self, broker: &Broker) -> Now {
        let tick = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Now { time: broker.clock.now(), tick: Tick(tick) }
    }

    /// When a tick comes.
    fn instant_of(&self, tick: Tick) -> Option<Instant> {
        self.began.checked_add(std::time::Duration::from_millis(tick.0))
    }
}
