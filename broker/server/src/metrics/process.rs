//! What the process uses, from Linux's `/proc`.

use std::fs;
use std::io;

use prometheus::{Counter, IntGauge};

use super::catalogue::Catalogue;

/// What the process uses.
#[derive(Debug)]
pub(crate) struct Process {
    resident: IntGauge,
    resident_peak: IntGauge,
    cpu: Counter,
    open_files: IntGauge,
    open_files_limit: IntGauge,
    threads: IntGauge,
}

/// One reading.
#[derive(Debug, Default, PartialEq)]
struct Usage {
    resident_bytes: i64,
    resident_peak_bytes: i64,
    threads: i64,
}

impl Process {
    pub(super) fn register(catalogue: &mut Catalogue) -> prometheus::Result<Process> {
        Ok(Process {
            resident: catalogue
                .gauge("klamm_process_resident_memory_bytes", "Memory of the process that is in RAM.")?,
            resident_peak: catalogue.gauge(
                "klamm_process_resident_memory_peak_bytes",
                "The most of it since the process started.",
            )?,
            cpu: catalogue.real_counter(
                "klamm_process_cpu_seconds_total",
                "CPU time of the process, in user and system mode together.",
            )?,
            open_files: catalogue.gauge("klamm_process_open_fds", "Open files and sockets.")?,
            open_files_limit: catalogue
                .gauge("klamm_process_max_fds", "How many may be open (`ulimit -n`).")?,
            threads: catalogue.gauge("klamm_process_threads", "Threads.")?,
        })
    }

    /// Reads `/proc`. A figure that can't be read keeps its last value: a scrape must not fail for it.
    pub(super) fn refresh(&self) {
        if let Ok(status) = fs::read_to_string("/proc/self/status") {
            let usage = read_status(&status);
            self.resident.set(usage.resident_bytes);
            self.resident_peak.set(usage.resident_peak_bytes);
            self.threads.set(usage.threads);
        }
        let ticks = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| cpu_ticks(&stat));
        if let Some(ticks) = ticks {
            let seconds = ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
            // Two scrapes at once must not turn it back.
            self.cpu.inc_by((seconds - self.cpu.get()).max(0.0));
        }
        if let Ok(open) = open_files() {
            self.open_files.set(open);
        }
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        self.open_files_limit.set(limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(i64::MAX));
    }
}

fn read_status(status: &str) -> Usage {
    let number = |name: &str| -> i64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    Usage {
        resident_bytes: number("VmRSS") * 1024,
        resident_peak_bytes: number("VmHWM") * 1024,
        threads: number("Threads"),
    }
}

/// `utime` and `stime`, the 14th and 15th field of proc(5)'s stat. The second field is the program's name in
/// parentheses and may have blanks, hence counting starts behind it.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn open_files() -> io::Result<i64> {
    // The directory that is being listed is one of them.
    Ok(fs::read_dir("/proc/self/fd")?.count() as i64 - 1)
}

#[cfg(test)]
mod tests {
    use super::{Usage, cpu_ticks, read_status};

    #[test]
    fn reads_status() {
        let status = "Name:\tklamm\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\nThreads:\t9\n";
        let usage = Usage { resident_bytes: 10_485_760, resident_peak_bytes: 20_971_520, threads: 9 };
        assert_eq!(read_status(status), usage);
        assert_eq!(read_status("nothing"), Usage::default());
    }

    #[test]
    fn reads_cpu_time_behind_a_name_with_blanks_and_parentheses() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 9 0 100 0 0";
        assert_eq!(cpu_ticks(stat), Some(300));
        assert_eq!(cpu_ticks("7 (klamm) S 1"), None);
    }
}
