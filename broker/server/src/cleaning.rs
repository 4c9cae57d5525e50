//! The log cleaner: compacts the logs of topics whose `cleanup.policy` has `compact` (Kafka's `LogCleaner`).
//!
//! ```text
//!   a turn: look at all compacted logs -> the dirtiest that is due -> Partition::clean, paced -> checkpoint
//! ```
//!
//! `log.cleaner.threads` turns may be under way, each with another log. After one that found nothing to do,
//! `log.cleaner.backoff.ms` pass.

mod choice;
mod throttle;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use klamm_controller::settings::BrokerSettings;
use klamm_log::cleaner::CleanError as LogCleanError;
use klamm_partition::{Clean, CleanError, CleanReport};
use tokio::task::JoinSet;
use tracing::{debug, error, info, warn};

use crate::Broker;
pub(crate) use choice::Cleaner;
use choice::{Chosen, Turnout};

/// How often a wait looks whether it is to end.
const LOOK: Duration = Duration::from_millis(20);

/// Cleans until the broker stops.
pub(crate) async fn keep(broker: Arc<Broker>) {
    if !broker.settings().log_cleaner_enable {
        info!("log.cleaner.enable is false: compacted topics keep all records");
        return;
    }
    let mut turns = JoinSet::new();
    let stop = broker.stop.clone().requested();
    tokio::pin!(stop);
    loop {
        let threads = usize::try_from(broker.settings().log_cleaner_threads).unwrap_or(0);
        while turns.len() < threads {
            turns.spawn(turn(Arc::clone(&broker)));
        }
        tokio::select! {
            () = &mut stop => break,
            Some(ended) = turns.join_next() => {
                if let Err(failure) = ended {
                    error!(%failure, "a turn of the log cleaner failed; it is tried again");
                }
            }
            () = tokio::time::sleep(Duration::from_secs(1)), if threads == 0 => {}
        }
    }
    broker.cleaner.wake();
    // A cleaning notices the stop by itself, and leaves nothing behind then.
    while turns.join_next().await.is_some() {}
}

/// Cleans one log, or waits a while if there is none to clean.
async fn turn(broker: Arc<Broker>) {
    let job = Arc::clone(&broker);
    let has_worked = match tokio::task::spawn_blocking(move || clean_one(&job)).await {
        Ok(has_worked) => has_worked,
        Err(failure) => {
            error!(%failure, "the log cleaner failed; it is tried again");
            false
        }
    };
    if !has_worked {
        let backoff = u64::try_from(broker.settings().log_cleaner_backoff_ms).unwrap_or(0).max(1);
        tokio::select! {
            () = broker.stop.clone().requested() => {}
            () = tokio::time::sleep(Duration::from_millis(backoff)) => {}
        }
    }
}

/// Cleans the log that needs it most; whether there was one and it got cleaner. Blocks.
pub(crate) fn clean_one(broker: &Broker) -> bool {
    let Some(chosen) = broker.cleaner.choose(broker) else { return false };
    let settings = broker.settings();
    if !has_room(broker, &chosen) {
        debug!(partition = %chosen.partition.id(), "not compacted: there is no room for a copy of a segment");
        return false;
    }
    let clean = how(&settings, &chosen, broker);
    let begun = Instant::now();
    let result = chosen.partition.clean(&clean, &mut |bytes, is_closed| {
        if wait_for_turn(broker, bytes, is_closed) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    broker.metrics.cleaner().ran(begun.elapsed());
    match result {
        Ok(report) => finished(broker, &chosen, &report),
        Err(error) => failed(broker, &chosen, error),
    }
}

fn how(settings: &BrokerSettings, chosen: &Chosen<'_>, broker: &Broker) -> Clean {
    let threads = settings.log_cleaner_threads.max(1);
    let share = |bytes: i64| usize::try_from(bytes / i64::from(threads)).unwrap_or(0);
    Clean {
        cleanable: chosen.cleanable,
        delete_retention_ms: chosen.rules.delete_retention_ms,
        now: broker.clock.now(),
        map_bytes: share(settings.log_cleaner_dedupe_buffer_size.min(i64::from(i32::MAX))),
        load_factor: settings.log_cleaner_io_buffer_load_factor,
        buffer_bytes: share(i64::from(settings.log_cleaner_io_buffer_size)),
    }
}

/// Whether the disk has room for a copy of the largest segment there can be.
fn has_room(broker: &Broker, chosen: &Chosen<'_>) -> bool {
    let all = chosen.cleanable.clean_bytes + chosen.cleanable.dirty_bytes;
    let dir = broker.partitions.data_dir().path();
    crate::room::has_room(&**broker.partitions.disk(), dir, all.min(chosen.segment_bytes))
}

/// Counts the bytes and waits until they may be moved; false if the cleaning is to end.
fn wait_for_turn(broker: &Broker, bytes: usize, is_closed: &dyn Fn() -> bool) -> bool {
    let per_second = broker.glance_at_settings().log_cleaner_io_max_bytes_per_second;
    let mut left = broker.cleaner.take(bytes, per_second);
    loop {
        if broker.stop.is_requested() || is_closed() {
            return false;
        }
        if left.is_zero() {
            return true;
        }
        let nap = left.min(LOOK);
        broker.cleaner.nap(nap);
        left -= nap;
    }
}

fn finished(broker: &Broker, chosen: &Chosen<'_>, report: &CleanReport) -> bool {
    broker.metrics.cleaner().cleaned(report.replaced_bytes, report.written_bytes);
    let has_come_further = report.cleaned > chosen.cleanable.first_dirty;
    if has_come_further {
        broker.partitions.note_cleaned(&chosen.partition, report.cleaned);
    } else {
        broker.cleaner.note(chosen, Turnout::Stuck);
    }
    info!(
        partition = %chosen.partition.id(), upto = %report.cleaned, keys = report.keys,
        bytes_before = report.replaced_bytes, bytes_after = report.written_bytes, "log compacted"
    );
    has_come_further
}

fn failed(broker: &Broker, chosen: &Chosen<'_>, error: CleanError) -> bool {
    let partition = chosen.partition.id();
    match error {
        CleanError::Log(LogCleanError::Corrupt(damage)) => {
            error!(%partition, %damage, "this log is not compacted any more until the broker is started again: it is damaged. Others are");
            broker.cleaner.note(chosen, Turnout::Uncleanable);
        }
        CleanError::Log(LogCleanError::Stopped | LogCleanError::Changed) => {
            debug!(%partition, %error, "not compacted this time");
        }
        CleanError::Stopped(_) => debug!(%partition, %error, "not compacted"),
        CleanError::Log(_) => warn!(%partition, %error, "not compacted; it is tried again"),
    }
    false
}
