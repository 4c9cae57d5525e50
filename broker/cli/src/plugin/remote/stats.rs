//! `klamm plugin stats`.

use std::collections::BTreeMap;

use clap::Args;
use klamm_rpc::plugin::{BindingStats, StatsRequest, TimeBucket};
use serde::Serialize;

use super::connection::GrpcArguments;
use super::role;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table};

const OUTPUT: &str = "\
MEAN and P99 are of the time of batches, in microseconds; P99 is the upper bound of its bucket. FAILED are records on which the
plug-in failed.

With -o json or yaml: a list of \"topic\", \"role\", \"plugin\", \"sha256\", \"shadow\", \"batches\", \"records\", \"calls\",
\"verdicts\", \"failed_records\", \"failures\", \"time_ns\", \"times\", \"over_budget\", \"started_instances\",
\"recycled_instances\", \"idle_instances\", \"memory_peak_bytes\", \"breaker\", \"breaker_opened\", \"compile_time_ns\",
\"init_time_ns\", \"counters\" and \"dropped_log_lines\".";

/// Show what bound plug-ins did on a broker, since they were bound there or the broker started
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct StatsArguments {
    /// Only this plug-in
    name: Option<String>,
    /// Only this topic
    #[arg(long)]
    topic: Option<String>,
    #[command(flatten)]
    grpc: GrpcArguments,
}

#[derive(Debug, Serialize)]
struct Row {
    topic: String,
    role: &'static str,
    plugin: String,
    sha256: String,
    shadow: bool,
    batches: u64,
    records: u64,
    calls: u64,
    verdicts: BTreeMap<String, u64>,
    failed_records: u64,
    failures: BTreeMap<String, u64>,
    time_ns: u64,
    times: Vec<Times>,
    over_budget: u64,
    started_instances: u64,
    recycled_instances: u64,
    idle_instances: u64,
    memory_peak_bytes: u64,
    breaker: String,
    breaker_opened: u64,
    compile_time_ns: u64,
    init_time_ns: u64,
    counters: BTreeMap<String, u64>,
    dropped_log_lines: u64,
}

#[derive(Debug, Serialize)]
struct Times {
    /// `None` is without bound.
    up_to_us: Option<u64>,
    batches: u64,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Statistics(Vec<Row>);

impl From<BindingStats> for Row {
    fn from(stats: BindingStats) -> Row {
        Row {
            role: role::name(stats.role()),
            plugin: format!("{}@{}", stats.name, stats.version),
            topic: stats.topic,
            sha256: stats.sha256,
            shadow: stats.shadow,
            batches: stats.batches,
            records: stats.records,
            calls: stats.calls,
            verdicts: stats.verdicts.into_iter().collect(),
            failed_records: stats.failed_records,
            failures: stats.failures.into_iter().collect(),
            time_ns: stats.time_ns,
            times: stats.times.into_iter().map(Times::from).collect(),
            over_budget: stats.over_budget,
            started_instances: stats.started_instances,
            recycled_instances: stats.recycled_instances,
            idle_instances: stats.idle_instances,
            memory_peak_bytes: stats.memory_peak_bytes,
            breaker: stats.breaker,
            breaker_opened: stats.breaker_opened,
            compile_time_ns: stats.compile_time_ns,
            init_time_ns: stats.init_time_ns,
            counters: stats.counters.into_iter().collect(),
            dropped_log_lines: stats.dropped_log_lines,
        }
    }
}

impl From<TimeBucket> for Times {
    fn from(bucket: TimeBucket) -> Times {
        Times { up_to_us: Some(bucket.up_to_us).filter(|up_to| *up_to > 0), batches: bucket.batches }
    }
}

impl Row {
    fn verdict(&self, name: &str) -> String {
        self.verdicts.get(name).copied().unwrap_or_default().to_string()
    }

    fn mean_us(&self) -> String {
        match self.batches {
            0 => "-".to_owned(),
            batches => format!("{:.1}", self.time_ns as f64 / 1000.0 / batches as f64),
        }
    }

    /// The bound under which 99 of 100 batches stayed.
    fn p99_us(&self) -> String {
        let all: u64 = self.times.iter().map(|times| times.batches).sum();
        let mut under = 0;
        let found = self.times.iter().find(|times| {
            under += times.batches;
            all > 0 && u128::from(under) * 100 >= u128::from(all) * 99
        });
        match found {
            None => "-".to_owned(),
            Some(Times { up_to_us: Some(bound), .. }) => bound.to_string(),
            Some(_) => "more".to_owned(),
        }
    }

    fn plugin(&self) -> String {
        if self.shadow { format!("{} (shadow)", self.plugin) } else { self.plugin.clone() }
    }
}

impl Present for Statistics {
    fn tables(&self, wide: bool) -> Vec<Table> {
        let head = [
            "TOPIC",
            "ROLE",
            "PLUG-IN",
            "BATCHES",
            "RECORDS",
            "DROPPED",
            "REJECTED",
            "DEAD-LETTERED",
            "FAILED",
            "MEAN",
            "P99",
            "BREAKER",
            "CALLS",
            "OVER BUDGET",
            "RECYCLED",
            "PEAK BYTES",
        ];
        let mut table = Table::new(if wide { &head } else { &head[..12] });
        for row in &self.0 {
            table.row([
                row.topic.clone(),
                row.role.to_owned(),
                row.plugin(),
                row.batches.to_string(),
                row.records.to_string(),
                row.verdict("dropped"),
                row.verdict("rejected"),
                row.verdict("dead-lettered"),
                row.failed_records.to_string(),
                row.mean_us(),
                row.p99_us(),
                row.breaker.clone(),
                row.calls.to_string(),
                row.over_budget.to_string(),
                row.recycled_instances.to_string(),
                row.memory_peak_bytes.to_string(),
            ]);
        }
        vec![table]
    }
}

pub(super) async fn run(arguments: StatsArguments, globals: &Globals) -> Result<(), CliError> {
    let connection = arguments.grpc.connect(globals).await?;
    let request =
        StatsRequest { topic: arguments.topic.unwrap_or_default(), name: arguments.name.unwrap_or_default() };
    let mut client = connection.client.clone();
    let asking = client.stats(request);
    let response = connection.answer("asking for the figures of plug-ins", asking).await?;
    output::print(globals.output(), &Statistics(response.bindings.into_iter().map(Row::from).collect()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use klamm_rpc::plugin::{BindingStats, Role, TimeBucket};

    use super::{Row, Statistics};
    use crate::output::Present;

    fn stats() -> BindingStats {
        let bucket = |up_to_us, batches| TimeBucket { up_to_us, batches };
        BindingStats {
            topic: "orders".to_owned(),
            role: Role::Filter.into(),
            name: "guard".to_owned(),
            version: "1".to_owned(),
            batches: 200,
            records: 3000,
            verdicts: HashMap::from([("dropped".to_owned(), 4), ("dead-lettered".to_owned(), 5)]),
            failed_records: 1,
            time_ns: 2_500_000,
            times: vec![bucket(10, 150), bucket(25, 48), bucket(0, 2)],
            breaker: "closed".to_owned(),
            ..BindingStats::default()
        }
    }

    #[test]
    fn people_see_what_matters() {
        let idle = BindingStats { batches: 0, times: Vec::new(), time_ns: 0, shadow: true, ..stats() };
        let slow = BindingStats { times: vec![TimeBucket { up_to_us: 0, batches: 1 }], ..stats() };
        let shown = Statistics([stats(), idle, slow].map(Row::from).into());
        assert_eq!(
            shown.tables(false)[0].to_string(),
            "TOPIC   ROLE    PLUG-IN           BATCHES  RECORDS  DROPPED  REJECTED  DEAD-LETTERED  FAILED  MEAN  P99   BREAKER\n\
             orders  filter  guard@1           200      3000     4        0         5              1       12.5  25    closed\n\
             orders  filter  guard@1 (shadow)  0        3000     4        0         5              1       -     -     closed\n\
             orders  filter  guard@1           200      3000     4        0         5              1       12.5  more  closed"
        );
        let json = serde_json::to_value(&shown).unwrap();
        assert_eq!(json[0]["verdicts"]["dropped"], 4);
        assert_eq!(json[0]["times"][2]["up_to_us"], serde_json::Value::Null);
    }
}
