//! The three jobs of plug-ins that run in the way of records: what is called, and what a failure means.

use wasmtime::Store;

use crate::answers::Action;
use crate::contract::{CallError, Guest};
use crate::guest_state::GuestState;
use crate::input::Part;
use crate::statistics::VerdictCounts;
use crate::{Assignment, Change, Edit, Encoded, OnFailure, Op, Verdict};

/// What a plug-in is called for.
pub(crate) trait Job {
    /// What it says of some records.
    type Answer;

    /// Calls the guest for a part of a batch. `label` names it, where it gives no reason itself.
    fn call(
        &self,
        guest: &Guest,
        store: &mut Store<GuestState>,
        part: &Part<'_>,
        rules: &Rules<'_>,
    ) -> Result<Self::Answer, CallError>;

    /// What becomes of `records` records that it failed on, for this reason.
    fn failed(&self, records: usize, reason: &str, rules: &Rules<'_>) -> Self::Answer;

    /// Adds what was said of the records that follow.
    fn append(&self, answer: &mut Self::Answer, next: Self::Answer);

    /// Counts what was said.
    fn count(&self, answer: &Self::Answer) -> VerdictCounts;
}

/// What a binding says of failures.
pub(crate) struct Rules<'a> {
    /// `name@version`.
    pub(crate) label: &'a str,
    pub(crate) on_failure: OnFailure,
}

impl Rules<'_> {
    /// What becomes of a record that the plug-in failed on; `None` if it goes on as if there were no plug-in.
    fn refusal(&self, reason: &str) -> Option<Verdict> {
        match self.on_failure {
            OnFailure::DeadLetter => Some(Verdict::DeadLetter(reason.to_owned())),
            OnFailure::Reject => Some(Verdict::Reject(reason.to_owned())),
            OnFailure::Pass => None,
        }
    }
}

/// Calls a filter.
pub(crate) struct Check;

impl Job for Check {
    type Answer = Vec<Verdict>;

    fn call(
        &self,
        guest: &Guest,
        store: &mut Store<GuestState>,
        part: &Part<'_>,
        rules: &Rules<'_>,
    ) -> Result<Vec<Verdict>, CallError> {
        let reason = |said: Option<String>| said.unwrap_or_else(|| format!("{} gave no reason", rules.label));
        let verdict = |(action, said)| match action {
            Action::Accept => Verdict::Accept,
            Action::Drop => Verdict::Drop,
            Action::Reject => Verdict::Reject(reason(said)),
            Action::DeadLetter => Verdict::DeadLetter(reason(said)),
        };
        Ok(guest.check(store, part)?.into_iter().map(verdict).collect())
    }

    fn failed(&self, records: usize, reason: &str, rules: &Rules<'_>) -> Vec<Verdict> {
        vec![rules.refusal(reason).unwrap_or(Verdict::Accept); records]
    }

    fn append(&self, answer: &mut Vec<Verdict>, next: Vec<Verdict>) {
        answer.extend(next);
    }

    fn count(&self, answer: &Vec<Verdict>) -> VerdictCounts {
        let mut counts = VerdictCounts::default();
        answer.iter().for_each(|verdict| count_verdict(&mut counts, verdict));
        counts
    }
}

/// Calls a serializer.
pub(crate) struct Rewriting(pub(crate) Op);

impl Job for Rewriting {
    type Answer = Encoded;

    fn call(
        &self,
        guest: &Guest,
        store: &mut Store<GuestState>,
        part: &Part<'_>,
        rules: &Rules<'_>,
    ) -> Result<Encoded, CallError> {
        let (blob, rewrites) = guest.run(store, part, self.0)?;
        let changes = rewrites
            .into_iter()
            .map(|rewrite| match rewrite {
                Ok((key, value)) => Change::Rewrite { key, value },
                Err(reason) => rules.refusal(&reason).map_or(Change::KEEP, Change::Refused),
            })
            .collect();
        Ok(Encoded { blob, changes })
    }

    fn failed(&self, records: usize, reason: &str, rules: &Rules<'_>) -> Encoded {
        let change = rules.refusal(reason).map_or(Change::KEEP, Change::Refused);
        Encoded { blob: Vec::new(), changes: vec![change; records] }
    }

    fn append(&self, answer: &mut Encoded, next: Encoded) {
        let base = answer.blob.len();
        let moved = |edit| match edit {
            Edit::Set(range) => Edit::Set(range.start + base..range.end + base),
            Edit::Keep | Edit::Clear => edit,
        };
        answer.changes.extend(next.changes.into_iter().map(|change| match change {
            Change::Rewrite { key, value } => Change::Rewrite { key: moved(key), value: moved(value) },
            Change::Refused(_) => change,
        }));
        answer.blob.extend(next.blob);
    }

    fn count(&self, answer: &Encoded) -> VerdictCounts {
        let mut counts = VerdictCounts::default();
        for change in &answer.changes {
            match change {
                Change::Refused(verdict) => count_verdict(&mut counts, verdict),
                Change::Rewrite { key: Edit::Keep, value: Edit::Keep } => counts.accepted += 1,
                Change::Rewrite { .. } => counts.rewritten += 1,
            }
        }
        counts
    }
}

/// Calls a partitioner for so many partitions.
pub(crate) struct Assign(pub(crate) u32);

impl Job for Assign {
    type Answer = Vec<Assignment>;

    fn call(
        &self,
        guest: &Guest,
        store: &mut Store<GuestState>,
        part: &Part<'_>,
        _: &Rules<'_>,
    ) -> Result<Vec<Assignment>, CallError> {
        guest.assign(store, part, self.0)
    }

    fn failed(&self, records: usize, reason: &str, rules: &Rules<'_>) -> Vec<Assignment> {
        vec![rules.refusal(reason).map_or(Assignment::Keep, Assignment::Refused); records]
    }

    fn append(&self, answer: &mut Vec<Assignment>, next: Vec<Assignment>) {
        answer.extend(next);
    }

    fn count(&self, answer: &Vec<Assignment>) -> VerdictCounts {
        let mut counts = VerdictCounts::default();
        for assignment in answer {
            match assignment {
                Assignment::Keep => counts.accepted += 1,
                Assignment::Partition(_) => counts.assigned += 1,
                Assignment::Refused(verdict) => count_verdict(&mut counts, verdict),
            }
        }
        counts
    }
}

fn count_verdict(counts: &mut VerdictCounts, verdict: &Verdict) {
    match verdict {
        Verdict::Accept => counts.accepted += 1,
        Verdict::Drop => counts.dropped += 1,
        Verdict::Reject(_) => counts.rejected += 1,
        Verdict::DeadLetter(_) => counts.dead_lettered += 1,
    }
}
