//! Where the newest image is.

use std::sync::Arc;

use klamm_model::BrokerId;
#[cfg(feature = "shuttle")]
use model::{ArcSwap, watch};
#[cfg(not(feature = "shuttle"))]
use {arc_swap::ArcSwap, tokio::sync::watch};

use super::MetadataImage;

#[cfg(feature = "shuttle")]
mod model;
#[cfg(test)]
#[cfg(feature = "shuttle")]
mod races;

/// The newest image, for any number of readers, and one writer at a time (the Raft state machine; the leader's
/// change is the one thing that comes from elsewhere, hence the read-copy-update).
#[derive(Debug)]
pub(crate) struct ImageStore {
    newest: ArcSwap<MetadataImage>,
    changed: watch::Sender<u64>,
}

impl ImageStore {
    pub(crate) fn new(image: MetadataImage) -> ImageStore {
        let (changed, _) = watch::channel(image.applied());
        ImageStore { newest: ArcSwap::from_pointee(image), changed }
    }

    /// Never blocks.
    pub(crate) fn load(&self) -> Arc<MetadataImage> {
        self.newest.load_full()
    }

    /// Tells of every new image; the value is its [`MetadataImage::applied`].
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Makes `image` the newest one, with the leader as it is known.
    pub(crate) fn publish(&self, image: &MetadataImage) {
        self.newest.rcu(|old| MetadataImage { leader: old.leader, ..image.clone() });
        self.changed.send_replace(image.applied());
    }

    /// Sets who leads the log.
    pub(crate) fn set_leader(&self, leader: Option<BrokerId>) {
        if self.load().controller_id() == leader {
            return;
        }
        self.newest.rcu(|old| MetadataImage { leader, ..MetadataImage::clone(old) });
        self.changed.send_modify(|_| ());
    }
}

#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests {
    use klamm_model::BrokerId;

    use super::{ImageStore, MetadataImage};

    #[test]
    fn readers_keep_what_they_hold_and_the_leader_outlives_a_publication() {
        let empty = MetadataImage::empty("c".parse().unwrap());
        let store = ImageStore::new(empty.clone());
        let (before, mut changes) = (store.load(), store.subscribe());
        store.set_leader(Some(BrokerId(1)));
        store.publish(&MetadataImage { applied: 7, ..empty });

        assert_eq!((before.applied(), before.controller_id()), (0, None));
        assert_eq!((store.load().applied(), store.load().controller_id()), (7, Some(BrokerId(1))));
        assert_eq!(*changes.borrow_and_update(), 7);
    }
}
