//! Topics with plug-ins under kills: what producers send there, where each record belongs, and a checker of where it is.
//!
//! ```text
//!   Order --content--> ProducerUnderTest, Retrier --acknowledgements--\
//!   PluggedTopic: which plug-ins; where an order belongs -------------- PluggedHistory --check_plugged--> PluggedVerdict
//!   read_topic: what is in the topic and in its quarantine -----------/
//! ```
//!
//! The plug-ins are the ones that are shipped: `json-guard`, `redact` and `by-region`. What they do to an order is said here once more
//! and in other words, for the checker.

mod checker;
#[cfg(test)]
mod checker_tests;
mod history;
mod order;
mod reading;
mod retrier;
mod topic;
mod violation;

pub use checker::{PluggedFigures, PluggedVerdict, check_plugged};
pub use history::{Letter, PluggedHistory, TopicReading};
pub use order::Order;
pub use reading::read_topic;
pub use retrier::Retrier;
pub use topic::{Destiny, Kinds, PluggedTopic};
pub use violation::PluggedViolation;
