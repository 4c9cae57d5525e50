//! What groups need from time to time: to be loaded, reminded of their deadlines, and rid of old offsets.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use klamm_model::TopicId;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tracing::{debug, error, info};

use super::backoff::delay_after;
use super::shard::Phase;
use super::{ImageTopics, OFFSETS_TOPIC, Shard, load};
use crate::Broker;

/// Tends the groups until the broker stops.
pub(crate) async fn tend(broker: Arc<Broker>) {
    let mut followed = broker.partitions.subscribe();
    let stop = broker.stop.clone().requested();
    tokio::pin!(stop);
    let mut tended = JoinSet::new();
    let mut last_deleted = None;
    loop {
        followed.mark_unchanged();
        for shard in follow(&broker) {
            tended.spawn(tend_one(Arc::clone(&broker), shard));
        }
        forget_deleted_topics(&broker, &mut last_deleted);
        tokio::select! {
            () = &mut stop => break,
            changed = followed.changed() => if changed.is_err() { break },
        }
    }
    broker.groups.shards().iter().for_each(|shard| shard.close());
    while let Some(ended) = tended.join_next().await {
        if let Err(failure) = ended {
            error!(%failure, "tending consumer groups had failed");
        }
    }
}

/// Has a shard for each partition of the topic that is here; gives the new ones.
fn follow(broker: &Arc<Broker>) -> Vec<Arc<Shard>> {
    let hosted = broker.partitions.by_name(OFFSETS_TOPIC);
    let mut wanted = HashMap::new();
    for partition in hosted.iter().flat_map(|topic| topic.online()) {
        wanted.insert(partition.id().partition.0, Arc::clone(partition));
    }
    let mut shards = broker.groups.shards.write();
    shards.retain(|index, shard| {
        let stays = wanted.get(index).is_some_and(|partition| Arc::ptr_eq(partition, shard.partition()));
        if !stays {
            shard.close();
        }
        stays
    });
    let mut new = Vec::new();
    for (index, partition) in wanted {
        shards.entry(index).or_insert_with(|| {
            let shard = Arc::new(Shard::new(partition));
            new.push(Arc::clone(&shard));
            shard
        });
    }
    new
}

/// Forgets offsets of topics that were deleted since the last time.
fn forget_deleted_topics(broker: &Broker, last_deleted: &mut Option<TopicId>) {
    let newest = broker.controller.image().deleted_topics().last();
    if newest == *last_deleted {
        return;
    }
    *last_deleted = newest;
    for shard in broker.groups.shards() {
        forget_in(broker, &shard);
    }
}

fn forget_in(broker: &Broker, shard: &Shard) {
    let topics = ImageTopics(broker.controller.image());
    let forgotten = shard.run(broker, |groups, turn| groups.forget_deleted_topics(turn, &topics));
    // What is not loaded yet, or failed, forgets them when it is loaded.
    if let Ok(count) = forgotten.map(super::Asked::at_once)
        && count > 0
    {
        info!(partition = %shard.partition().id(), offsets = count, "committed offsets of deleted topics are forgotten");
    }
}

async fn tend_one(broker: Arc<Broker>, shard: Arc<Shard>) {
    let every = Duration::from_millis(
        u64::try_from(broker.settings().offsets_retention_check_interval_ms).unwrap_or(1).max(1),
    );
    let Some(first) = Instant::now().checked_add(every) else { return };
    let mut expiry = interval_at(first, every);
    expiry.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failed_loads = 0;
    loop {
        match shard.phase() {
            Phase::Closed => return,
            Phase::Loading => {
                wait(&shard, shard.delay_before_load().max(delay_after(failed_loads))).await;
                failed_loads =
                    if load_one(&broker, &shard).await { 0 } else { failed_loads.saturating_add(1) };
            }
            Phase::Active => {
                let deadline = shard.arm();
                tokio::select! {
                    () = until(&broker, deadline) => tick(&broker, &shard),
                    () = shard.woken() => {}
                    _ = expiry.tick() => expire(&broker, &shard),
                }
            }
        }
    }
}

/// Lets so much time pass, unless the shard is closed.
async fn wait(shard: &Shard, time: Duration) {
    let Some(until) = Instant::now().checked_add(time) else { return };
    while shard.phase() == Phase::Loading && Instant::now() < until {
        tokio::select! {
            () = sleep_until(until) => {}
            () = shard.woken() => {}
        }
    }
}

/// Reads the groups; whether it could.
async fn load_one(broker: &Arc<Broker>, shard: &Arc<Shard>) -> bool {
    let partition = Arc::clone(shard.partition());
    let now = broker.groups.now(broker);
    let loaded = tokio::task::spawn_blocking(move || load::load(&partition, now)).await;
    match loaded {
        Ok(Ok(coordinator)) => {
            shard.activate(coordinator);
            forget_in(broker, shard);
            return true;
        }
        Ok(Err(failure)) => {
            error!(partition = %shard.partition().id(), %failure, "consumer groups can't be read; it is tried again");
        }
        Err(failure) => {
            error!(partition = %shard.partition().id(), %failure, "reading consumer groups failed; it is tried again");
        }
    }
    false
}

async fn until(broker: &Broker, deadline: Option<klamm_groups::Tick>) {
    match deadline.and_then(|tick| broker.groups.instant_of(tick)) {
        Some(instant) => sleep_until(Instant::from_std(instant)).await,
        None => std::future::pending().await,
    }
}

fn tick(broker: &Broker, shard: &Shard) {
    let topics = ImageTopics(broker.controller.image());
    let config_of = |group_id: &str| broker.groups.config_of(&topics.0, group_id);
    let ticked = shard.run(broker, |groups, turn| groups.tick(turn, &topics, &config_of));
    if let Err(code) = ticked.map(super::Asked::at_once) {
        debug!(partition = %shard.partition().id(), %code, "groups are not reminded");
    }
}

fn expire(broker: &Broker, shard: &Shard) {
    let expired = shard.run(broker, klamm_groups::Coordinator::expire);
    if let Ok(count) = expired.map(super::Asked::at_once)
        && count > 0
    {
        info!(partition = %shard.partition().id(), offsets = count, "committed offsets expired");
    }
}
