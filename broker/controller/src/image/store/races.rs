//! The image's swap under many orders of its readers, its watchers and its two writers, chosen by shuttle.
//!
//! `cargo test -p klamm-controller --features shuttle --lib races`. A watcher that is never told of the last image is a
//! deadlock, which fails. The tests that expect a panic plant a bug, so that the search is seen to find it.

use std::env;
use std::sync::Arc;

use klamm_model::BrokerId;
use shuttle::future::block_on;
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner, thread};

use super::{ImageStore, MetadataImage};

const ORDERS: usize = 3000;
const LAST: u64 = 3;
const LEADER: BrokerId = BrokerId(7);

/// As `klamm_log::sync::search`, which this room is not to know.
fn search(race: impl Fn() + Send + Sync + Clone + 'static) {
    let number =
        |variable: &str| env::var(variable).ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(1);
    let (seed, orders) = (number("KLAMM_RACES_SEED"), ORDERS * number("KLAMM_RACES_TIMES") as usize);
    Runner::new(RandomScheduler::new_from_seed(seed, orders), Config::new()).run(race.clone());
    Runner::new(PctScheduler::new_from_seed(seed, 3, orders), Config::new()).run(race);
}

/// An image that says the same thing twice, so that a torn one shows.
fn image(applied: u64) -> MetadataImage {
    MetadataImage {
        applied,
        next_producer_id: applied as i64 * 10,
        ..MetadataImage::empty("c".parse().unwrap())
    }
}

/// How a writer publishes.
type Publish = fn(&ImageStore, &MetadataImage);

/// Takes the leader from an image that may be replaced in between.
fn load_then_store(store: &ImageStore, image: &MetadataImage) {
    let leader = store.newest.load_full().leader;
    store.newest.store(Arc::new(MetadataImage { leader, ..image.clone() }));
    store.changed.send_replace(image.applied());
}

fn tell_then_swap(store: &ImageStore, image: &MetadataImage) {
    store.changed.send_replace(image.applied());
    store.newest.rcu(|old| MetadataImage { leader: old.leader, ..image.clone() });
}

fn swap_field_by_field(store: &ImageStore, image: &MetadataImage) {
    store.newest.rcu(|old| MetadataImage { applied: image.applied, ..MetadataImage::clone(old) });
    store.publish(image);
}

/// The state machine's images, one after the other, while the leader changes.
fn write(store: &Arc<ImageStore>, publish: Publish) -> [thread::JoinHandle<()>; 2] {
    let (images, leader) = (store.clone(), store.clone());
    let images = thread::spawn(move || (1..=LAST).for_each(|applied| publish(&images, &image(applied))));
    let leader = thread::spawn(move || {
        for known in [Some(BrokerId(1)), None, Some(LEADER)] {
            leader.set_leader(known);
        }
    });
    [images, leader]
}

fn store() -> Arc<ImageStore> {
    Arc::new(ImageStore::new(image(0)))
}

fn read(publish: Publish) {
    let store = store();
    let writers = write(&store, publish);
    let readers = [(); 2].map(|()| {
        let store = store.clone();
        thread::spawn(move || {
            let mut before = 0;
            for _ in 0..4 {
                let image = store.load();
                assert_eq!(image.next_producer_id, image.applied() as i64 * 10, "a torn image");
                assert!(image.applied() >= before, "an image from before");
                before = image.applied();
            }
        })
    });
    for reader in readers {
        reader.join().unwrap();
    }
    for writer in writers {
        writer.join().unwrap();
    }
    let last = store.load();
    assert_eq!((last.applied(), last.controller_id()), (LAST, Some(LEADER)), "a change was lost");
}

#[test]
fn readers_see_whole_images_in_order_and_no_change_is_lost() {
    search(|| read(ImageStore::publish));
}

#[test]
#[should_panic(expected = "a change was lost")]
fn planted_a_swap_that_loses_the_others_change_is_found() {
    search(|| read(load_then_store));
}

#[test]
#[should_panic(expected = "a torn image")]
fn planted_an_image_in_two_steps_is_found() {
    search(|| read(swap_field_by_field));
}

/// Follows the images as the server does, until the last one with its leader is there.
fn follow(publish: Publish) {
    let store = store();
    let mut changed = store.subscribe();
    let writers = write(&store, publish);
    loop {
        changed.mark_unchanged();
        let told = *changed.borrow();
        let image = store.load();
        assert!(image.applied() >= told, "told of an image that is not there yet");
        if image.applied() == LAST && image.controller_id() == Some(LEADER) {
            break;
        }
        block_on(changed.changed()).unwrap();
    }
    for writer in writers {
        writer.join().unwrap();
    }
}

#[test]
fn a_watcher_is_told_of_the_last_image() {
    search(|| follow(ImageStore::publish));
}

#[test]
#[should_panic(expected = "told of an image that is not there yet")]
fn planted_a_call_before_the_swap_is_found() {
    search(|| follow(tell_then_swap));
}

/// Waits for the last image by its number alone, as who submits a command does.
fn wait_for(publish: Publish) {
    let store = store();
    let mut changed = store.subscribe();
    let writers = write(&store, publish);
    block_on(changed.wait_for(|applied| *applied >= LAST)).unwrap();
    for writer in writers {
        writer.join().unwrap();
    }
    assert_eq!(store.load().applied(), LAST);
}

#[test]
fn whoever_waits_for_a_number_is_told_of_it() {
    search(|| wait_for(ImageStore::publish));
}

#[test]
#[should_panic(expected = "deadlock")]
fn planted_a_swap_that_tells_nobody_is_found() {
    search(|| {
        wait_for(|store, image| {
            store.newest.rcu(|old| MetadataImage { leader: old.leader, ..image.clone() });
        });
    });
}
