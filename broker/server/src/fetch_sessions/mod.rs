//! Fetch sessions (KIP-227): a client says once which partitions it follows, and then only what changed.
//!
//! ```text
//!   request -> begin -> FetchContext::wanted -> (read) -> FetchContext::finish -> session id, what to answer
//! ```

mod cache;
mod context;
mod session;

pub(crate) use cache::FetchSessions;
pub(crate) use context::{FetchContext, SessionError, SessionRequest};
pub(crate) use session::{Outcome, PartitionKey, Topic, Wanted};
