//! Where records go that are read.

use klamm_records::Record;

use crate::error::CliError;

/// Takes records, in the order of each partition.
pub(crate) trait Sink {
    /// Takes a record of this partition.
    fn take(&mut self, partition: i32, record: &Record<'_>) -> Result<(), CliError>;

    /// Shows what it has taken: it may be a while until more comes.
    fn flush(&mut self) -> Result<(), CliError>;
}
