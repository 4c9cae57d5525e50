//! The table of settings of a consumer group, and the types that come from it.

use std::ops::RangeInclusive;

use super::check::InvalidSetting;
use super::definition::{Importance, SettingDef, Update};
use super::raw::Kind;
use super::valid::Valid;
use super::value::first;
use super::{BrokerSettings, Configs};

const SESSION_TIMEOUT: &str = "consumer.session.timeout.ms";
const HEARTBEAT_INTERVAL: &str = "consumer.heartbeat.interval.ms";

/// Every setting of a consumer group, by name.
pub static GROUP_SETTINGS: &[SettingDef] = &[
    SettingDef {
        name: HEARTBEAT_INTERVAL,
        kind: Kind::Int,
        valid: Valid::AtLeast(1),
        importance: Importance::Medium,
        update: Update::Dynamic,
        synonyms: &["group.consumer.heartbeat.interval.ms"],
        documentation: "How often a member of the group says that it is there, in milliseconds; between \
                        `group.consumer.min.heartbeat.interval.ms` and `group.consumer.max.heartbeat.interval.ms`.",
        fallback: |broker| Some(GroupBounds::of(broker).default_heartbeat_interval_ms.to_string()),
    },
    SettingDef {
        name: SESSION_TIMEOUT,
        kind: Kind::Int,
        valid: Valid::AtLeast(1),
        importance: Importance::Medium,
        update: Update::Dynamic,
        synonyms: &["group.consumer.session.timeout.ms"],
        documentation: "A member that has not been heard of for so many milliseconds is no longer one; between \
                        `group.consumer.min.session.timeout.ms` and `group.consumer.max.session.timeout.ms`.",
        fallback: |broker| Some(GroupBounds::of(broker).default_session_timeout_ms.to_string()),
    },
];

/// What is set for a group; `None` leaves it to the broker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupOverrides {
    /// `consumer.session.timeout.ms`
    pub consumer_session_timeout_ms: Option<i32>,
    /// `consumer.heartbeat.interval.ms`
    pub consumer_heartbeat_interval_ms: Option<i32>,
}

/// What a broker allows groups to set.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "units come last")]
pub struct GroupBounds {
    session_timeout_ms: RangeInclusive<i32>,
    heartbeat_interval_ms: RangeInclusive<i32>,
    default_session_timeout_ms: i32,
    default_heartbeat_interval_ms: i32,
}

impl GroupOverrides {
    /// A value that is not allowed counts as absent: it can only come from another version's log.
    pub(crate) fn read(group: &Configs) -> GroupOverrides {
        let read = |name| first::<i32>(&[group], name, Valid::AtLeast(1));
        GroupOverrides {
            consumer_session_timeout_ms: read(SESSION_TIMEOUT),
            consumer_heartbeat_interval_ms: read(HEARTBEAT_INTERVAL),
        }
    }
}

impl GroupBounds {
    /// Of a broker with these settings.
    pub fn of(broker: &BrokerSettings) -> GroupBounds {
        let session =
            broker.group_consumer_min_session_timeout_ms..=broker.group_consumer_max_session_timeout_ms;
        let heartbeat =
            broker.group_consumer_min_heartbeat_interval_ms..=broker.group_consumer_max_heartbeat_interval_ms;
        GroupBounds {
            session_timeout_ms: session,
            heartbeat_interval_ms: heartbeat,
            default_session_timeout_ms: broker.group_consumer_session_timeout_ms,
            default_heartbeat_interval_ms: broker.group_consumer_heartbeat_interval_ms,
        }
    }

    /// Of a broker as it comes.
    pub fn built_in() -> GroupBounds {
        GroupBounds::of(&BrokerSettings::built_in())
    }

    /// Each least is at most its most.
    pub(super) fn check_themselves(&self) -> Result<(), InvalidSetting> {
        for (range, of) in [
            (&self.session_timeout_ms, "session.timeout.ms"),
            (&self.heartbeat_interval_ms, "heartbeat.interval.ms"),
        ] {
            if range.is_empty() {
                let (max, min) = (format!("group.consumer.max.{of}"), format!("group.consumer.min.{of}"));
                return Err(bound(&max, "greater than or equal to", &min));
            }
        }
        Ok(())
    }

    /// What is set is within the bounds, and the timeout longer than the interval.
    pub(super) fn check(&self, group: GroupOverrides) -> Result<(), InvalidSetting> {
        let heartbeat = group.consumer_heartbeat_interval_ms;
        let session = group.consumer_session_timeout_ms;
        within(HEARTBEAT_INTERVAL, heartbeat, &self.heartbeat_interval_ms)?;
        within(SESSION_TIMEOUT, session, &self.session_timeout_ms)?;
        let shortest = heartbeat.unwrap_or(self.default_heartbeat_interval_ms);
        if session.unwrap_or(self.default_session_timeout_ms) <= shortest {
            return Err(bound(SESSION_TIMEOUT, "greater than", HEARTBEAT_INTERVAL));
        }
        Ok(())
    }
}

fn within(name: &str, value: Option<i32>, range: &RangeInclusive<i32>) -> Result<(), InvalidSetting> {
    let Some(value) = value else { return Ok(()) };
    let of = name.trim_start_matches("consumer.");
    if value < *range.start() {
        return Err(bound(name, "greater than or equal to", &format!("group.consumer.min.{of}")));
    }
    if value > *range.end() {
        return Err(bound(name, "less than or equal to", &format!("group.consumer.max.{of}")));
    }
    Ok(())
}

fn bound(name: &str, comparison: &str, other: &str) -> InvalidSetting {
    InvalidSetting::Bound {
        name: name.to_owned(),
        comparison: comparison.to_owned(),
        other: other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{GroupBounds, GroupOverrides};
    use crate::settings::{BrokerSettings, Configs, StaticSettings, check_group};

    fn configs(pairs: &[(&str, &str)]) -> Configs {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn refused(pairs: &[(&str, &str)]) -> String {
        check_group(&GroupBounds::built_in(), &configs(pairs)).unwrap_err().to_string()
    }

    /// The texts are those of Kafka 4.3's `GroupConfig.validateValues`.
    #[test]
    fn groups_are_refused_as_kafka_refuses() {
        assert_eq!(
            refused(&[("consumer.session.timeout.ms", "44999")]),
            "consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms"
        );
        assert_eq!(
            refused(&[("consumer.heartbeat.interval.ms", "15001")]),
            "consumer.heartbeat.interval.ms must be less than or equal to \
             group.consumer.max.heartbeat.interval.ms"
        );
        let wide = BrokerSettings {
            group_consumer_min_session_timeout_ms: 1,
            group_consumer_max_heartbeat_interval_ms: 90_000,
            ..BrokerSettings::built_in()
        };
        let close =
            configs(&[("consumer.session.timeout.ms", "50000"), ("consumer.heartbeat.interval.ms", "50000")]);
        let error = check_group(&GroupBounds::of(&wide), &close).unwrap_err();
        assert_eq!(
            error.to_string(),
            "consumer.session.timeout.ms must be greater than consumer.heartbeat.interval.ms"
        );
        let long = configs(&[("consumer.heartbeat.interval.ms", "45000")]);
        assert!(check_group(&GroupBounds::of(&wide), &long).is_err(), "against the default");
        let good =
            configs(&[("consumer.session.timeout.ms", "60000"), ("consumer.heartbeat.interval.ms", "5000")]);
        check_group(&GroupBounds::built_in(), &good).unwrap();
        let expected = GroupOverrides {
            consumer_session_timeout_ms: Some(60_000),
            consumer_heartbeat_interval_ms: Some(5_000),
        };
        assert_eq!(GroupOverrides::read(&good), expected);
    }

    #[test]
    fn a_broker_does_not_start_with_bounds_that_nothing_fits() {
        let wrong = [("group.consumer.max.session.timeout.ms", "44999")];
        let error = StaticSettings::parse(configs(&wrong)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "group.consumer.max.session.timeout.ms must be greater than or equal to \
             group.consumer.min.session.timeout.ms"
        );
    }
}
