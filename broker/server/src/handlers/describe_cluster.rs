//! DescribeCluster (60): the brokers and who leads the metadata.

use klamm_model::{BrokerId, ErrorCode};
use klamm_wire::messages::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
};

use crate::authorized_operations::{CLUSTER_OPERATIONS, NOT_ASKED};
use crate::error_code::KafkaError;
use crate::{Broker, RequestContext};

/// The kinds of endpoints a client can want (KIP-919).
const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

/// Describes the cluster as a client sees it that reached this broker where `ctx` says.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: DescribeClusterRequest,
) -> DescribeClusterResponse {
    if let Err(error) = check_endpoint_type(request.endpoint_type) {
        return DescribeClusterResponse {
            error_code: error.code.as_i16(),
            error_message: Some(error.message),
            ..DescribeClusterResponse::default()
        };
    }
    let image = broker.controller.image();
    let brokers = broker.endpoints(ctx.local).into_iter().map(|(id, endpoint, rack)| DescribeClusterBroker {
        broker_id: id.0,
        host: endpoint.host,
        port: i32::from(endpoint.port),
        rack,
        ..DescribeClusterBroker::default()
    });
    let asked = request.include_cluster_authorized_operations;
    DescribeClusterResponse {
        endpoint_type: BROKERS,
        cluster_id: broker.cluster_id.as_str().to_owned(),
        controller_id: image.controller_id().unwrap_or(BrokerId::NONE).0,
        brokers: brokers.collect(),
        cluster_authorized_operations: if asked { CLUSTER_OPERATIONS } else { NOT_ASKED },
        ..DescribeClusterResponse::default()
    }
}

fn check_endpoint_type(endpoint_type: i8) -> Result<(), KafkaError> {
    match endpoint_type {
        BROKERS => Ok(()),
        CONTROLLERS => Err(KafkaError::new(
            ErrorCode::MismatchedEndpointType,
            "The request was sent to a broker, and asks for controllers: use --bootstrap-server.".to_owned(),
        )),
        other => {
            let text = format!("Unsupported endpoint type {other}");
            Err(KafkaError::new(ErrorCode::UnsupportedEndpointType, text))
        }
    }
}
