//! The topics of the cluster, as groups see them.

use std::sync::Arc;

use klamm_controller::MetadataImage;
use klamm_groups::Topics;
use klamm_model::TopicId;

/// One image of the metadata.
#[derive(Debug)]
pub(crate) struct ImageTopics(pub(crate) Arc<MetadataImage>);

impl Topics for ImageTopics {
    fn by_name(&self, name: &str) -> Option<(TopicId, u32)> {
        let topic = self.0.topic(name)?;
        Some((topic.id, topic.partitions.len() as u32))
    }

    fn by_id(&self, id: TopicId) -> Option<(&str, u32)> {
        let topic = self.0.topic_by_id(id)?;
        Some((topic.name.as_str(), topic.partitions.len() as u32))
    }

    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        // A pattern never means the broker's own topics: who wants those names them.
        let topics = self.0.topics().filter(|topic| !topic.is_internal());
        Box::new(topics.map(|topic| topic.name.as_str()))
    }

    fn version(&self) -> u64 {
        self.0.applied()
    }
}
