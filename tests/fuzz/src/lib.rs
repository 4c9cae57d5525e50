//! Fuzz targets for everything that Klamm decodes.
//!
//! What it is: for each format one function from any bytes to nothing, which fails if decoding panics, takes more
//! memory than the input explains, takes seconds, or contradicts encoding. libFuzzer drives them by coverage
//! (`tests/fuzz/run`), `cargo test` by the corpus and a bounded number of mutants of it.
//!
//! What it is not: a test of what a broker answers; `tests/hostility` asks a running one.
//!
//! ```text
//!   corpus/<target>/* --(libFuzzer | mutants)--> Target::run --> klamm-wire, klamm-records, klamm-log (on a SimDisk)
//! ```

#![expect(clippy::unwrap_used, reason = "a fuzz target fails by panicking")]

mod bounds;
mod disk;
mod input;
mod mutants;
mod seeds;
mod targets;

pub use bounds::within_bounds;
pub use mutants::Mutants;
pub use seeds::seeds_of;
pub use targets::Target;
