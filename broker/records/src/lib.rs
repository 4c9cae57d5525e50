//! Record batches, version 2: Kafka's format for records on the wire and on disk (KIP-98).
//!
//! What it is: reading and writing of batch headers, iteration over records, building of batches, bounded
//! compression in Kafka's four codecs, and the door that produced batches pass: validation as strict as
//! Kafka's.
//!
//! What it is not: it knows no files, no sockets, no clock. The old formats (magic 0 and 1) are refused with
//! an error that says so.
//!
//! ```text
//!   wire bytes -- validate_produced --> ProducedBatch -- place(offset, epoch) --> PlacedBatch --> log
//!   log bytes --- batches() ----------> BatchView ----- records() -------------> Record
//!   records ----- BatchBuilder -------> bytes
//!   ProducedBatch -- unpack --> UnpackedBatch -- (a plug-in decides) --> with_records --> ProducedBatch
//! ```

mod attributes;
mod batch;
mod builder;
mod checksum;
pub mod compression;
mod error;
mod header;
mod produce;
mod produced;
mod record;
mod rewrite;
mod unpack;
mod varint;
mod walk;

pub use attributes::{Attributes, TimestampType};
pub use batch::{BatchView, Batches, batches};
pub use builder::{BatchBuilder, BuildOptions, ProducerStamp};
pub use checksum::crc32c;
pub use compression::{Compression, CompressionError, Level};
pub use error::BatchError;
pub use header::{BatchHeader, HEADER_BYTES, LOG_OVERHEAD_BYTES, MAGIC};
pub use produce::{InvalidProduce, InvalidReason, ProduceRules, validate_produced};
pub use produced::{PlacedBatch, ProducedBatch};
pub use record::{Header, Record, Records};
pub use rewrite::KeptRecord;
pub use unpack::{UnpackedBatch, UnpackedHeader, UnpackedRecord};
