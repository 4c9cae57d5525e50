//! Runtimes that stay on one thread each.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tokio::task;

/// A current-thread runtime on a thread of its own. A task stays where it was put, so that a request is answered
/// without waking another core.
#[derive(Debug)]
pub(crate) struct CoreRuntime {
    handle: Handle,
    finish: watch::Sender<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
    tasks: Arc<AtomicUsize>,
}

/// Counts a task for as long as it lives, even if it panics.
struct TaskCount(Arc<AtomicUsize>);

impl Drop for TaskCount {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl CoreRuntime {
    /// Starts a runtime on a thread of this name.
    pub(crate) fn start(name: String) -> io::Result<CoreRuntime> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let handle = runtime.handle().clone();
        let (finish, mut finished) = watch::channel(false);
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            runtime.block_on(async move {
                // An error says that no one is left who could finish it: that ends it as well.
                let _finished = finished.wait_for(|finish| *finish).await.is_ok();
            });
            // What still runs is dropped; a blocking job that hangs must not keep the process.
            runtime.shutdown_background();
        })?;
        Ok(CoreRuntime { handle, finish, thread: Mutex::new(Some(thread)), tasks: Arc::default() })
    }

    /// Runs a task.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> task::JoinHandle<()> {
        self.tasks.fetch_add(1, Ordering::Relaxed);
        let count = TaskCount(Arc::clone(&self.tasks));
        self.handle.spawn(async move {
            task.await;
            drop(count);
        })
    }

    /// Waits on this thread for something that uses the runtime's timers and sockets. Not for tasks: it would
    /// block their runtime.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.handle.block_on(future)
    }

    /// Ends the runtime and whatever still runs on it.
    pub(crate) fn finish(&self) {
        self.finish.send_replace(true);
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a runtime's thread ended with a panic");
        }
    }

    fn tasks(&self) -> usize {
        self.tasks.load(Ordering::Relaxed)
    }
}

/// One [`CoreRuntime`] for each core.
#[derive(Debug)]
pub(crate) struct CoreRuntimes(Vec<CoreRuntime>);

impl CoreRuntimes {
    /// Starts `count` runtimes, one at least.
    pub(crate) fn start(count: usize) -> io::Result<CoreRuntimes> {
        let runtimes = (0..count.max(1)).map(|core| CoreRuntime::start(format!("klamm-net-{core}")));
        Ok(CoreRuntimes(runtimes.collect::<io::Result<_>>()?))
    }

    /// Runs a task on the runtime that has the fewest.
    pub(crate) fn spawn_on_least_loaded(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = self.0.iter().min_by_key(|runtime| runtime.tasks()) {
            runtime.spawn(task);
        }
    }

    /// Ends the runtimes and whatever still runs on them.
    pub(crate) fn finish(&self) {
        self.0.iter().for_each(CoreRuntime::finish);
    }
}
