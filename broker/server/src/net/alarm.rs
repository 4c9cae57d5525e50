//! A timer for deadlines that move away most of the time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep};

/// Wakes its task at a deadline. A deadline that moves away is followed when the earlier one is over, and the timer is
/// only touched then, so that a deadline that moves with each request costs a comparison.
pub(crate) struct Alarm {
    sleep: Pin<Box<Sleep>>,
    /// The timer knows the task, whose waker never changes, and when to wake it.
    is_set: bool,
}

impl Alarm {
    /// An alarm that is first set to `at`.
    pub(crate) fn at(at: Instant) -> Alarm {
        Alarm { sleep: Box::pin(tokio::time::sleep_until(at)), is_set: false }
    }

    /// Ready if it is `at` or later; wakes the task then, unless it is told another time meanwhile.
    pub(crate) fn poll(&mut self, at: Instant, now: Instant, cx: &mut Context<'_>) -> Poll<()> {
        if at <= now {
            return Poll::Ready(());
        }
        let wakes = self.sleep.deadline();
        if self.is_set && wakes <= at && now < wakes {
            return Poll::Pending;
        }
        if at < wakes {
            self.sleep.as_mut().reset(at);
        }
        while self.sleep.as_mut().poll(cx).is_ready() {
            self.is_set = false;
            if at <= Instant::now() {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(at);
        }
        self.is_set = true;
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Alarm;

    const MOMENT: Duration = Duration::from_millis(20);

    /// Waits for a deadline that `of` tells each time that the task wakes; how often it woke.
    async fn wakes_until(alarm: &mut Alarm, mut of: impl FnMut() -> Instant) -> usize {
        let mut wakes = 0;
        poll_fn(|cx| {
            wakes += 1;
            alarm.poll(of(), Instant::now(), cx)
        })
        .await;
        wakes
    }

    #[tokio::test]
    async fn it_wakes_its_task_once() {
        let at = Instant::now() + MOMENT;
        assert_eq!(wakes_until(&mut Alarm::at(at), || at).await, 2);
        assert!(Instant::now() >= at);
    }

    #[tokio::test]
    async fn a_deadline_that_moved_away_is_followed() {
        let begun = Instant::now();
        let mut alarm = Alarm::at(begun + MOMENT);
        // Later each time that it is looked at, three times.
        let mut asked = 0;
        let deadline = || {
            asked = 4.min(asked + 1);
            begun + MOMENT * asked
        };
        assert_eq!(wakes_until(&mut alarm, deadline).await, 5);
        assert!(begun.elapsed() >= 4 * MOMENT);
    }

    #[tokio::test]
    async fn a_deadline_that_came_nearer_is_kept() {
        let begun = Instant::now();
        let far = begun + 3000 * MOMENT;
        let mut alarm = Alarm::at(far);
        let pending = poll_fn(|cx| alarm.poll(far, begun, cx));
        assert!(tokio::time::timeout(MOMENT, pending).await.is_err());
        let near = Instant::now() + MOMENT;
        assert_eq!(wakes_until(&mut alarm, || near).await, 2);
        assert!(Instant::now() >= near && Instant::now() < far);
    }

    #[tokio::test]
    async fn a_deadline_that_is_over_is_told_at_once() {
        let now = Instant::now();
        assert_eq!(wakes_until(&mut Alarm::at(now + MOMENT), || now).await, 1);
    }
}
