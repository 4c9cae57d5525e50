//! Whom a quota is for.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::InvalidQuota;

/// A name, or the default for all names that have no quota of their own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EntityName {
    /// All that have none of their own.
    Default,
    /// This one.
    Named(String),
}

/// Whom a quota is for: a user, a client id, a client id of a user, or an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QuotaEntity {
    /// The user.
    pub user: Option<EntityName>,
    /// The client's name for itself.
    pub client_id: Option<EntityName>,
    /// The client's address; stands alone.
    pub ip: Option<EntityName>,
}

/// The types of an entity's parts, in Kafka's words.
pub(super) const USER: &str = "user";
pub(super) const CLIENT_ID: &str = "client-id";
pub(super) const IP: &str = "ip";

impl EntityName {
    fn new(name: Option<String>) -> EntityName {
        name.map_or(EntityName::Default, EntityName::Named)
    }

    /// The name; `None` for the default.
    pub fn as_deref(&self) -> Option<&str> {
        match self {
            EntityName::Default => None,
            EntityName::Named(name) => Some(name),
        }
    }
}

impl QuotaEntity {
    /// Reads the parts of an entity: `user`, `client-id` or both, or `ip`, each with a name or none for the default.
    pub fn parse(parts: Vec<(String, Option<String>)>) -> Result<QuotaEntity, InvalidQuota> {
        let mut entity = QuotaEntity::default();
        for (kind, name) in parts {
            let empty = name.as_ref().is_some_and(String::is_empty);
            let slot = match kind.as_str() {
                USER => &mut entity.user,
                CLIENT_ID => &mut entity.client_id,
                IP => &mut entity.ip,
                _ => return Err(InvalidQuota::UnknownEntityType(kind)),
            };
            if slot.is_some() {
                return Err(InvalidQuota::DuplicateEntityType(kind));
            }
            if empty {
                return Err(InvalidQuota::EmptyName(kind));
            }
            *slot = Some(EntityName::new(name));
        }
        entity.checked()
    }

    fn checked(mut self) -> Result<QuotaEntity, InvalidQuota> {
        match (&self.user, &self.client_id, &self.ip) {
            (None, None, Some(EntityName::Named(name))) => {
                // Names of hosts, which Kafka looks up, are refused: a limit must not depend on what a name
                // stands for today.
                let address: IpAddr = name.parse().map_err(|_| InvalidQuota::NotAnAddress(name.clone()))?;
                self.ip = Some(EntityName::Named(address.to_canonical().to_string()));
                Ok(self)
            }
            (None, None, Some(EntityName::Default)) | (Some(_), _, None) | (_, Some(_), None) => Ok(self),
            _ => Err(InvalidQuota::EntityTypes),
        }
    }

    /// The parts that it has: a type, and a name or none for the default.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        let all = [(USER, &self.user), (CLIENT_ID, &self.client_id), (IP, &self.ip)];
        all.into_iter().filter_map(|(kind, name)| Some((kind, name.as_ref()?.as_deref())))
    }
}

#[cfg(test)]
mod tests {
    use super::{EntityName, InvalidQuota, QuotaEntity};

    fn parse(parts: &[(&str, Option<&str>)]) -> Result<QuotaEntity, InvalidQuota> {
        let owned = |text: &str| text.to_owned();
        QuotaEntity::parse(parts.iter().map(|(kind, name)| (owned(kind), name.map(owned))).collect())
    }

    #[test]
    fn the_combinations_are_kafkas() {
        let named = |name: &str| Some(EntityName::Named(name.to_owned()));
        let both = parse(&[("client-id", Some("c")), ("user", None)]).unwrap();
        let expected =
            QuotaEntity { user: Some(EntityName::Default), client_id: named("c"), ..QuotaEntity::default() };
        assert_eq!(both, expected);
        assert_eq!(both.parts().collect::<Vec<_>>(), [("user", None), ("client-id", Some("c"))]);
        assert!(parse(&[("user", Some("u"))]).is_ok());
        assert!(parse(&[("client-id", None)]).is_ok());
        assert!(parse(&[("ip", None)]).is_ok());
        let mapped = parse(&[("ip", Some("::ffff:10.0.0.1"))]).unwrap();
        assert_eq!(mapped.ip, named("10.0.0.1"), "as connections are counted");
    }

    #[test]
    fn other_entities_are_refused() {
        let refusal = |parts: &[(&str, Option<&str>)]| parse(parts).unwrap_err();
        assert_eq!(refusal(&[]), InvalidQuota::EntityTypes);
        assert_eq!(refusal(&[("ip", None), ("user", None)]), InvalidQuota::EntityTypes);
        let twice = [("user", Some("a")), ("user", Some("b"))];
        assert_eq!(refusal(&twice), InvalidQuota::DuplicateEntityType("user".to_owned()));
        assert_eq!(refusal(&[("group", None)]), InvalidQuota::UnknownEntityType("group".to_owned()));
        assert_eq!(refusal(&[("user", Some(""))]), InvalidQuota::EmptyName("user".to_owned()));
        let host = refusal(&[("ip", Some("localhost"))]);
        assert_eq!(host, InvalidQuota::NotAnAddress("localhost".to_owned()));
    }
}
