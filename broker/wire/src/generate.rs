//! Values of every message, for the tests.

use bytes::Bytes;
use klamm_model::TopicId;

use crate::Records;

/// Bytes that decide what is generated; when they are used up, every choice is the smallest.
pub(crate) struct Tape<'a>(pub(crate) std::slice::Iter<'a, u8>);

impl Tape<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// Null, or what `value` makes.
    pub(crate) fn null_or<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.byte() % 3 == 0 { None } else { Some(value(self)) }
    }

    /// A length that is mostly small.
    fn length(&mut self) -> usize {
        usize::from(self.byte() % 4)
    }
}

/// A value with whatever is legal in a version, and defaults elsewhere.
pub(crate) trait Generate {
    fn generate(tape: &mut Tape<'_>, version: i16) -> Self;
}
