//! The words every other room of the broker uses.
//!
//! What it is: newtypes for Kafka's numbers, ids and names, and Kafka's error codes. A value of one of these
//! types is valid by construction: outside data is checked once, where it becomes one of them.
//!
//! What it is not: it has no I/O, no clock and no behaviour beyond the arithmetic of its own types.
//!
//! ```text
//!   wire  records  log  partition  controller  server  cli
//!     \______\______|_______|__________|_________/______/
//!                         model
//! ```

mod error_code;
mod ids;
mod numbers;
mod plugin_binding;
mod plugin_digest;
mod plugin_name;
mod sequence;
mod topic_id;
mod topic_name;

pub use error_code::ErrorCode;
pub use ids::{BrokerId, ClusterId, InvalidClusterId, ProducerEpoch, ProducerId};
pub use numbers::{LeaderEpoch, Offset, PartitionIndex, TimestampMs};
pub use plugin_binding::{BindingSpec, InvalidBinding, OnPluginFailure, PluginRole};
pub use plugin_digest::{InvalidPluginDigest, PluginDigest};
pub use plugin_name::{InvalidPluginName, PluginName, PluginReference, PluginVersion};
pub use sequence::Sequence;
pub use topic_id::{InvalidTopicId, TopicId};
pub use topic_name::{InvalidTopicName, TopicName, TopicPartition};
