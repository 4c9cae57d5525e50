//! Back to the version before, when a new one fails right away.
//!
//! A version that takes over while the broker runs is young for ten minutes. If its breaker opens in that time, and what was bound
//! before were the same plug-ins in other versions or with other parameters, the setting goes back to that; once, so that two bad
//! versions don't take turns.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use klamm_controller::{ConfigOp, TopicImage};
use klamm_model::{BindingSpec, PluginRole, TopicName};
use tracing::warn;

use super::Bound;
use super::rebinding::rebind;
use crate::Broker;

/// How long a version is young.
const YOUNG: Duration = Duration::from_mins(10);
/// How often is looked.
const LOOK: Duration = Duration::from_secs(1);

/// The settings that were brought back, and to what: those are left alone until somebody changes them.
#[derive(Debug, Default)]
struct BroughtBack(HashMap<(TopicName, PluginRole), String>);

/// Brings topics back to plug-ins that worked, until the broker stops.
pub(crate) async fn keep(broker: Arc<Broker>) {
    let stop = broker.stop.clone().requested();
    tokio::pin!(stop);
    let mut brought_back = BroughtBack::default();
    loop {
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let now = Instant::now();
        let failing =
            broker.bound_plugins().into_iter().filter(|bound| bound.is_young(now) && bound.has_tripped());
        for bound in failing {
            bring_back(&broker, &bound, &mut brought_back).await;
        }
    }
}

impl Bound {
    fn is_young(&self, now: Instant) -> bool {
        self.took_over.is_some_and(|at| now.saturating_duration_since(at) < YOUNG)
    }

    fn has_tripped(&self) -> bool {
        self.plugin.statistics().snapshot().breaker_opened > 0
    }
}

async fn bring_back(broker: &Broker, bound: &Bound, brought_back: &mut BroughtBack) {
    let image = broker.controller.image();
    let Some(topic) = image.topic(bound.topic.as_str()) else { return };
    let Some((known, value)) = earlier(topic, bound.role, &bound.spec) else { return };
    let key = (bound.topic.clone(), bound.role);
    if brought_back.0.get(&key) == Some(&known) {
        return;
    }
    let (topic, role) = (&bound.topic, bound.role);
    let op = ConfigOp::Replace {
        name: role.setting().to_owned(),
        known: Some(known.clone()),
        value: Some(value.clone()),
    };
    match change(broker, topic, op).await {
        Ok(()) => {
            warn!(%topic, %role, failed = %known, back = %value, "a plug-in failed again and again soon after it was bound: the topic is back at what was bound before");
            brought_back.0.insert(key, value);
        }
        Err(why) => {
            warn!(%topic, %role, failed = %known, %why, "a plug-in fails again and again, and the topic can't go back to what was bound before");
            brought_back.0.insert(key, known);
        }
    }
}

/// The setting as it is and as it was before, if `failing` is still bound, and what was bound before were the same plug-ins.
fn earlier(topic: &TopicImage, role: PluginRole, failing: &BindingSpec) -> Option<(String, String)> {
    let known = topic.configs.get(role.setting())?;
    let value = topic.previous_bindings.get(role.setting())?;
    let now = topic.bindings(role);
    let before = role.read(value).ok()?;
    let names = |bindings: &[BindingSpec]| bindings.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
    let differs = now.contains(failing) && !before.contains(failing);
    (differs && names(&now) == names(&before)).then(|| (known.clone(), value.clone()))
}

async fn change(broker: &Broker, topic: &TopicName, op: ConfigOp) -> Result<(), String> {
    let answer = rebind(broker, topic, vec![op], false).await.map_err(|error| error.to_string())?;
    answer.map_err(|refusal| refusal.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use klamm_model::{PluginRole, TopicId};

    use super::*;

    fn topic(now: &str, before: Option<&str>) -> TopicImage {
        let setting = PluginRole::Filter.setting().to_owned();
        let of = |text: &str| (setting.clone(), text.to_owned());
        TopicImage {
            name: "orders".parse().unwrap(),
            id: TopicId::ZERO,
            partitions: Vec::new(),
            configs: BTreeMap::from([of(now)]),
            previous_bindings: before.map(of).into_iter().collect(),
        }
    }

    fn goes_back(now: &str, before: Option<&str>, failing: &str) -> bool {
        let failing = PluginRole::Filter.read(failing).unwrap().remove(0);
        earlier(&topic(now, before), PluginRole::Filter, &failing).is_some()
    }

    #[test]
    fn only_the_same_plugins_in_other_versions_are_gone_back_to() {
        assert!(goes_back("a@2", Some("a@1"), "a@2"));
        assert!(goes_back("a@2/x:1", Some("a@2"), "a@2/x:1"), "other parameters");
        assert!(goes_back("b@1,a@2", Some("b@1,a@1"), "a@2"));
        assert!(!goes_back("b@1,a@2", Some("b@1,a@1"), "b@1"), "it was there before");
        assert!(!goes_back("a@1", None, "a@1"), "nothing was there before");
        assert!(!goes_back("a@1", Some(""), "a@1"), "poison would come in");
        assert!(!goes_back("a@1,b@1", Some("a@1"), "b@1"));
        assert!(!goes_back("a@3", Some("a@1"), "a@2"), "it is not bound any more");
    }
}
