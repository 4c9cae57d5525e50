//! What a table says of a setting.

use super::raw::{Kind, Raw};
use super::valid::Valid;
use super::{BrokerSettings, value};

/// A row of a table.
#[derive(Debug, Clone, Copy)]
pub struct SettingDef {
    /// Kafka's name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Which values it allows.
    pub valid: Valid,
    /// How much users should care.
    pub importance: Importance,
    /// When it can change.
    pub update: Update,
    /// The broker settings that decide where this one is not set, the strongest first. Of a broker setting:
    /// the whole group it belongs to, with itself.
    pub synonyms: &'static [&'static str],
    /// What it does.
    pub documentation: &'static str,
    /// The value where it is not set, as tools show it.
    pub(super) fallback: fn(&BrokerSettings) -> Option<String>,
}

/// When a setting can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// When the broker starts.
    ReadOnly,
    /// While it runs, for all brokers or for one.
    Dynamic,
}

/// How much users should care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Importance {
    /// Much.
    High,
    /// Some.
    Medium,
    /// Little.
    Low,
}

impl SettingDef {
    /// The value where it is not set: of a topic setting what the broker's settings say, of a broker setting
    /// what is built in.
    pub fn default_value(&self, broker: &BrokerSettings) -> Option<String> {
        (self.fallback)(broker)
    }

    /// The value that a text stands for, if it is allowed; the error is Kafka's reason.
    pub(super) fn read(&self, text: &str) -> Result<Raw, String> {
        value::read_raw(self.kind, text, self.valid)
    }
}
