//! Shuttle's locks with parking_lot's manners: a guard without a `Result`, and a wait that keeps the guard.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;

/// A lock that gives the turn away before it is taken.
#[derive(Default)]
pub struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    /// An open lock.
    pub fn new(value: T) -> Mutex<T> {
        Mutex(shuttle::sync::Mutex::new(value))
    }

    /// Takes the lock.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// What is behind it, for its only owner.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mutex")
    }
}

/// A taken lock; empty only while a [`Condvar`] has it.
pub struct MutexGuard<'a, T>(Option<shuttle::sync::MutexGuard<'a, T>>);

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("not in a wait")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("not in a wait")
    }
}

/// A condition; a call nobody waits for is lost, as with the real one.
#[derive(Debug, Default)]
pub struct Condvar(shuttle::sync::Condvar);

impl Condvar {
    /// A condition nobody waits for.
    pub fn new() -> Condvar {
        Condvar::default()
    }

    /// Gives the lock up until it is called.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let taken = guard.0.take().expect("not in a wait");
        guard.0 = Some(self.0.wait(taken).unwrap_or_else(PoisonError::into_inner));
    }

    /// Calls one who waits.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Calls all who wait.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}
