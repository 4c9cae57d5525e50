//! Which values of its type a setting allows.

use std::fmt;

use klamm_model::PluginRole;

use super::bindings;
use super::client_metrics;
use super::per_ip::ConnectionsPerIp;
use super::raw::Raw;

/// Which values of its type a setting allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Valid {
    /// All.
    Any,
    /// This number and above.
    AtLeast(i64),
    /// This number and above, and one below it that has a meaning of its own.
    AtLeastOr(i64, i64),
    /// From the first number to the second.
    Between(i64, i64),
    /// From the first number to the second, and a third that has a meaning of its own.
    BetweenOr(i64, i64, i64),
    /// From 0 to 1.
    Ratio,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// One of these texts, in whichever case.
    OneOfAnyCase(&'static [&'static str]),
    /// A list of these texts, in any order; it may be empty.
    ListOf(&'static [&'static str]),
    /// `false`: what `true` would ask for is not done here.
    OnlyFalse,
    /// A list of exactly one element.
    OneElement,
    /// A text that is not empty.
    NonEmpty,
    /// What [`ConnectionsPerIp`] reads.
    ConnectionsPerIp,
    /// A list of patterns that say which clients are meant.
    ClientMatch,
    /// Plug-ins bound in this role.
    Bindings(PluginRole),
}

impl Valid {
    /// The error is Kafka's reason.
    pub(super) fn check(self, value: &Raw) -> Result<(), String> {
        let reason = match (self, value) {
            (Valid::AtLeast(min) | Valid::Between(min, _), &Raw::Number(n)) if n < min => {
                format!("Value must be at least {min}")
            }
            (Valid::Between(_, max), &Raw::Number(n)) if n > max => {
                format!("Value must be no more than {max}")
            }
            (Valid::AtLeastOr(min, other), &Raw::Number(n)) if n < min && n != other => {
                format!("Value must be at least {min} or equal to {other}")
            }
            (Valid::BetweenOr(min, max, other), &Raw::Number(n))
                if !(min..=max).contains(&n) && n != other =>
            {
                format!("Value must be between {min} and {max} or equal to {other}")
            }
            (Valid::Ratio, &Raw::Real(n)) if n < 0.0 || n.is_nan() => "Value must be at least 0".to_owned(),
            (Valid::Ratio, &Raw::Real(n)) if n > 1.0 => "Value must be no more than 1".to_owned(),
            (Valid::OneOf(choices), Raw::Text(text)) if !choices.contains(&text.as_str()) => one_of(choices),
            (Valid::OneOfAnyCase(choices), Raw::Text(text))
                if !choices.iter().any(|choice| choice.eq_ignore_ascii_case(text)) =>
            {
                format!("String must be one of (case insensitive): {}", choices.join(", "))
            }
            (Valid::ListOf(choices), Raw::List(elements))
                if !elements.iter().all(|element| choices.contains(&element.as_str())) =>
            {
                one_of(choices)
            }
            (Valid::OnlyFalse, Raw::Flag(true)) => {
                "Value must be false: this is not supported here".to_owned()
            }
            (Valid::OneElement, Raw::List(elements)) if elements.len() != 1 => {
                "Value must be a single element".to_owned()
            }
            (Valid::ConnectionsPerIp, Raw::Text(text)) => return ConnectionsPerIp::parse(text).map(drop),
            (Valid::ClientMatch, Raw::List(patterns)) => return client_metrics::check_match(patterns),
            (Valid::Bindings(role), value) => return bindings::check(role, value),
            (Valid::NonEmpty, Raw::Text(text)) if text.is_empty() => "String must be non-empty".to_owned(),
            _ => return Ok(()),
        };
        Err(reason)
    }
}

fn one_of(choices: &[&str]) -> String {
    format!("String must be one of: {}", choices.join(", "))
}

/// For the reference page.
impl fmt::Display for Valid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Valid::Any => f.write_str("any"),
            Valid::AtLeast(min) => write!(f, "at least {min}"),
            Valid::AtLeastOr(min, other) => write!(f, "at least {min}, or {other}"),
            Valid::Between(min, max) => write!(f, "{min} to {max}"),
            Valid::BetweenOr(min, max, other) => write!(f, "{min} to {max}, or {other}"),
            Valid::Ratio => f.write_str("0 to 1"),
            Valid::OneOf(choices) => f.write_str(&choices.join(", ")),
            Valid::OneOfAnyCase(choices) => write!(f, "{}, in any case", choices.join(", ")),
            Valid::ListOf(choices) => write!(f, "any of {}", choices.join(", ")),
            Valid::OnlyFalse => f.write_str("false"),
            Valid::OneElement => f.write_str("one element"),
            Valid::NonEmpty => f.write_str("not empty"),
            Valid::ClientMatch => f.write_str("WHAT=PATTERN, with commas between"),
            Valid::Bindings(PluginRole::Filter) => {
                f.write_str("NAME@VERSION/PARAMETER:VALUE/..., with commas between")
            }
            Valid::Bindings(_) => f.write_str("NAME@VERSION/PARAMETER:VALUE/..."),
            Valid::ConnectionsPerIp => f.write_str("ADDRESS:NUMBER, with commas between"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Valid;
    use crate::settings::Kind;

    fn check(valid: Valid, kind: Kind, text: &str) -> Result<(), String> {
        valid.check(&kind.read(text).unwrap())
    }

    #[test]
    fn ranges_take_their_ends() {
        for text in ["1", "9", "-1"] {
            assert_eq!(check(Valid::BetweenOr(1, 9, -1), Kind::Int, text), Ok(()));
        }
        for text in ["0", "10", "-2"] {
            let reason = "Value must be between 1 and 9 or equal to -1".to_owned();
            assert_eq!(check(Valid::BetweenOr(1, 9, -1), Kind::Int, text), Err(reason));
        }
        let below = check(Valid::Between(1, 17), Kind::Int, "0");
        assert_eq!(below, Err("Value must be at least 1".to_owned()));
        let above = check(Valid::Between(1, 17), Kind::Int, "18");
        assert_eq!(above, Err("Value must be no more than 17".to_owned()));
        assert_eq!(check(Valid::AtLeastOr(1, -1), Kind::Long, "-1"), Ok(()));
        assert!(check(Valid::AtLeastOr(1, -1), Kind::Long, "0").is_err());
    }

    #[test]
    fn ratios() {
        assert_eq!(check(Valid::Ratio, Kind::Double, "1"), Ok(()));
        assert!(check(Valid::Ratio, Kind::Double, "1.1").is_err());
        assert!(check(Valid::Ratio, Kind::Double, "-0.1").is_err());
        assert!(check(Valid::Ratio, Kind::Double, "NaN").is_err());
    }

    #[test]
    fn choices() {
        const POLICIES: Valid = Valid::ListOf(&["compact", "delete"]);
        const WAYS: Valid = Valid::OneOfAnyCase(&["there", "back"]);
        assert_eq!(check(POLICIES, Kind::List, "delete,compact"), Ok(()));
        assert_eq!(check(POLICIES, Kind::List, ""), Ok(()));
        let reason = "String must be one of: compact, delete".to_owned();
        assert_eq!(check(POLICIES, Kind::List, "delete,shrink"), Err(reason));
        assert_eq!(check(WAYS, Kind::String, "Back"), Ok(()));
        let reason = "String must be one of (case insensitive): there, back".to_owned();
        assert_eq!(check(WAYS, Kind::String, "away"), Err(reason));
        assert_eq!(check(Valid::OnlyFalse, Kind::Boolean, "false"), Ok(()));
        assert!(check(Valid::OnlyFalse, Kind::Boolean, "true").is_err());
    }
}
