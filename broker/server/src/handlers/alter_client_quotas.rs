//! AlterClientQuotas (49): sets and removes quotas (KIP-546).

use klamm_controller::quotas::QuotaAlteration;
use klamm_wire::messages::alter_client_quotas::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, EntityData, EntryData, EntryDataResponse,
};

use crate::error_code::KafkaError;
use crate::{Broker, RequestContext};

/// Changes each entity's quotas, all or none.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: AlterClientQuotasRequest,
) -> AlterClientQuotasResponse {
    let alterations = request.entries.iter().map(alteration).collect();
    let answers = match broker.controller.alter_client_quotas(alterations, request.validate_only).await {
        Ok(answers) => {
            if !request.validate_only {
                // The next request of this client finds the quotas in force.
                broker.partitions.follow(broker.controller.image().applied()).await;
            }
            answers.into_iter().map(|answer| answer.map_err(|refusal| KafkaError::from(&refusal))).collect()
        }
        Err(error) => vec![Err(KafkaError::from(&error)); request.entries.len()],
    };
    let entries = request.entries.into_iter().zip(answers);
    AlterClientQuotasResponse {
        entries: entries.map(|(entry, answer)| response(entry.entity, answer)).collect(),
        ..AlterClientQuotasResponse::default()
    }
}

fn alteration(entry: &EntryData) -> QuotaAlteration {
    let part = |part: &EntityData| (part.entity_type.clone(), part.entity_name.clone());
    QuotaAlteration {
        entity: entry.entity.iter().map(part).collect(),
        ops: entry.ops.iter().map(|op| (op.key.clone(), (!op.remove).then_some(op.value))).collect(),
    }
}

fn response(entity: Vec<EntityData>, answer: Result<(), KafkaError>) -> EntryDataResponse {
    let (error_code, error_message) = match answer {
        Ok(()) => (0, None),
        Err(error) => (error.code.as_i16(), Some(error.message)),
    };
    EntryDataResponse { error_code, error_message, entity }
}
