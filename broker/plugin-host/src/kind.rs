//! What a plug-in is for.

use std::fmt;
use std::str::FromStr;

/// A kind of plug-in. A component may be of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Chooses the partition of each record.
    Partitioner,
    /// Lets records pass, or not.
    Filter,
    /// Rewrites keys and values.
    Serializer,
    /// Makes new records from stored ones.
    Transform,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [Kind::Partitioner, Kind::Filter, Kind::Serializer, Kind::Transform];

    /// Its name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Partitioner => "partitioner",
            Kind::Filter => "filter",
            Kind::Serializer => "serializer",
            Kind::Transform => "transform",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why a text isn't a kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind of plug-in: there are partitioner, filter, serializer and transform")]
pub struct NotAKind(String);

impl FromStr for Kind {
    type Err = NotAKind;

    fn from_str(text: &str) -> Result<Kind, NotAKind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| NotAKind(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert!("Filter".parse::<Kind>().is_err());
    }
}
