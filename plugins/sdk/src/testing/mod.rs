//! Batches for tests, and a plug-in's answers to them: `cargo test` needs no WebAssembly.
//!
//! ```
//! # use klamm_plugin::{Failure, Filter, Parameters, BadParameter, Plugin, Record, Verdict};
//! # struct NoTombstones;
//! # impl Plugin for NoTombstones {
//! #     fn start(_: &Parameters) -> Result<Self, BadParameter> { Ok(NoTombstones) }
//! # }
//! # impl Filter for NoTombstones {
//! #     fn check(&mut self, record: &Record<'_>) -> Result<Verdict, Failure> {
//! #         Ok(if record.value().is_some() { Verdict::Accept } else { Verdict::Drop })
//! #     }
//! # }
//! use klamm_plugin::testing::{self, Records};
//!
//! let mut filter: NoTombstones = testing::start(&[]).unwrap();
//! let records = Records::of_values(["a value"]).record(Some(b"key"), None);
//! assert_eq!(testing::check(&mut filter, &records).unwrap(), [Verdict::Accept, Verdict::Drop]);
//! ```

#[cfg(not(target_arch = "wasm32"))]
mod answers;
mod records;

#[cfg(not(target_arch = "wasm32"))]
pub use answers::{
    Made, Refused, Rewritten, apply, assign, check, convert, decode, encode, start, take_counters, take_log,
};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use answers::{keep_count, keep_line};
pub use records::Records;
