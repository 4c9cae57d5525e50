//! A simulated disk, for tests: deterministic from its seed, in memory.
//!
//! It forgets what was not synced when the power is cut, as a file system does: written sectors are there in any version
//! they had since the last sync, files end early, names that were made, renamed or removed come and go. A failed sync
//! loses what it should have saved, even if the next one succeeds (Linux does that).

mod faults;
mod file;
mod gate;
mod names;
mod random;
mod seeds;
mod sim_disk;
mod sim_file;

pub use faults::{Fault, Operation};
pub use gate::Gate;
pub use random::Random;
pub use seeds::{Seeds, first_failing};
pub use sim_disk::SimDisk;
