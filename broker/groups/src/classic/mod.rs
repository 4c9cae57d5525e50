//! The classic protocol: members join, one of them assigns, all of them sync (KIP-62, KIP-345, KIP-394).
//!
//! ```text
//!            join, leave, loss                all have joined,               the leader has
//!            of a member                      or the time is up              said who does what
//!   Empty ---------------> PreparingRebalance ---------------> CompletingRebalance ----> Stable
//!     ^                        |    ^  ^                                |                  |
//!     +---- nobody is left ----+    |  +-- join, leave, loss, no sync --+                  |
//!                                   +------------- join, leave, loss ----------------------+
//! ```

mod commit;
mod describe;
mod group;
mod heartbeat;
mod join;
mod leave;
mod member;
mod migrate;
mod protocols;
mod rebalance;
mod record;
mod state;
mod subscription;
mod sync;
#[cfg(test)]
mod tests;
mod tick;

pub use group::ClassicGroup;
pub(crate) use join::{FIRST_WITH_KNOWN_ID, refused as join_refused};
pub(crate) use leave::FIRST_BATCHED;
pub use member::Member;
pub(crate) use rebalance::sync_refused;
pub use state::State;
