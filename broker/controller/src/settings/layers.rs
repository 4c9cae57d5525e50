//! The layers that decide a setting.

use super::Configs;

/// The settings a broker was started with; every name is known and every value valid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaticSettings(Configs);

/// One setting that is not known or has a value that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("placeholder")]
pub struct InvalidSetting;

/// Every setting that is wrong, not only the first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("placeholder")]
pub struct InvalidSettings(pub Vec<InvalidSetting>);

/// Everything that decides a broker's settings, from the weakest to the strongest after the defaults.
#[derive(Debug, Clone, Copy)]
pub struct BrokerLayers<'a> {
    /// What it was started with.
    pub fixed: &'a StaticSettings,
    /// Dynamic settings of all brokers.
    pub cluster: &'a Configs,
    /// Dynamic settings of this broker.
    pub broker: &'a Configs,
}

impl StaticSettings {
    /// Checks names and values; the error names every wrong one.
    pub fn parse<I>(_settings: I) -> Result<StaticSettings, InvalidSettings>
    where
        I: IntoIterator<Item = (String, String)>,
    {
        todo!()
    }

    /// The settings as given.
    pub fn configs(&self) -> &Configs {
        &self.0
    }
}
