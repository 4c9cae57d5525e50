//! AlterConfigs (33): gives a resource exactly these settings. Clients prefer IncrementalAlterConfigs.

use klamm_controller::ConfigOp;
use klamm_wire::messages::alter_configs::{
    AlterConfigsRequest, AlterConfigsResource, AlterConfigsResourceResponse, AlterConfigsResponse,
};

use super::config_changes::{Altered, Asked, alter, without_value};
use crate::error_code::KafkaError;
use crate::{Broker, RequestContext};

/// Sets what the request says and removes what it doesn't.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: AlterConfigsRequest,
) -> AlterConfigsResponse {
    let asked = request.resources.into_iter().map(asked).collect();
    let altered = alter(broker, asked, request.validate_only).await;
    AlterConfigsResponse {
        responses: altered.into_iter().map(response).collect(),
        ..AlterConfigsResponse::default()
    }
}

fn asked(resource: AlterConfigsResource) -> Asked {
    let AlterConfigsResource { resource_type, resource_name, configs } = resource;
    let missing: Vec<_> =
        configs.iter().filter(|config| config.value.is_none()).map(|config| config.name.clone()).collect();
    let ops = if missing.is_empty() {
        let set = configs.into_iter().filter_map(|config| {
            let value = config.value?;
            Some(ConfigOp::Set { name: config.name, value })
        });
        Ok(set.collect())
    } else {
        Err::<_, KafkaError>(without_value(&missing))
    };
    Asked { kind: resource_type, name: resource_name, ops, replace_all: true }
}

fn response(altered: Altered) -> AlterConfigsResourceResponse {
    let (error_code, error_message) = match altered.answer {
        Ok(()) => (0, None),
        Err(error) => (error.code.as_i16(), Some(error.message)),
    };
    AlterConfigsResourceResponse {
        error_code,
        error_message,
        resource_type: altered.kind,
        resource_name: altered.name,
    }
}
