//! Partitions to be added to a topic.

use super::MAX_NEW_PARTITIONS;
use crate::command::NewPartitions;
use crate::image::MetadataImage;
use crate::placement::place;
use crate::refusal::{InvalidAssignment, Refusal};
use crate::request::MorePartitions;
use crate::rules;

/// Decides where new partitions go; they get as many replicas as the topic's first.
pub(crate) fn plan_partitions(
    image: &MetadataImage,
    request: MorePartitions,
) -> Result<NewPartitions, Refusal> {
    let topic = rules::topic_exists(image, &request.topic)?;
    let current = topic.partitions.len();
    let added = usize::try_from(request.total).ok().and_then(|total| total.checked_sub(current));
    let added = added.filter(|added| *added > 0).ok_or_else(|| Refusal::NoIncrease {
        topic: request.topic.clone(),
        current,
        requested: request.total,
    })?;
    if added > MAX_NEW_PARTITIONS {
        return Err(Refusal::TooManyPartitions { requested: added, limit: MAX_NEW_PARTITIONS });
    }
    let replicas = topic.partitions.first().map_or(1, |first| first.replicas.len());
    let assignments = if request.assignments.is_empty() {
        place(image, added, replicas, current)?
    } else {
        request.assignments
    };
    if assignments.len() != added {
        return Err(InvalidAssignment::WrongCount { added, assigned: assignments.len() }.into());
    }
    if let Some(uneven) = assignments.iter().find(|new| !new.is_empty() && new.len() != replicas) {
        return Err(InvalidAssignment::Uneven { replicas: uneven.len(), previous: replicas }.into());
    }
    rules::assignments_are_sound(image, &assignments)?;
    let first = request.total - i32::try_from(added).unwrap_or(i32::MAX);
    Ok(NewPartitions { topic: request.topic, first, assignments })
}

#[cfg(test)]
mod tests {
    use klamm_model::{BrokerId, ErrorCode};

    use super::plan_partitions;
    use crate::fixtures;
    use crate::{MorePartitions, NewPartitions, Refusal};

    fn plan(total: i32, assignments: Vec<Vec<BrokerId>>) -> Result<NewPartitions, Refusal> {
        let topic = "orders".parse().unwrap();
        plan_partitions(&fixtures::busy_image(), MorePartitions { topic, total, assignments })
    }

    #[test]
    fn only_more_is_possible() {
        let added = plan(5, vec![]).unwrap();
        assert_eq!((added.first, added.assignments), (3, vec![vec![BrokerId(1)]; 2]));
        for total in [3, 2, 0, -1] {
            let refusal = plan(total, vec![]).unwrap_err();
            assert_eq!(refusal.code(), ErrorCode::InvalidPartitions);
            let end = format!("has 3 partition(s); {total} would not be an increase.");
            assert!(refusal.to_string().contains(&end[4..]), "{refusal}");
        }
        assert_eq!(plan(i32::MAX, vec![]).unwrap_err().code(), ErrorCode::PolicyViolation);
    }

    #[test]
    fn assignments_fit_the_topic() {
        assert!(plan(4, vec![vec![BrokerId(1)]]).is_ok());
        for wrong in [vec![vec![BrokerId(1)]; 2], vec![vec![]], vec![vec![BrokerId(1), BrokerId(2)]]] {
            assert_eq!(plan(4, wrong).unwrap_err().code(), ErrorCode::InvalidReplicaAssignment);
        }
    }

    #[test]
    fn the_topic_must_exist() {
        let topic = "nothing".parse().unwrap();
        let request = MorePartitions { topic, total: 2, assignments: vec![] };
        let refusal = plan_partitions(&fixtures::busy_image(), request).unwrap_err();
        assert_eq!(refusal.code(), ErrorCode::UnknownTopicOrPartition);
    }
}
