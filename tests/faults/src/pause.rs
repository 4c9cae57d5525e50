//! Waiting for nothing.

use std::time::Duration;

/// Lets time pass: a kill's moment is a moment, and another process can't tell when it has changed.
#[expect(clippy::disallowed_methods, reason = "a test's own thread, with nothing to wait for but time")]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}
