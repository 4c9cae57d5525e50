//! Subscriptions by a regular expression: RE2's syntax, matched in linear time against whole names of topics.

use regex::{Regex, RegexBuilder};

/// What a compiled expression may take, in bytes: it comes from a client and is held for a moment only.
const SIZE_LIMIT_BYTES: usize = 1 << 20;

/// An expression that matches whole names.
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Compiles an expression; an error says in words what is wrong with it.
    pub fn new(text: &str) -> Result<Pattern, String> {
        // Alone first: `a)(b` must not become right by the parentheses around it.
        compile(text)?;
        compile(&format!(r"\A(?:{text})\z")).map(Pattern)
    }

    /// Whether the expression matches all of the name.
    pub fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

fn compile(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).size_limit(SIZE_LIMIT_BYTES).build().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn whole_names_match() {
        let pattern = Pattern::new("a|orders-.*").unwrap();
        for (name, matches) in [("a", true), ("ab", false), ("orders-1", true), ("my-orders-1", false)] {
            assert_eq!(pattern.matches(name), matches, "{name}");
        }
    }

    #[test]
    fn what_is_no_expression_or_too_large_is_refused() {
        for text in ["(", "a)(b", "[", "(?=a)", r"(a)\1", "(a{500}){500}"] {
            assert!(Pattern::new(text).is_err(), "{text}");
        }
    }
}
