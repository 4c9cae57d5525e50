//! The plug-ins of a topic, one after the other.
//!
//! Filters come first, in their order: what is poison reaches no other plug-in. Then the serializer, then the partitioner, which sees what
//! is stored. Each sees only the records that are still on their way.

use std::sync::Arc;

use klamm_model::PartitionIndex;
use klamm_plugin_host::{Assignment, Budget, Change, Edit as HostEdit, OverBudget, Pace, Verdict};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::bound::Bound;
use super::decision::{Blame, Decision, Edit, Edits, Fate};
use super::pieces::{Pieces, chunks};
use super::work::Work;

/// The plug-ins of a topic.
#[derive(Debug)]
pub(crate) struct Chain {
    filters: Vec<Arc<Bound>>,
    serializer: Option<Arc<Bound>>,
    partitioner: Option<Arc<Bound>>,
    /// How many batches pass it at once where it is slow, so that other topics find threads, too.
    slow_lane: Arc<Semaphore>,
}

/// Why there is no decision.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Undecided {
    /// It took too long for a thread that serves connections.
    OverBudget,
    /// The batch is refused: which records are to blame, and why.
    Rejected(Vec<(i32, String)>),
}

impl From<OverBudget> for Undecided {
    fn from(_: OverBudget) -> Undecided {
        Undecided::OverBudget
    }
}

impl Chain {
    /// A chain of these.
    pub(crate) fn new(
        filters: Vec<Arc<Bound>>,
        serializer: Option<Arc<Bound>>,
        partitioner: Option<Arc<Bound>>,
    ) -> Chain {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Chain { filters, serializer, partitioner, slow_lane: Arc::new(Semaphore::new(cores)) }
    }

    /// Every plug-in, in the order in which records pass them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Bound>> {
        self.filters.iter().chain(&self.serializer).chain(&self.partitioner)
    }

    /// Whether none of them has taken long lately.
    pub(crate) fn is_fast(&self) -> bool {
        self.all().all(|bound| bound.plugin.pace() == Pace::Fast)
    }

    /// Waits until a batch may take its time in this chain.
    pub(crate) async fn slow_lane(&self) -> Result<OwnedSemaphorePermit, AcquireError> {
        Arc::clone(&self.slow_lane).acquire_owned().await
    }

    /// Has every plug-in say what becomes of the records.
    ///
    /// # Errors
    /// If the batch is refused, or `budget` is not enough.
    pub(crate) fn decide(&self, work: &Work, budget: Budget) -> Result<Decision, Undecided> {
        let decision = Decision::untouched(work.unpacked.records().len());
        let mut pass = Pass { work, budget, decision, rejected: Vec::new() };
        for filter in &self.filters {
            pass.filter(filter)?;
        }
        // Nothing of the batch is stored: what the others would make of it does not matter.
        if !pass.rejected.is_empty() {
            return Err(Undecided::Rejected(pass.rejected));
        }
        if let Some(serializer) = &self.serializer {
            pass.serialize(serializer)?;
        }
        if let Some(partitioner) = &self.partitioner {
            pass.partition(partitioner)?;
        }
        if pass.rejected.is_empty() { Ok(pass.decision) } else { Err(Undecided::Rejected(pass.rejected)) }
    }
}

/// One batch on its way through the chain.
struct Pass<'a> {
    work: &'a Work,
    budget: Budget,
    decision: Decision,
    rejected: Vec<(i32, String)>,
}

impl Pass<'_> {
    fn chunks(&self) -> Vec<Vec<usize>> {
        chunks(&self.work.unpacked, self.decision.staying())
    }

    fn filter(&mut self, bound: &Arc<Bound>) -> Result<(), OverBudget> {
        for chunk in self.chunks() {
            let pieces = Pieces::of(self.work, &self.decision, &chunk, bound.wants());
            let verdicts = bound.plugin.check(&pieces.batch(), self.budget)?;
            for (place, verdict) in chunk.into_iter().zip(verdicts) {
                self.judge(place, verdict, bound);
            }
        }
        Ok(())
    }

    fn serialize(&mut self, bound: &Arc<Bound>) -> Result<(), OverBudget> {
        for chunk in self.chunks() {
            let pieces = Pieces::of(self.work, &self.decision, &chunk, bound.wants());
            let encoded = bound.plugin.encode(&pieces.batch(), self.budget)?;
            let blob = bytes::Bytes::from(encoded.blob);
            let edit = |edit: HostEdit| match edit {
                HostEdit::Keep => Edit::Keep,
                HostEdit::Clear => Edit::Clear,
                HostEdit::Set(range) => Edit::Set(blob.slice(range)),
            };
            for (place, change) in chunk.into_iter().zip(encoded.changes) {
                match change {
                    Change::Refused(verdict) => self.judge(place, verdict, bound),
                    Change::Rewrite { key, value } => {
                        self.edit(place, Edits { key: edit(key), value: edit(value) }, bound);
                    }
                }
            }
        }
        Ok(())
    }

    fn partition(&mut self, bound: &Arc<Bound>) -> Result<(), OverBudget> {
        for chunk in self.chunks() {
            let pieces = Pieces::of(self.work, &self.decision, &chunk, bound.wants());
            let assignments = bound.plugin.assign(&pieces.batch(), self.work.partitions, self.budget)?;
            for (place, assignment) in chunk.into_iter().zip(assignments) {
                match assignment {
                    Assignment::Keep => {}
                    Assignment::Partition(target) => self.send(place, target, bound),
                    Assignment::Refused(verdict) => self.judge(place, verdict, bound),
                }
            }
        }
        Ok(())
    }

    fn judge(&mut self, place: usize, verdict: Verdict, bound: &Arc<Bound>) {
        if bound.shadow {
            return;
        }
        let Some(fate) = self.decision.fates.get_mut(place) else { return };
        match verdict {
            Verdict::Accept => {}
            Verdict::Drop => *fate = Fate::Drop,
            Verdict::DeadLetter(reason) => {
                *fate = Fate::DeadLetter(Blame { by: Arc::clone(&bound.culprit), reason });
            }
            Verdict::Reject(reason) => {
                let index = self.work.unpacked.records().get(place).map_or(0, |record| record.offset_delta);
                self.rejected.push((index, format!("{}: {reason}", bound.culprit)));
            }
        }
    }

    fn edit(&mut self, place: usize, edits: Edits, bound: &Arc<Bound>) {
        if bound.shadow || edits == Edits::default() {
            return;
        }
        let all = &mut self.decision.edits;
        if all.is_empty() {
            all.resize_with(self.decision.fates.len(), Edits::default);
        }
        if let Some(place) = all.get_mut(place) {
            *place = edits;
        }
    }

    fn send(&mut self, place: usize, target: u32, bound: &Arc<Bound>) {
        let target = PartitionIndex(target as i32);
        if bound.shadow || target == self.work.partition {
            return;
        }
        if let Some(fate) = self.decision.fates.get_mut(place) {
            *fate = Fate::Leave(target);
        }
    }
}
