//! The directory that partitions are in, as clients know it.

use crate::Broker;

/// Its absolute path.
pub(super) fn log_dir(broker: &Broker) -> String {
    let path = broker.partitions.data_dir().path();
    // A path can't be made absolute if it is empty or the working directory is gone: then it says what was configured.
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
