//! The filter.

use klamm_plugin::json::Walker;
use klamm_plugin::{BadParameter, Failure, Filter, Parameters, Plugin, Record, Verdict, Wants};

use crate::rules::{Finding, Rules};

/// serde_json's limit is 127, Jackson's 1,000: what is deeper than the smaller one is poison to somebody.
const DEFAULT_DEPTH: usize = 127;

/// Stops values that are no JSON, or not the JSON that is expected.
#[derive(Debug)]
pub struct JsonGuard {
    rules: Rules,
    walker: Walker,
    max_bytes: usize,
    max_depth: usize,
    action: Action,
}

/// What becomes of poison.
#[derive(Debug, Clone, Copy)]
enum Action {
    DeadLetter,
    Reject,
    Drop,
}

const ACTIONS: [(&str, Action); 3] =
    [("dead-letter", Action::DeadLetter), ("reject", Action::Reject), ("drop", Action::Drop)];

impl Plugin for JsonGuard {
    fn start(parameters: &Parameters) -> Result<Self, BadParameter> {
        let max_depth = parameters.in_range("max-depth", 1..=10_000, DEFAULT_DEPTH)?;
        Ok(JsonGuard {
            rules: Rules::of(parameters)?,
            walker: Walker::new(max_depth),
            max_bytes: parameters.in_range("max-bytes", 1..=1 << 30, usize::MAX)?,
            max_depth,
            action: parameters.one_of("action", &ACTIONS, Action::DeadLetter)?,
        })
    }

    fn wants(&self) -> Wants {
        Wants::VALUES
    }
}

impl Filter for JsonGuard {
    fn check(&mut self, record: &Record<'_>) -> Result<Verdict, Failure> {
        // A tombstone has no JSON that could be wrong.
        let Some(value) = record.value() else { return Ok(Verdict::Accept) };
        let Some(reason) = self.objection(value) else { return Ok(Verdict::Accept) };
        Ok(match self.action {
            Action::DeadLetter => Verdict::DeadLetter(reason),
            Action::Reject => Verdict::Reject(reason),
            Action::Drop => Verdict::Drop,
        })
    }
}

impl JsonGuard {
    /// Why the value is poison, if it is.
    fn objection(&mut self, value: &[u8]) -> Option<String> {
        if value.len() > self.max_bytes {
            return Some(format!("the value has {} bytes, {} are allowed", value.len(), self.max_bytes));
        }
        let mut finding = Finding::by(&self.rules);
        match self.walker.walk(value, &self.rules.paths, &mut finding) {
            Ok(()) => finding.reason,
            Err(broken) if broken.too_deep => {
                Some(format!("nested deeper than {} at {}", self.max_depth, broken.place(value)))
            }
            Err(broken) => Some(format!("not JSON: {}", broken.sentence(value))),
        }
    }
}

#[cfg(test)]
mod tests;
