//! A JSON scanner that allocates nothing: it checks a text as strictly as RFC 8259 has it, and finds the values of given
//! paths on the way, in one pass.
//!
//! - Texts are UTF-8, without a byte order mark; half of a surrogate pair in an escape is refused, because many parsers refuse
//!   it. Nesting is bounded.
//! - A name that occurs twice in an object is no error (RFC 8259 leaves that open); each occurrence is found.
//! - Numbers may have any size: what a parser makes of them is its business.
//!
//! ```
//! use klamm_plugin::json::{Found, Kind, Need, Paths, Visitor, Walker};
//!
//! struct Print(Vec<String>);
//!
//! impl Visitor for Print {
//!     fn found(&mut self, found: &Found<'_>) {
//!         self.0.push(format!("{} {:?} {}", found.path, found.kind, String::from_utf8_lossy(found.raw)));
//!     }
//!     fn missing(&mut self, path: usize) {
//!         self.0.push(format!("{path} missing"));
//!     }
//! }
//!
//! let mut paths = Paths::default();
//! paths.add("customer.id", Need::Required).unwrap();
//! paths.add("items.price", Need::Required).unwrap();
//! let mut print = Print(Vec::new());
//! let text = br#"{"customer": {"id": 7}, "items": [{"price": 1.50}, {}]}"#;
//! Walker::new(128).walk(text, &paths, &mut print).unwrap();
//! assert_eq!(print.0, ["0 Number 7", "1 Number 1.50", "1 missing"]);
//! ```

mod broken;
mod literals;
mod paths;
mod strings;
#[cfg(test)]
mod tests;
mod text;
mod walk;

pub use broken::Broken;
pub use paths::{BadPath, Need, Paths};
pub use text::{quote, text};
pub use walk::{Found, Kind, Visitor, Walker};
