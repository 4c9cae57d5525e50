//! Every metric that is registered, with what the reference page says of it.

use std::fmt::Write;

use prometheus::core::Collector;
use prometheus::{
    Counter, CounterVec, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry,
};

/// Registers metrics and remembers what they are, so that `docs/reference/metrics.md` can't differ from what is
/// served.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    registry: Registry,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: &'static str,
    kind: Kind,
    labels: &'static [&'static str],
    help: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Catalogue {
    /// A number that only grows.
    pub(crate) fn counter(
        &mut self,
        name: &'static str,
        help: &'static str,
    ) -> prometheus::Result<IntCounter> {
        let metric = IntCounter::new(name, help)?;
        self.add(Entry { name, kind: Kind::Counter, labels: &[], help }, metric)
    }

    /// Numbers that only grow, by label.
    pub(crate) fn counters(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> prometheus::Result<IntCounterVec> {
        let metric = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.add(Entry { name, kind: Kind::Counter, labels, help }, metric)
    }

    /// A whole number that goes up and down.
    pub(crate) fn gauge(&mut self, name: &'static str, help: &'static str) -> prometheus::Result<IntGauge> {
        let metric = IntGauge::new(name, help)?;
        self.add(Entry { name, kind: Kind::Gauge, labels: &[], help }, metric)
    }

    /// A number that only grows and may have a fraction.
    pub(crate) fn real_counter(
        &mut self,
        name: &'static str,
        help: &'static str,
    ) -> prometheus::Result<Counter> {
        let metric = Counter::new(name, help)?;
        self.add(Entry { name, kind: Kind::Counter, labels: &[], help }, metric)
    }

    /// Numbers that only grow and may have fractions, by label.
    pub(crate) fn real_counters(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> prometheus::Result<CounterVec> {
        let metric = CounterVec::new(Opts::new(name, help), labels)?;
        self.add(Entry { name, kind: Kind::Counter, labels, help }, metric)
    }

    /// A number that goes up and down and may have a fraction.
    pub(crate) fn real_gauge(&mut self, name: &'static str, help: &'static str) -> prometheus::Result<Gauge> {
        let metric = Gauge::new(name, help)?;
        self.add(Entry { name, kind: Kind::Gauge, labels: &[], help }, metric)
    }

    /// Whole numbers that go up and down, by label.
    pub(crate) fn gauges(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> prometheus::Result<IntGaugeVec> {
        let metric = IntGaugeVec::new(Opts::new(name, help), labels)?;
        self.add(Entry { name, kind: Kind::Gauge, labels, help }, metric)
    }

    /// A distribution.
    pub(crate) fn histogram(
        &mut self,
        name: &'static str,
        buckets: &[f64],
        help: &'static str,
    ) -> prometheus::Result<Histogram> {
        let metric = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?;
        self.add(Entry { name, kind: Kind::Histogram, labels: &[], help }, metric)
    }

    /// Distributions, by label.
    pub(crate) fn histograms(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        buckets: &[f64],
        help: &'static str,
    ) -> prometheus::Result<HistogramVec> {
        let metric = HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels)?;
        self.add(Entry { name, kind: Kind::Histogram, labels, help }, metric)
    }

    fn add<M: Collector + Clone + 'static>(&mut self, entry: Entry, metric: M) -> prometheus::Result<M> {
        self.registry.register(Box::new(metric.clone()))?;
        self.entries.push(entry);
        Ok(metric)
    }

    /// What is counted now, in Prometheus's text format.
    pub(crate) fn render(&self) -> prometheus::Result<String> {
        prometheus::TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// The reference page, in Markdown.
    pub(crate) fn reference_markdown(&self) -> String {
        let mut page = String::from(INTRODUCTION);
        for entry in &self.entries {
            let kind = match entry.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
            };
            let labels: Vec<_> = entry.labels.iter().map(|label| format!("`{label}`")).collect();
            // Writing to a String can't fail.
            let _ = writeln!(page, "| `{}` | {kind} | {} | {} |", entry.name, labels.join(", "), entry.help);
        }
        page
    }
}

const INTRODUCTION: &str = "\
# Metrics

`GET /metrics` on the HTTP address (8080) answers in Prometheus's text format. Times are in seconds, sizes in bytes.
This page is generated from `broker/server/src/metrics`: change that, then run
`KLAMM_WRITE_REFERENCES=1 cargo test -p klamm-server reference`.

| Name | Type | Labels | Meaning |
|---|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::Catalogue;

    #[test]
    fn what_is_registered_is_rendered_and_documented() {
        let mut catalogue = Catalogue::default();
        catalogue.counter("klamm_things_total", "Things.").unwrap().inc_by(3);
        catalogue.gauges("klamm_sizes_bytes", &["topic"], "Sizes.").unwrap().with_label_values(&["t"]).set(7);
        let text = catalogue.render().unwrap();
        assert!(text.contains("\nklamm_things_total 3\n"), "{text}");
        assert!(text.contains("\nklamm_sizes_bytes{topic=\"t\"} 7\n"), "{text}");
        let page = catalogue.reference_markdown();
        assert!(page.contains("| `klamm_sizes_bytes` | gauge | `topic` | Sizes. |\n"), "{page}");
    }

    #[test]
    fn a_name_is_registered_once() {
        let mut catalogue = Catalogue::default();
        catalogue.counter("klamm_things_total", "Things.").unwrap();
        assert!(catalogue.gauge("klamm_things_total", "Other things.").is_err());
    }
}
