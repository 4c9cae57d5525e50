//! From text to a value of a setting's type.

use std::fmt;

/// The type of a setting's value (`org.apache.kafka.common.config.ConfigDef.Type`), with the numbers that
/// DescribeConfigs uses for them (KIP-569).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i8)]
pub enum Kind {
    /// `true` or `false`.
    Boolean = 1,
    /// A text.
    String = 2,
    /// A 32-bit number.
    Int = 3,
    /// A 64-bit number.
    Long = 5,
    /// A floating-point number.
    Double = 6,
    /// Comma-separated texts.
    List = 7,
}

/// A value of one of the kinds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Raw {
    Flag(bool),
    Number(i64),
    Real(f64),
    Text(String),
    List(Vec<String>),
}

impl Kind {
    /// The number that DescribeConfigs uses.
    pub const fn as_i8(self) -> i8 {
        self as i8
    }

    /// Kafka's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Boolean => "BOOLEAN",
            Kind::String => "STRING",
            Kind::Int => "INT",
            Kind::Long => "LONG",
            Kind::Double => "DOUBLE",
            Kind::List => "LIST",
        }
    }

    /// Reads a text as Kafka does: blanks around it don't count, a list's elements count once. The error is
    /// Kafka's reason.
    pub(super) fn read(self, text: &str) -> Result<Raw, String> {
        let text = text.trim();
        let not_a_number = || format!("Not a number of type {}", self.name());
        match self {
            Kind::Boolean if text.eq_ignore_ascii_case("true") => Ok(Raw::Flag(true)),
            Kind::Boolean if text.eq_ignore_ascii_case("false") => Ok(Raw::Flag(false)),
            Kind::Boolean => Err("Expected value to be either true or false".to_owned()),
            Kind::String => Ok(Raw::Text(text.to_owned())),
            Kind::Int => text.parse::<i32>().map(|n| Raw::Number(i64::from(n))).map_err(|_| not_a_number()),
            Kind::Long => text.parse().map(Raw::Number).map_err(|_| not_a_number()),
            Kind::Double => text.parse().map(Raw::Real).map_err(|_| not_a_number()),
            Kind::List => Ok(Raw::List(list_elements(text))),
        }
    }
}

/// The elements of a list, without blanks around them and each once.
pub fn list_elements(text: &str) -> Vec<String> {
    let mut elements = Vec::new();
    for element in text.split(',').map(str::trim).filter(|element| !element.is_empty()) {
        if !elements.iter().any(|known| known == element) {
            elements.push(element.to_owned());
        }
    }
    elements
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Raw::Flag(flag) => flag.fmt(f),
            Raw::Number(number) => number.fmt(f),
            // Debug keeps the `.0` that Kafka shows too.
            // As Java writes it: 1.7976931348623157E308.
            Raw::Real(number) => f.write_str(&format!("{number:?}").replace('e', "E")),
            Raw::Text(text) => f.write_str(text),
            Raw::List(elements) => f.write_str(&elements.join(",")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Raw};

    #[test]
    fn reads_as_kafka_reads() {
        assert_eq!(Kind::Boolean.read(" TRUE "), Ok(Raw::Flag(true)));
        assert_eq!(Kind::Int.read("+1048577"), Ok(Raw::Number(1_048_577)));
        assert_eq!(Kind::Long.read(" 5 "), Ok(Raw::Number(5)));
        assert_eq!(Kind::Double.read("1e-1"), Ok(Raw::Real(0.1)));
        let list = Raw::List(vec!["delete".to_owned(), "compact".to_owned()]);
        assert_eq!(Kind::List.read("delete, compact,delete"), Ok(list));
        assert_eq!(Kind::List.read(""), Ok(Raw::List(Vec::new())));
    }

    #[test]
    fn refuses_with_kafkas_reason() {
        let refusal = |kind: Kind, text| kind.read(text).unwrap_err();
        assert_eq!(refusal(Kind::Int, "99999999999"), "Not a number of type INT");
        assert_eq!(refusal(Kind::Long, ""), "Not a number of type LONG");
        assert_eq!(refusal(Kind::Double, "x"), "Not a number of type DOUBLE");
        assert_eq!(refusal(Kind::Boolean, "yes"), "Expected value to be either true or false");
    }

    #[test]
    fn shows_what_it_read() {
        for (kind, text) in
            [(Kind::Boolean, "false"), (Kind::Double, "2.0"), (Kind::List, "a,b"), (Kind::Long, "-1")]
        {
            assert_eq!(kind.read(text).unwrap().to_string(), text);
        }
    }
}
