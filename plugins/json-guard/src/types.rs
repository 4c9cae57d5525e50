//! What a field's value may be.

use klamm_plugin::json::{Found, Kind};

/// Types, by the bit: those that a value may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Types(u8);

/// In the order of their bits.
const NAMES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];
/// An integer is a number, too.
const INTEGER: u8 = 1 << 2;
const NUMBER: u8 = 1 << 3;

impl Types {
    /// From names with `|` between; the name that isn't one if there is one.
    pub(crate) fn parse(text: &str) -> Result<Types, String> {
        let bit = |name| NAMES.iter().position(|known| *known == name);
        text.split('|').try_fold(Types(0), |types, name| match bit(name) {
            Some(bit) => Ok(Types(types.0 | 1 << bit)),
            None => Err(format!("{name:?} is no type; {} are", NAMES.join(", "))),
        })
    }

    /// Whether the value may be that.
    pub(crate) fn allow(self, found: &Found<'_>) -> bool {
        let bits = match found.kind {
            Kind::Null => 1,
            Kind::Boolean => 1 << 1,
            Kind::Number if is_integer(found.raw) => INTEGER | NUMBER,
            Kind::Number => NUMBER,
            Kind::String => 1 << 4,
            Kind::Array => 1 << 5,
            Kind::Object => 1 << 6,
        };
        self.0 & bits != 0
    }

    /// As in "a string or null".
    pub(crate) fn spoken(self) -> String {
        let names = NAMES.iter().enumerate().filter(|(bit, _)| self.0 & (1 << bit) != 0);
        let spoken: Vec<_> = names.map(|(_, name)| with_article(name)).collect();
        spoken.join(" or ")
    }
}

/// What a value is, as in "a string".
pub(crate) fn spoken(found: &Found<'_>) -> String {
    with_article(match found.kind {
        Kind::Null => "null",
        Kind::Boolean => "boolean",
        Kind::Number => "number",
        Kind::String => "string",
        Kind::Array => "array",
        Kind::Object => "object",
    })
}

fn with_article(name: &str) -> String {
    match name {
        "null" => "null".into(),
        "integer" | "array" | "object" => format!("an {name}"),
        _ => format!("a {name}"),
    }
}

/// By its spelling: 1.0 is none, since many parsers take it for a fraction.
fn is_integer(number: &[u8]) -> bool {
    !number.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}
