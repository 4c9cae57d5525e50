//! The one who kills.

use std::time::Duration;

use klamm_conformance::TestBroker;

use crate::pause::pause;
use crate::progress::Progress;
use crate::schedule::{Kill, KillSchedule};

/// Kills and restarts; gives how many of the kills met requests without an answer in a broker that was giving answers.
pub fn kill_all(broker: &mut TestBroker, schedule: KillSchedule, progress: &Progress) -> u64 {
    let mut under_load = 0;
    for kill in schedule {
        match kill {
            Kill::UnderLoad(after) => {
                broker.become_ready();
                pause(Duration::from_millis(10)); // answers of the life before are counted by now
                progress.wait_for_more(1);
                pause(after);
                under_load += u64::from(progress.unanswered() > 0);
            }
            Kill::WhileStarting(after) => pause(after),
        }
        broker.kill();
        broker.launch();
    }
    broker.become_ready();
    under_load
}
