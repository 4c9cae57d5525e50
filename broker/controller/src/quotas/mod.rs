//! Client quotas: how much of the broker a client may use.
//!
//! What it is: which entities and keys there are, which are refused, what is set, and which of several quotas counts
//! for a client. Pure.
//!
//! What it is not: it measures nothing and holds nobody back; the server does.

mod entity;
mod invalid;
mod key;
mod table;
mod value;

pub use entity::{EntityName, QuotaEntity};
pub use invalid::InvalidQuota;
pub use key::QuotaKey;
pub use table::{ClientQuotas, QuotaLimit};
pub use value::QuotaValue;

/// A change of one entity's quotas, as a client asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct QuotaAlteration {
    /// The parts of the entity: a type, and a name or none for the default.
    pub entity: Vec<(String, Option<String>)>,
    /// Each quota with its new value; `None` removes it.
    pub ops: Vec<(String, Option<f64>)>,
}
