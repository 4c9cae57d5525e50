//! How a topic says which plug-ins its records pass: the text form that topic settings carry.
//!
//! `json-guard@1.0.0/required:id+amount/on-failure:reject`

mod percent;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::plugin_name::{InvalidPluginName, PluginName, PluginReference, PluginVersion};

/// The longest text of one binding, in bytes.
const MAX_LENGTH: usize = 4096;
/// The most filters of a topic: each costs every batch some time.
const MAX_FILTERS: usize = 16;

/// What a plug-in does for a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PluginRole {
    /// Says which records get in.
    Filter,
    /// Changes the records' bytes.
    Serializer,
    /// Chooses the records' partitions.
    Partitioner,
}

/// What happens to a record on which the plug-in itself fails: traps, exceeds a limit, or answers what it must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnPluginFailure {
    /// It goes to the topic's dead letters.
    DeadLetter,
    /// Its batch is refused.
    Reject,
    /// It goes on as if the plug-in weren't there.
    Pass,
}

/// One plug-in bound to a topic, as a setting says it. What is `None` is left to the plug-in's role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingSpec {
    /// The plug-in.
    pub name: PluginName,
    /// Its version.
    pub version: PluginVersion,
    /// What it is configured with.
    pub parameters: BTreeMap<String, String>,
    /// What happens to records on which it fails.
    pub on_failure: Option<OnPluginFailure>,
    /// The longest time that a batch may take it, in milliseconds, 1 to 1000.
    pub deadline_ms: Option<u32>,
    /// The most memory of an instance, in MiB, 1 to 256.
    pub memory_mib: Option<u32>,
    /// Whether it only runs and is counted, and nothing is done about what it says.
    pub shadow: bool,
}

/// Why a text is no binding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBinding {
    /// Nothing.
    #[error("a binding can't be empty: write NAME@VERSION; to bind nothing, delete the setting")]
    Empty,
    /// Too long.
    #[error("a binding can't be longer than {MAX_LENGTH} bytes, this one has {0}")]
    TooLong(usize),
    /// The plug-in's name or version.
    #[error(transparent)]
    Name(#[from] InvalidPluginName),
    /// Two bindings of one filter.
    #[error("filter {0} is bound twice: a topic binds a filter once, in one version")]
    BoundTwice(PluginName),
    /// Too many filters.
    #[error("a topic can't have more than {MAX_FILTERS} filters, these are {0}")]
    TooMany(usize),
    /// A comma.
    #[error("a comma separates bindings, and only klamm.filters has several; in a parameter write it as %2C")]
    Comma,
    /// A parameter without a colon.
    #[error("parameter {0:?} lacks its value: write it as NAME:VALUE; a '/' in a value is written as %2F")]
    NoValue(String),
    /// A parameter's name.
    #[error("{0:?} is no parameter name: 1 to 63 letters, digits, '.', '_' and '-' are")]
    ParameterName(String),
    /// A parameter twice.
    #[error("parameter {0} is given twice")]
    Twice(String),
    /// A value that can't be decoded.
    #[error("the value of parameter {0} is not well encoded: a '%' is written as %25")]
    Encoding(String),
    /// A value of a parameter that the broker takes.
    #[error("parameter {name} can't be {value:?}: it is {allowed}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
}

impl PluginRole {
    /// Every role, in the order in which records pass them.
    pub const ALL: [PluginRole; 3] = [PluginRole::Filter, PluginRole::Serializer, PluginRole::Partitioner];

    /// Its name, which is the kind that a plug-in must be of.
    pub const fn name(self) -> &'static str {
        match self {
            PluginRole::Filter => "filter",
            PluginRole::Serializer => "serializer",
            PluginRole::Partitioner => "partitioner",
        }
    }

    /// The topic setting that binds plug-ins in this role.
    pub const fn setting(self) -> &'static str {
        match self {
            PluginRole::Filter => "klamm.filters",
            PluginRole::Serializer => "klamm.serializer",
            PluginRole::Partitioner => "klamm.partitioner",
        }
    }

    /// The role whose setting it is.
    pub fn of_setting(name: &str) -> Option<PluginRole> {
        PluginRole::ALL.into_iter().find(|role| role.setting() == name)
    }

    /// Reads a setting's value: bindings with commas between, of which only filters can have several or none.
    pub fn read(self, value: &str) -> Result<Vec<BindingSpec>, InvalidBinding> {
        match self {
            PluginRole::Filter => read_filters(value),
            PluginRole::Serializer | PluginRole::Partitioner => Ok(vec![value.trim().parse()?]),
        }
    }
}

/// As in every list of Kafka's settings, an element that is there twice counts once.
fn read_filters(value: &str) -> Result<Vec<BindingSpec>, InvalidBinding> {
    let mut filters: Vec<BindingSpec> = Vec::new();
    for text in value.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        let filter: BindingSpec = text.parse()?;
        match filters.iter().find(|earlier| earlier.name == filter.name) {
            Some(earlier) if *earlier == filter => {}
            Some(_) => return Err(InvalidBinding::BoundTwice(filter.name)),
            None => filters.push(filter),
        }
    }
    if filters.len() > MAX_FILTERS { Err(InvalidBinding::TooMany(filters.len())) } else { Ok(filters) }
}

impl fmt::Display for PluginRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl OnPluginFailure {
    /// Every choice.
    pub const ALL: [OnPluginFailure; 3] =
        [OnPluginFailure::DeadLetter, OnPluginFailure::Reject, OnPluginFailure::Pass];

    /// Its text in a binding.
    pub const fn name(self) -> &'static str {
        match self {
            OnPluginFailure::DeadLetter => "dead-letter",
            OnPluginFailure::Reject => "reject",
            OnPluginFailure::Pass => "pass",
        }
    }
}

impl fmt::Display for OnPluginFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl BindingSpec {
    /// The names of parameters that the broker takes: a plug-in never sees them.
    pub const RESERVED: [&'static str; 4] = [ON_FAILURE, DEADLINE_MS, MEMORY_MIB, SHADOW];

    /// A binding without parameters.
    pub fn new(plugin: PluginReference) -> BindingSpec {
        BindingSpec {
            name: plugin.name,
            version: plugin.version,
            parameters: BTreeMap::new(),
            on_failure: None,
            deadline_ms: None,
            memory_mib: None,
            shadow: false,
        }
    }

    /// The plug-in and its version.
    pub fn reference(&self) -> PluginReference {
        PluginReference { name: self.name.clone(), version: self.version.clone() }
    }

    /// Gives it a parameter, for itself or for the broker. The value is as it is, not encoded.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidBinding> {
        match name {
            ON_FAILURE => self.on_failure = Some(choice(value)?),
            DEADLINE_MS => {
                self.deadline_ms = Some(number(DEADLINE_MS, value, 1000, "1 to 1000 milliseconds")?);
            }
            MEMORY_MIB => self.memory_mib = Some(number(MEMORY_MIB, value, 256, "1 to 256 MiB")?),
            SHADOW => self.shadow = flag(value)?,
            name => {
                check_parameter_name(name)?;
                self.parameters.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(())
    }
}

const ON_FAILURE: &str = "on-failure";
const DEADLINE_MS: &str = "deadline-ms";
const MEMORY_MIB: &str = "memory-mib";
const SHADOW: &str = "shadow";

fn check_parameter_name(name: &str) -> Result<(), InvalidBinding> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if (1..=63).contains(&name.len()) && name.bytes().all(legal) {
        Ok(())
    } else {
        Err(InvalidBinding::ParameterName(name.to_owned()))
    }
}

fn choice(value: &str) -> Result<OnPluginFailure, InvalidBinding> {
    let wrong = || InvalidBinding::Value {
        name: ON_FAILURE,
        value: value.to_owned(),
        allowed: "dead-letter, reject or pass",
    };
    OnPluginFailure::ALL.into_iter().find(|choice| choice.name() == value).ok_or_else(wrong)
}

fn number(name: &'static str, value: &str, most: u32, allowed: &'static str) -> Result<u32, InvalidBinding> {
    let number = value.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| InvalidBinding::Value { name, value: value.to_owned(), allowed })
}

fn flag(value: &str) -> Result<bool, InvalidBinding> {
    let wrong = || InvalidBinding::Value { name: SHADOW, value: value.to_owned(), allowed: "true or false" };
    value.parse().map_err(|_| wrong())
}

impl FromStr for BindingSpec {
    type Err = InvalidBinding;

    fn from_str(text: &str) -> Result<BindingSpec, InvalidBinding> {
        if text.is_empty() {
            return Err(InvalidBinding::Empty);
        }
        if text.len() > MAX_LENGTH {
            return Err(InvalidBinding::TooLong(text.len()));
        }
        if text.contains(',') {
            return Err(InvalidBinding::Comma);
        }
        let mut parts = text.split('/');
        let mut binding = BindingSpec::new(parts.next().unwrap_or_default().parse()?);
        let mut seen = Vec::new();
        for part in parts {
            let (name, value) =
                part.split_once(':').ok_or_else(|| InvalidBinding::NoValue(part.to_owned()))?;
            if seen.contains(&name) {
                return Err(InvalidBinding::Twice(name.to_owned()));
            }
            seen.push(name);
            let value = percent::decode(value).ok_or_else(|| InvalidBinding::Encoding(name.to_owned()))?;
            binding.set(name, &value)?;
        }
        Ok(binding)
    }
}

impl fmt::Display for BindingSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)?;
        for (name, value) in &self.parameters {
            write!(f, "/{name}:")?;
            percent::encode(value, f)?;
        }
        if let Some(on_failure) = self.on_failure {
            write!(f, "/{ON_FAILURE}:{on_failure}")?;
        }
        if let Some(deadline_ms) = self.deadline_ms {
            write!(f, "/{DEADLINE_MS}:{deadline_ms}")?;
        }
        if let Some(memory_mib) = self.memory_mib {
            write!(f, "/{MEMORY_MIB}:{memory_mib}")?;
        }
        if self.shadow { write!(f, "/{SHADOW}:true") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
