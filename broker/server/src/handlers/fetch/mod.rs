//! Fetch (1): records from where the client is on, waiting for some if there are none.
//!
//! ```text
//!   request -> session -> targets -> read all -> enough? -> response
//!                                      ^  |
//!                                      |  +-- no: wait for bytes, a change, or max_wait_ms
//!                                      +------+
//! ```

mod read;
mod request;
mod response;

use std::time::Duration;

use klamm_partition::FetchWait;
use klamm_wire::messages::fetch::{FetchRequest, FetchResponse};
use tokio::time::Instant;

use self::read::{Limits, Target, TargetRead};
use crate::{Broker, RequestContext};

/// Reads what the client wants, now or when there is enough of it.
pub(crate) async fn handle(broker: &Broker, ctx: &RequestContext, request: FetchRequest) -> FetchResponse {
    let mut limits = Limits::of(&request, broker.settings().fetch_max_bytes);
    if let Some(meter) = &ctx.meter {
        limits = limits.within(meter.fetch_room(ctx.client_id()));
    }
    let max_wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
    let by_replica = request::is_replica(&request, ctx.api_version);
    let session_request = request::session_request(request, ctx.api_version);
    let (context, wanted) = match broker.fetch_sessions.begin(session_request, broker.clock.now()) {
        Ok(begun) => begun,
        Err(error) => return response::session_error(error),
    };
    let targets: Vec<Target> =
        wanted.into_iter().map(|wanted| Target::find(broker, wanted, by_replica)).collect();
    let found = read_or_wait(broker, &targets, limits, max_wait).await;
    for (target, read) in targets.iter().zip(&found) {
        if let (Ok(partition), Err(error)) = (&target.partition, &read.result) {
            broker.tell_of_failed_read(partition, error);
        }
    }
    let bytes: usize = found.iter().map(TargetRead::size_bytes).sum();
    if let Some(throttle_time_ms) = ctx.meter.as_ref().and_then(|meter| meter.fetched(ctx.client_id(), bytes))
    {
        return response::throttled(context, throttle_time_ms);
    }
    broker.metrics.fetched(bytes);
    response::build(broker, ctx, context, targets, found, limits)
}

/// Reads until there is enough, something to tell, or no more time.
async fn read_or_wait(
    broker: &Broker,
    targets: &[Target],
    asked: Limits,
    max_wait: Duration,
) -> Vec<TargetRead> {
    let limits = asked.within(broker.unsent_bytes.room());
    let found = read::all(targets, limits);
    if max_wait.is_zero() || targets.is_empty() || limits.satisfied_by(&found) {
        return found;
    }
    let deadline = Instant::now() + max_wait;
    let stop = broker.stop.clone().requested();
    tokio::pin!(stop);
    let mut found = found;
    loop {
        let wait = watch(targets, &found, asked.within(broker.unsent_bytes.room()));
        let in_time = tokio::select! {
            () = wait.ready() => true,
            () = tokio::time::sleep_until(deadline) => false,
            () = &mut stop => false,
        };
        // Others may have left their answers unread meanwhile.
        let limits = asked.within(broker.unsent_bytes.room());
        found = read::all(targets, limits);
        if !in_time || limits.satisfied_by(&found) {
            return found;
        }
    }
}

/// A wait for the bytes that are missing.
fn watch(targets: &[Target], found: &[TargetRead], limits: Limits) -> FetchWait {
    let missing = limits.missing(found);
    let wait =
        if targets.len() == 1 { FetchWait::on_one_partition(missing) } else { FetchWait::new(missing) };
    for (target, read) in targets.iter().zip(found) {
        if let (Ok(partition), Ok(fetched)) = (&target.partition, &read.result) {
            partition.watch(fetched.high_watermark, &wait);
        }
    }
    wait
}
