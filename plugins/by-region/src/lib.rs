//! A partitioner that goes by a field of the JSON value, or by a header: all records of a region in one partition, or in
//! those that a table names.
//!
//! ```text
//!   field or header --> a text --> its hash | the table's partitions --> a partition, or the producer's choice
//! ```

mod murmur2;
mod partitioner;
mod region;
mod table;

pub use partitioner::ByRegion;

klamm_plugin::export!(partitioner = ByRegion);
