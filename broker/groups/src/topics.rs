//! The topics of the cluster, as groups see them.

use klamm_model::TopicId;

/// The topics of the cluster at one moment.
pub trait Topics {
    /// The id and the number of partitions of a topic.
    fn by_name(&self, name: &str) -> Option<(TopicId, u32)>;
    /// The name and the number of partitions of a topic.
    fn by_id(&self, id: TopicId) -> Option<(&str, u32)>;
    /// The names of all topics that a pattern may match, in order.
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_>;
    /// A number that grows with each change of the metadata.
    fn version(&self) -> u64;
}
