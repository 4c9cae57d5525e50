//! The settings of topics and brokers: what exists, what is allowed, which layer decides.
//!
//! What it is: one table for each scope ([`BROKER_SETTINGS`], [`TOPIC_SETTINGS`], [`GROUP_SETTINGS`],
//! [`CLIENT_METRICS_SETTINGS`]), from which everything else
//! comes: the typed [`BrokerSettings`] and [`TopicSettings`], the checks, DescribeConfigs, the reference page.
//! A name that is not in a table is refused, because a setting that is accepted and ignored is a lie.
//!
//! What it is not: it stores nothing (the dynamic layers are in the metadata log) and applies nothing (the
//! server does, when the image changes).
//!
//! ```text
//!   built in < started with < all brokers < this broker  -> BrokerSettings --\
//!   (table)    (StaticSettings)   (image)      (image)                        > TopicSettings
//!                                              settings of the topic (image) /
//! ```

mod bindings;
mod broker_settings;
mod check;
mod choices;
mod client_metrics;
mod definition;
mod describe;
mod group_settings;
mod layers;
mod per_ip;
mod raw;
mod reference;
mod topic_settings;
mod valid;
mod value;

use std::collections::BTreeMap;

pub use broker_settings::{BROKER_SETTINGS, BrokerSettings};
pub use check::{
    InvalidSetting, InvalidSettings, Scope, check_broker_update, check_client_metrics, check_group,
    check_topic,
};
pub use choices::{CleanupPolicy, CompressionType, TimestampType, TopicCompression};
pub use client_metrics::CLIENT_METRICS_SETTINGS;
pub use definition::{Importance, SettingDef, Update};
pub use describe::{
    DescribedSetting, SettingSource, Synonym, describe_broker, describe_client_metrics, describe_cluster,
    describe_group, describe_topic,
};
pub use group_settings::{GROUP_SETTINGS, GroupBounds, GroupOverrides};
pub use layers::{BrokerLayers, StaticSettings};
pub use per_ip::ConnectionsPerIp;
pub use raw::{Kind, list_elements};
pub use reference::reference_markdown;
pub use topic_settings::{TOPIC_SETTINGS, TopicSettings};
pub use valid::Valid;
pub use value::{Limit, SettingValue};

/// Settings by name, as given.
pub type Configs = BTreeMap<String, String>;
