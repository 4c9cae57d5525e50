//! The plug-in that a command is about: a file, and a binding of it to no topic.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use klamm_plugin_host::{Artefact, Binding, Host, HostOptions, Kind, Limits, OnFailure, Plugin};

use crate::error::CliError;
use crate::settings::parse_pair;

const MIB: usize = 1 << 20;

/// The plug-in, and how it is bound.
#[derive(Debug, Args)]
pub struct Subject {
    /// The component, as `klamm plugin build` makes it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A parameter of the binding
    #[arg(short = 'P', long = "param", value_name = "NAME=VALUE", value_parser = parse_pair)]
    parameters: Vec<(String, String)>,
    /// The kind to use it as, if it is of several
    #[arg(long, value_name = "KIND", value_parser = parse_kind)]
    kind: Option<Kind>,
    /// What becomes of records that the plug-in fails on; dead-letter unless this is given, pass for a partitioner
    #[arg(long, value_enum)]
    on_failure: Option<OnFailureName>,
    /// The time that it may take for a batch
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=1_000))]
    deadline_ms: Option<u64>,
    /// The memory that it may use
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=256))]
    memory_mib: Option<u64>,
}

/// The names of what becomes of records that a plug-in fails on.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnFailureName {
    /// They go to quarantine
    DeadLetter,
    /// The producer's batch is refused
    Reject,
    /// They go on as if there were no plug-in
    Pass,
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    text.parse().map_err(|error: klamm_plugin_host::NotAKind| error.to_string())
}

impl Subject {
    /// The file's name.
    pub(super) fn shown(&self) -> String {
        self.file.display().to_string()
    }

    /// A host of its own, and the compiled component.
    pub(super) fn compile(&self) -> Result<(Arc<Host>, Arc<Artefact>), CliError> {
        let bytes = fs::read(&self.file).map_err(|error| {
            CliError::file(&self.file, &error).next("`klamm plugin build` makes a component of a project")
        })?;
        let options = HostOptions { parallel_compilation: true, ..HostOptions::default() };
        let host = Host::new(options).map_err(|error| CliError::failed(error.to_string()))?;
        let artefact = host.compile(&bytes);
        let artefact =
            artefact.map_err(|refused| CliError::failed(format!("{}: {refused}", self.shown())))?;
        Ok((host, artefact))
    }

    /// The kind that was asked for, or the only one.
    pub(super) fn kind(&self, artefact: &Artefact) -> Result<Kind, CliError> {
        match (self.kind, artefact.kinds()) {
            (Some(kind), _) => Ok(kind),
            (None, [kind]) => Ok(*kind),
            (None, kinds) => {
                let kinds: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
                Err(CliError::usage(format!("{} is of several kinds: {}", self.shown(), kinds.join(", ")))
                    .next("choose one with --kind KIND"))
            }
        }
    }

    /// The plug-in, bound as this kind; its `init` has been called.
    pub(super) fn bind(
        &self,
        host: &Arc<Host>,
        artefact: &Arc<Artefact>,
        kind: Kind,
    ) -> Result<Plugin, CliError> {
        let bound = host.bind(artefact, self.binding(kind));
        bound.map_err(|error| {
            CliError::failed(error.to_string()).next("give parameters with --param NAME=VALUE")
        })
    }

    /// Compiled and bound.
    pub(super) fn start(&self) -> Result<Plugin, CliError> {
        let (host, artefact) = self.compile()?;
        let kind = self.kind(&artefact)?;
        self.bind(&host, &artefact, kind)
    }

    fn binding(&self, kind: Kind) -> Binding {
        let name = self.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let usual = Limits::for_kind(kind);
        let limits = Limits {
            memory_bytes: self.memory_mib.map_or(usual.memory_bytes, |mib| mib as usize * MIB),
            deadline: self.deadline_ms.map_or(usual.deadline, Duration::from_millis),
            ..usual
        };
        let on_failure = match self.on_failure {
            None => OnFailure::default_for(kind),
            Some(OnFailureName::DeadLetter) => OnFailure::DeadLetter,
            Some(OnFailureName::Reject) => OnFailure::Reject,
            Some(OnFailureName::Pass) => OnFailure::Pass,
        };
        let parameters: BTreeMap<String, String> = self.parameters.iter().cloned().collect();
        let usual = Binding::new(kind, &name.unwrap_or_default(), "local", "test");
        Binding { parameters, on_failure, limits, ..usual }
    }
}
