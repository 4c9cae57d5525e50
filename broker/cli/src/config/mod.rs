//! `klamm config`.

use clap::{Args, Subcommand, ValueEnum};
use klamm_model::ErrorCode;
use serde::Serialize;

use crate::client::ClientError;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table, note};
use crate::session;
use crate::settings::{self, Change, Resource, Setting, parse_pair};

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show settings, with where each value comes from
    Describe(DescribeArguments),
    /// Change settings
    Set(SetArguments),
    /// Take settings back to what they are by default
    Delete(DeleteArguments),
}

/// Whose settings
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResourceKind {
    /// Those of a topic, by its name
    Topic,
    /// Those of a broker, by its id; without an id, those of all brokers
    Broker,
}

/// Whose settings
#[derive(Debug, Args)]
struct ResourceArguments {
    /// Whose settings
    kind: ResourceKind,
    /// The topic's name or the broker's id ("default": all brokers)
    name: String,
}

const OUTPUT: &str = "\
SOURCE is topic, broker (this one's), all brokers, static (the broker's file, flags or environment) or default.
-o wide also shows the values that would count without the first.

With -o json or yaml: a list of \"name\", \"value\" (null if it is a secret), \"source\", \"read_only\" and, where there are
any, \"synonyms\" and \"documentation\".";

/// Show settings, with where each value comes from
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct DescribeArguments {
    #[command(flatten)]
    resource: ResourceArguments,
    /// Only these settings
    names: Vec<String>,
    /// Only those that somebody set
    #[arg(long)]
    changed: bool,
    /// With what each setting means
    #[arg(long)]
    documentation: bool,
}

/// Change settings
#[derive(Debug, Args)]
pub struct SetArguments {
    #[command(flatten)]
    resource: ResourceArguments,
    /// The new values
    #[arg(required = true, value_name = "NAME=VALUE", value_parser = parse_pair)]
    settings: Vec<(String, String)>,
    /// Check everything and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Take settings back to what they are by default
#[derive(Debug, Args)]
pub struct DeleteArguments {
    #[command(flatten)]
    resource: ResourceArguments,
    /// The settings
    #[arg(required = true)]
    names: Vec<String>,
    /// Check everything and change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct SettingList(Vec<Setting>);

impl Present for SettingList {
    fn tables(&self, wide: bool) -> Vec<Table> {
        let head = ["SETTING", "VALUE", "SOURCE", "READ-ONLY", "SYNONYMS"];
        let mut table = Table::new(if wide { &head } else { &head[..3] });
        for setting in &self.0 {
            table.row([
                setting.name.clone(),
                setting.value.clone().unwrap_or_default(),
                setting.source.to_owned(),
                setting.read_only.to_string(),
                setting.synonyms.join(", "),
            ]);
        }
        let mut tables = vec![table];
        for setting in self.0.iter().filter(|setting| setting.documentation.is_some()) {
            let mut table = Table::new(&[setting.name.as_str()]);
            table.row([setting.documentation.clone().unwrap_or_default()]);
            tables.push(table);
        }
        tables
    }
}

impl ResourceArguments {
    /// As it is given on the command line.
    fn words(&self) -> String {
        let kind = match self.kind {
            ResourceKind::Topic => "topic",
            ResourceKind::Broker => "broker",
        };
        format!("{kind} {}", self.name)
    }

    fn resource(self) -> Result<Resource, CliError> {
        match (self.kind, self.name.as_str()) {
            (ResourceKind::Topic, _) => Ok(Resource::Topic(self.name)),
            (ResourceKind::Broker, "default") => Ok(Resource::AllBrokers),
            (ResourceKind::Broker, id) => id.parse().map(Resource::Broker).map_err(|_| {
                CliError::usage(format!("{id:?} is not a broker's id"))
                    .next("`klamm cluster brokers` shows them")
            }),
        }
    }
}

impl ConfigCommand {
    pub(crate) async fn run(self, globals: &Globals) -> Result<(), CliError> {
        match self {
            ConfigCommand::Describe(arguments) => describe(arguments, globals).await,
            ConfigCommand::Set(arguments) => {
                let changes =
                    arguments.settings.into_iter().map(|(name, value)| Change::Set(name, value)).collect();
                change(arguments.resource, changes, arguments.dry_run, globals).await
            }
            ConfigCommand::Delete(arguments) => {
                let changes = arguments.names.into_iter().map(Change::Unset).collect();
                change(arguments.resource, changes, arguments.dry_run, globals).await
            }
        }
    }
}

async fn describe(arguments: DescribeArguments, globals: &Globals) -> Result<(), CliError> {
    let resource = arguments.resource.resource()?;
    let mut client = session::connect(globals).await?;
    let names = Some(arguments.names).filter(|names| !names.is_empty());
    let mut settings = settings::describe(&mut client, &resource, names, arguments.documentation).await?;
    settings.retain(|setting| !arguments.changed || setting.is_set());
    output::print(globals.output(), &SettingList(settings))
}

async fn change(
    resource: ResourceArguments,
    changes: Vec<Change>,
    dry_run: bool,
    globals: &Globals,
) -> Result<(), CliError> {
    let words = resource.words();
    let resource = resource.resource()?;
    let mut client = session::connect(globals).await?;
    let altered = settings::alter(&mut client, &resource, &changes, dry_run).await;
    altered.map_err(|error| refused(&error, &words))?;
    note(&format!("settings of {resource} {}", if dry_run { "would be changed" } else { "changed" }));
    Ok(())
}

/// Kafka answers what can't be changed, does not exist or has a wrong value with one code, if it is a broker's.
fn refused(error: &ClientError, words: &str) -> CliError {
    let refused = CliError::from(error);
    if error.code() != Some(ErrorCode::InvalidRequest) {
        return refused;
    }
    refused.next(format!(
        "`klamm config describe {words} --documentation` shows the settings there are and what they take; one that is \
         read-only (-o wide) is given to the broker when it starts: `klamm server --set NAME=VALUE`, or in its file"
    ))
}

#[cfg(test)]
mod tests {
    use klamm_model::ErrorCode;

    use super::{SettingList, refused};
    use crate::client::ClientError;
    use crate::output::Present;
    use crate::settings::Setting;

    #[test]
    fn a_broker_that_refuses_says_why_and_what_can_be_done() {
        let error = |code| ClientError::Refused {
            doing: "changing the settings of broker 1".into(),
            code,
            message: Some("log.dirs can't change while a broker runs".into()),
            broker: None,
        };
        assert_eq!(
            refused(&error(ErrorCode::InvalidRequest), "broker 1").to_string(),
            "error: changing the settings of broker 1: log.dirs can't change while a broker runs [INVALID_REQUEST (42)]\n\
             next: `klamm config describe broker 1 --documentation` shows the settings there are and what they take; one \
             that is read-only (-o wide) is given to the broker when it starts: `klamm server --set NAME=VALUE`, or in its \
             file"
        );
        let other = refused(&error(ErrorCode::InvalidConfig), "broker 1").to_string();
        assert!(other.ends_with("shows the settings there are and what they mean"), "{other}");
    }

    #[test]
    fn people_and_programs_see_settings() {
        let settings = SettingList(vec![Setting {
            name: "num.partitions".into(),
            value: Some("3".into()),
            source: "static",
            read_only: true,
            synonyms: vec!["num.partitions=1 (default)".into()],
            documentation: Some("How many.".into()),
        }]);
        let tables: Vec<String> = settings.tables(true).iter().map(ToString::to_string).collect();
        assert_eq!(
            tables,
            [
                "SETTING         VALUE  SOURCE  READ-ONLY  SYNONYMS\n\
                 num.partitions  3      static  true       num.partitions=1 (default)",
                "num.partitions\nHow many.",
            ]
        );
        assert_eq!(
            serde_json::to_string(&settings).unwrap(),
            r#"[{"name":"num.partitions","value":"3","source":"static","read_only":true,"synonyms":["num.partitions=1 (default)"],"documentation":"How many."}]"#
        );
    }
}
