//! The swap and the watch with turns given away around each of their steps (feature `shuttle`), so that `races` can
//! try the orders of those steps. The steps themselves are the crates' own, which have their own proofs.

use std::sync::Arc;

use shuttle::sync::atomic::{AtomicBool, Ordering};

/// A place at which another thread may have its turn.
fn turn() {
    AtomicBool::new(false).load(Ordering::SeqCst);
}

/// [`arc_swap::ArcSwap`]; its read-copy-update is the loop that the crate documents.
#[derive(Debug)]
pub(crate) struct ArcSwap<T>(arc_swap::ArcSwap<T>);

impl<T> ArcSwap<T> {
    pub(crate) fn from_pointee(value: T) -> ArcSwap<T> {
        ArcSwap(arc_swap::ArcSwap::from_pointee(value))
    }

    pub(crate) fn load_full(&self) -> Arc<T> {
        turn();
        self.0.load_full()
    }

    pub(crate) fn rcu(&self, update: impl Fn(&Arc<T>) -> T) {
        loop {
            let old = self.load_full();
            let new = Arc::new(update(&old));
            turn();
            let found = self.0.compare_and_swap(&old, new);
            if Arc::ptr_eq(&found, &old) {
                return;
            }
        }
    }

    /// Not the store's way: what `races` plants.
    #[cfg(test)]
    pub(crate) fn store(&self, value: Arc<T>) {
        turn();
        self.0.store(value);
    }
}

/// [`tokio::sync::watch`], of which only the sender gives turns away.
pub(crate) mod watch {
    pub(crate) use tokio::sync::watch::Receiver;

    #[derive(Debug)]
    pub(crate) struct Sender<T>(tokio::sync::watch::Sender<T>);

    pub(crate) fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = tokio::sync::watch::channel(value);
        (Sender(sender), receiver)
    }

    impl<T> Sender<T> {
        pub(crate) fn subscribe(&self) -> Receiver<T> {
            super::turn();
            self.0.subscribe()
        }

        pub(crate) fn send_replace(&self, value: T) -> T {
            super::turn();
            self.0.send_replace(value)
        }

        pub(crate) fn send_modify(&self, modify: impl FnOnce(&mut T)) {
            super::turn();
            self.0.send_modify(modify);
        }
    }
}
