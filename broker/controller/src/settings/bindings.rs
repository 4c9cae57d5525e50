//! The settings that bind plug-ins to a topic.

use klamm_model::{BindingSpec, PluginRole};

use super::raw::{Kind, Raw};
use super::valid::Valid;
use super::value::{SettingValue, read_raw};

/// Checks how a value is written; whether there are such plug-ins is known to the metadata only.
pub(super) fn check(role: PluginRole, value: &Raw) -> Result<(), String> {
    role.read(&value.to_string()).map(drop).map_err(|invalid| invalid.to_string())
}

/// `klamm.filters`, in the order in which they run.
impl SettingValue for Vec<BindingSpec> {
    const KIND: Kind = Kind::List;

    fn read(text: &str, valid: Valid) -> Result<Self, String> {
        let list = read_raw(Self::KIND, text, valid)?;
        PluginRole::Filter.read(&list.to_string()).map_err(|invalid| invalid.to_string())
    }

    fn show(&self) -> Option<String> {
        let texts: Vec<_> = self.iter().map(ToString::to_string).collect();
        Some(texts.join(","))
    }
}

/// `klamm.serializer` and `klamm.partitioner`.
impl SettingValue for BindingSpec {
    const KIND: Kind = Kind::String;

    fn read(text: &str, valid: Valid) -> Result<Self, String> {
        let text = read_raw(Self::KIND, text, valid)?;
        text.to_string().parse().map_err(|invalid: klamm_model::InvalidBinding| invalid.to_string())
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::{BrokerSettings, Configs, TopicSettings, check_topic};

    fn configs(name: &str, value: &str) -> Configs {
        Configs::from([(name.to_owned(), value.to_owned())])
    }

    fn refusal(name: &str, value: &str) -> String {
        check_topic(&BrokerSettings::built_in(), &configs(name, value)).unwrap_err().to_string()
    }

    #[test]
    fn a_topic_has_no_plugins_unless_it_says_so() {
        let broker = BrokerSettings::built_in();
        let topic = TopicSettings::resolve(&broker, &Configs::new());
        assert_eq!((topic.filters, topic.serializer, topic.partitioner), (vec![], None, None));
        let mut given = configs("klamm.filters", "b@1/x:1, a@2");
        given.extend(configs("klamm.serializer", " redact@1/fields:card "));
        check_topic(&broker, &given).unwrap();
        let topic = TopicSettings::resolve(&broker, &given);
        let filters: Vec<_> = topic.filters.iter().map(ToString::to_string).collect();
        assert_eq!(filters, ["b@1/x:1", "a@2"]);
        assert_eq!(topic.serializer.unwrap().parameters["fields"], "card");
        assert_eq!(topic.partitioner, None);
    }

    #[test]
    fn what_is_badly_written_is_refused() {
        check_topic(&BrokerSettings::built_in(), &configs("klamm.filters", "")).unwrap();
        let expected = "Invalid value guard for configuration klamm.filters: \"guard\" lacks the version: write it \
                        as NAME@VERSION, such as json-guard@1.0.0";
        assert_eq!(refusal("klamm.filters", "guard"), expected);
        let empty = "Invalid value  for configuration klamm.partitioner: a binding can't be empty: write \
                     NAME@VERSION; to bind nothing, delete the setting";
        assert_eq!(refusal("klamm.partitioner", ""), empty);
        assert!(refusal("klamm.serializer", "a@1,b@1").contains("only klamm.filters has several"));
        assert!(refusal("klamm.filters", "a@1,a@2").ends_with("a topic binds a filter once, in one version"));
        assert!(refusal("klamm.filter", "a@1").starts_with("Unknown topic config name"));
    }
}
