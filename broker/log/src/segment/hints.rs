//! Where recent reads ended: a reader that goes on from there needs no index.

use std::sync::atomic::{AtomicU64, Ordering};

const SLOTS: usize = 8;

/// A few offsets whose positions are known. Any number of readers go through a segment at once; each finds its
/// place here unless another one's has the same slot.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    /// Relative offset in the high half, position in the low half. Zero is true as it stands.
    slots: [AtomicU64; SLOTS],
}

impl Hints {
    fn slot(&self, relative: u32) -> &AtomicU64 {
        // A multiplicative hash: the top three bits of the product.
        &self.slots[(relative.wrapping_mul(0x9e37_79b1) >> 29) as usize]
    }

    /// Notes that a batch with the first offset `relative` begins (or will begin) at `position`.
    pub(crate) fn note(&self, relative: u32, position: u64) {
        if let Ok(position) = u32::try_from(position) {
            self.slot(relative).store(u64::from(relative) << 32 | u64::from(position), Ordering::Relaxed);
        }
    }

    /// Where the batch with the first offset `relative` begins, if that is known.
    pub(crate) fn position_of(&self, relative: u32) -> Option<u64> {
        let hint = self.slot(relative).load(Ordering::Relaxed);
        ((hint >> 32) as u32 == relative).then_some(hint & 0xffff_ffff)
    }
}

#[cfg(test)]
mod tests {
    use super::Hints;

    #[test]
    fn only_what_was_noted_is_known_and_the_start() {
        let hints = Hints::default();
        assert_eq!(hints.position_of(0), Some(0));
        assert_eq!(hints.position_of(7), None);
        hints.note(7, 4_000_000_000);
        assert_eq!(hints.position_of(7), Some(4_000_000_000));
        hints.note(7, 1 << 40);
        assert_eq!(hints.position_of(7), Some(4_000_000_000), "a position that does not fit is not noted");
    }
}
