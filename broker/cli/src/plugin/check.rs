//! `klamm plugin check`.

use clap::Args;
use serde::Serialize;

use super::subject::Subject;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table};

const OUTPUT: &str = "\
With -o json or yaml: \"file\", \"digest\" (SHA-256), \"size_bytes\", \"contract\" (its version), \"kinds\", \"imports\",
\"exports\", \"compile_ms\", and \"started\": a list of \"kind\", \"init_us\", \"wants_keys\", \"wants_values\",
\"wants_headers\" and \"memory_bytes\".";

/// Say what a broker would say of a component at upload, and of its parameters
///
/// The component's size, imports, exports and the contract's version are checked, it is compiled, and an instance of each of
/// its kinds is started with the parameters that are given. If a broker would refuse it, the command fails (exit code 1)
/// and says why.
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct CheckArguments {
    #[command(flatten)]
    subject: Subject,
}

/// What a broker would say.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    file: String,
    digest: String,
    size_bytes: usize,
    contract: String,
    kinds: Vec<&'static str>,
    imports: Vec<String>,
    exports: Vec<String>,
    compile_ms: f64,
    started: Vec<Started>,
}

#[derive(Debug, Serialize)]
struct Started {
    kind: &'static str,
    init_us: f64,
    wants_keys: bool,
    wants_values: bool,
    wants_headers: bool,
    memory_bytes: u64,
}

impl Started {
    fn wants(&self) -> String {
        let parts =
            [(self.wants_keys, "keys"), (self.wants_values, "values"), (self.wants_headers, "headers")];
        let wanted: Vec<_> =
            parts.iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, part)| *part).collect();
        if wanted.is_empty() { "<nothing>".into() } else { wanted.join(",") }
    }
}

impl Present for Report {
    fn tables(&self, wide: bool) -> Vec<Table> {
        let mut component = Table::new(&["COMPONENT", "BYTES", "CONTRACT", "KINDS", "COMPILED IN", "DIGEST"]);
        component.row([
            self.file.clone(),
            self.size_bytes.to_string(),
            self.contract.clone(),
            self.kinds.join(","),
            format!("{:.1} ms", self.compile_ms),
            self.digest.clone(),
        ]);
        let mut started = Table::new(&["STARTED AS", "IN", "WANTS", "MEMORY"]);
        for instance in &self.started {
            started.row([
                instance.kind.to_owned(),
                format!("{:.0} us", instance.init_us),
                instance.wants(),
                format!("{} KiB", instance.memory_bytes / 1024),
            ]);
        }
        let mut tables = vec![component, started];
        if wide {
            let mut faces = Table::new(&["IMPORTS AND EXPORTS"]);
            let lines = self.imports.iter().map(|name| format!("import {name}"));
            lines
                .chain(self.exports.iter().map(|name| format!("export {name}")))
                .for_each(|line| faces.row([line]));
            tables.push(faces);
        }
        tables
    }
}

pub(super) fn run(arguments: &CheckArguments, globals: &Globals) -> Result<(), CliError> {
    output::print(globals.output(), &report(&arguments.subject)?)
}

pub(super) fn report(subject: &Subject) -> Result<Report, CliError> {
    let (host, artefact) = subject.compile()?;
    let mut started = Vec::new();
    for kind in artefact.kinds() {
        let plugin = subject.bind(&host, &artefact, *kind)?;
        let figures = plugin.statistics().snapshot();
        let wants = plugin.info();
        started.push(Started {
            kind: kind.name(),
            init_us: figures.init_time.as_secs_f64() * 1e6,
            wants_keys: wants.keys,
            wants_values: wants.values,
            wants_headers: wants.headers,
            memory_bytes: figures.memory_high_water_bytes,
        });
    }
    Ok(Report {
        file: subject.shown(),
        digest: artefact.digest().to_string(),
        size_bytes: artefact.size_bytes(),
        contract: artefact.contract().to_string(),
        kinds: artefact.kinds().iter().map(|kind| kind.name()).collect(),
        imports: artefact.imports().to_vec(),
        exports: artefact.exports().to_vec(),
        compile_ms: artefact.compile_time().as_secs_f64() * 1e3,
        started,
    })
}
