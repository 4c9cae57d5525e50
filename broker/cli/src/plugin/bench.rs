//! `klamm plugin bench`.

use std::fmt::Write;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use clap::Args;
use klamm_plugin_host::{Budget, Kind, OverBudget, Plugin};
use serde::Serialize;

use super::sample::{Packed, Sample, SampleSource, batches};
use super::subject::Subject;
use super::try_out::answer::no_transforms;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table};

/// Made-up records: enough for several batches.
const MADE_RECORDS: usize = 512;
/// Before anything is measured.
const WARM_UP: Duration = Duration::from_millis(300);
/// Of a topic, records of each partition.
const NEWEST: u32 = 10_000;

const OUTPUT: &str = "\
With -o json or yaml: \"file\", \"kind\", \"records\", \"batches\", \"record_bytes\" (on average), \"seconds\", \"ns_per_record\",
\"records_per_second\", \"mib_per_second\", \"batch_us_p50\", \"batch_us_p99\", \"batch_us_max\", \"memory_bytes\" (the peak of
an instance), \"compile_ms\", \"init_us\", \"blocked\", \"changed\" and \"failed\" (shares of the records, from 0 to 1).";

/// Measure a component: nanoseconds a record, records a second on one core, peak of memory
///
/// It runs in the same host as in a broker, on one thread, with batches of 64 KiB. Without --records or --topic the records
/// are made up: JSON objects with an id, a region, an amount and some text.
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct BenchArguments {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    source: SampleSource,
    /// The size of the values that are made up
    #[arg(long, value_name = "BYTES", default_value_t = 1_024, value_parser = clap::value_parser!(u32).range(200..=60_000))]
    record_bytes: u32,
    /// How long to measure
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, value_parser = bounded_seconds)]
    seconds: f64,
    /// How many partitions a partitioner is told of
    #[arg(long, value_name = "N", default_value = "3")]
    partitions: NonZeroU32,
}

fn bounded_seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if (0.1..=600.0).contains(&seconds) { Ok(seconds) } else { Err("0.1 to 600 seconds are possible".into()) }
}

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    file: String,
    kind: &'static str,
    records: u64,
    batches: usize,
    record_bytes: f64,
    seconds: f64,
    ns_per_record: f64,
    records_per_second: f64,
    mib_per_second: f64,
    batch_us_p50: f64,
    batch_us_p99: f64,
    batch_us_max: f64,
    memory_bytes: u64,
    compile_ms: f64,
    init_us: f64,
    blocked: f64,
    changed: f64,
    failed: f64,
}

impl Present for Report {
    fn tables(&self, _: bool) -> Vec<Table> {
        let mut speed = Table::new(&[
            "RECORDS",
            "BYTES EACH",
            "NS A RECORD",
            "RECORDS/S",
            "MIB/S",
            "BATCH P50",
            "P99",
            "MAX",
        ]);
        speed.row([
            self.records.to_string(),
            format!("{:.0}", self.record_bytes),
            format!("{:.0}", self.ns_per_record),
            format!("{:.0}", self.records_per_second),
            format!("{:.0}", self.mib_per_second),
            format!("{:.0} us", self.batch_us_p50),
            format!("{:.0} us", self.batch_us_p99),
            format!("{:.0} us", self.batch_us_max),
        ]);
        let mut costs = Table::new(&["MEMORY PEAK", "COMPILED IN", "INIT", "BLOCKED", "CHANGED", "FAILED"]);
        let percent = |share: f64| format!("{:.1}%", share * 100.0);
        costs.row([
            format!("{} KiB", self.memory_bytes / 1024),
            format!("{:.1} ms", self.compile_ms),
            format!("{:.0} us", self.init_us),
            percent(self.blocked),
            percent(self.changed),
            percent(self.failed),
        ]);
        vec![speed, costs]
    }
}

pub(super) fn run(arguments: &BenchArguments, globals: &Globals) -> Result<(), CliError> {
    let plugin = arguments.subject.start()?;
    let samples = arguments.source.read(NEWEST, globals)?;
    let samples = samples.unwrap_or_else(|| made_up(arguments.record_bytes as usize));
    if samples.is_empty() {
        return Err(CliError::usage("there are no records to measure it with"));
    }
    let run = Run { plugin: &plugin, batches: &batches(&samples), partitions: arguments.partitions.get() };
    let report =
        run.measured(arguments.subject.shown(), WARM_UP, Duration::from_secs_f64(arguments.seconds))?;
    output::print(globals.output(), &report)
}

/// So that a test sees a report.
#[cfg(test)]
pub(super) fn measure_briefly(subject: &Subject) -> Result<Report, CliError> {
    let batches = batches(&made_up(1_024));
    let run = Run { plugin: &subject.start()?, batches: &batches, partitions: 3 };
    run.measured(subject.shown(), Duration::ZERO, Duration::ZERO)
}

struct Run<'a> {
    plugin: &'a Plugin,
    batches: &'a [Packed],
    partitions: u32,
}

impl Run<'_> {
    fn measured(&self, file: String, warm_up: Duration, limit: Duration) -> Result<Report, CliError> {
        self.until(warm_up)?;
        let times = self.until(limit)?;
        Ok(report(file, self.plugin, self.batches, times))
    }

    /// Works on batch after batch, in turn; how long each took.
    fn until(&self, limit: Duration) -> Result<Vec<Duration>, CliError> {
        let mut times = Vec::new();
        let begin = Instant::now();
        for batch in self.batches.iter().cycle() {
            let start = Instant::now();
            self.call(batch)?;
            times.push(start.elapsed());
            if begin.elapsed() >= limit {
                break;
            }
        }
        Ok(times)
    }

    fn call(&self, packed: &Packed) -> Result<(), CliError> {
        let batch = packed.batch(&self.plugin.binding().topic);
        let over = |error: OverBudget| CliError::failed(error.to_string());
        match self.plugin.binding().kind {
            Kind::Filter => self.plugin.check(&batch, Budget::Full).map(drop).map_err(over),
            Kind::Partitioner => {
                self.plugin.assign(&batch, self.partitions, Budget::Full).map(drop).map_err(over)
            }
            Kind::Serializer => self.plugin.encode(&batch, Budget::Full).map(drop).map_err(over),
            Kind::Transform => Err(no_transforms()),
        }
    }
}

fn report(file: String, plugin: &Plugin, batches: &[Packed], mut times: Vec<Duration>) -> Report {
    let measured = || batches.iter().cycle().take(times.len());
    let records: usize = measured().map(Packed::len).sum();
    let bytes: usize = measured().map(Packed::bytes).sum();
    let seconds = times.iter().sum::<Duration>().as_secs_f64();
    times.sort_unstable();
    let quantile = |share: f64| {
        let place = ((times.len() as f64 * share) as usize).min(times.len() - 1);
        times[place].as_secs_f64() * 1e6
    };
    let figures = plugin.statistics().snapshot();
    let share = |count: u64| count as f64 / figures.records.max(1) as f64;
    let verdicts = &figures.verdicts;
    Report {
        file,
        kind: plugin.binding().kind.name(),
        records: records as u64,
        batches: times.len(),
        record_bytes: bytes as f64 / records as f64,
        seconds,
        ns_per_record: seconds * 1e9 / records as f64,
        records_per_second: records as f64 / seconds,
        mib_per_second: bytes as f64 / seconds / f64::from(1 << 20),
        batch_us_p50: quantile(0.5),
        batch_us_p99: quantile(0.99),
        batch_us_max: quantile(1.0),
        memory_bytes: figures.memory_high_water_bytes,
        compile_ms: figures.compile_time.as_secs_f64() * 1e3,
        init_us: figures.init_time.as_secs_f64() * 1e6,
        blocked: share(verdicts.dropped + verdicts.rejected + verdicts.dead_lettered),
        changed: share(verdicts.rewritten + verdicts.assigned),
        failed: share(figures.failed_records),
    }
}

/// Orders, as JSON of about this size.
fn made_up(bytes: usize) -> Vec<Sample> {
    let regions = ["eu", "us", "apac"];
    let order = |number: usize| {
        let mut value = format!(
            r#"{{"id":"order-{number:08}","region":"{}","amount":{}.{:02},"paid":{},"customer":{{"id":{number},"name":"Jürgen \"J.\" Meyer","email":"customer-{number}@example.com","card":null}},"items":["#,
            regions[number % 3],
            number * 7 % 1_000,
            number % 100,
            number.is_multiple_of(2),
        );
        let mut item = 0;
        while value.len() + 80 < bytes {
            let separator = if item == 0 { "" } else { "," };
            // Writing to a String can't fail.
            let _ = write!(
                value,
                r#"{separator}{{"sku":"SKU-{item:05}","count":{},"price":{}.5,"note":"a gift, wrapped"}}"#,
                item % 9 + 1,
                item * 3 % 80,
            );
            item += 1;
        }
        value.push_str("]}");
        let key = Some(format!("customer-{}", number % 97).into_bytes());
        Sample { key, value: Some(value.into_bytes()), timestamp: 1_700_000_000_000, ..Sample::default() }
    };
    (0..MADE_RECORDS).map(order).collect()
}

#[cfg(test)]
mod tests {
    use super::made_up;

    #[test]
    fn what_is_made_up_is_json_of_that_size() {
        for bytes in [200, 1_024, 60_000] {
            for sample in made_up(bytes).iter().take(3) {
                let value = sample.value.as_deref().unwrap();
                assert!(serde_json::from_slice::<serde_json::Value>(value).is_ok());
                assert!(value.len() <= bytes.max(300) && value.len() + 160 > bytes, "{}", value.len());
            }
        }
    }
}
