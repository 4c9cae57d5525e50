//! Running until the system says stop.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use crate::{Server, ServerOptions, StartError};

/// What a process returns that a second signal ended, as a shell would say it of SIGINT.
const CUT_SHORT: i32 = 130;

/// Runs a broker until SIGTERM or SIGINT, then stops it cleanly. A second signal ends the process at once: what
/// was acknowledged is safe, and the next start recovers the rest.
pub fn run(options: ServerOptions) -> Result<(), StartError> {
    let server = Server::start(options)?;
    let mut signals = server.control.block_on(async { Signals::new() }).map_err(StartError::Signals)?;
    let name = server.control.block_on(signals.next());
    info!(signal = name, "stopping; a second signal ends the process at once");
    server.control.spawn(async move {
        let name = signals.next().await;
        warn!(signal = name, "ended at once; the next start recovers");
        std::process::exit(CUT_SHORT);
    });
    server.stop();
    Ok(())
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
