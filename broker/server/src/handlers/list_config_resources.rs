//! ListConfigResources (74): what can have settings (KIP-1142). Its version 0 lists client metrics only (KIP-714).

use klamm_model::ErrorCode;
use klamm_wire::messages::list_config_resources::{
    ConfigResource, ListConfigResourcesRequest, ListConfigResourcesResponse,
};

use super::config_resource::{BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC};
use crate::{Broker, RequestContext};

/// The types of resources that version 1 knows, in Kafka's order of answers.
const ALL: [i8; 5] = [GROUP, CLIENT_METRICS, BROKER_LOGGER, BROKER, TOPIC];

/// Names the resources of the types asked for.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: ListConfigResourcesRequest,
) -> ListConfigResourcesResponse {
    let known: &[i8] = if ctx.api_version == 0 { &[CLIENT_METRICS] } else { &ALL };
    let asked = request.resource_types;
    if asked.iter().any(|kind| !known.contains(kind)) {
        let error_code = ErrorCode::UnsupportedVersion.as_i16();
        return ListConfigResourcesResponse { error_code, ..ListConfigResourcesResponse::default() };
    }
    let kinds = known.iter().filter(|kind| asked.is_empty() || asked.contains(kind));
    let resources = kinds.flat_map(|kind| {
        let names = names(broker, *kind).into_iter();
        names.map(|resource_name| ConfigResource { resource_name, resource_type: *kind })
    });
    ListConfigResourcesResponse {
        config_resources: resources.collect(),
        ..ListConfigResourcesResponse::default()
    }
}

/// Groups and client metrics are named if something is set for them.
fn names(broker: &Broker, kind: i8) -> Vec<String> {
    let image = broker.controller.image();
    match kind {
        TOPIC => image.topics().map(|topic| topic.name.as_str().to_owned()).collect(),
        BROKER | BROKER_LOGGER => image.brokers().map(|broker| broker.id.to_string()).collect(),
        GROUP => image.groups_with_configs().map(str::to_owned).collect(),
        CLIENT_METRICS => image.client_metrics_names().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
