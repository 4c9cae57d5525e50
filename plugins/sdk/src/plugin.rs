//! What all kinds of plug-ins have: how an instance starts, and what it needs to see.

use crate::parameters::{BadParameter, Parameters};

/// A plug-in of any kind.
///
/// An instance may be thrown away and made anew at any time, and there are several of them: what it keeps may be no more than a
/// cache. What it answers may depend on the parameters and on the record, and on nothing else.
pub trait Plugin: Sized {
    /// An instance for a binding with these parameters.
    ///
    /// A parameter that was given and that this never asks for is refused, with the names that there are.
    fn start(parameters: &Parameters) -> Result<Self, BadParameter>;

    /// What of a record it needs to see. What is not asked for is not copied into the plug-in, which is faster.
    fn wants(&self) -> Wants {
        Wants { keys: true, values: true, headers: false }
    }
}

/// Parts of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// [`Record::key`](crate::Record::key); it is `None` without.
    pub keys: bool,
    /// [`Record::value`](crate::Record::value); it is `None` without.
    pub values: bool,
    /// [`Record::headers`](crate::Record::headers); there are none without.
    pub headers: bool,
}

impl Wants {
    /// Nothing.
    pub const NOTHING: Wants = Wants { keys: false, values: false, headers: false };
    /// Only keys.
    pub const KEYS: Wants = Wants { keys: true, ..Wants::NOTHING };
    /// Only values.
    pub const VALUES: Wants = Wants { values: true, ..Wants::NOTHING };
    /// Only headers.
    pub const HEADERS: Wants = Wants { headers: true, ..Wants::NOTHING };

    /// What either wants.
    #[must_use]
    pub const fn and(self, other: Wants) -> Wants {
        Wants {
            keys: self.keys || other.keys,
            values: self.values || other.values,
            headers: self.headers || other.headers,
        }
    }
}
