//! The thread that advances the epoch, by which calls learn that time passes. It ticks while calls are under way and shortly after, and
//! sleeps otherwise, so that an idle broker isn't woken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

use parking_lot::{Condvar, Mutex};
use wasmtime::Engine;

use crate::clock::TICK;

/// Ticks without a call before the thread sleeps: waking it costs a caller microseconds.
const LINGER_TICKS: u32 = 50;

/// Ticks as long as it lives.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
}

struct Shared {
    /// Calls that are under way.
    active: AtomicU64,
    /// Calls that ever began.
    begun: AtomicU64,
    asleep: AtomicBool,
    stop: AtomicBool,
    lock: Mutex<()>,
    wake: Condvar,
}

/// A call is under way; until this is dropped the epoch advances.
pub(crate) struct Ticking<'a>(&'a Shared);

impl Drop for Ticking<'_> {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, SeqCst);
    }
}

impl Ticker {
    /// Starts the thread.
    pub(crate) fn start(engine: Engine) -> std::io::Result<Ticker> {
        let shared = Arc::new(Shared {
            active: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            asleep: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            lock: Mutex::new(()),
            wake: Condvar::new(),
        });
        let of_thread = Arc::clone(&shared);
        let run = move || of_thread.run(&engine);
        thread::Builder::new().name("plugin-ticker".to_owned()).stack_size(64 * 1024).spawn(run)?;
        Ok(Ticker { shared })
    }

    /// A call begins.
    pub(crate) fn call(&self) -> Ticking<'_> {
        self.shared.active.fetch_add(1, SeqCst);
        self.shared.begun.fetch_add(1, SeqCst);
        if self.shared.asleep.load(SeqCst) {
            let _held = self.shared.lock.lock();
            self.shared.wake.notify_one();
        }
        Ticking(&self.shared)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, SeqCst);
        let _held = self.shared.lock.lock();
        self.shared.wake.notify_one();
    }
}

impl Shared {
    fn run(&self, engine: &Engine) {
        let mut held = self.lock.lock();
        let (mut idle, mut begun) = (0, 0);
        while !self.stop.load(SeqCst) {
            let now_begun = self.begun.load(SeqCst);
            idle = if self.active.load(SeqCst) > 0 || now_begun != begun { 0 } else { idle + 1 };
            begun = now_begun;
            if idle < LINGER_TICKS {
                self.wake.wait_for(&mut held, TICK);
                engine.increment_epoch();
                continue;
            }
            // A call that begins from here on sees `asleep` and notifies under the lock; one that began before is seen in `active`.
            self.asleep.store(true, SeqCst);
            if self.active.load(SeqCst) == 0 && !self.stop.load(SeqCst) {
                self.wake.wait(&mut held);
            }
            self.asleep.store(false, SeqCst);
            idle = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn eventually(what: &str, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < Duration::from_secs(20), "{what}");
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    #[test]
    fn it_sleeps_without_calls_and_wakes_for_one() {
        let ticker = Ticker::start(Engine::default()).unwrap();
        for _ in 0..3 {
            eventually("the ticker never sleeps", || ticker.shared.asleep.load(SeqCst));
            let call = ticker.call();
            eventually("a call doesn't wake it", || !ticker.shared.asleep.load(SeqCst));
            drop(call);
        }
    }

    #[test]
    fn it_ends_with_its_host() {
        let ticker = Ticker::start(Engine::default()).unwrap();
        let shared = Arc::downgrade(&ticker.shared);
        drop(ticker);
        eventually("the thread is still there", || shared.strong_count() == 0);
    }
}
