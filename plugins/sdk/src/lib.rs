//! What plug-ins of a Klamm broker are written with.
//!
//! What it is: a trait for each kind of plug-in, views of records that copy nothing, typed parameters, a JSON scanner that
//! allocates nothing, batches for tests, and [`export!`], which makes a WebAssembly component's exports of a type. It has no
//! dependencies.
//!
//! What it is not: it compiles and runs no components; `klamm plugin build` and `klamm plugin test` do.
//!
//! ```text
//!   broker -- batch --> abi (wasm only) -- Batch, Record --> Filter | Partitioner | Serializer | Transform
//!          <-- flat answer --          <-- Verdict, Rewrite, .. --
//!   cargo test -- testing::Records ------------^
//! ```
//!
//! A filter, whole:
//!
//! ```
//! use klamm_plugin::{Failure, Filter, Parameters, BadParameter, Plugin, Record, Verdict};
//!
//! struct NotTooLong {
//!     most: usize,
//! }
//!
//! impl Plugin for NotTooLong {
//!     fn start(parameters: &Parameters) -> Result<Self, BadParameter> {
//!         Ok(NotTooLong { most: parameters.or("most", 1_000)? })
//!     }
//! }
//!
//! impl Filter for NotTooLong {
//!     fn check(&mut self, record: &Record<'_>) -> Result<Verdict, Failure> {
//!         let length = record.value().map_or(0, <[u8]>::len);
//!         if length <= self.most {
//!             return Ok(Verdict::Accept);
//!         }
//!         Ok(Verdict::DeadLetter(format!("the value has {length} bytes, {} are allowed", self.most)))
//!     }
//! }
//!
//! klamm_plugin::export!(filter = NotTooLong);
//! # fn main() {}
//! ```

pub mod abi;
mod batch;
mod bytes;
mod export;
mod failure;
mod filter;
pub mod host;
pub mod json;
mod parameters;
mod partitioner;
mod plugin;
mod serializer;
pub mod testing;
mod transform;

pub use batch::{Batch, Headers, Record};
pub use bytes::Bytes;
pub use failure::Failure;
pub use filter::{Filter, Verdict};
pub use parameters::{BadParameter, Parameters};
pub use partitioner::Partitioner;
pub use plugin::{Plugin, Wants};
pub use serializer::{Rewrite, Serializer};
pub use transform::{NewRecord, NewRecords, Transform};
