//! What a quota limits.

use serde::{Deserialize, Serialize};

use super::{InvalidQuota, QuotaEntity, QuotaValue};

/// What a quota limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum QuotaKey {
    /// Bytes of Produce requests in a second.
    #[serde(rename = "producer_byte_rate")]
    ProducerByteRate,
    /// Bytes of fetched records in a second.
    #[serde(rename = "consumer_byte_rate")]
    ConsumerByteRate,
    /// The time of one thread that requests take, in percent.
    #[serde(rename = "request_percentage")]
    RequestPercentage,
    /// New connections in a second, of an address.
    #[serde(rename = "connection_creation_rate")]
    ConnectionCreationRate,
}

/// Kafka has it; nothing here would keep to it.
const CONTROLLER_MUTATION_RATE: &str = "controller_mutation_rate";

impl QuotaKey {
    /// Every key.
    pub const ALL: [QuotaKey; 4] = [
        QuotaKey::ProducerByteRate,
        QuotaKey::ConsumerByteRate,
        QuotaKey::RequestPercentage,
        QuotaKey::ConnectionCreationRate,
    ];

    /// Kafka's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            QuotaKey::ProducerByteRate => "producer_byte_rate",
            QuotaKey::ConsumerByteRate => "consumer_byte_rate",
            QuotaKey::RequestPercentage => "request_percentage",
            QuotaKey::ConnectionCreationRate => "connection_creation_rate",
        }
    }

    /// The key of this name, whoever it is for.
    pub fn named(name: &str) -> Option<QuotaKey> {
        QuotaKey::ALL.into_iter().find(|key| key.name() == name)
    }

    /// The key of this name, if this entity can have it.
    pub fn of_entity(entity: &QuotaEntity, name: &str) -> Result<QuotaKey, InvalidQuota> {
        let is_address = entity.ip.is_some();
        match QuotaKey::named(name) {
            Some(key) if (key == QuotaKey::ConnectionCreationRate) == is_address => Ok(key),
            None if name == CONTROLLER_MUTATION_RATE && !is_address => {
                Err(InvalidQuota::NotEnforced(name.to_owned()))
            }
            _ => Err(InvalidQuota::UnknownKey(name.to_owned())),
        }
    }

    /// A value, if the key can have it: above 0, and whole where the key counts bytes or connections.
    pub fn check(self, value: f64) -> Result<QuotaValue, InvalidQuota> {
        let key = || self.name().to_owned();
        let (max, kind) = match self {
            QuotaKey::RequestPercentage => (f64::MAX, "a DOUBLE"),
            QuotaKey::ConnectionCreationRate => (f64::from(i32::MAX), "an INT"),
            QuotaKey::ProducerByteRate | QuotaKey::ConsumerByteRate => (i64::MAX as f64, "a LONG"),
        };
        if value.is_nan() || value <= 0.0 {
            return Err(InvalidQuota::NotPositive(key()));
        }
        if value > max {
            return Err(InvalidQuota::TooLarge { key: key(), kind: kind.to_owned() });
        }
        // As Kafka does: what is a whole number but for the last bits of a calculation is one.
        let fraction = (value - value.round()).abs();
        if self != QuotaKey::RequestPercentage && fraction > 1e-6 {
            return Err(InvalidQuota::Fractional(key()));
        }
        QuotaValue::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidQuota, QuotaKey};
    use crate::quotas::{EntityName, QuotaEntity};

    #[test]
    fn an_entity_has_its_own_keys() {
        let user = QuotaEntity { user: Some(EntityName::Default), ..QuotaEntity::default() };
        let ip = QuotaEntity { ip: Some(EntityName::Default), ..QuotaEntity::default() };
        for key in QuotaKey::ALL {
            let of_address = key == QuotaKey::ConnectionCreationRate;
            assert_eq!(QuotaKey::of_entity(&user, key.name()).is_ok(), !of_address, "{key:?}");
            assert_eq!(QuotaKey::of_entity(&ip, key.name()).is_ok(), of_address, "{key:?}");
        }
        let unknown = QuotaKey::of_entity(&user, "rate").unwrap_err();
        assert_eq!(unknown.to_string(), "Invalid configuration key rate");
        let mutation = QuotaKey::of_entity(&user, "controller_mutation_rate").unwrap_err();
        assert_eq!(mutation, InvalidQuota::NotEnforced("controller_mutation_rate".to_owned()));
    }

    #[test]
    fn values_are_checked_as_kafkas_controller_does() {
        let refused = |key: QuotaKey, value| key.check(value).unwrap_err().to_string();
        let produce = QuotaKey::ProducerByteRate;
        for value in [0.0, -1.0, f64::NAN] {
            assert_eq!(refused(produce, value), "Quota producer_byte_rate must be greater than 0");
        }
        assert_eq!(refused(produce, 1.5), "producer_byte_rate cannot be a fractional value.");
        assert_eq!(
            refused(QuotaKey::ConnectionCreationRate, 3e9),
            "Proposed value for connection_creation_rate is too large for an INT."
        );
        assert!(QuotaKey::RequestPercentage.check(f64::INFINITY).is_err());
        assert_eq!(QuotaKey::RequestPercentage.check(0.5).unwrap().get().to_bits(), 0.5_f64.to_bits());
        assert!(produce.check(1024.0).is_ok());
    }
}
