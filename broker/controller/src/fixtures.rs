//! What the tests of several modules start from.

use std::collections::BTreeMap;

use klamm_model::{BrokerId, PluginDigest, TimestampMs, TopicId};

use crate::apply::apply;
use crate::command::{BrokerRegistration, ConfigResource, MetadataCommand, NewPlugin, NewTopic};
use crate::image::{Endpoint, MetadataImage};
use crate::quotas::{EntityName, QuotaEntity, QuotaKey};
use crate::request::TopicToCreate;

pub(crate) fn register(id: i32, rack: Option<&str>) -> MetadataCommand {
    MetadataCommand::RegisterBroker(BrokerRegistration {
        id: BrokerId(id),
        kafka: Endpoint { host: "127.0.0.1".to_owned(), port: 9092 },
        grpc: None,
        rack: rack.map(str::to_owned),
    })
}

pub(crate) fn create(name: &str, partitions: usize, configs: &[(&str, &str)]) -> MetadataCommand {
    MetadataCommand::CreateTopic(NewTopic {
        name: name.parse().unwrap(),
        id: id_of(name),
        assignments: vec![vec![BrokerId(1)]; partitions],
        configs: configs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    })
}

/// An id that is always the same for a name of up to 16 letters.
pub(crate) fn id_of(name: &str) -> TopicId {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
    TopicId::from_bytes(bytes)
}

pub(crate) fn image_of_brokers(brokers: &[(i32, Option<&str>)]) -> MetadataImage {
    after(&brokers.iter().map(|(id, rack)| register(*id, *rack)).collect::<Vec<_>>())
}

/// The image after these commands, none of which may be refused.
pub(crate) fn after(commands: &[MetadataCommand]) -> MetadataImage {
    let mut image = MetadataImage::empty("test-cluster".parse().unwrap());
    for (command, index) in commands.iter().zip(1..) {
        apply(&mut image, index, command).unwrap();
        image.applied = index;
    }
    image
}

/// One of everything: broker 1, the topics `orders` (3 partitions, a setting) and `a.b`, settings of the
/// cluster, of the broker and of a group, a subscription, producer ids, a quota, the plug-ins `guard@1` and `redact@1` of
/// which `orders` binds the first.
pub(crate) fn busy_image() -> MetadataImage {
    let alter = |resource, name: &str, value: &str| MetadataCommand::AlterConfigs {
        resource,
        changes: BTreeMap::from([(name.to_owned(), Some(value.to_owned()))]),
    };
    after(&[
        register(1, Some("north")),
        create("orders", 3, &[("retention.ms", "1000")]),
        create("a.b", 1, &[]),
        alter(ConfigResource::Cluster, "log.segment.bytes", "2000000"),
        alter(ConfigResource::Broker(BrokerId(1)), "max.connections", "7"),
        MetadataCommand::AllocateProducerIds { count: 1000 },
        alter(ConfigResource::Group("g".to_owned()), "consumer.session.timeout.ms", "50000"),
        alter(ConfigResource::ClientMetrics("m".to_owned()), "interval.ms", "1000"),
        produce_quota("c", Some(1024.0)),
        MetadataCommand::AddPlugin(plugin("guard@1", 1, &["filter"])),
        MetadataCommand::AddPlugin(plugin("redact@1", 2, &["serializer", "filter"])),
        alter(ConfigResource::Topic("orders".parse().unwrap()), "klamm.filters", "guard@1"),
    ])
}

/// A plug-in whose digest starts with a byte of the test's choice.
pub(crate) fn plugin(reference: &str, digest: u8, kinds: &[&str]) -> NewPlugin {
    let (name, version) = reference.split_once('@').unwrap();
    NewPlugin {
        name: name.parse().unwrap(),
        version: version.parse().unwrap(),
        digest: PluginDigest::from_bytes(std::array::from_fn(|i| if i == 0 { digest } else { 0 })),
        size_bytes: 100,
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        contract: "0.1.0".to_owned(),
        uploaded_at: TimestampMs(5),
        signer: None,
    }
}

/// Sets or removes how much a client id may produce.
pub(crate) fn produce_quota(client_id: &str, bytes: Option<f64>) -> MetadataCommand {
    let key = QuotaKey::ProducerByteRate;
    let client_id = Some(EntityName::Named(client_id.to_owned()));
    MetadataCommand::AlterClientQuotas {
        entity: QuotaEntity { client_id, ..QuotaEntity::default() },
        changes: BTreeMap::from([(key, bytes.map(|bytes| key.check(bytes).unwrap()))]),
    }
}

pub(crate) fn topic_request(name: &str, partitions: i32) -> TopicToCreate {
    TopicToCreate {
        name: name.to_owned(),
        partitions,
        replication_factor: -1,
        assignments: vec![],
        configs: vec![],
    }
}
