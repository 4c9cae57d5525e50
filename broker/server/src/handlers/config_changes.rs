//! What AlterConfigs and IncrementalAlterConfigs share: resources in, an answer for each out.

use klamm_controller::settings::GroupBounds;
use klamm_controller::{ConfigChange, ConfigOp};
use klamm_model::ErrorCode;

use super::config_resource;
use super::duplicates::duplicates;
use crate::Broker;
use crate::error_code::KafkaError;
use crate::plugins::trial;

/// One resource of a request, with what shall happen to its settings, or why that can't be read.
pub(crate) struct Asked {
    /// The type of the resource on the wire.
    pub(crate) kind: i8,
    /// Its name.
    pub(crate) name: String,
    /// What to do.
    pub(crate) ops: Result<Vec<ConfigOp>, KafkaError>,
    /// Whether settings that no operation names are removed.
    pub(crate) replace_all: bool,
}

/// One resource with its answer.
pub(crate) struct Altered {
    /// The type of the resource on the wire.
    pub(crate) kind: i8,
    /// Its name.
    pub(crate) name: String,
    /// What came of it.
    pub(crate) answer: Result<(), KafkaError>,
}

/// Changes the settings; all of a resource's or none.
pub(crate) async fn alter(broker: &Broker, asked: Vec<Asked>, validate_only: bool) -> Vec<Altered> {
    let twice = duplicates(asked.iter().map(|asked| (asked.kind, asked.name.clone())));
    let mut altered: Vec<_> = twice
        .iter()
        .map(|(kind, name)| Altered { kind: *kind, name: name.clone(), answer: Err(named_twice()) })
        .collect();
    let mut wanted = Vec::new();
    for asked in asked.into_iter().filter(|asked| !twice.contains(&(asked.kind, asked.name.clone()))) {
        let Asked { kind, name, ops, replace_all } = asked;
        match config_resource::parse(broker, kind, &name).and_then(|resource| Ok((resource, ops?))) {
            Ok((resource, ops)) => {
                let change = ConfigChange { resource, ops, replace_all };
                match trial::of_change(broker, &change).await {
                    Ok(()) => wanted.push((kind, name, change)),
                    Err(error) => altered.push(Altered { kind, name, answer: Err(error) }),
                }
            }
            Err(error) => altered.push(Altered { kind, name, answer: Err(error) }),
        }
    }
    altered.extend(submit(broker, wanted, validate_only).await);
    altered
}

async fn submit(
    broker: &Broker,
    wanted: Vec<(i8, String, ConfigChange)>,
    validate_only: bool,
) -> Vec<Altered> {
    let (names, changes): (Vec<_>, Vec<_>) =
        wanted.into_iter().map(|(kind, name, change)| ((kind, name), change)).unzip();
    let altered = |((kind, name), answer)| Altered { kind, name, answer };
    let bounds = GroupBounds::of(&broker.settings());
    match broker.controller.alter_configs(changes, &bounds, validate_only).await {
        Err(error) => names.into_iter().map(|name| altered((name, Err(KafkaError::from(&error))))).collect(),
        Ok(answers) => {
            if !validate_only {
                // The next request of this client finds the settings in force.
                broker.partitions.follow(broker.controller.image().applied()).await;
            }
            let answers =
                answers.into_iter().map(|answer| answer.map_err(|refusal| KafkaError::from(&refusal)));
            names.into_iter().zip(answers).map(altered).collect()
        }
    }
}

fn named_twice() -> KafkaError {
    KafkaError::new(ErrorCode::InvalidRequest, "Each resource must appear at most once.".to_owned())
}

/// Kafka names every setting that has no value where it needs one.
pub(crate) fn without_value(names: &[String]) -> KafkaError {
    let text = format!("Null value not supported for : {}", names.join(","));
    KafkaError::new(ErrorCode::InvalidRequest, text)
}
