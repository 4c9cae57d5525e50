//! DescribeClientQuotas (48): the quotas that are set for the entities that a filter lets through (KIP-546).

use std::collections::BTreeMap;

use klamm_controller::quotas::{QuotaEntity, QuotaKey, QuotaValue};
use klamm_model::ErrorCode;
use klamm_wire::messages::describe_client_quotas::{
    ComponentData, DescribeClientQuotasRequest, DescribeClientQuotasResponse, EntityData, EntryData,
    ValueData,
};

use crate::error_code::KafkaError;
use crate::{Broker, RequestContext};

/// How a component names what it lets through (`DescribeClientQuotasRequest` of Kafka).
const EXACT: i8 = 0;
const DEFAULT: i8 = 1;
const ANY: i8 = 2;

/// Describes the quotas.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: DescribeClientQuotasRequest,
) -> DescribeClientQuotasResponse {
    match Filter::read(request) {
        Ok(filter) => {
            let image = broker.controller.image();
            let entities = image.client_quotas().entities().filter(|(entity, _)| filter.passes(entity));
            let entry = |(entity, quotas): (&QuotaEntity, _)| entry(entity, quotas);
            DescribeClientQuotasResponse {
                entries: Some(entities.map(entry).collect()),
                ..DescribeClientQuotasResponse::default()
            }
        }
        Err(error) => DescribeClientQuotasResponse {
            error_code: error.code.as_i16(),
            error_message: Some(error.message),
            ..DescribeClientQuotasResponse::default()
        },
    }
}

fn entry(entity: &QuotaEntity, quotas: &BTreeMap<QuotaKey, QuotaValue>) -> EntryData {
    let parts = entity.parts().map(|(kind, name)| EntityData {
        entity_type: kind.to_owned(),
        entity_name: name.map(str::to_owned),
    });
    let values =
        quotas.iter().map(|(key, value)| ValueData { key: key.name().to_owned(), value: value.get() });
    EntryData { entity: parts.collect(), values: values.collect() }
}

/// Which entities are asked for.
struct Filter {
    parts: Vec<(String, Wanted)>,
    strict: bool,
}

enum Wanted {
    Named(String),
    Default,
    Any,
}

impl Filter {
    fn read(request: DescribeClientQuotasRequest) -> Result<Filter, KafkaError> {
        let mut filter = Filter { parts: Vec::new(), strict: request.strict };
        for component in request.components {
            let kind = component.entity_type.clone();
            if kind.is_empty() {
                return Err(invalid("Invalid empty entity type."));
            }
            if filter.has(&kind) {
                return Err(invalid(&format!(
                    "Entity type {kind} cannot appear more than once in the filter."
                )));
            }
            if !matches!(kind.as_str(), "user" | "client-id" | "ip") {
                let text = format!("Unsupported entity type {kind}");
                return Err(KafkaError::new(ErrorCode::UnsupportedVersion, text));
            }
            filter.parts.push((kind, wanted(component)?));
        }
        if filter.has("ip") && filter.parts.len() > 1 {
            return Err(invalid("Invalid entity filter component combination: ip goes with no other type."));
        }
        Ok(filter)
    }

    fn has(&self, kind: &str) -> bool {
        self.parts.iter().any(|(known, _)| known == kind)
    }

    fn passes(&self, entity: &QuotaEntity) -> bool {
        let passes = |(kind, wanted): &(String, Wanted)| {
            let Some((_, name)) = entity.parts().find(|(of, _)| of == kind) else { return false };
            match wanted {
                Wanted::Named(wanted) => name == Some(wanted),
                Wanted::Default => name.is_none(),
                Wanted::Any => true,
            }
        };
        (!self.strict || entity.parts().count() == self.parts.len()) && self.parts.iter().all(passes)
    }
}

fn wanted(component: ComponentData) -> Result<Wanted, KafkaError> {
    match (component.match_type, component.r#match) {
        (EXACT, Some(name)) => Ok(Wanted::Named(name)),
        (DEFAULT, None) => Ok(Wanted::Default),
        (ANY, None) => Ok(Wanted::Any),
        (EXACT, None) => Err(invalid("A match of an exact name needs the name.")),
        (DEFAULT | ANY, Some(_)) => Err(invalid("A match of the default, or of any name, takes no name.")),
        (other, _) => Err(invalid(&format!("Unknown match type {other}"))),
    }
}

fn invalid(text: &str) -> KafkaError {
    KafkaError::new(ErrorCode::InvalidRequest, text.to_owned())
}
