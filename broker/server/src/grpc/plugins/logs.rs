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
            let known = readers.iter().position(|reader| reader.bound.as_ptr() == Arc::as_ptr(&bound));
            let reader = match known {
                Some(position) => &mut readers[position],
                None => {
                    readers.push(Reader::new(&bound, request.tail));
                    let last = readers.len() - 1;
                    &mut readers[last]
                }
            };
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
