//! InitProducerId (22): an id for an idempotent producer.

use klamm_model::{ErrorCode, ProducerEpoch, ProducerId};
use klamm_wire::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use tracing::warn;

use crate::{Broker, RequestContext};

/// Gives an id that no other producer has. A producer that already has one gets a new one as well: its epoch
/// only counts where transactions do, which this broker does not coordinate.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: InitProducerIdRequest,
) -> InitProducerIdResponse {
    if request.transactional_id.is_some() {
        return refused(ErrorCode::InvalidTxnState);
    }
    match broker.producer_ids.next(&broker.controller).await {
        Ok(ProducerId(producer_id)) => {
            InitProducerIdResponse { producer_id, producer_epoch: 0, ..InitProducerIdResponse::default() }
        }
        Err(error) => {
            warn!(%error, peer = %ctx.peer, "no producer ids from the controller");
            refused(ErrorCode::CoordinatorNotAvailable)
        }
    }
}

fn refused(code: ErrorCode) -> InitProducerIdResponse {
    InitProducerIdResponse {
        error_code: code.as_i16(),
        producer_id: ProducerId::NONE.0,
        producer_epoch: ProducerEpoch::NONE.0,
        ..InitProducerIdResponse::default()
    }
}
