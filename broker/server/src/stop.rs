//! The wish that the broker stops.

use tokio::sync::watch;

/// Tells every task that the broker stops. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct StopSignal {
    sender: watch::Sender<bool>,
}

impl StopSignal {
    /// No one wishes it yet.
    pub(crate) fn new() -> StopSignal {
        StopSignal { sender: watch::Sender::new(false) }
    }

    /// Asks every task to come to its end.
    pub(crate) fn request(&self) {
        self.sender.send_replace(true);
    }

    /// Whether the broker stops.
    pub(crate) fn is_requested(&self) -> bool {
        *self.sender.borrow()
    }

    /// Waits until the broker stops.
    pub(crate) async fn requested(self) {
        let mut receiver = self.sender.subscribe();
        // `self` keeps the sender: the wait can't fail.
        let _requested = receiver.wait_for(|stop| *stop).await.is_ok();
    }
}
