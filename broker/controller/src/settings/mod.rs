//! The settings of topics and brokers: their definitions, their layers, and what comes out.

mod broker_settings;
mod definition;
mod describe;
mod layers;
mod topic_settings;

use std::collections::BTreeMap;

pub use broker_settings::BrokerSettings;
pub use definition::{Importance, Kind, Update};
pub use describe::{
    DescribedSetting, SettingSource, Synonym, describe_broker, describe_cluster, describe_topic,
};
pub use layers::{BrokerLayers, InvalidSetting, InvalidSettings, StaticSettings};
pub use topic_settings::{CleanupPolicy, TimestampType, TopicCompression, TopicSettings};

/// Settings by name, as given.
pub type Configs = BTreeMap<String, String>;
