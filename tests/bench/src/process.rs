//! What the kernel counts of a process.

use std::fs;
use std::io;
use std::time::Duration;

use crate::Result;

/// The counters of all threads of a process at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Time on a core, in user and kernel mode.
    pub cpu: Duration,
    /// How often a thread gave up its core or was taken off it.
    pub context_switches: u64,
}

impl Usage {
    /// Reads them of a process whose threads don't end meanwhile (what ended threads used is not counted).
    pub fn of(pid: u32) -> Result<Usage> {
        let mut usage = Usage::default();
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            let thread = thread?.path();
            let read = |name| fs::read_to_string(thread.join(name));
            // A thread may end while it is looked at.
            let (Ok(schedule), Ok(status)) = (read("schedstat"), read("status")) else { continue };
            let nanoseconds = schedule.split_whitespace().next().unwrap_or_default();
            usage.cpu += Duration::from_nanos(nanoseconds.parse()?);
            usage.context_switches += number_after(&status, "ctxt_switches:")?;
        }
        Ok(usage)
    }

    /// What was used since `before`.
    pub fn since(self, before: Usage) -> Usage {
        Usage {
            cpu: self.cpu.saturating_sub(before.cpu),
            context_switches: self.context_switches - before.context_switches,
        }
    }
}

/// The memory of a process, in MiB.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Resident now.
    pub resident: f64,
    /// The most that was ever resident.
    pub peak: f64,
}

impl Memory {
    /// Reads it of a process.
    pub fn of(pid: u32) -> Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let mib = |name| number_after(&status, name).map(|kib| kib as f64 / 1024.0);
        Ok(Memory { resident: mib("VmRSS:")?, peak: mib("VmHWM:")? })
    }
}

/// The sum of the numbers in the lines whose name ends with `name`.
fn number_after(status: &str, name: &str) -> io::Result<u64> {
    let lines = status.lines().filter_map(|line| line.split_once(name));
    let numbers = lines.filter_map(|(_, rest)| rest.split_whitespace().next()?.parse::<u64>().ok());
    numbers.reduce(|sum, number| sum + number).ok_or_else(|| io::Error::other(format!("no {name} in /proc")))
}

#[cfg(test)]
mod tests {
    use super::{Memory, Usage, number_after};

    #[test]
    fn lines_of_one_name_are_added() {
        let status = "Name:\tx\nvoluntary_ctxt_switches:\t3\nnonvoluntary_ctxt_switches:\t4\n";
        assert_eq!(number_after(status, "ctxt_switches:").unwrap(), 7);
        assert!(number_after(status, "VmRSS:").is_err());
    }

    #[test]
    fn a_process_that_works_uses_time_and_memory() {
        let before = Usage::of(std::process::id()).unwrap();
        let work: u64 =
            std::hint::black_box((0..20_000_000_u64).fold(0, |sum, n| sum ^ std::hint::black_box(n)));
        let used = Usage::of(std::process::id()).unwrap().since(before);
        assert!(used.cpu.as_nanos() > 0, "{work}");
        let memory = Memory::of(std::process::id()).unwrap();
        assert!(memory.peak >= memory.resident && memory.resident > 0.0);
    }
}
