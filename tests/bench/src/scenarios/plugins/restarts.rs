//! The first produce after a restart: to a topic that binds a plug-in of 1 MiB whose compiled code is cached, and to one that binds none.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use klamm_model::ErrorCode;

use super::kit::{bind, median, milliseconds, noop, push};
use crate::Result;
use crate::broker::{Broker, Durability, Make, pause};
use crate::client::Client;
use crate::figure::Figure;
use crate::frames::{Batch, produce};

const TOPIC: &str = "restarted";
const CODE_BYTES: usize = 1 << 20;
const RESTARTS: usize = 10;
const PATIENCE: Duration = Duration::from_mins(1);

/// How long it took until the first write was acknowledged.
#[derive(Debug, Default)]
struct Sum {
    /// From the start of the process, in ms.
    from_start: Vec<f64>,
    /// From the request itself, in ms.
    from_request: Vec<f64>,
    /// What the broker says of loading the compiled code, in ms.
    loading: Vec<f64>,
}

pub(super) fn run(make: &Make) -> Result<Vec<Figure>> {
    let mut brokers =
        [Broker::start(make, Durability::PageCache)?, Broker::start(make, Durability::PageCache)?];
    for broker in &brokers {
        broker.client()?.create_topic(TOPIC, 1)?;
    }
    let wasm = noop(CODE_BYTES);
    push(&brokers[1], "large", "1", &wasm)?;
    bind(&mut brokers[1].client()?, TOPIC, "large@1")?;
    let compiled = compiled_code(&brokers[1])?;
    let records = Batch::of(1000, 1000).build()?;
    let mut sums: [Sum; 2] = Default::default();
    for restart in 0..RESTARTS {
        // Neither always comes first.
        for turn in [restart % 2, 1 - restart % 2] {
            first_write(&mut brokers[turn], &records, &mut sums[turn])?;
        }
        sums[1].loading.push(loading(&brokers[1])?);
    }
    if compiled_code(&brokers[1])? != compiled {
        return Err("compiled code was not taken from the cache".into());
    }
    let [none, large] = sums;
    let mut figures = none.figures("plug-ins, restart, none")?;
    figures.extend(large.figures(&format!("plug-ins, restart, cached plug-in of {} KiB", wasm.len() >> 10))?);
    Ok(figures)
}

impl Sum {
    fn figures(&self, name: &str) -> Result<Vec<Figure>> {
        let of = |what: &str| format!("{name}: {what}");
        let longest = self.from_request.iter().copied().fold(0.0, f64::max);
        let mut figures = vec![
            Figure::new(of("first write"), median(&self.from_request)?, "ms"),
            Figure::new(of("first write, longest"), longest, "ms"),
            Figure::new(of("start to first write"), median(&self.from_start)?, "ms"),
        ];
        if !self.loading.is_empty() {
            figures.push(Figure::new(of("loading the code"), median(&self.loading)?, "ms"));
        }
        Ok(figures)
    }
}

/// Stops a broker, starts it again, and writes to it as soon as it takes it.
fn first_write(broker: &mut Broker, records: &Bytes, sum: &mut Sum) -> Result<()> {
    broker.stop()?;
    let gave_up = Instant::now() + PATIENCE;
    let mut begun = Instant::now();
    broker.spawn_again()?;
    loop {
        // Somebody took its port while it was down: that is no start to be measured.
        if broker.has_ended()? {
            begun = Instant::now();
            broker.spawn_again()?;
        }
        let asked = Instant::now();
        let connected = Client::connect(broker.address());
        let written =
            connected.map_err(Into::into).and_then(|mut it| it.produce(&produce(TOPIC, [0], records)));
        if matches!(written, Ok(ErrorCode::None)) {
            sum.from_request.push(milliseconds(asked.elapsed()));
            sum.from_start.push(milliseconds(begun.elapsed()));
            return Ok(());
        }
        if gave_up < Instant::now() {
            let log = broker.log();
            return Err(
                format!("no write is acknowledged after a start, but {written:?}; its log:\n{log}").into()
            );
        }
        pause();
    }
}

/// How long the broker took to load the code, in ms; and that it was called.
fn loading(broker: &Broker) -> Result<f64> {
    let stats = broker.klamm(&["plugin", "stats", "large", "-o", "json"])?;
    let number = |name: &str| -> Result<f64> {
        let at = stats.split_once(&format!("\"{name}\":")).ok_or_else(|| format!("no {name} in {stats}"))?.1;
        let digits: String = at.trim_start().chars().take_while(char::is_ascii_digit).collect();
        Ok(digits.parse()?)
    };
    if number("calls")? < 1.0 {
        return Err("the plug-in was not called".into());
    }
    Ok(number("compile_time_ns")? / 1e6)
}

/// The files of compiled code, and when they were written: what is compiled anew is written anew.
fn compiled_code(broker: &Broker) -> Result<Vec<(PathBuf, SystemTime)>> {
    let mut files = Vec::new();
    for engine in std::fs::read_dir(broker.data_dir().join("plugins").join("compiled"))? {
        for file in std::fs::read_dir(engine?.path())? {
            let file = file?;
            files.push((file.path(), file.metadata()?.modified()?));
        }
    }
    files.sort();
    if files.len() == 1 { Ok(files) } else { Err(format!("not one file of compiled code: {files:?}").into()) }
}
