//! DescribeConfigs (32): every setting of a topic or of this broker, with its value, source, synonyms, type and
//! documentation.

use klamm_controller::ConfigResource;
use klamm_controller::settings::{
    DescribedSetting, Synonym, describe_broker, describe_client_metrics, describe_cluster, describe_group,
    describe_topic,
};
use klamm_wire::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResponse,
    DescribeConfigsResult, DescribeConfigsSynonym,
};

use super::config_resource;
use super::duplicates::once;
use crate::error_code::KafkaError;
use crate::{Broker, RequestContext};

/// What the client wants to know beside values.
#[derive(Clone, Copy)]
struct Detail {
    synonyms: bool,
    documentation: bool,
}

/// Describes the settings.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: DescribeConfigsRequest,
) -> DescribeConfigsResponse {
    let detail = Detail { synonyms: request.include_synonyms, documentation: request.include_documentation };
    let resources = once(request.resources, |asked| (asked.resource_type, asked.resource_name.clone()));
    let results = resources.into_iter().map(|resource| result(broker, resource, detail)).collect();
    DescribeConfigsResponse { results, ..DescribeConfigsResponse::default() }
}

fn result(broker: &Broker, resource: DescribeConfigsResource, detail: Detail) -> DescribeConfigsResult {
    let described = describe(broker, &resource);
    let mut result = DescribeConfigsResult {
        resource_type: resource.resource_type,
        resource_name: resource.resource_name,
        ..DescribeConfigsResult::default()
    };
    match described {
        Ok(settings) => {
            // As in Kafka, no keys and an empty list of keys both mean all.
            let keys = resource.configuration_keys.filter(|keys| !keys.is_empty());
            let wanted = |name: &str| keys.as_ref().is_none_or(|keys| keys.iter().any(|key| key == name));
            let settings = settings.into_iter().filter(|setting| wanted(setting.name));
            result.configs = settings.map(|setting| config(setting, detail)).collect();
        }
        Err(error) => {
            result.error_code = error.code.as_i16();
            result.error_message = Some(error.message);
        }
    }
    result
}

fn describe(
    broker: &Broker,
    resource: &DescribeConfigsResource,
) -> Result<Vec<DescribedSetting>, KafkaError> {
    let image = broker.controller.image();
    let layers = image.broker_layers(&broker.static_settings, broker.node_id);
    Ok(match config_resource::parse(broker, resource.resource_type, &resource.resource_name)? {
        ConfigResource::Topic(name) => match image.topic(name.as_str()) {
            Some(topic) => describe_topic(layers, &topic.configs),
            None => Vec::new(),
        },
        ConfigResource::Broker(_) => describe_broker(layers),
        ConfigResource::Cluster => describe_cluster(image.cluster_configs()),
        ConfigResource::Group(id) => describe_group(layers, image.group_configs_as_given(&id)),
        ConfigResource::ClientMetrics(name) => describe_client_metrics(image.client_metrics_configs(&name)),
    })
}

fn config(setting: DescribedSetting, detail: Detail) -> DescribeConfigsResourceResult {
    let synonyms = if detail.synonyms { setting.synonyms } else { Vec::new() };
    DescribeConfigsResourceResult {
        name: setting.name.to_owned(),
        value: setting.value.filter(|_| !setting.sensitive),
        read_only: setting.read_only,
        config_source: setting.source.as_i8(),
        is_sensitive: setting.sensitive,
        synonyms: synonyms.into_iter().map(|synonym| synonym_of(synonym, setting.sensitive)).collect(),
        config_type: setting.kind.as_i8(),
        documentation: detail.documentation.then(|| setting.documentation.to_owned()),
    }
}

fn synonym_of(synonym: Synonym, sensitive: bool) -> DescribeConfigsSynonym {
    DescribeConfigsSynonym {
        name: synonym.name.to_owned(),
        value: (!sensitive).then_some(synonym.value),
        source: synonym.source.as_i8(),
    }
}
