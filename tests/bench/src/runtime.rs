//! The driver's one thread.

use std::future::Future;

use crate::Result;

/// Runs a load on this thread.
pub fn on_one_thread<T>(load: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(load)
}
