//! A filter that stops poison pills: values that are no JSON, too large or too deep, or that lack what consumers rely on.
//!
//! ```text
//!   value -- size --> one walk: syntax, depth, fields that are there, their types --> accept, or a reason
//! ```

mod filter;
mod rules;
mod types;

pub use filter::JsonGuard;

klamm_plugin::export!(filter = JsonGuard);
