//! What decoding may cost.

use std::time::{Duration, Instant};

use allocation_counter::measure;

/// No input of the sizes that are tried takes a hundredth of this: it is a hang that is looked for, not a slow machine.
const HANG: Duration = Duration::from_secs(20);

/// Runs `decode` and checks that it held no more than `fixed + per_byte * length` bytes of memory at one time, and
/// came to an end.
///
/// # Panics
/// If it held more, or took as long as a hang.
pub fn within_bounds<T>(length: usize, per_byte: u64, fixed: u64, decode: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let mut result = None;
    let most = measure(|| result = Some(decode())).bytes_max;
    let allowed = fixed + per_byte * length as u64;
    assert!(most <= allowed, "{most} bytes of memory for an input of {length}; {allowed} are allowed");
    assert!(begun.elapsed() < HANG, "an input of {length} bytes took {:?}", begun.elapsed());
    result.unwrap()
}
