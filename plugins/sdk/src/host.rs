//! What a plug-in may ask of its broker. Nothing here blocks.

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Of use to whoever writes the plug-in.
    Debug,
    /// Good to know.
    Info,
    /// Somebody should look at it.
    Warn,
    /// Something failed.
    Error,
}

/// Writes a line to the plug-in's log (`klamm plugin logs`). Lines over 1 KiB are cut; lines over the rate limit are counted
/// and dropped. In native tests lines go to [`testing::take_log`](crate::testing::take_log).
pub fn log(level: Level, line: &str) {
    #[cfg(target_arch = "wasm32")]
    crate::abi::imports::log(level as u32, line);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::keep_line(level, line);
}

/// Adds to a counter of this plug-in, which the broker exports as `klamm_plugin_custom_total{counter="name"}`. Names are
/// letters, digits and `_`, at most 64 of them; a plug-in has at most 64 counters. In native tests
/// [`testing::take_counters`](crate::testing::take_counters) has them.
pub fn count(counter: &str, more: u64) {
    #[cfg(target_arch = "wasm32")]
    crate::abi::imports::counter_add(counter, more);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::keep_count(counter, more);
}
