//! Changes of quotas.

use std::collections::BTreeMap;

use crate::command::MetadataCommand;
use crate::quotas::{InvalidQuota, QuotaAlteration, QuotaEntity, QuotaKey};
use crate::refusal::Refusal;

/// Checks an entity and what shall become of its quotas. As in Kafka, a quota that is not there can be removed, even one
/// that nobody knows.
pub(crate) fn plan_quotas(alteration: QuotaAlteration) -> Result<MetadataCommand, Refusal> {
    let entity = QuotaEntity::parse(alteration.entity)?;
    let mut changes = BTreeMap::new();
    for (position, (name, value)) in alteration.ops.iter().enumerate() {
        if alteration.ops.iter().take(position).any(|(earlier, _)| earlier == name) {
            return Err(InvalidQuota::DuplicateKey(name.clone()).into());
        }
        match value {
            Some(value) => {
                let key = QuotaKey::of_entity(&entity, name)?;
                changes.insert(key, Some(key.check(*value)?));
            }
            None => {
                if let Some(key) = QuotaKey::named(name) {
                    changes.insert(key, None);
                }
            }
        }
    }
    Ok(MetadataCommand::AlterClientQuotas { entity, changes })
}

#[cfg(test)]
mod tests {
    use klamm_model::ErrorCode;

    use super::plan_quotas;
    use crate::command::MetadataCommand;
    use crate::quotas::{QuotaAlteration, QuotaKey, QuotaValue};
    use crate::refusal::Refusal;

    fn plan(ops: &[(&str, Option<f64>)]) -> Result<Vec<(QuotaKey, Option<f64>)>, Refusal> {
        let ops = ops.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect();
        let entity = vec![("user".to_owned(), Some("u".to_owned()))];
        match plan_quotas(QuotaAlteration { entity, ops })? {
            MetadataCommand::AlterClientQuotas { changes, .. } => {
                Ok(changes.into_iter().map(|(key, value)| (key, value.map(QuotaValue::get))).collect())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn quotas_are_set_and_removed() {
        let ops = [("producer_byte_rate", Some(5.0)), ("request_percentage", None), ("unknown", None)];
        let expected = [(QuotaKey::ProducerByteRate, Some(5.0)), (QuotaKey::RequestPercentage, None)];
        assert_eq!(plan(&ops).unwrap(), expected);
    }

    #[test]
    fn wrong_changes_are_refused() {
        for ops in [
            &[("unknown", Some(1.0))][..],
            &[("connection_creation_rate", Some(1.0))],
            &[("controller_mutation_rate", Some(1.0))],
            &[("producer_byte_rate", Some(0.0))],
            &[("producer_byte_rate", Some(1.0)), ("producer_byte_rate", None)],
        ] {
            assert_eq!(plan(ops).unwrap_err().code(), ErrorCode::InvalidRequest, "{ops:?}");
        }
    }
}
