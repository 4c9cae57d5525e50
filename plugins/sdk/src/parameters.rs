//! A binding's parameters, typed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// What a binding gives: the topic, and parameters by name.
///
/// It remembers which names were asked for, so that a misspelt one is refused with the right ones.
#[derive(Debug)]
pub struct Parameters {
    topic: String,
    given: BTreeMap<String, String>,
    asked: RefCell<BTreeSet<String>>,
}

/// Parameters that make no sense. The sentence is shown to whoever binds the plug-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadParameter(String);

impl BadParameter {
    /// With a sentence of one's own.
    pub fn new(sentence: impl Into<String>) -> BadParameter {
        BadParameter(sentence.into())
    }

    fn value(name: &str, value: &str, why: impl fmt::Display) -> BadParameter {
        BadParameter(format!("parameter `{name}` is {value:?}: {why}"))
    }
}

impl fmt::Display for BadParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadParameter {}

impl Parameters {
    /// Those of a binding to `topic`.
    pub fn new<N: Into<String>, V: Into<String>>(
        topic: &str,
        given: impl IntoIterator<Item = (N, V)>,
    ) -> Parameters {
        let given = given.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Parameters { topic: topic.to_owned(), given, asked: RefCell::default() }
    }

    /// The topic that the plug-in is bound to.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// As it was given.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.asked.borrow_mut().insert(name.to_owned());
        self.given.get(name).map(String::as_str)
    }

    /// A parameter that may be left out.
    pub fn optional<T: FromStr<Err: fmt::Display>>(&self, name: &str) -> Result<Option<T>, BadParameter> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|error| BadParameter::value(name, text, error))
    }

    /// A parameter that must be there.
    pub fn required<T: FromStr<Err: fmt::Display>>(&self, name: &str) -> Result<T, BadParameter> {
        self.optional(name)?.ok_or_else(|| BadParameter(format!("parameter `{name}` is missing")))
    }

    /// A parameter, or what it is without.
    pub fn or<T: FromStr<Err: fmt::Display>>(&self, name: &str, default: T) -> Result<T, BadParameter> {
        Ok(self.optional(name)?.unwrap_or(default))
    }

    /// A number in a range, or what it is without.
    pub fn in_range<T>(&self, name: &str, range: RangeInclusive<T>, default: T) -> Result<T, BadParameter>
    where
        T: FromStr<Err: fmt::Display> + PartialOrd + fmt::Display,
    {
        let Some(number) = self.optional(name)? else { return Ok(default) };
        if range.contains(&number) {
            return Ok(number);
        }
        let why = format!("{} to {} are possible", range.start(), range.end());
        Err(BadParameter::value(name, &number.to_string(), why))
    }

    /// One of several words, or what it is without.
    pub fn one_of<T: Copy>(&self, name: &str, words: &[(&str, T)], default: T) -> Result<T, BadParameter> {
        let Some(text) = self.text(name) else { return Ok(default) };
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            BadParameter::value(name, text, format_args!("{} are possible", words.join(", ")))
        })
    }

    /// Texts that are joined by `+`; `\+` is a plus sign in one of them. `None` if it was left out.
    pub fn list(&self, name: &str) -> Result<Option<Vec<String>>, BadParameter> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let parts = split(text, '+');
        if parts.iter().any(String::is_empty) {
            return Err(BadParameter::value(name, text, "there is nothing beside a +"));
        }
        Ok(Some(parts))
    }

    /// Refuses what was given and never asked for. The broker's call of [`Plugin::start`](crate::Plugin::start) ends with
    /// this.
    pub fn refuse_unknown(&self) -> Result<(), BadParameter> {
        let asked = self.asked.borrow();
        let Some(unknown) = self.given.keys().find(|name| !asked.contains(*name)) else { return Ok(()) };
        let known: Vec<_> = asked.iter().map(String::as_str).collect();
        let known =
            if known.is_empty() { "it has none".into() } else { format!("it has {}", known.join(", ")) };
        Err(BadParameter(format!("this plug-in has no parameter `{unknown}`: {known}")))
    }
}

/// The parts of a text between separators; a backslash before a separator makes it part of the text. Other backslashes stay.
pub(crate) fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character == separator {
            parts.push(String::new());
            continue;
        }
        let escaped = if character == '\\' { characters.next_if_eq(&separator) } else { None };
        if let Some(last) = parts.last_mut() {
            last.push(escaped.unwrap_or(character));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::{BadParameter, Parameters};

    fn of(given: &[(&str, &str)]) -> Parameters {
        Parameters::new("orders", given.iter().copied())
    }

    fn sentence<T: std::fmt::Debug>(result: Result<T, BadParameter>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn values_are_typed() {
        let parameters = of(&[("most", "12"), ("names", r"a+b\+c"), ("way", "up")]);
        assert_eq!(parameters.topic(), "orders");
        assert_eq!(parameters.required::<u32>("most"), Ok(12));
        assert_eq!(parameters.or("least", 3), Ok(3));
        assert_eq!(parameters.in_range("most", 1..=12, 1), Ok(12));
        assert_eq!(parameters.list("names"), Ok(Some(vec!["a".into(), "b+c".into()])));
        assert_eq!(parameters.list("none"), Ok(None));
        assert_eq!(parameters.one_of("way", &[("down", 1), ("up", 2)], 0), Ok(2));
        assert_eq!(parameters.refuse_unknown(), Ok(()));
    }

    #[test]
    fn what_is_wrong_is_said_with_what_would_be_right() {
        let parameters = of(&[("most", "many"), ("names", "a++b"), ("way", "left"), ("least", "0")]);
        assert_eq!(
            sentence(parameters.required::<u32>("most")),
            "parameter `most` is \"many\": invalid digit found in string"
        );
        assert_eq!(sentence(parameters.required::<u32>("absent")), "parameter `absent` is missing");
        assert_eq!(
            sentence(parameters.list("names")),
            "parameter `names` is \"a++b\": there is nothing beside a +"
        );
        assert_eq!(
            sentence(parameters.one_of("way", &[("down", 1), ("up", 2)], 0)),
            "parameter `way` is \"left\": down, up are possible"
        );
        assert_eq!(
            sentence(parameters.in_range("least", 1..=9, 1)),
            "parameter `least` is \"0\": 1 to 9 are possible"
        );
    }

    #[test]
    fn a_misspelt_name_is_refused_with_the_right_ones() {
        let parameters = of(&[("requierd", "id")]);
        assert_eq!(
            sentence(parameters.refuse_unknown()),
            "this plug-in has no parameter `requierd`: it has none"
        );
        let _ = (parameters.list("required"), parameters.text("action"));
        assert_eq!(
            sentence(parameters.refuse_unknown()),
            "this plug-in has no parameter `requierd`: it has action, required"
        );
    }
}
