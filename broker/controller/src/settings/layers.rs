//! The layers that decide a broker's settings.

use std::collections::BTreeMap;

use super::Configs;
use super::check::{InvalidSettings, check_static};
use super::describe::SettingSource;

/// The settings a broker was started with: every name is known and every value allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaticSettings(Configs);

/// Everything that decides a broker's settings, above what is built in.
#[derive(Debug, Clone, Copy)]
pub struct BrokerLayers<'a> {
    /// What it was started with; the weakest.
    pub fixed: &'a StaticSettings,
    /// Dynamic settings of all brokers.
    pub cluster: &'a Configs,
    /// Dynamic settings of this broker; the strongest.
    pub broker: &'a Configs,
}

impl StaticSettings {
    /// Nothing set.
    pub const NONE: &'static StaticSettings = &StaticSettings(BTreeMap::new());

    /// Checks names and values; the error names every wrong one. Of a name that comes twice, the last counts.
    pub fn parse<I>(settings: I) -> Result<StaticSettings, InvalidSettings>
    where
        I: IntoIterator<Item = (String, String)>,
    {
        let configs = settings.into_iter().collect();
        check_static(&configs)?;
        Ok(StaticSettings(configs))
    }

    /// The settings as given.
    pub fn configs(&self) -> &Configs {
        &self.0
    }
}

impl<'a> BrokerLayers<'a> {
    /// Nothing set.
    pub const NONE: BrokerLayers<'static> =
        BrokerLayers { fixed: StaticSettings::NONE, cluster: &BTreeMap::new(), broker: &BTreeMap::new() };

    pub(super) fn strongest_first(self) -> [&'a Configs; 3] {
        [self.broker, self.cluster, &self.fixed.0]
    }

    pub(super) fn with_sources(self) -> [(&'a Configs, SettingSource); 3] {
        let [broker, cluster, fixed] = self.strongest_first();
        [
            (broker, SettingSource::DynamicBrokerConfig),
            (cluster, SettingSource::DynamicDefaultBrokerConfig),
            (fixed, SettingSource::StaticBrokerConfig),
        ]
    }
}
