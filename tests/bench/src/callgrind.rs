//! What valgrind's callgrind counts of a broker: figures that do not depend on how busy the machine is.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Result;
use crate::broker::{Broker, Durability, Make};

/// The bytes of a line of the processor's caches, as a shift.
const CACHE_LINE: u32 = 6;

/// What a load took in user space.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Instructions {
    /// Instructions a request.
    pub per_request: f64,
    /// Lines of cache that the code of a usual request is in: what a core has to fetch that did something else meanwhile.
    pub cache_lines: usize,
}

/// Counts them for the requests of `load`, where there is valgrind.
pub fn count(make: &Make, load: impl FnOnce(&Broker) -> Result<usize>) -> Result<Option<Instructions>> {
    let there = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        return Ok(None);
    }
    let broker = Broker::start_counted(make, Durability::PageCache)?;
    control(&broker, &["-i", "on"])?;
    let requests = load(&broker)?;
    control(&broker, &["-i", "off"])?;
    control(&broker, &["-d"])?;
    let dump = dump(broker.home())?;
    Ok(Some(parse(&dump, requests)))
}

fn control(broker: &Broker, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("callgrind_control");
    command.args(arguments).arg(broker.pid().to_string());
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("callgrind_control {arguments:?}: {status}").into()) }
}

/// What callgrind wrote when it was told to; the file for the end of the process is still empty.
fn dump(home: &Path) -> Result<String> {
    for entry in fs::read_dir(home)? {
        let path = entry?.path();
        let is_dump = path.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("callgrind."));
        if is_dump && path.metadata()?.len() > 0 {
            return Ok(fs::read_to_string(path)?);
        }
    }
    Err("callgrind wrote nothing".into())
}

/// Reads a dump with positions of instructions and lines (valgrind's manual, "Callgrind Format Specification").
fn parse(dump: &str, requests: usize) -> Instructions {
    let (mut object, mut address, mut is_call) = ("", 0_u64, false);
    let mut total = 0;
    let mut by_line: HashMap<(&str, u64), u64> = HashMap::new();
    for line in dump.lines() {
        if let Some(named) = line.strip_prefix("ob=") {
            // "(1) /usr/bin/klamm" at first, "(1)" from then on.
            object = named.split(' ').next().unwrap_or_default();
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if let Some((position, count)) = costs(line, address) {
            address = position;
            // What a call cost stands with the function that was called.
            if !std::mem::take(&mut is_call) {
                total += count;
                let most = by_line.entry((object, address >> CACHE_LINE)).or_default();
                *most = count.max(*most);
            }
        }
    }
    let usual = by_line.values().filter(|&&count| count * 2 >= requests as u64).count();
    Instructions { per_request: total as f64 / requests as f64, cache_lines: usual }
}

/// The position and the count of a line of costs, given the position of the one before.
fn costs(line: &str, before: u64) -> Option<(u64, u64)> {
    let mut fields = line.split_ascii_whitespace();
    let (position, _source_line, count) = (fields.next()?, fields.next()?, fields.next()?);
    let number = |text: &str| u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok();
    let position = match position.split_at_checked(1)? {
        ("*", "") => before,
        ("+", more) => before + more.parse::<u64>().ok()?,
        ("-", less) => before.checked_sub(less.parse().ok()?)?,
        ("0", _) => number(position)?,
        _ => return None,
    };
    Some((position, count.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Instructions, parse};

    #[test]
    fn a_dump_is_added_up() {
        let dump = "version: 1\npositions: instr line\nevents: Ir\n\nob=(1) /usr/bin/klamm\nfl=(1) a.rs\nfn=(1) f\n\
                    0x1000 16 100\n+4 +1 100\n* 17 7\n+60 +1 3\ncfn=(2) g\ncalls=100 0x2000 3\n+8 * 5000\n-8 * 100\n\
                    ob=(2) libc.so\nfn=(2)\n0x1000 3 50\ntotals: 360\n";
        // 0x1040 is one line of code with a count of 100, and another object's 0x1000 is another line.
        let counted = parse(dump, 100);
        assert_eq!(counted, Instructions { per_request: 3.6, cache_lines: 3 });
    }
}
