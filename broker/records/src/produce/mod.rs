//! The door that produced batches pass (Kafka: `ProduceRequest.validateRecords`, `UnifiedLog`'s checks before an
//! append, `LogValidator`, `DefaultRecord`).

mod record_check;
mod refusal;
mod rules;
mod store;
mod validate;

pub use refusal::{InvalidProduce, InvalidReason};
pub use rules::ProduceRules;
pub use validate::validate_produced;
