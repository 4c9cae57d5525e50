//! `klamm topic create`.

use clap::Args;
use klamm_model::ErrorCode;
use klamm_wire::messages::CreateTopicsRequest;
use klamm_wire::messages::create_topics::{CreatableTopic, CreatableTopicConfig};

use crate::client::{Again, ClientError, Target, check};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::note;
use crate::session;
use crate::settings::parse_pair;

/// Create a topic
#[derive(Debug, Args)]
pub struct CreateArguments {
    /// The topic's name
    name: String,
    /// How many partitions; the broker's default (num.partitions) unless given
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    /// How many replicas; the broker's default (default.replication.factor) unless given
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(i16).range(1..))]
    replication_factor: Option<i16>,
    /// A setting, such as retention.ms=3600000; may be given several times
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = parse_pair)]
    config: Vec<(String, String)>,
    /// Don't fail if the topic exists
    #[arg(long)]
    if_not_exists: bool,
    /// Check everything and create nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(arguments: CreateArguments, globals: &Globals) -> Result<(), CliError> {
    let mut client = session::connect(globals).await?;
    let configs = arguments
        .config
        .iter()
        .map(|(name, value)| CreatableTopicConfig { name: name.clone(), value: Some(value.clone()) });
    let topic = CreatableTopic {
        name: arguments.name.clone(),
        num_partitions: arguments.partitions.unwrap_or(-1),
        replication_factor: arguments.replication_factor.unwrap_or(-1),
        configs: configs.collect(),
        ..CreatableTopic::default()
    };
    let request = CreateTopicsRequest {
        topics: vec![topic],
        timeout_ms: globals.timeout().as_millis() as i32,
        validate_only: arguments.dry_run,
    };
    let doing = || format!("creating topic {}", arguments.name);
    let creating = client.retrying(Again::IfRefused, async |client| {
        let response = client.call(Target::Controller, &request).await?;
        let result =
            response.topics.into_iter().next().ok_or_else(|| ClientError::Silent { doing: doing() })?;
        check(result.error_code, result.error_message.as_deref(), doing())?;
        Ok(result.num_partitions)
    });
    match creating.await {
        Ok(partitions) => {
            let would = if arguments.dry_run { "would be created" } else { "created" };
            let partitions = match partitions {
                1 => " with 1 partition".to_owned(),
                ..1 => String::new(),
                many => format!(" with {many} partitions"),
            };
            note(&format!("topic {} {would}{partitions}", arguments.name));
        }
        Err(error) if arguments.if_not_exists && error.code() == Some(ErrorCode::TopicAlreadyExists) => {
            note(&format!("topic {} exists", arguments.name));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
