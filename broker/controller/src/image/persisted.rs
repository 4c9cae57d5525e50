//! The image as bytes: what a snapshot of the metadata log is.

use std::collections::BTreeMap;
use std::sync::Arc;

use klamm_model::{BrokerId, ClusterId, TopicId};
use rpds::RedBlackTreeMapSync;
use serde::{Deserialize, Serialize};

use super::{BrokerImage, MetadataImage, PluginImage, TopicImage};
use crate::quotas::ClientQuotas;
use crate::settings::Configs;

/// The format that this version writes, and the only one it reads.
const FORMAT: u32 = 1;

/// Why bytes are no image.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPersistedImage {
    /// Not the JSON of an image.
    #[error("the metadata snapshot can't be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Of another version.
    #[error("the metadata snapshot has format {found}, this version of Klamm reads format {FORMAT}")]
    Format {
        /// Its format.
        found: u32,
    },
}

/// Reads only the format, so that an unknown one is named even if nothing else fits.
#[derive(Deserialize)]
struct Marker {
    format: u32,
}

#[derive(Serialize, Deserialize)]
struct Persisted {
    format: u32,
    cluster_id: ClusterId,
    applied: u64,
    next_producer_id: i64,
    brokers: Vec<Arc<BrokerImage>>,
    cluster_configs: Arc<Configs>,
    broker_configs: BTreeMap<BrokerId, Arc<Configs>>,
    topics: Vec<Arc<TopicImage>>,
    #[serde(default)]
    deleted: Vec<TopicId>,
    #[serde(default)]
    group_configs: BTreeMap<String, Arc<Configs>>,
    #[serde(default)]
    client_metrics: BTreeMap<String, Arc<Configs>>,
    #[serde(default)]
    client_quotas: Arc<ClientQuotas>,
    #[serde(default)]
    plugins: Vec<Arc<PluginImage>>,
}

impl MetadataImage {
    /// The image as JSON, which every version can at least look at.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Persisted {
            format: FORMAT,
            cluster_id: self.cluster_id.clone(),
            applied: self.applied,
            next_producer_id: self.next_producer_id,
            brokers: self.brokers.values().cloned().collect(),
            cluster_configs: Arc::clone(&self.cluster_configs),
            broker_configs: self.broker_configs.iter().map(|(id, c)| (*id, Arc::clone(c))).collect(),
            topics: self.topics.values().cloned().collect(),
            deleted: self.deleted_topics().collect(),
            group_configs: by_name(&self.group_configs),
            client_metrics: by_name(&self.client_metrics),
            client_quotas: Arc::clone(&self.client_quotas),
            plugins: self.plugins.values().cloned().collect(),
        })
    }

    /// The image that [`MetadataImage::to_bytes`] gave, without a leader.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<MetadataImage, InvalidPersistedImage> {
        let persisted: Persisted = match serde_json::from_slice(bytes) {
            Ok(persisted) => persisted,
            Err(error) => return Err(why_unreadable(bytes, error)),
        };
        if persisted.format != FORMAT {
            return Err(InvalidPersistedImage::Format { found: persisted.format });
        }
        let mut image = MetadataImage::empty(persisted.cluster_id);
        image.applied = persisted.applied;
        image.next_producer_id = persisted.next_producer_id;
        image.brokers = persisted.brokers.into_iter().map(|broker| (broker.id, broker)).collect();
        image.cluster_configs = persisted.cluster_configs;
        image.broker_configs = persisted.broker_configs.into_iter().collect();
        image.group_configs = persisted.group_configs.into_iter().collect();
        image.client_metrics = persisted.client_metrics.into_iter().collect();
        image.client_quotas = persisted.client_quotas;
        image.plugins =
            persisted.plugins.into_iter().map(|plugin| (plugin.reference.clone(), plugin)).collect();
        for topic in persisted.topics {
            image.add_topic(topic);
        }
        persisted.deleted.into_iter().for_each(|id| image.remember_deletion(id));
        Ok(image)
    }
}

fn by_name(all: &RedBlackTreeMapSync<String, Arc<Configs>>) -> BTreeMap<String, Arc<Configs>> {
    all.iter().map(|(name, configs)| (name.clone(), Arc::clone(configs))).collect()
}

fn why_unreadable(bytes: &[u8], error: serde_json::Error) -> InvalidPersistedImage {
    match serde_json::from_slice::<Marker>(bytes) {
        Ok(Marker { format }) if format != FORMAT => InvalidPersistedImage::Format { found: format },
        _ => InvalidPersistedImage::Json(error),
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidPersistedImage, MetadataImage};
    use crate::fixtures;

    #[test]
    fn bytes_round_trip() {
        let image = fixtures::busy_image();
        let read = MetadataImage::from_bytes(&image.to_bytes().unwrap()).unwrap();
        assert_eq!(read, image);
    }

    #[test]
    fn an_image_of_an_older_version_opens() {
        let image = fixtures::busy_image();
        let mut json: serde_json::Value = serde_json::from_slice(&image.to_bytes().unwrap()).unwrap();
        for newer in ["deleted", "group_configs", "client_metrics", "client_quotas", "plugins"] {
            assert!(json.as_object_mut().unwrap().remove(newer).is_some(), "{newer}");
        }
        for topic in json["topics"].as_array_mut().unwrap() {
            topic.as_object_mut().unwrap().remove("previous_bindings");
        }
        let read = MetadataImage::from_bytes(json.to_string().as_bytes()).unwrap();
        assert!(read.client_quotas().is_empty());
        assert_eq!(read.plugins().count(), 0);
        assert!(read.topic("orders").unwrap().previous_bindings.is_empty());
        assert_eq!(read.topic_count(), image.topic_count());
    }

    #[test]
    fn an_unknown_format_is_named() {
        let error = MetadataImage::from_bytes(br#"{"format":2,"surprise":[]}"#).unwrap_err();
        assert!(matches!(error, InvalidPersistedImage::Format { found: 2 }), "{error}");
    }

    #[test]
    fn damage_is_an_error() {
        let mut bytes = fixtures::busy_image().to_bytes().unwrap();
        bytes.truncate(bytes.len() / 2);
        assert!(MetadataImage::from_bytes(&bytes).is_err());
    }
}
