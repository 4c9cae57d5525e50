//! The log's part in its cleaning.

use std::sync::Arc;

use klamm_model::Offset;

use super::Log;
use crate::cleaner::{Cleaned, CleaningView, SwapTicket, Swapped};
use crate::disk::DiskError;
use crate::segment::SealedSegment;

impl Log {
    /// The sealed segments that lie below `bound`, on the disk, to be cleaned outside the lock; cheap.
    pub fn cleaning_view(&self, bound: Offset) -> CleaningView {
        let bound = bound.min(self.durability.offset);
        let sealed = self.sealed.iter().take_while(|sealed| sealed.end <= bound).cloned().collect();
        let place = (Arc::clone(&self.disk), Arc::clone(&self.dir));
        CleaningView::new(place, Arc::clone(&self.config), sealed, (self.start, self.active.end))
    }

    /// Begins to put a cleaned segment in the place of the old ones; `None` if those are not the log's any more, or
    /// it is stopped. Until [`Log::finish_swap`] they are not deleted, and the log can't be cut there.
    pub fn begin_swap(&mut self, cleaned: &Cleaned) -> Option<SwapTicket> {
        let ticket = SwapTicket::of(cleaned);
        let at = self.place_of(&ticket)?;
        let is_whole = self.sealed.get(at + ticket.old.len() - 1).is_some_and(|last| last.end == ticket.end);
        if self.stopped.is_some() || self.swapping.is_some() || !is_whole {
            return None;
        }
        self.swapping = Some((ticket.base(), ticket.end));
        Some(ticket)
    }

    /// Takes a ticket back, with the segment that stands in the place of the old ones now. A failure stops the log:
    /// nobody knows then which of the files a restart would find.
    #[expect(clippy::needless_pass_by_value, reason = "a ticket counts once")]
    pub fn finish_swap(&mut self, ticket: SwapTicket, result: Result<Swapped, DiskError>) {
        let place = self.place_of(&ticket);
        match (result, place) {
            (Ok(Swapped(new)), Some(at)) => {
                for old in &ticket.old {
                    self.durability.retired(old);
                }
                Arc::make_mut(&mut self.sealed).splice(at..at + ticket.old.len(), [new]);
                self.swapping = None;
            }
            (Ok(_), None) => debug_assert!(false, "segments that are swapped stay"),
            // The old segments stay in `swapping`: their files may be gone, and others must not go by their names.
            (Err(error), _) => drop(self.stop(error)),
        }
    }

    /// Whether a segment is about to be replaced.
    pub(super) fn is_swapped(&self, sealed: &SealedSegment) -> bool {
        self.swapping.is_some_and(|(base, end)| sealed.segment.base >= base && sealed.segment.base < end)
    }

    /// Where the old segments are in the chain, all of them and side by side.
    fn place_of(&self, ticket: &SwapTicket) -> Option<usize> {
        let first = ticket.old.first()?;
        let at = self.sealed.iter().position(|sealed| Arc::ptr_eq(sealed, first))?;
        let there = self.sealed.get(at..at + ticket.old.len())?;
        there.iter().zip(&ticket.old).all(|(one, other)| Arc::ptr_eq(one, other)).then_some(at)
    }
}
