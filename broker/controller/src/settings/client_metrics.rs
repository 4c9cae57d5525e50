//! The table of settings of a subscription to metrics of clients (KIP-714).

use super::definition::{Importance, SettingDef, Update};
use super::raw::Kind;
use super::valid::Valid;

/// Every setting of a subscription, by name.
pub static CLIENT_METRICS_SETTINGS: &[SettingDef] = &[
    SettingDef {
        name: "interval.ms",
        kind: Kind::Int,
        valid: Valid::Between(100, 3_600_000),
        importance: Importance::Medium,
        update: Update::Dynamic,
        synonyms: &[],
        documentation: "How often a client is to send its metrics, in milliseconds.",
        fallback: |_| Some("300000".to_owned()),
    },
    SettingDef {
        name: "match",
        kind: Kind::List,
        valid: Valid::ClientMatch,
        importance: Importance::Medium,
        update: Update::Dynamic,
        synonyms: &[],
        documentation: "Which clients are meant: all that fit every pattern, each for one of `client_instance_id`, \
                        `client_id`, `client_software_name`, `client_software_version`, `client_source_address`, \
                        `client_source_port`; empty means all.",
        fallback: |_| Some(String::new()),
    },
    SettingDef {
        name: "metrics",
        kind: Kind::List,
        valid: Valid::Any,
        importance: Importance::Medium,
        update: Update::Dynamic,
        synonyms: &[],
        documentation: "Which metrics are wanted: those whose name begins with one of these; `*` means all.",
        fallback: |_| Some(String::new()),
    },
];

const MATCHED: &[&str] = &[
    "client_instance_id",
    "client_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
];

/// Each is `WHAT=PATTERN`; the error is Kafka's reason. What the pattern says is the business of whoever matches it.
pub(super) fn check_match(patterns: &[String]) -> Result<(), String> {
    let is_good = |pattern: &&String| match pattern.split_once('=') {
        Some((what, expected)) => {
            MATCHED.contains(&what.trim()) && !expected.trim().is_empty() && !expected.contains('=')
        }
        None => false,
    };
    match patterns.iter().find(|pattern| !is_good(pattern)) {
        Some(bad) => Err(format!("Illegal client matching pattern: {bad}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::{Configs, check_client_metrics};

    #[test]
    fn subscriptions_are_checked_as_kafka_checks_them() {
        let check = |name: &str, value: &str| {
            check_client_metrics(&Configs::from([(name.to_owned(), value.to_owned())])).is_ok()
        };
        assert!(check("interval.ms", "100") && check("interval.ms", "3600000"));
        assert!(!check("interval.ms", "99") && !check("interval.ms", "3600001"));
        assert!(check("metrics", "*") && check("metrics", "org.apache.kafka.producer.,x"));
        assert!(
            check("match", "client_software_name=Java,client_software_version=11.1.*") && check("match", "")
        );
        for bad in ["client_name=x", "client_id", "client_id=", "client_id=a=b"] {
            assert!(!check("match", bad), "{bad}");
        }
        assert!(!check("interval", "100"));
    }
}
