//! Threads for plug-ins that take long, so that those who serve connections don't.
//!
//! The threads yield to the others when cores are scarce: a plug-in that computes for milliseconds does not delay a topic without one.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;
use tracing::warn;

/// How much less of a core they get than the threads that serve connections (`nice`).
const NICE: i32 = 10;
/// How many jobs run at once for each core: the cores are shared by the operating system, so that one slow plug-in does not keep others waiting.
const THREADS_PER_CORE: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that start when there is the first work for them.
#[derive(Clone)]
pub(crate) struct Offload {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    most: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    closed: bool,
}

/// The work was given up: the broker stops, or it panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the broker stops")]
pub(crate) struct GivenUp;

impl Offload {
    /// No thread yet.
    pub(crate) fn new() -> Offload {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let shared = Shared { state: Mutex::default(), work: Condvar::new(), most: cores * THREADS_PER_CORE };
        Offload { shared: Arc::new(shared) }
    }

    /// Runs `work` on one of the threads.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, GivenUp> {
        let (done, result) = oneshot::channel();
        self.submit(Box::new(move || {
            // Who waited may have gone, with its connection.
            let _gone = done.send(work()).is_err();
        }));
        result.await.map_err(|_| GivenUp)
    }

    fn submit(&self, job: Job) {
        let mut state = self.shared.state.lock();
        if state.closed {
            return;
        }
        state.jobs.push_back(job);
        if state.idle == 0 && state.threads < self.shared.most && self.start_thread(state.threads) {
            state.threads += 1;
        }
        drop(state);
        self.shared.work.notify_one();
    }

    fn start_thread(&self, number: usize) -> bool {
        let shared = Arc::clone(&self.shared);
        let started = std::thread::Builder::new().name(format!("klamm-plugin-{number}")).spawn(move || {
            // On Linux this is the thread's own; elsewhere it is not changed.
            #[cfg(target_os = "linux")]
            if rustix::process::nice(NICE).is_err() {
                warn!("the threads of plug-ins run with the priority of all others");
            }
            shared.serve();
        });
        started.inspect_err(|error| warn!(%error, "a thread for plug-ins can't be started")).is_ok()
    }

    /// Takes no more work; what waits is given up.
    pub(crate) fn close(&self) {
        let mut state = self.shared.state.lock();
        state.closed = true;
        state.jobs.clear();
        drop(state);
        self.shared.work.notify_all();
    }
}

impl Shared {
    fn serve(&self) {
        while let Some(job) = self.next() {
            // A panic ends the job, not the thread: the one who waits finds its channel closed.
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(job)).is_err() {
                warn!("running a plug-in failed with a panic");
            }
        }
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state.idle += 1;
            self.work.wait(&mut state);
            state.idle -= 1;
        }
    }
}

impl std::fmt::Debug for Offload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.shared.state.lock();
        f.debug_struct("Offload").field("threads", &state.threads).field("jobs", &state.jobs.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{GivenUp, Offload};

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn work_comes_back_and_a_panic_stays_where_it_is() {
        let offload = Offload::new();
        assert_eq!(block_on(offload.run(|| 6 * 7)), Ok(42));
        let failed = block_on(offload.run(|| panic!("planted")));
        assert_eq!(failed, Err::<(), _>(GivenUp));
        assert_eq!(block_on(offload.run(|| 43)), Ok(43));
    }

    #[test]
    fn one_that_takes_long_does_not_keep_the_next_waiting() {
        let offload = Offload::new();
        let (release, held) = tokio::sync::oneshot::channel();
        block_on(async {
            let mut long = Box::pin(offload.run(move || held.blocking_recv().is_ok()));
            let polled = futures_util::poll!(long.as_mut());
            assert!(polled.is_pending());
            assert_eq!(offload.run(|| 1).await, Ok(1));
            release.send(()).unwrap();
            assert_eq!(long.await, Ok(true));
        });
    }

    #[test]
    fn a_broker_that_stops_gives_work_up() {
        let offload = Offload::new();
        offload.close();
        assert_eq!(block_on(offload.run(|| 1)), Err(GivenUp));
    }
}
