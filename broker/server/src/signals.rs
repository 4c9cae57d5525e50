//! Running until the system says stop.

use std::sync::mpsc::Receiver;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use crate::{Server, ServerOptions, StartError};

/// What a process returns that a second signal ended, as a shell would say it of SIGINT.
const CUT_SHORT: i32 = 130;

/// Runs a broker until SIGTERM or SIGINT, then stops it cleanly. A second signal ends the process at once: what
/// was acknowledged is safe, and the next start recovers the rest.
///
/// Signals are watched from the very start: one that comes while partitions are opened is obeyed as soon as they are.
pub fn run(options: ServerOptions) -> Result<(), StartError> {
    let asked = watch().map_err(StartError::Signals)?;
    let server = Server::start(options)?;
    // The watcher lives as long as the process; were it gone, stopping would be right, too.
    let name = asked.recv().unwrap_or("none");
    info!(signal = name, "stopping; a second signal ends the process at once");
    server.stop();
    Ok(())
}

/// Watches on a thread of its own, which tells of the first signal and obeys the second.
fn watch() -> std::io::Result<Receiver<&'static str>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut signals = runtime.block_on(async { Signals::new() })?;
    let (tell, asked) = std::sync::mpsc::sync_channel(1);
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        // Nobody listens if the start failed; the process ends by itself then.
        let _ = tell.send(runtime.block_on(signals.next()));
        let name = runtime.block_on(signals.next());
        warn!(signal = name, "ended at once; the next start recovers");
        std::process::exit(CUT_SHORT);
    })?;
    Ok(asked)
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
