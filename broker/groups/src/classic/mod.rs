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
pub use member::Member;
pub use state::State;
