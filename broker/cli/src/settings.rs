//! Settings of topics and brokers, over DescribeConfigs and IncrementalAlterConfigs.

use klamm_model::BrokerId;
use klamm_wire::messages::describe_configs::{DescribeConfigsResource, DescribeConfigsResourceResult};
use klamm_wire::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use klamm_wire::messages::{DescribeConfigsRequest, IncrementalAlterConfigsRequest};
use serde::Serialize;

use crate::client::{Again, Client, ClientError, Target, check};
use crate::error::CliError;

/// Whose settings (`org.apache.kafka.common.config.ConfigResource`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resource {
    /// A topic's.
    Topic(String),
    /// One broker's.
    Broker(i32),
    /// Those that all brokers have unless they have their own.
    AllBrokers,
}

/// A change of one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// To this value.
    Set(String, String),
    /// Back to what it is without an override.
    Unset(String),
}

/// A setting as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Setting {
    pub name: String,
    pub value: Option<String>,
    pub source: &'static str,
    pub read_only: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub synonyms: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation: Option<String>,
}

impl Setting {
    /// Whether somebody set it.
    pub(crate) fn is_set(&self) -> bool {
        self.source != "default"
    }
}

impl Resource {
    fn code(&self) -> i8 {
        match self {
            Resource::Topic(_) => 2,
            Resource::Broker(_) | Resource::AllBrokers => 4,
        }
    }

    fn name(&self) -> String {
        match self {
            Resource::Topic(name) => name.clone(),
            Resource::Broker(id) => id.to_string(),
            Resource::AllBrokers => String::new(),
        }
    }

    /// A broker answers for its own settings.
    fn target(&self) -> Target {
        match self {
            Resource::Broker(id) => Target::Broker(BrokerId(*id)),
            _ => Target::Any,
        }
    }
}

impl std::fmt::Display for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Resource::Topic(name) => write!(f, "topic {name}"),
            Resource::Broker(id) => write!(f, "broker {id}"),
            Resource::AllBrokers => f.write_str("all brokers"),
        }
    }
}

/// The settings of `resource`, by name; all of them, or those called `names`.
pub(crate) async fn describe(
    client: &mut Client,
    resource: &Resource,
    names: Option<Vec<String>>,
    documentation: bool,
) -> Result<Vec<Setting>, ClientError> {
    let asked = DescribeConfigsResource {
        resource_type: resource.code(),
        resource_name: resource.name(),
        configuration_keys: names,
    };
    let request = DescribeConfigsRequest {
        resources: vec![asked],
        include_synonyms: true,
        include_documentation: documentation,
    };
    let doing = || format!("asking for the settings of {resource}");
    let asking = client.retrying(Again::Always, async |client| {
        let response = client.call(resource.target(), &request).await?;
        let result =
            response.results.into_iter().next().ok_or_else(|| ClientError::Silent { doing: doing() })?;
        check(result.error_code, result.error_message.as_deref(), doing())?;
        Ok(result.configs)
    });
    let mut settings: Vec<Setting> = asking.await?.into_iter().map(setting).collect();
    settings.sort_by(|a: &Setting, b: &Setting| a.name.cmp(&b.name));
    Ok(settings)
}

/// Makes `changes`, all or none of them.
pub(crate) async fn alter(
    client: &mut Client,
    resource: &Resource,
    changes: &[Change],
    validate_only: bool,
) -> Result<(), ClientError> {
    let configs = changes.iter().map(|change| match change {
        Change::Set(name, value) => {
            AlterableConfig { name: name.clone(), config_operation: 0, value: Some(value.clone()) }
        }
        Change::Unset(name) => AlterableConfig { name: name.clone(), config_operation: 1, value: None },
    });
    let asked = AlterConfigsResource {
        resource_type: resource.code(),
        resource_name: resource.name(),
        configs: configs.collect(),
    };
    let request = IncrementalAlterConfigsRequest { resources: vec![asked], validate_only };
    let doing = || format!("changing the settings of {resource}");
    let changing = client.retrying(Again::Always, async |client| {
        let response = client.call(resource.target(), &request).await?;
        let result =
            response.responses.into_iter().next().ok_or_else(|| ClientError::Silent { doing: doing() })?;
        check(result.error_code, result.error_message.as_deref(), doing())
    });
    changing.await
}

/// Reads `name=value`.
pub(crate) fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("give it as NAME=VALUE".into()),
    }
}

/// An error if there is nothing to do.
pub(crate) fn not_empty(changes: &[Change]) -> Result<(), CliError> {
    if changes.is_empty() {
        return Err(CliError::usage("there is nothing to change").next("`--help` shows what can be changed"));
    }
    Ok(())
}

fn setting(config: DescribeConfigsResourceResult) -> Setting {
    let value = if config.is_sensitive { None } else { config.value };
    let synonyms = config.synonyms.iter().map(|synonym| {
        let value = synonym.value.as_deref().unwrap_or("");
        format!("{}={value} ({})", synonym.name, source_name(synonym.source))
    });
    Setting {
        name: config.name,
        value,
        source: source_name(config.config_source),
        read_only: config.read_only,
        synonyms: synonyms.collect(),
        documentation: config.documentation,
    }
}

/// `DescribeConfigsResponse.ConfigSource`.
fn source_name(source: i8) -> &'static str {
    match source {
        1 => "topic",
        2 => "broker",
        3 => "all brokers",
        4 => "static",
        5 => "default",
        6 => "broker logger",
        7 => "client metrics",
        8 => "group",
        _ => "unknown",
    }
}
