//! How long a caller can wait.

/// How long a call may hold up the thread that makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// The thread has other work: what isn't done after 1 to 2 ms is given up, and counts for nothing.
    Inline,
    /// The thread has nothing else to do: the binding's deadline, and the time it takes to find the record that failed, at most about
    /// three times the deadline.
    Full,
}

/// A call with `Budget::Inline` wasn't done in time. Nothing happened; call again with `Budget::Full`, on another thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the plug-in wasn't done within the time of an inline call")]
pub struct OverBudget;

/// Which budget to try first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Recent calls were short: `Budget::Inline` will do.
    Fast,
    /// They weren't, or there are too few to tell: `Budget::Full`, on another thread.
    Slow,
}
