//! Memory that the host puts arguments into, and memory that stays from call to call.

#![expect(unsafe_code, reason = "the canonical ABI passes addresses")]

use std::alloc::{self, Layout};
use std::cell::UnsafeCell;

/// The canonical ABI's `realloc`.
///
/// # Safety
/// `old` must be of this function, with that length and alignment, unless `old_length` is zero.
pub unsafe fn allocate(old: *mut u8, old_length: usize, align: usize, new_length: usize) -> *mut u8 {
    if new_length == 0 {
        return std::ptr::without_provenance_mut(align);
    }
    let Ok(layout) = Layout::from_size_align(new_length, align) else { refuse() };
    // SAFETY: the length isn't zero; what the host says of `old` is what this function gave it.
    let new = unsafe {
        if old_length == 0 {
            alloc::alloc(layout)
        } else {
            alloc::realloc(old, Layout::from_size_align_unchecked(old_length, align), new_length)
        }
    };
    if new.is_null() { refuse() } else { new }
}

/// Ends the instance: the host treats a trap as "out of memory".
fn refuse() -> ! {
    std::process::abort()
}

/// A list that the host passed: it is freed when this is dropped.
pub(super) struct List<T: Copy> {
    address: *mut T,
    length: usize,
}

impl<T: Copy> List<T> {
    /// # Safety
    /// The host must have put `length` values of `T` into memory of [`allocate`] at `address`, and nobody else may free them.
    pub(super) unsafe fn of_host(address: *mut T, length: usize) -> List<T> {
        List { address, length }
    }

    pub(super) fn as_slice(&self) -> &[T] {
        if self.length == 0 {
            return &[];
        }
        // SAFETY: `of_host`'s promise.
        unsafe { std::slice::from_raw_parts(self.address, self.length) }
    }
}

impl List<u8> {
    /// The component model knows only texts that are UTF-8; the host checked.
    pub(super) fn as_text(&self) -> &str {
        std::str::from_utf8(self.as_slice()).unwrap_or_default()
    }
}

impl<T: Copy> Drop for List<T> {
    fn drop(&mut self) {
        if self.length > 0 {
            let layout = Layout::for_value(self.as_slice());
            // SAFETY: `of_host`'s promise, and this drops it once.
            unsafe { alloc::dealloc(self.address.cast(), layout) };
        }
    }
}

/// A value that stays from call to call. There are no threads in a component, and a call doesn't start another.
pub struct Cell<T>(UnsafeCell<T>);

// SAFETY: no threads.
unsafe impl<T> Sync for Cell<T> {}

impl<T> Cell<T> {
    /// With this value.
    pub const fn new(value: T) -> Cell<T> {
        Cell(UnsafeCell::new(value))
    }

    /// The value.
    ///
    /// # Safety
    /// At most one reference at a time: only an exported function calls this, once.
    #[expect(clippy::mut_from_ref, reason = "the caller promises that it is the only one")]
    pub(super) unsafe fn get(&self) -> &mut T {
        // SAFETY: the caller's promise.
        unsafe { &mut *self.0.get() }
    }
}
