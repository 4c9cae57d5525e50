//! What appending costs in the kernel: the least that a broker can do for bulk, without a broker and without a network.
//!
//! One thread appends 256 KiB at a time to files of 64 MiB and deletes the oldest, another brings each full file to the disk; in
//! turns with and without asking for blocks ahead (`fallocate`), as `docs/decisions/011` tells of it.
//!
//! `cargo run --release -p klamm-bench --example append`, in a cgroup as `docs/performance.md` says of bulk.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::fs::{FallocateFlags, fallocate};
use tempfile::TempDir;

const ROUNDS: usize = 3;
const FILES: usize = 64;
/// Four full ones are kept, as the benchmark's brokers do.
const KEPT: usize = 4;
const FILE_BYTES: u64 = 64 << 20;
/// A little more than whole pages, as a batch with its header is.
const APPEND_BYTES: u64 = (256 << 10) + 61;
const AHEAD_BYTES: u64 = 4 << 20;

#[expect(clippy::print_stdout, reason = "the output of a program")]
fn main() -> io::Result<()> {
    let dir = TempDir::with_prefix("klamm-append-")?;
    for _ in 0..ROUNDS {
        for (name, ahead) in [("as it comes", false), ("with room ahead", true)] {
            println!("{name}: {:.3} CPU-s/GB", append(dir.path(), ahead)?);
        }
    }
    Ok(())
}

/// CPU seconds a gigabyte, of both threads.
fn append(dir: &Path, ahead: bool) -> io::Result<f64> {
    let bytes = vec![7; APPEND_BYTES as usize];
    let before = cpu()?;
    let mut files: Vec<PathBuf> = Vec::new();
    let mut syncing: Option<JoinHandle<io::Result<()>>> = None;
    for number in 0..FILES {
        let path = dir.join(number.to_string());
        let file = File::create(&path)?;
        let (mut at, mut room) = (0, 0);
        while at + APPEND_BYTES <= FILE_BYTES {
            if ahead && at + APPEND_BYTES > room {
                fallocate(&file, FallocateFlags::KEEP_SIZE, room, AHEAD_BYTES)?;
                room += AHEAD_BYTES;
            }
            file.write_all_at(&bytes, at)?;
            at += APPEND_BYTES;
        }
        file.set_len(at)?;
        finish(syncing.replace(thread::spawn(move || file.sync_data())))?;
        files.push(path);
        if let Some(oldest) = files.len().checked_sub(KEPT + 1) {
            fs::remove_file(&files[oldest])?;
        }
    }
    finish(syncing)?;
    let gigabytes = (FILES as u64 * (FILE_BYTES / APPEND_BYTES) * APPEND_BYTES) as f64 / 1e9;
    for path in files.iter().rev().take(KEPT) {
        fs::remove_file(path)?;
    }
    Ok(cpu()?.saturating_sub(before).as_secs_f64() / gigabytes)
}

fn finish(syncing: Option<JoinHandle<io::Result<()>>>) -> io::Result<()> {
    syncing.map_or(Ok(()), |thread| thread.join().map_err(|_| io::Error::other("a sync panicked"))?)
}

/// The time that this process has had a core, with its threads that ended.
fn cpu() -> io::Result<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).map_err(io::Error::other)
}
