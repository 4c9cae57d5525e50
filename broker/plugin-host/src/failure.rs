//! How a call of a plug-in fails.

use std::time::Duration;

use wasmtime::Trap;

use crate::answers::BadAnswer;
use crate::text::shortened;

/// Longest text of a failure that goes into a reason.
const MAX_DETAIL_BYTES: usize = 300;

/// Why a call failed, for figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// WebAssembly trapped.
    Trap,
    /// The deadline passed.
    Deadline,
    /// It wanted more memory than it may have.
    Memory,
    /// What it returned can't be used.
    BadAnswer,
    /// It returned an error itself.
    Error,
    /// A fresh instance couldn't be started.
    Init,
    /// The host has no room for another instance.
    NoRoom,
    /// Whoever called gave a batch that makes no sense.
    BadInput,
}

impl Cause {
    /// All of them.
    pub const ALL: [Cause; 8] = [
        Cause::Trap,
        Cause::Deadline,
        Cause::Memory,
        Cause::BadAnswer,
        Cause::Error,
        Cause::Init,
        Cause::NoRoom,
        Cause::BadInput,
    ];

    /// Its name, as a label of a metric.
    pub const fn name(self) -> &'static str {
        match self {
            Cause::Trap => "trap",
            Cause::Deadline => "deadline",
            Cause::Memory => "memory",
            Cause::BadAnswer => "bad-answer",
            Cause::Error => "error",
            Cause::Init => "init",
            Cause::NoRoom => "no-room",
            Cause::BadInput => "bad-input",
        }
    }
}

/// One failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    /// What follows the plug-in's name in a sentence.
    pub(crate) sentence: String,
    /// Whether the instance can go on: it returned an error in good order.
    pub(crate) instance_lives: bool,
}

impl Failure {
    pub(crate) fn new(cause: Cause, sentence: impl Into<String>) -> Failure {
        Failure { cause, sentence: shortened(sentence.into(), MAX_DETAIL_BYTES), instance_lives: false }
    }

    pub(crate) fn deadline(allowed: Duration) -> Failure {
        Failure::new(Cause::Deadline, format!("ran longer than its {} ms", allowed.as_millis()))
    }

    pub(crate) fn bad_answer(answer: &BadAnswer) -> Failure {
        Failure::new(Cause::BadAnswer, format!("gave an answer that can't be used: {answer}"))
    }

    /// What wasmtime said about a call, when neither memory nor time explains it.
    pub(crate) fn trap(error: &wasmtime::Error) -> Failure {
        match error.downcast_ref::<Trap>() {
            Some(trap) => Failure::new(Cause::Trap, format!("trapped: {trap}")),
            None => Failure::new(Cause::Trap, format!("trapped: {}", error.root_cause())),
        }
    }
}
