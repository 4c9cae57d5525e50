//! Which records of a quarantine are meant.

use std::str::FromStr;

use clap::Args;

use super::letter::Heading;
use crate::time;

/// A plug-in, perhaps of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginFilter {
    name: String,
    version: Option<String>,
}

impl FromStr for PluginFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<PluginFilter, String> {
        let (name, version) = match text.split_once('@') {
            None => (text, None),
            Some((name, version)) => (name, Some(version.to_owned())),
        };
        if name.is_empty() || version.as_ref().is_some_and(String::is_empty) {
            return Err("give it as NAME or NAME@VERSION".into());
        }
        Ok(PluginFilter { name: name.to_owned(), version })
    }
}

/// Options that say which records are meant.
#[derive(Debug, Clone, Default, Args)]
pub struct FilterArguments {
    /// Only what this plug-in sent here
    #[arg(long, value_name = "NAME[@VERSION]")]
    plugin: Option<PluginFilter>,
    /// Only those whose reason has this text in it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Only records of this time or later: 2026-01-31T12:00:00Z, milliseconds since 1970, or a time before now such as
    /// 90s, 15m, 2h, 1d
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    since: Option<i64>,
    /// Only records before this time
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    until: Option<i64>,
    /// Only the first N of those
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

impl FilterArguments {
    /// Whether a record is meant, apart from the limit.
    pub(super) fn matches(&self, heading: &Heading) -> bool {
        let told = heading.envelope.as_ref();
        let plugin = self.plugin.as_ref().is_none_or(|wanted| {
            told.is_some_and(|told| {
                told.plugin == wanted.name
                    && wanted.version.as_ref().is_none_or(|version| *version == told.version)
            })
        });
        let reason = self
            .reason
            .as_ref()
            .is_none_or(|text| told.is_some_and(|told| told.reason.contains(text.as_str())));
        plugin
            && reason
            && self.since.is_none_or(|since| heading.timestamp_ms >= since)
            && self.until.is_none_or(|until| heading.timestamp_ms < until)
    }

    /// How many of those are wanted at the most.
    pub(super) fn limit(&self) -> usize {
        self.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// Whether anything is said at all.
    pub(super) fn is_given(&self) -> bool {
        self.plugin.is_some()
            || self.reason.is_some()
            || self.since.is_some()
            || self.until.is_some()
            || self.limit.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{FilterArguments, PluginFilter};
    use crate::dlq::envelope::Envelope;
    use crate::dlq::letter::Heading;
    use crate::dlq::letter_id::LetterId;

    fn heading(envelope: Option<Envelope>) -> Heading {
        Heading { id: LetterId { partition: 0, offset: 0 }, timestamp_ms: 1_000, envelope }
    }

    #[test]
    fn each_filter_alone() {
        let told = Envelope {
            plugin: "json-guard".into(),
            version: "1.0.0".into(),
            reason: "field \"id\" is missing".into(),
            ..Envelope::default()
        };
        let (letter, foreign) = (heading(Some(told)), heading(None));
        let plugin =
            |text: &str| FilterArguments { plugin: Some(text.parse().unwrap()), ..Default::default() };
        let reason = |text: &str| FilterArguments { reason: Some(text.into()), ..Default::default() };
        let since = |since| FilterArguments { since: Some(since), ..Default::default() };
        let until = |until| FilterArguments { until: Some(until), ..Default::default() };
        for (filter, of_letter, of_foreign) in [
            (FilterArguments::default(), true, true),
            (plugin("json-guard"), true, false),
            (plugin("json"), false, false),
            (plugin("json-guard@1.0.0"), true, false),
            (plugin("json-guard@1.0"), false, false),
            (reason("\"id\" is"), true, false),
            (reason("ID"), false, false),
            (since(1_000), true, true),
            (since(1_001), false, false),
            (until(1_001), true, true),
            (until(1_000), false, false),
        ] {
            assert_eq!(
                (filter.matches(&letter), filter.matches(&foreign)),
                (of_letter, of_foreign),
                "{filter:?}"
            );
        }
    }

    #[test]
    fn plugins() {
        for bad in ["", "@1", "a@"] {
            assert!(bad.parse::<PluginFilter>().is_err(), "{bad}");
        }
        assert_eq!(FilterArguments { limit: Some(2), ..Default::default() }.limit(), 2);
        assert_eq!(FilterArguments::default().limit(), usize::MAX);
    }
}
