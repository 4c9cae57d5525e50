//! Version ranges as Kafka's definitions write them.

use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

/// `"3"`, `"3-5"` or `"3+"`: the first and the last version, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) first: i16,
    /// `i16::MAX` for an open range.
    pub(crate) last: i16,
}

impl Versions {
    /// Every version there is.
    pub(crate) const ALL: Versions = Versions { first: 0, last: i16::MAX };

    pub(crate) fn parse(literal: &LitStr) -> syn::Result<Versions> {
        let text = literal.value();
        let number = |part: &str| {
            part.parse::<i16>().ok().filter(|version| *version >= 0).ok_or_else(|| {
                syn::Error::new(literal.span(), "versions are written \"3\", \"3-5\" or \"3+\"")
            })
        };
        let range = if let Some(first) = text.strip_suffix('+') {
            Versions { first: number(first)?, last: i16::MAX }
        } else if let Some((first, last)) = text.split_once('-') {
            Versions { first: number(first)?, last: number(last)? }
        } else {
            Versions { first: number(&text)?, last: number(&text)? }
        };
        if range.first > range.last {
            return Err(syn::Error::new(literal.span(), "the first version is after the last one"));
        }
        Ok(range)
    }

    /// The condition "`version` is in this range", or `None` if it always holds.
    pub(crate) fn condition(self) -> Option<TokenStream> {
        let Versions { first, last } = self;
        match (first, last) {
            (0, i16::MAX) => None,
            (_, i16::MAX) => Some(quote!(version >= #first)),
            (0, _) => Some(quote!(version <= #last)),
            _ => Some(quote!((#first..=#last).contains(&version))),
        }
    }

    /// Whether every version of `other` is one of these.
    pub(crate) fn covers(self, other: Versions) -> bool {
        self.first <= other.first && self.last >= other.last
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;
    use syn::LitStr;

    use super::Versions;

    fn parse(text: &str) -> Option<(i16, i16)> {
        Versions::parse(&LitStr::new(text, Span::call_site())).ok().map(|v| (v.first, v.last))
    }

    #[test]
    fn ranges_of_kafkas_definitions() {
        assert_eq!(parse("3"), Some((3, 3)));
        assert_eq!(parse("0-12"), Some((0, 12)));
        assert_eq!(parse("13+"), Some((13, i16::MAX)));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "+", "-1", "5-3", "3-", "x", "none", "3++"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
