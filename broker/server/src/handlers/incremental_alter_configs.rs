//! IncrementalAlterConfigs (44): changes single settings (KIP-339).

use klamm_controller::ConfigOp;
use klamm_model::ErrorCode;
use klamm_wire::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, AlterableConfig, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};

use super::config_changes::{Altered, Asked, alter, without_value};
use crate::error_code::KafkaError;
use crate::{Broker, RequestContext};

/// The operations' numbers (`org.apache.kafka.clients.admin.AlterConfigOp.OpType`).
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

/// Changes what the request names and leaves the rest.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let asked = request.resources.into_iter().map(asked).collect();
    let altered = alter(broker, asked, request.validate_only).await;
    IncrementalAlterConfigsResponse {
        responses: altered.into_iter().map(response).collect(),
        ..IncrementalAlterConfigsResponse::default()
    }
}

fn asked(resource: AlterConfigsResource) -> Asked {
    let AlterConfigsResource { resource_type, resource_name, configs } = resource;
    let ops = ops(configs);
    Asked { kind: resource_type, name: resource_name, ops, replace_all: false }
}

fn ops(configs: Vec<AlterableConfig>) -> Result<Vec<ConfigOp>, KafkaError> {
    let lacks_value = |config: &&AlterableConfig| config.value.is_none() && config.config_operation != DELETE;
    let missing: Vec<_> = configs.iter().filter(lacks_value).map(|config| config.name.clone()).collect();
    if !missing.is_empty() {
        return Err(without_value(&missing));
    }
    configs
        .into_iter()
        .map(|AlterableConfig { name, config_operation, value }| {
            let value = value.unwrap_or_default();
            match config_operation {
                SET => Ok(ConfigOp::Set { name, value }),
                DELETE => Ok(ConfigOp::Delete { name }),
                APPEND => Ok(ConfigOp::Append { name, value }),
                SUBTRACT => Ok(ConfigOp::Subtract { name, value }),
                other => {
                    let text = format!("Unknown operation {other} for setting {name}: it is one of 0 to 3");
                    Err(KafkaError::new(ErrorCode::InvalidRequest, text))
                }
            }
        })
        .collect()
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
