//! The contract between host and guest: one module for each minor version, so that old plug-ins keep working.

mod v0_1;

use std::fmt;

use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::answers::BadAnswer;
use crate::guest_state::GuestState;
use crate::{Kind, Refused};

pub(crate) use v0_1::{Guest, Prepared};

/// How a call ended that gave no answer.
#[derive(Debug)]
pub(crate) enum CallError {
    /// WebAssembly was stopped, or what it returned couldn't be read.
    Stopped(wasmtime::Error),
    /// The plug-in returned an error.
    Returned(Returned),
    /// What it returned makes no sense.
    Answer(BadAnswer),
    /// The guest isn't of the kind that was called.
    WrongKind(Kind),
}

impl From<wasmtime::Error> for CallError {
    fn from(error: wasmtime::Error) -> CallError {
        CallError::Stopped(error)
    }
}

impl From<BadAnswer> for CallError {
    fn from(error: BadAnswer) -> CallError {
        CallError::Answer(error)
    }
}

/// An error that a plug-in returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Returned {
    BadConfig(String),
    BadRecord(String),
    Retriable(String),
    Fatal(String),
}

impl Returned {
    /// What follows the plug-in's name in a sentence.
    pub(crate) fn sentence(self) -> String {
        match self {
            Returned::BadConfig(text) => format!("refused its parameters: {text}"),
            Returned::BadRecord(text) => format!("can't work on a record: {text}"),
            Returned::Retriable(text) => format!("can't work now: {text}"),
            Returned::Fatal(text) => format!("failed: {text}"),
        }
    }
}

/// The package that the contract is in.
const PACKAGE: &str = "klamm:plugin";

/// The version of the contract that a plug-in was built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContractVersion {
    /// Changes when old plug-ins can't work any more.
    pub major: u16,
    /// Changes when something is added; each has its own module of the host.
    pub minor: u16,
    /// Changes when only words do.
    pub patch: u16,
}

impl fmt::Display for ContractVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl ContractVersion {
    /// Whether this host has a module for it.
    const fn is_known(self) -> bool {
        self.major == 0 && self.minor == 1
    }

    fn parse(text: &str) -> Option<ContractVersion> {
        let mut parts = text.split('.').map(|part| part.parse().ok());
        let version = ContractVersion { major: parts.next()??, minor: parts.next()??, patch: parts.next()?? };
        parts.next().is_none().then_some(version)
    }
}

/// An interface of the contract, as a component names it: `klamm:plugin/filter-api@0.1.0`.
struct Interface<'a> {
    name: &'a str,
    version: ContractVersion,
}

impl<'a> Interface<'a> {
    fn parse(text: &'a str) -> Option<Interface<'a>> {
        let (name, version) = text.strip_prefix(PACKAGE)?.strip_prefix('/')?.split_once('@')?;
        Some(Interface { name, version: ContractVersion::parse(version)? })
    }
}

/// The kind whose interface this is.
fn kind_of(interface: &str) -> Option<Kind> {
    match interface {
        "partitioner-api" => Some(Kind::Partitioner),
        "filter-api" => Some(Kind::Filter),
        "serializer-api" => Some(Kind::Serializer),
        "transform-api" => Some(Kind::Transform),
        _ => None,
    }
}

/// What a component says of itself by its imports and exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Face {
    pub(crate) contract: ContractVersion,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

impl Face {
    /// Reads it, and refuses what isn't in the contract. Nothing of the component runs.
    pub(crate) fn of(engine: &Engine, component: &Component) -> Result<Face, Refused> {
        let of_component = component.component_type();
        let imports: Vec<String> = of_component.imports(engine).map(|(name, _)| name.to_owned()).collect();
        let exports: Vec<String> = of_component.exports(engine).map(|(name, _)| name.to_owned()).collect();
        let mut contract = None;
        for name in imports.iter().chain(&exports) {
            if !name.starts_with(PACKAGE) {
                continue;
            }
            let version = Interface::parse(name).map(|interface| interface.version);
            match version {
                Some(version) if version.is_known() => contract = contract.max(Some(version)),
                _ => return Err(Refused::Contract { found: name.clone() }),
            }
        }
        check_imports(&imports)?;
        let exported = |wanted: &str| {
            exports.iter().filter_map(|name| Interface::parse(name)).any(|interface| interface.name == wanted)
        };
        if !exported("lifecycle") {
            return Err(Refused::NoLifecycle);
        }
        let kinds: Vec<Kind> = exports
            .iter()
            .filter_map(|name| Interface::parse(name))
            .filter_map(|interface| kind_of(interface.name))
            .collect();
        let contract = contract.filter(|_| !kinds.is_empty()).ok_or(Refused::NoKind)?;
        Ok(Face { contract, kinds, imports, exports })
    }
}

/// A plug-in may import `host`, and the types of the contract.
fn check_imports(imports: &[String]) -> Result<(), Refused> {
    let granted = |name: &str| {
        Interface::parse(name).is_some_and(|interface| matches!(interface.name, "host" | "types"))
    };
    match imports.iter().find(|name| !granted(name)) {
        Some(name) => Err(Refused::Import { name: name.clone() }),
        None => Ok(()),
    }
}

/// Gives guests of all versions what they may import.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = Linker::new(engine);
    v0_1::add_host(&mut linker)?;
    Ok(linker)
}
