//! Who may go on: batches of a partition pass its plug-ins and its log one after the other, in the order in which they came.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::unfinished::Unfinished;

/// A turn for each partition of a topic. Those who ask get it in the order in which they asked first (tokio's mutex is fair).
#[derive(Debug, Clone, Default)]
pub(crate) struct Turns {
    partitions: Vec<Arc<Mutex<Unfinished>>>,
}

impl Turns {
    /// Turns for so many partitions; those of `before` are the same as there.
    pub(crate) fn following(before: Option<&Turns>, partitions: usize) -> Turns {
        let mut turns = before.cloned().unwrap_or_default();
        turns.partitions.resize_with(partitions.max(turns.partitions.len()), Arc::default);
        turns
    }

    /// Waits for the turn of a partition; `None` if there is no such partition.
    pub(crate) async fn take(&self, partition: usize) -> Option<OwnedMutexGuard<Unfinished>> {
        Some(Arc::clone(self.partitions.get(partition)?).lock_owned().await)
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;

    #[test]
    fn turns_come_in_the_order_of_asking_and_survive_a_change_of_the_topic() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let old = Turns::following(None, 2);
            let new = Turns::following(Some(&old), 3);
            let first = old.take(1).await.unwrap();
            let mut second = Box::pin(old.take(1));
            let mut third = Box::pin(new.take(1));
            assert!(futures_util::poll!(second.as_mut()).is_pending());
            assert!(futures_util::poll!(third.as_mut()).is_pending());
            assert!(new.take(0).await.is_some() && new.take(2).await.is_some());
            assert!(old.take(2).await.is_none());
            drop(first);
            assert!(futures_util::poll!(third.as_mut()).is_pending(), "it is not its turn");
            let second = second.await.unwrap();
            drop(second);
            assert!(third.await.is_some());
        });
    }
}
