//! Why bytes don't become a plug-in, and why a plug-in can't be bound.

use crate::Kind;

/// Why bytes aren't accepted as a plug-in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Larger than plug-ins may be.
    #[error("the plug-in has {bytes} bytes, and {limit} are allowed")]
    TooLarge {
        /// What it has.
        bytes: usize,
        /// What it may have.
        limit: usize,
    },
    /// A plain module.
    #[error("this is a WebAssembly module, not a component: `klamm plugin build` makes a component of it")]
    NotAComponent,
    /// Not WebAssembly, or broken.
    #[error("this isn't a valid WebAssembly component: {detail}")]
    Invalid {
        /// What is wrong, with the place.
        detail: String,
    },
    /// More of something than a plug-in needs: compiling or starting it could take the broker's time or memory.
    #[error("the component has {count} {what}, and {limit} are allowed")]
    Excess {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        count: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// It wants something that no plug-in gets.
    #[error(
        "the plug-in imports {name}, which isn't granted: it may import klamm:plugin/host and nothing else (no clock, no randomness, no files, \
         no network)"
    )]
    Import {
        /// What it wants.
        name: String,
    },
    /// It was built for another version of the contract.
    #[error("{found} isn't in a version of the contract that this broker knows: it knows klamm:plugin 0.1")]
    Contract {
        /// The import or export.
        found: String,
    },
    /// It can't be started.
    #[error("the component doesn't export klamm:plugin/lifecycle@0.1.0")]
    NoLifecycle,
    /// It does nothing.
    #[error(
        "the component exports none of klamm:plugin's partitioner-api, filter-api, serializer-api and transform-api"
    )]
    NoKind,
    /// An interface of the contract, with other functions or types than the contract has.
    #[error("the component doesn't fit the contract: {detail}")]
    Shape {
        /// What doesn't fit.
        detail: String,
    },
    /// The compiler failed on it.
    #[error("the component can't be compiled: {detail}")]
    Compile {
        /// What the compiler says.
        detail: String,
    },
    /// It doesn't even start.
    #[error("the component can't be started: {detail}")]
    Start {
        /// What happened.
        detail: String,
    },
    /// The host itself has no engine.
    #[error("WebAssembly doesn't run on this machine: {detail}")]
    NoEngine {
        /// Why.
        detail: String,
    },
}

/// Why a plug-in can't be bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// It isn't of this kind.
    #[error("{plugin} is no {kind}; it is: {kinds}")]
    WrongKind {
        /// The plug-in.
        plugin: String,
        /// The kind that was asked for.
        kind: Kind,
        /// The kinds that it has.
        kinds: String,
    },
    /// A limit that can't be.
    #[error("{plugin}: {what} must be between {least} and {most}, not {value}")]
    Limit {
        /// The plug-in.
        plugin: String,
        /// Which limit.
        what: &'static str,
        /// What was asked for.
        value: u64,
        /// The least that can be.
        least: u64,
        /// The most that can be.
        most: u64,
    },
    /// `init` refused the parameters. The sentence is the plug-in's.
    #[error("{plugin} refuses its parameters: {sentence}")]
    BadConfig {
        /// The plug-in.
        plugin: String,
        /// Why.
        sentence: String,
    },
    /// The first instance didn't start.
    #[error("{plugin} {sentence}")]
    Init {
        /// The plug-in.
        plugin: String,
        /// What happened, as the end of a sentence.
        sentence: String,
    },
}
