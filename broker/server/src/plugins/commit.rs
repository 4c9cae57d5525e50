//! The order in which the parts of a divided batch are appended, so that nothing is lost or doubled wherever it breaks off.
//!
//! 1. The partition that the batch was sent to is asked whether it has the batch already, or refuses its sequence.
//! 2. The parts for other logs are appended there, each under an id that is derived from the producer's: a log that has the part already,
//!    from an earlier try, says so and counts it as done.
//! 3. What stays is appended. It carries the producer's own id and sequence, and decides: from then on the batch is there.
//!
//! If it breaks off before step 3, the producer sends the batch again, and step 2 finds what it did. If the machine loses power after step 3
//! and before all is on the disk, the batch was not acknowledged; it comes again, is found in step 1, and step 2 is done all the same,
//! since another log may have lost its part. That the parts of a batch are the same each time is the plug-in's promise: what it says
//! depends on its parameters and the record alone.
//!
//! One batch at a time goes through the steps for each partition that batches are sent to (`turns`): so the sequences that arrive in another
//! log grow, which is what lets it tell an earlier try from a new batch.

use klamm_records::ProducedBatch;

/// A log, as far as the steps see it.
pub(crate) trait Target {
    /// Where a batch is now.
    type Appended;
    /// Why it is not there.
    type Error;

    /// Where the batch is, if it is there already.
    fn appended_before(&self, batch: &ProducedBatch) -> Result<Option<Self::Appended>, Self::Error>;

    /// Appends it, or finds it.
    fn append(&self, batch: &ProducedBatch) -> Result<Self::Appended, Self::Error>;
}

/// What was appended.
#[derive(Debug)]
pub(crate) struct Done<A> {
    /// In other logs.
    pub(crate) parts: Vec<A>,
    /// In the log that the batch was sent to.
    pub(crate) own: A,
}

/// Steps 2 and 3 for a batch of which step 1 said `before`.
pub(crate) fn commit<T: Target>(
    own: &T,
    before: Option<T::Appended>,
    stays: &ProducedBatch,
    parts: &[(T, ProducedBatch)],
) -> Result<Done<T::Appended>, T::Error> {
    let parts = parts.iter().map(|(target, part)| target.append(part)).collect::<Result<_, _>>()?;
    let own = match before {
        Some(before) => before,
        None => own.append(stays)?,
    };
    Ok(Done { parts, own })
}

#[cfg(test)]
mod tests;
