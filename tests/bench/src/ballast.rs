//! Memory that is held so that little is left for the page cache.
//!
//! On a virtual machine the first use of a page may cost more than all a broker does with it, since the host has to find
//! it: 2-4 CPU-seconds a GB where this was written, against 0.15 for a page that was in use a moment ago. A machine
//! that has run for long reuses its pages. With ballast a fresh one does so too, and all brokers find the same.

use std::fs;

use crate::Result;

const MIB: usize = 1 << 20;

/// Memory that nobody uses, touched once.
#[derive(Debug)]
pub struct Ballast(#[expect(dead_code, reason = "it is only held")] Vec<Vec<u8>>);

impl Ballast {
    /// Takes memory until `left` MiB are available.
    pub fn leaving(left: u64) -> Result<Ballast> {
        let mut held = Vec::new();
        while available()? > left {
            // A pattern that is not zero: the kernel knows zero pages.
            held.push(vec![0x5a; 64 * MIB]);
        }
        Ok(Ballast(held))
    }
}

/// The MiB that could be used.
fn available() -> Result<u64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib: u64 = line.and_then(|line| line.split_whitespace().next()).ok_or("no MemAvailable")?.parse()?;
    Ok(kib / 1024)
}
