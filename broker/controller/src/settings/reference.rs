//! The reference page of all settings.

use std::fmt::Write;

use super::broker_settings::{BROKER_SETTINGS, BrokerSettings};
use super::client_metrics::CLIENT_METRICS_SETTINGS;
use super::definition::{SettingDef, Update};
use super::group_settings::GROUP_SETTINGS;
use super::topic_settings::TOPIC_SETTINGS;

/// The reference page, in Markdown. `docs/reference/settings.md` is this text.
pub fn reference_markdown() -> String {
    let mut page = String::from(INTRODUCTION);
    let built_in = BrokerSettings::built_in();
    page.push_str(TOPICS);
    for def in TOPIC_SETTINGS {
        section(&mut page, def, &built_in);
        if !def.synonyms.is_empty() {
            synonyms(&mut page, "Broker setting that is its default", def.synonyms);
        }
    }
    page.push_str(GROUPS);
    for def in GROUP_SETTINGS {
        section(&mut page, def, &built_in);
        synonyms(&mut page, "Broker setting that is its default", def.synonyms);
    }
    page.push_str(CLIENT_METRICS);
    for def in CLIENT_METRICS_SETTINGS {
        section(&mut page, def, &built_in);
    }
    page.push_str(BROKERS);
    for def in BROKER_SETTINGS {
        section(&mut page, def, &built_in);
        if def.synonyms.len() > 1 {
            synonyms(&mut page, "Decided together, by the first that is set", def.synonyms);
        }
    }
    page
}

const INTRODUCTION: &str = "\
# Settings

Names, types and meanings are Kafka's, and so are the defaults, except where a setting says otherwise. A name that is
not on this page is refused. This page is generated from the tables in `broker/controller/src/settings`: change those,
then run `cargo run -p klamm-controller --example settings_reference`.

A broker's setting has the value of the strongest layer that has one: a dynamic setting of this broker, a dynamic
setting of all brokers (`klamm config` and every Kafka tool change these two), what the broker was started with
(`--set name=value`, environment, file), what is built in. A topic's setting has the topic's own value, else that of
the broker setting which is its default.
";

const TOPICS: &str = "
## Topics

All of them can change at any time.
";

const GROUPS: &str = "
## Consumer groups

Of one group (`kafka-configs --entity-type groups --entity-name GROUP`). All of them can change at any time.
";

const CLIENT_METRICS: &str = "
## Metrics of clients

Of one subscription (`kafka-configs --entity-type client-metrics --entity-name NAME`). They are kept and shown; this
version takes no metrics from clients.
";

const BROKERS: &str = "
## Brokers
";

fn section(page: &mut String, def: &SettingDef, built_in: &BrokerSettings) {
    let default = def.default_value(built_in).map_or_else(|| "none".to_owned(), |value| format!("`{value}`"));
    let update = match def.update {
        Update::ReadOnly => "when the broker starts",
        Update::Dynamic => "at any time",
    };
    let rows = [
        ("Type", def.kind.name().to_lowercase()),
        ("Default", default),
        ("Allowed", def.valid.to_string()),
        ("Can change", update.to_owned()),
    ];
    // Writing to a String can't fail.
    let _ = write!(page, "\n### `{}`\n\n{}\n\n", def.name, def.documentation);
    for (title, text) in rows {
        let _ = writeln!(page, "- {title}: {text}");
    }
}

fn synonyms(page: &mut String, title: &str, names: &[&str]) {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    let _ = writeln!(page, "- {title}: {}", names.join(", "));
}
