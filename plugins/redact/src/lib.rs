//! A serializer that masks fields of JSON values, and keeps every other byte.
//!
//! ```text
//!   value -- one walk --> where the fields are --> keep (nowhere) | the value with these pieces replaced or cut out
//! ```

mod edits;
mod hash;
mod mask;
mod serializer;

pub use serializer::Redact;

klamm_plugin::export!(serializer = Redact);
