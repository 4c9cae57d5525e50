//! `klamm plugin describe`.

use clap::Args;
use klamm_model::{InvalidPluginName, PluginName, PluginVersion};
use klamm_rpc::plugin::{DescribeRequest, Details};
use serde::Serialize;

use super::connection::GrpcArguments;
use super::row::{PluginRow, table};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table};

const OUTPUT: &str = "\
With -o json or yaml: a list of what `klamm plugin list` has, with \"imports\", \"exports\" and \"unusable\" (why the broker
can't use its bytes, or null).";

/// Show versions of a plug-in, with where they are bound
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct DescribeArguments {
    /// The plug-in; all versions unless one is named
    #[arg(value_name = "NAME[@VERSION]", value_parser = parse)]
    plugin: (PluginName, Option<PluginVersion>),
    #[command(flatten)]
    grpc: GrpcArguments,
}

fn parse(text: &str) -> Result<(PluginName, Option<PluginVersion>), InvalidPluginName> {
    match text.split_once('@') {
        Some((name, version)) => Ok((name.parse()?, Some(version.parse()?))),
        None => Ok((text.parse()?, None)),
    }
}

#[derive(Debug, Serialize)]
struct Version {
    #[serde(flatten)]
    plugin: PluginRow,
    imports: Vec<String>,
    exports: Vec<String>,
    unusable: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Description(Vec<Version>);

impl Present for Description {
    fn tables(&self, wide: bool) -> Vec<Table> {
        let mut tables = vec![table(self.0.iter().map(|version| &version.plugin), wide)];
        for version in &self.0 {
            tables.extend(version.tables());
        }
        tables
    }
}

impl Version {
    fn tables(&self) -> Vec<Table> {
        let plugin = format!("{}@{}", self.plugin.name, self.plugin.version);
        let mut tables = Vec::new();
        if !self.plugin.bound.is_empty() {
            let mut bound = Table::new(&["TOPIC", "ROLE", "BINDING"]);
            for row in &self.plugin.bound {
                bound.row([row.topic.clone(), row.role.to_owned(), row.binding.clone()]);
            }
            tables.push(bound);
        }
        for (what, names) in [("IMPORTS", &self.imports), ("EXPORTS", &self.exports)] {
            let mut table = Table::new(&[&format!("{what} OF {plugin}")]);
            for name in names {
                table.row([name.clone()]);
            }
            tables.extend((!names.is_empty()).then_some(table));
        }
        if let Some(why) = &self.unusable {
            let mut table = Table::new(&[&format!("{plugin} CAN'T BE USED")]);
            table.row([why.clone()]);
            tables.push(table);
        }
        tables
    }
}

impl From<Details> for Version {
    fn from(details: Details) -> Version {
        Version {
            plugin: details.plugin.unwrap_or_default().into(),
            imports: details.imports,
            exports: details.exports,
            unusable: Some(details.unusable).filter(|why| !why.is_empty()),
        }
    }
}

pub(super) async fn run(arguments: DescribeArguments, globals: &Globals) -> Result<(), CliError> {
    let (name, version) = arguments.plugin;
    let connection = arguments.grpc.connect(globals).await?;
    let version = version.map(|version| version.to_string()).unwrap_or_default();
    let request = DescribeRequest { name: name.to_string(), version };
    let mut client = connection.client.clone();
    let describing = client.describe(request);
    let response = connection.answer(&format!("looking for plug-in {name}"), describing).await?;
    let versions = response.versions.into_iter().map(Version::from).collect();
    output::print(globals.output(), &Description(versions))
}
