//! 1,000 small requests a second.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Result;
use crate::broker::{Broker, Durability, Make, Program};
use crate::callgrind;
use crate::figure::Figure;
use crate::frames::{Batch, PRODUCE_VERSION, frame, produce};
use crate::paced::Paced;
use crate::process::Usage;
use crate::scenarios::Extent;

const CONNECTIONS: i32 = 4;
const RATE: u32 = 1000;
/// Counting system calls slows a broker down: that is a run of its own, of this length.
const TRACED: Duration = Duration::from_secs(3);

pub(super) fn run(make: &Make, extent: Extent) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, durability) in [("page cache", Durability::PageCache), ("durable", Durability::Fsync)] {
        let broker = Broker::start(make, durability)?;
        broker.client()?.create_topic("paced", CONNECTIONS)?;
        load(extent.warm_up)?.drive(broker.address())?;
        let before = Usage::of(broker.pid())?;
        let latencies = load(extent.time)?.drive(broker.address())?;
        let used = Usage::of(broker.pid())?.since(before);
        let of = |what: &str| format!("1,000/s, {name}: {what}");
        let requests = latencies.len() as f64;
        let quantile = |quantile| latencies.value_at_quantile(quantile) as f64 / 1e3;
        figures.extend([
            Figure::new(of("p50"), quantile(0.5), "ms"),
            Figure::new(of("p99"), quantile(0.99), "ms"),
            Figure::new(of("p99.9"), quantile(0.999), "ms"),
            Figure::new(of("broker CPU"), used.cpu.as_secs_f64() * 1e6 / requests, "us/request"),
            Figure::new(of("context switches"), used.context_switches as f64 / requests, "/request"),
        ]);
        figures
            .extend(system_calls(&broker)?.map(|calls| Figure::new(of("system calls"), calls, "/request")));
    }
    // Not of Kafka: valgrind would run the Java compiler.
    if let Program::Klamm(_) = make.program {
        figures.extend(instructions(make)?);
    }
    Ok(figures)
}

/// Instructions a request, where there is valgrind.
fn instructions(make: &Make) -> Result<Vec<Figure>> {
    let counted = callgrind::count(make, |broker| {
        broker.client()?.create_topic("paced", CONNECTIONS)?;
        Ok(usize::try_from(load(TRACED)?.drive(broker.address())?.len())?)
    })?;
    let Some(counted) = counted else { return Ok(Vec::new()) };
    Ok(vec![
        Figure::new("1,000/s, page cache: instructions".to_owned(), counted.per_request, "/request"),
        Figure::new(
            "1,000/s, page cache: cache lines of code".to_owned(),
            counted.cache_lines as f64,
            "/request",
        ),
    ])
}

/// The load of [`super::cold`] too.
pub(super) fn load(time: Duration) -> Result<Paced> {
    let records = Batch::of(1000, 1000).build()?;
    let frame_of = |partition| frame(PRODUCE_VERSION, &produce("paced", [partition], &records));
    let frames = (0..CONNECTIONS).map(frame_of).collect::<Result<_>>()?;
    Ok(Paced { frames, rate: RATE, time })
}

/// System calls a request, where there is strace.
fn system_calls(broker: &Broker) -> Result<Option<f64>> {
    let counting = Command::new("strace")
        .args(["-f", "-c", "-S", "calls", "-p", &broker.pid().to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(counting) = counting else { return Ok(None) };
    let requests = load(TRACED)?.drive(broker.address())?.len();
    let pid = rustix::process::Pid::from_child(&counting);
    rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
    let summary = String::from_utf8_lossy(&counting.wait_with_output()?.stderr).into_owned();
    let total = summary.lines().find(|line| line.trim_end().ends_with("total"));
    // Time, seconds, microseconds a call, calls.
    let calls = total.and_then(|line| line.split_whitespace().nth(3)?.parse::<f64>().ok());
    Ok(calls.map(|calls| calls / requests as f64))
}
