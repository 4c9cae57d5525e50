//! The quotas that are set, and which of them counts for a client.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{EntityName, QuotaEntity, QuotaKey, QuotaValue};

/// Every quota that is set, by entity.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Entry>", into = "Vec<Entry>")]
pub struct ClientQuotas {
    entities: BTreeMap<QuotaEntity, Quotas>,
}

type Quotas = BTreeMap<QuotaKey, QuotaValue>;

/// An entity can't be a key in JSON.
#[derive(Serialize, Deserialize)]
struct Entry {
    entity: QuotaEntity,
    quotas: Quotas,
}

/// The quota that counts for a client, and with whom the client shares it.
#[derive(Debug, Clone, PartialEq)]
pub struct QuotaLimit {
    /// How much.
    pub value: f64,
    /// Whose uses are added up: the user where the quota is of one, the client id where it is of one. A default is a
    /// limit for each that it applies to.
    pub shared_by: QuotaEntity,
}

/// How an entity's part stands to a client.
#[derive(Debug, Clone, Copy)]
enum Part {
    Own,
    Default,
    Absent,
}

/// Which quota counts, the strongest first (KIP-55; `ClientQuotaManager` has the same order): user, client id.
const PRECEDENCE: [(Part, Part); 8] = [
    (Part::Own, Part::Own),
    (Part::Own, Part::Default),
    (Part::Own, Part::Absent),
    (Part::Default, Part::Own),
    (Part::Default, Part::Default),
    (Part::Default, Part::Absent),
    (Part::Absent, Part::Own),
    (Part::Absent, Part::Default),
];

impl Part {
    fn of(self, name: &str) -> Option<EntityName> {
        match self {
            Part::Own => Some(EntityName::Named(name.to_owned())),
            Part::Default => Some(EntityName::Default),
            Part::Absent => None,
        }
    }

    fn sharer(self, name: &str) -> Option<EntityName> {
        match self {
            Part::Own | Part::Default => Some(EntityName::Named(name.to_owned())),
            Part::Absent => None,
        }
    }
}

impl ClientQuotas {
    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// Every entity with its quotas.
    pub fn entities(&self) -> impl Iterator<Item = (&QuotaEntity, &BTreeMap<QuotaKey, QuotaValue>)> {
        self.entities.iter()
    }

    /// The quota that counts for a client id of a user.
    pub fn limit(&self, key: QuotaKey, user: &str, client_id: &str) -> Option<QuotaLimit> {
        PRECEDENCE.into_iter().find_map(|(of_user, of_client)| {
            let entity = QuotaEntity { user: of_user.of(user), client_id: of_client.of(client_id), ip: None };
            let value = self.entities.get(&entity)?.get(&key)?.get();
            let shared_by =
                QuotaEntity { user: of_user.sharer(user), client_id: of_client.sharer(client_id), ip: None };
            Some(QuotaLimit { value, shared_by })
        })
    }

    /// The connections that an address may open in a second.
    pub fn connection_rate(&self, address: IpAddr) -> Option<QuotaLimit> {
        let own = EntityName::Named(address.to_canonical().to_string());
        let of = |ip: &EntityName| {
            let entity = QuotaEntity { ip: Some(ip.clone()), ..QuotaEntity::default() };
            Some(self.entities.get(&entity)?.get(&QuotaKey::ConnectionCreationRate)?.get())
        };
        let value = of(&own).or_else(|| of(&EntityName::Default))?;
        Some(QuotaLimit { value, shared_by: QuotaEntity { ip: Some(own), ..QuotaEntity::default() } })
    }

    /// Sets and removes quotas of an entity; one without any is forgotten.
    pub(crate) fn alter(&mut self, entity: &QuotaEntity, changes: &BTreeMap<QuotaKey, Option<QuotaValue>>) {
        let quotas = self.entities.entry(entity.clone()).or_default();
        for (key, value) in changes {
            match value {
                Some(value) => quotas.insert(*key, *value),
                None => quotas.remove(key),
            };
        }
        if quotas.is_empty() {
            self.entities.remove(entity);
        }
    }
}

impl From<Vec<Entry>> for ClientQuotas {
    fn from(entries: Vec<Entry>) -> ClientQuotas {
        ClientQuotas { entities: entries.into_iter().map(|entry| (entry.entity, entry.quotas)).collect() }
    }
}

impl From<ClientQuotas> for Vec<Entry> {
    fn from(quotas: ClientQuotas) -> Vec<Entry> {
        quotas.entities.into_iter().map(|(entity, quotas)| Entry { entity, quotas }).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{ClientQuotas, PRECEDENCE};
    use crate::quotas::{EntityName, QuotaEntity, QuotaKey};

    fn entity(user: Option<EntityName>, client_id: Option<EntityName>) -> QuotaEntity {
        QuotaEntity { user, client_id, ip: None }
    }

    fn named(name: &str) -> EntityName {
        EntityName::Named(name.to_owned())
    }

    fn set(quotas: &mut ClientQuotas, entity: &QuotaEntity, key: QuotaKey, value: f64) {
        quotas.alter(entity, &BTreeMap::from([(key, Some(key.check(value).unwrap()))]));
    }

    /// All eight levels at once; the strongest is taken away one after the other.
    #[test]
    fn the_strongest_quota_that_is_left_counts() {
        let key = QuotaKey::ProducerByteRate;
        let default = Some(EntityName::Default);
        let levels = [
            (entity(Some(named("u")), Some(named("c"))), entity(Some(named("u")), Some(named("c")))),
            (entity(Some(named("u")), default.clone()), entity(Some(named("u")), Some(named("c")))),
            (entity(Some(named("u")), None), entity(Some(named("u")), None)),
            (entity(default.clone(), Some(named("c"))), entity(Some(named("u")), Some(named("c")))),
            (entity(default.clone(), default.clone()), entity(Some(named("u")), Some(named("c")))),
            (entity(default.clone(), None), entity(Some(named("u")), None)),
            (entity(None, Some(named("c"))), entity(None, Some(named("c")))),
            (entity(None, default), entity(None, Some(named("c")))),
        ];
        assert_eq!(levels.len(), PRECEDENCE.len());
        let mut quotas = ClientQuotas::default();
        for ((entity, _), value) in levels.iter().zip(1..) {
            set(&mut quotas, entity, key, f64::from(value));
        }
        for ((entity, shared_by), value) in levels.iter().zip(1..) {
            let limit = quotas.limit(key, "u", "c").unwrap();
            assert_eq!((limit.value as i32, &limit.shared_by), (value, shared_by));
            assert_eq!(quotas.limit(QuotaKey::ConsumerByteRate, "u", "c"), None, "another key");
            quotas.alter(entity, &BTreeMap::from([(key, None)]));
        }
        assert_eq!(quotas.limit(key, "u", "c"), None);
        assert!(quotas.is_empty());
    }

    #[test]
    fn strangers_have_only_defaults() {
        let key = QuotaKey::ConsumerByteRate;
        let mut quotas = ClientQuotas::default();
        set(&mut quotas, &entity(None, Some(named("c"))), key, 5.0);
        assert_eq!(quotas.limit(key, "u", "d"), None);
        set(&mut quotas, &entity(None, Some(EntityName::Default)), key, 7.0);
        let limit = quotas.limit(key, "u", "").unwrap();
        assert_eq!((limit.value as i32, limit.shared_by), (7, entity(None, Some(named("")))));
    }

    #[test]
    fn an_address_has_its_own_rate_or_the_default() {
        let key = QuotaKey::ConnectionCreationRate;
        let ip = |ip| QuotaEntity { ip, ..QuotaEntity::default() };
        let mut quotas = ClientQuotas::default();
        set(&mut quotas, &ip(Some(EntityName::Default)), key, 9.0);
        set(&mut quotas, &ip(Some(named("10.0.0.1"))), key, 3.0);
        let of = |address: &str| quotas.connection_rate(address.parse().unwrap()).unwrap();
        assert_eq!(of("::ffff:10.0.0.1").value as i32, 3);
        assert_eq!((of("10.0.0.2").value as i32, of("10.0.0.2").shared_by), (9, ip(Some(named("10.0.0.2")))));
    }
}
