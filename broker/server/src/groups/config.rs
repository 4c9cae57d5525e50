//! What the broker's settings say about groups.

use klamm_controller::settings::BrokerSettings;
use klamm_groups::{GroupConfig, MigrationPolicy};

const MS_PER_MINUTE: i64 = 60_000;

/// What the broker's settings say about groups. None of them changes while the broker runs.
pub(super) fn group_config(settings: &BrokerSettings) -> GroupConfig {
    let size = |members: i32| usize::try_from(members).unwrap_or(0);
    GroupConfig {
        min_session_timeout_ms: settings.group_min_session_timeout_ms,
        max_session_timeout_ms: settings.group_max_session_timeout_ms,
        initial_rebalance_delay_ms: settings.group_initial_rebalance_delay_ms,
        max_size: size(settings.group_max_size),
        consumer_session_timeout_ms: settings.group_consumer_session_timeout_ms,
        consumer_heartbeat_interval_ms: settings.group_consumer_heartbeat_interval_ms,
        consumer_max_size: size(settings.group_consumer_max_size),
        consumer_assignors: settings.group_consumer_assignors.clone(),
        consumer_regex_refresh_interval_ms: settings.group_consumer_regex_refresh_interval_ms,
        consumer_migration_policy: migration_policy(&settings.group_consumer_migration_policy),
        offset_metadata_max_bytes: size(settings.offset_metadata_max_bytes),
        offsets_retention_ms: i64::from(settings.offsets_retention_minutes) * MS_PER_MINUTE,
    }
}

fn migration_policy(name: &str) -> MigrationPolicy {
    match name.to_ascii_lowercase().as_str() {
        "upgrade" => MigrationPolicy::Upgrade,
        "downgrade" => MigrationPolicy::Downgrade,
        "disabled" => MigrationPolicy::Disabled,
        _ => MigrationPolicy::Bidirectional,
    }
}
