//! What bound plug-ins log, as a stream.

use std::sync::{Arc, Weak};
use std::time::{Duration, UNIX_EPOCH};

use klamm_rpc::plugin::{LogLine, LogsRequest};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::show;
use crate::Broker;
use crate::plugins::Bound;

/// How often a client that follows hears of new lines.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Lines that wait for a slow client. Those that come meanwhile are kept by their binding, or lost with a gap in their
/// numbers.
const WAITING: usize = 256;

type Lines = mpsc::Sender<Result<LogLine, Status>>;

pub(super) fn stream(broker: Arc<Broker>, request: LogsRequest) -> ReceiverStream<Result<LogLine, Status>> {
    let (lines, stream) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut stop = std::pin::pin!(broker.stop.clone().requested());
        tokio::select! {
            () = lines.closed() => {}
            () = &mut stop => {}
            () = send(&broker, &request, &lines) => {}
        }
    });
    ReceiverStream::new(stream)
}

async fn send(broker: &Broker, request: &LogsRequest, lines: &Lines) {
    let mut readers: Vec<Reader> = Vec::new();
    loop {
        // A binding that changed is another one, with lines of its own.
        readers.retain(|reader| reader.bound.strong_count() > 0);
        for bound in broker.bound_plugins() {
            if !show::is_wanted(&bound, &request.topic, &request.name) {
                continue;
            }
            let is_its = |reader: &Reader| reader.bound.as_ptr() == Arc::as_ptr(&bound);
            let position = readers.iter().position(is_its).unwrap_or_else(|| {
                readers.push(Reader::new(&bound, request.tail));
                readers.len() - 1
            });
            let Some(reader) = readers.get_mut(position) else { continue };
            for line in reader.read(&bound) {
                if lines.send(Ok(line)).await.is_err() {
                    return;
                }
            }
        }
        if !request.follow {
            return;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// How far a binding's lines were sent.
struct Reader {
    bound: Weak<Bound>,
    next: u64,
}

impl Reader {
    /// From the last `tail` lines on; 0 is from the first that is kept.
    fn new(bound: &Arc<Bound>, tail: u32) -> Reader {
        let kept = bound.plugin.statistics().log_since(0);
        let skipped = if tail == 0 { 0 } else { kept.len().saturating_sub(tail as usize) };
        let next = kept.get(skipped).map_or(0, |line| line.sequence);
        Reader { bound: Arc::downgrade(bound), next }
    }

    fn read(&mut self, bound: &Bound) -> Vec<LogLine> {
        let binding = bound.plugin.binding();
        let lines = bound.plugin.statistics().log_since(self.next);
        self.next = lines.last().map_or(self.next, |line| line.sequence + 1);
        let shown = lines.into_iter().map(|line| LogLine {
            topic: bound.topic.to_string(),
            role: show::role(bound.role).into(),
            name: binding.name.clone(),
            version: binding.version.clone(),
            sequence: line.sequence,
            at_ms: line.at.duration_since(UNIX_EPOCH).map_or(0, |at| at.as_millis() as i64),
            level: line.level.to_string(),
            text: line.text,
        });
        shown.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use klamm_model::PluginRole;
    use klamm_plugin_host::guests::Guest;
    use klamm_plugin_host::{Batch, Budget, Host, HostOptions, Record, Span};

    use super::super::statistics;
    use super::Reader;
    use crate::plugins::Bound;

    /// A filter that logs a line and counts for each batch.
    fn talking() -> Arc<Bound> {
        let body = "(call $log (i32.const 2) (i32.const 1024) (i32.const 7))
                    (call $counter_add (i32.const 1024) (i32.const 4) (i64.const 3))
                    (call $verdicts)";
        let host = Host::new(HostOptions::default()).unwrap();
        let artefact = host.compile(&Guest::filter(body).component()).unwrap();
        let topic = "orders".parse().unwrap();
        let spec = "guard@1/shadow:true".parse().unwrap();
        let plugin =
            host.bind(&artefact, crate::plugins::binding::of(&topic, PluginRole::Filter, &spec)).unwrap();
        Arc::new(Bound::new(topic, PluginRole::Filter, spec, plugin, None))
    }

    fn work(bound: &Bound, batches: usize) {
        let null = Span { off: 0, len: -1 };
        let records = [Record { offset_delta: 0, timestamp: 0, key: null, value: null }; 2];
        for _ in 0..batches {
            let batch = Batch { topic: "orders", partition: 0, blob: &[], records: &records, headers: &[] };
            bound.plugin.check(&batch, Budget::Full).unwrap();
        }
    }

    #[test]
    fn a_reader_gets_each_line_once() {
        let bound = talking();
        work(&bound, 5);
        let mut all = Reader::new(&bound, 0);
        let mut last = Reader::new(&bound, 2);
        let numbers = |lines: &[super::LogLine]| lines.iter().map(|line| line.sequence).collect::<Vec<_>>();
        let lines = all.read(&bound);
        assert_eq!(numbers(&lines), [0, 1, 2, 3, 4]);
        let line = &lines[0];
        assert_eq!(
            (line.topic.as_str(), line.name.as_str(), line.version.as_str()),
            ("orders", "guard", "1")
        );
        assert_eq!((line.level.as_str(), line.text.as_str()), ("warn", "said so"));
        assert!(line.at_ms > 1_600_000_000_000);
        assert_eq!(numbers(&last.read(&bound)), [3, 4]);
        assert!(all.read(&bound).is_empty());
        work(&bound, 1);
        assert_eq!((numbers(&all.read(&bound)), numbers(&last.read(&bound))), (vec![5], vec![5]));
    }

    #[test]
    fn figures_are_those_of_the_host() {
        let bound = talking();
        work(&bound, 5);
        let stats = statistics::of(&bound);
        assert_eq!((stats.topic.as_str(), stats.name.as_str(), stats.shadow), ("orders", "guard", true));
        assert_eq!((stats.batches, stats.records, stats.failed_records), (5, 10, 0));
        assert_eq!(stats.verdicts["accepted"], 10);
        assert_eq!(stats.times.iter().map(|times| times.batches).sum::<u64>(), 5);
        assert_eq!(stats.times.last().map(|times| times.up_to_us), Some(0));
        assert_eq!((stats.breaker.as_str(), stats.counters.values().sum::<u64>()), ("closed", 15));
        assert_eq!(stats.sha256, bound.plugin.digest().to_string());
    }
}
