//! The commands' work against a scripted broker of groups.

use std::collections::BTreeMap;

use klamm_model::{ErrorCode, TopicId};
use klamm_wire::ApiKey;
use klamm_wire::messages::{consumer_group_describe, describe_groups, list_groups};

use super::assignment::assignment_bytes;
use super::describe::describe;
use super::reset::{Plan, Scope, Target, commit, members as members_of, plan, refuse_members};
use super::scripted_group::Held;
use super::selection::Selection;
use super::{delete, delete_offsets, list, members};
use crate::client::scripted::Nature;
use crate::client::{Client, TopicPartition};
use crate::output::Present;

fn classic(id: &str, members: Vec<describe_groups::DescribedGroupMember>) -> describe_groups::DescribedGroup {
    describe_groups::DescribedGroup {
        group_id: id.to_owned(),
        group_state: if members.is_empty() { "Empty" } else { "Stable" }.to_owned(),
        protocol_type: "consumer".to_owned(),
        protocol_data: "range".to_owned(),
        members,
        ..Default::default()
    }
}

fn classic_member(assigned: &[(&str, &[i32])]) -> describe_groups::DescribedGroupMember {
    describe_groups::DescribedGroupMember {
        member_id: "m1".to_owned(),
        client_id: "app".to_owned(),
        client_host: "/10.0.0.1".to_owned(),
        member_assignment: assignment_bytes(assigned),
        ..Default::default()
    }
}

fn new_group() -> consumer_group_describe::DescribedGroup {
    let assignment = |partitions: &[i32]| consumer_group_describe::Assignment {
        topic_partitions: vec![consumer_group_describe::TopicPartitions {
            topic_id: TopicId::from_bytes([7; 16]),
            topic_name: "t".to_owned(),
            partitions: partitions.to_vec(),
        }],
    };
    let member = consumer_group_describe::Member {
        member_id: "m2".to_owned(),
        instance_id: Some("static-1".to_owned()),
        client_id: "app".to_owned(),
        client_host: "/10.0.0.2".to_owned(),
        member_epoch: 6,
        subscribed_topic_names: vec!["t".to_owned()],
        assignment: assignment(&[1]),
        target_assignment: assignment(&[0, 1]),
        ..Default::default()
    };
    consumer_group_describe::DescribedGroup {
        group_id: "new".to_owned(),
        group_state: "Reconciling".to_owned(),
        group_epoch: 7,
        assignment_epoch: 6,
        assignor_name: "uniform".to_owned(),
        members: vec![member],
        ..Default::default()
    }
}

fn topics() -> Nature {
    Nature { topics: vec![("t", 4)], ..Nature::default() }
}

/// Group `g` with every anomaly: behind, ahead, lost, nothing committed, a partition gone; one member.
fn anomalies() -> Held {
    Held {
        classic: vec![classic("g", vec![classic_member(&[("t", &[0, 3])])])],
        consumer: vec![new_group()],
        committed: vec![
            ("g", "t", 0, 90),
            ("g", "t", 1, 25),
            ("g", "t", 2, 4),
            ("g", "t", 9, 1),
            ("new", "t", 1, 20),
        ],
        logs: BTreeMap::from([
            (("t", 0), (0, 100)),
            (("t", 1), (0, 20)),
            (("t", 2), (10, 30)),
            (("t", 3), (0, 8)),
        ]),
        by_time: -1,
        ..Held::default()
    }
}

fn tables(value: &impl Present, wide: bool) -> String {
    let tables: Vec<String> = value.tables(wide).iter().map(ToString::to_string).collect();
    tables.join("\n\n")
}

fn names(groups: &[&str]) -> Vec<String> {
    groups.iter().map(|group| (*group).to_owned()).collect()
}

#[tokio::test]
async fn anomalies_are_shown_and_not_counted() {
    let (broker, held) = anomalies().start(topics()).await;
    let mut client = broker.client(5.0).await.unwrap();
    let (descriptions, failures) = describe(&mut client, &names(&["g"])).await;
    assert!(failures.is_empty());
    assert_eq!(
        tables(&descriptions, false),
        "\
GROUP  TYPE     STATE   ASSIGNOR  COORDINATOR  MEMBERS  TOTAL-LAG  NOT-COUNTED
g      classic  Stable  range     1            1        36         3

TOPIC  PARTITION  COMMITTED  END  LAG  MEMBER  HOST      CLIENT  NOTE
t      0          90         100  10   m1      10.0.0.1  app
t      1          25         20   -5   -       -         -       committed 5 beyond the end: was the topic made anew, or did it lose records?
t      2          4          30   26   -       -         -       lost 6: deleted before the group read them
t      3          -          8    -    m1      10.0.0.1  app     nothing committed
t      9          1          -    -    -       -         -       partition gone"
    );
    // Committed offsets first, then the ends: else a group that keeps up would seem to be ahead.
    let held = held.lock().unwrap();
    let at = |api| held.log.iter().position(|asked| *asked == api).unwrap();
    assert!(at(ApiKey::OffsetFetch) < at(ApiKey::ListOffsets), "{:?}", held.log);
}

#[tokio::test]
async fn groups_of_both_kinds_are_described_and_unknown_ones_are_an_error() {
    let (broker, held) = anomalies().start(topics()).await;
    let mut client = broker.client(5.0).await.unwrap();
    let (descriptions, failures) = describe(&mut client, &names(&["nope", "new", "g"])).await;
    let json = serde_json::to_value(&descriptions).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 2);
    assert_eq!(
        json[1].to_string(),
        serde_json::json!({
            "group": "new", "type": "consumer", "state": "Reconciling", "assignor": "uniform", "coordinator": 1,
            "members": 1, "total_lag": 0, "partitions_not_counted": 0,
            "partitions": [{
                "topic": "t", "partition": 1, "committed_offset": 20, "log_start_offset": 0, "log_end_offset": 20,
                "lag": 0, "lost": null, "member_id": "m2", "instance_id": "static-1", "host": "10.0.0.2",
                "client_id": "app", "note": null,
            }],
        })
        .to_string()
    );
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].exit_code(), 3);
    assert_eq!(
        failures[0].to_string(),
        format!(
            "error: describing group nope: The group id does not exist. [GROUP_ID_NOT_FOUND (69), broker {}]\n\
             next: `klamm group list` shows the groups there are, with their types",
            broker.address
        )
    );
    // One request of each kind for all groups of the coordinator.
    let asked = |api| held.lock().unwrap().log.iter().filter(|asked| **asked == api).count();
    assert_eq!((asked(ApiKey::ConsumerGroupDescribe), asked(ApiKey::OffsetFetch)), (1, 1));
}

#[tokio::test]
async fn a_coordinator_that_moves_is_looked_for_again() {
    let (broker, _) = Held { moving: 2, ..anomalies() }.start(topics()).await;
    let mut client = broker.client(20.0).await.unwrap();
    assert!(members::members(&mut client, "new").await.is_ok());
    assert_eq!(broker.asked(ApiKey::FindCoordinator).len(), 3);
}

#[tokio::test]
async fn old_brokers_are_asked_in_old_versions() {
    let versions = vec![
        (ApiKey::FindCoordinator, Some(0..=3)),
        (ApiKey::ConsumerGroupDescribe, None),
        (ApiKey::OffsetFetch, Some(1..=7)),
        (ApiKey::DescribeGroups, Some(0..=4)),
    ];
    let (broker, _) = anomalies().start(Nature { versions, ..topics() }).await;
    let mut client = broker.client(5.0).await.unwrap();
    let (descriptions, failures) = describe(&mut client, &names(&["g", "nope"])).await;
    assert!(tables(&descriptions, false).contains("t      0          90         100  10"));
    assert_eq!(failures[0].exit_code(), 3);
}

#[tokio::test]
async fn members_are_shown_with_their_partitions() {
    let (broker, _) = anomalies().start(topics()).await;
    let mut client = broker.client(5.0).await.unwrap();
    let of_new = members::members(&mut client, "new").await.unwrap();
    assert_eq!(
        tables(&of_new, true),
        "\
GROUP  TYPE      STATE        MEMBERS  GROUP-EPOCH  ASSIGNMENT-EPOCH
new    consumer  Reconciling  1        7            6

MEMBER  INSTANCE  HOST      CLIENT  PARTITIONS  EPOCH  SUBSCRIPTION  NOTE  ASSIGNED  TARGET
m2      static-1  10.0.0.2  app     1           6      t                   t:1       t:0,1"
    );
    let of_classic = members::members(&mut client, "g").await.unwrap();
    assert_eq!(
        serde_json::to_string(&of_classic).unwrap(),
        r#"{"group":"g","type":"classic","state":"Stable","group_epoch":null,"assignment_epoch":null,"members":[{"member_id":"m1","instance_id":null,"host":"10.0.0.1","client_id":"app","rack":null,"partition_count":2,"assigned":{"t":[0,3]},"target":null,"epoch":null,"subscription":[],"subscription_pattern":null,"note":null}]}"#
    );
}

#[tokio::test]
async fn a_broker_that_cannot_be_asked_is_no_reason_to_hide_the_others_groups() {
    let listed = list_groups::ListedGroup {
        group_id: "g".to_owned(),
        protocol_type: "consumer".to_owned(),
        group_state: "Stable".to_owned(),
        group_type: "Consumer".to_owned(),
    };
    let nature = Nature { unreachable: vec![2], ..Nature::default() };
    let (broker, _) = Held { listed: vec![listed], ..Held::default() }.start(nature).await;
    let mut client = broker.client(0.5).await.unwrap();
    let (rows, failures) = list::list(&mut client).await;
    assert_eq!(
        tables(&list::GroupList(rows), true),
        "GROUP  TYPE      PROTOCOL  STATE   COORDINATOR\ng      consumer  consumer  Stable  1"
    );
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].exit_code(), 4);
    assert!(failures[0].to_string().contains("can't connect to broker 2 at 127.0.0.1:1"), "{}", failures[0]);
}

fn idle() -> Held {
    Held { classic: vec![classic("g", vec![])], ..anomalies() }
}

async fn plan_of(client: &mut Client, text: &str, target: Target) -> Plan {
    plan(client, "g", Scope::Selected(&[text.parse().unwrap()]), &target).await.unwrap()
}

#[tokio::test]
async fn every_form_of_reset_is_planned_by_what_the_logs_hold() {
    let (broker, held) = Held { by_time: 13, ..idle() }.start(topics()).await;
    let mut client = broker.client(5.0).await.unwrap();
    let file = BTreeMap::from([(TopicPartition { topic: "t".to_owned(), partition: 2 }, 11)]);
    for (target, new) in [
        (Target::Earliest, 10),
        (Target::Latest, 30),
        (Target::Offset(12), 12),
        (Target::Time(1), 13),
        (Target::Shift(9), 13),
        (Target::Current, 4),
        (Target::File(file), 11),
    ] {
        let plan = plan_of(&mut client, "t:2", target.clone()).await;
        assert_eq!(plan.partitions.len(), 1, "{target:?}");
        assert_eq!(plan.partitions[0].new_offset, Some(new), "{target:?}");
        assert_eq!(plan.partitions[0].current_offset, Some(4), "{target:?}");
    }
    assert!(held.lock().unwrap().commits.is_empty());
}

#[tokio::test]
async fn a_topic_means_all_its_partitions_and_all_topics_those_committed() {
    let (broker, _) = idle().start(topics()).await;
    let mut client = broker.client(5.0).await.unwrap();
    let of_topic = plan_of(&mut client, "t", Target::Latest).await;
    assert_eq!(
        of_topic.partitions.iter().map(|row| row.new_offset.unwrap()).collect::<Vec<_>>(),
        [100, 20, 30, 8]
    );
    let of_all = plan(&mut client, "g", Scope::AllTopics, &Target::Earliest).await.unwrap();
    assert_eq!(
        tables(&of_all, false),
        "\
TOPIC  PARTITION  CURRENT  NEW  NOTE
t      0          90       0
t      1          25       0
t      2          4        10
t      9          1        -    left as it is: partition gone"
    );
}

#[tokio::test]
async fn what_a_reset_is_refused_of_is_told_and_the_rest_is_done() {
    let refused = BTreeMap::from([(("t", 1), ErrorCode::TopicAuthorizationFailed)]);
    let (broker, held) = Held { refused, moving: 3, ..idle() }.start(topics()).await;
    let mut client = broker.client(20.0).await.unwrap();
    let mut plan = plan_of(&mut client, "t:0,1", Target::Offset(7)).await;
    let failures = commit::commit(&mut client, &mut plan).await.unwrap();
    assert_eq!(held.lock().unwrap().commits, [("t".to_owned(), 0, 7)]);
    assert_eq!(failures.len(), 1);
    assert!(failures[0].to_string().starts_with("error: setting the offset of group g in t-1: "));
    assert_eq!(
        tables(&plan, false),
        "\
TOPIC  PARTITION  CURRENT  NEW  NOTE
t      0          90       7
t      1          25       -    not set: TOPIC_AUTHORIZATION_FAILED (29)"
    );
}

#[tokio::test]
async fn a_group_with_members_is_not_reset() {
    let (broker, _) = anomalies().start(topics()).await;
    let mut client = broker.client(5.0).await.unwrap();
    let group = members_of(&mut client, "g", false).await.unwrap().unwrap();
    let error = refuse_members(&group).unwrap_err();
    assert_eq!(error.exit_code(), 1);
    assert_eq!(
        error.to_string(),
        "error: group g is Stable and has members, who would overwrite the new offsets: m1 (app at 10.0.0.1)\n\
         next: stop these clients, wait until `klamm group describe g` says Empty, and try again"
    );
    let error = members_of(&mut client, "nope", false).await.unwrap_err();
    assert_eq!(error.exit_code(), 3);
    assert!(error.to_string().contains("--create makes this one"), "{error}");
    assert!(members_of(&mut client, "nope", true).await.unwrap().is_none());
}

#[tokio::test]
async fn groups_are_deleted_as_far_as_that_is_possible() {
    let undeletable =
        BTreeMap::from([("busy", ErrorCode::NonEmptyGroup), ("nope", ErrorCode::GroupIdNotFound)]);
    let (broker, _) = Held { undeletable, moving: 1, ..Held::default() }.start(topics()).await;
    let mut client = broker.client(20.0).await.unwrap();
    let outcomes = delete::delete(&mut client, &names(&["busy", "g", "nope"])).await;
    let codes: Vec<Option<ErrorCode>> =
        outcomes.values().map(|outcome| outcome.as_ref().err().and_then(|error| error.code())).collect();
    assert_eq!(codes, [Some(ErrorCode::NonEmptyGroup), None, Some(ErrorCode::GroupIdNotFound)]);
    assert_eq!(broker.asked(ApiKey::DeleteGroups).len(), 2);
}

#[tokio::test]
async fn offsets_are_deleted_where_something_is_committed() {
    let refused = BTreeMap::from([(("t", 2), ErrorCode::GroupSubscribedToTopic)]);
    let (broker, _) = Held { refused, ..anomalies() }.start(topics()).await;
    let mut client = broker.client(5.0).await.unwrap();
    let all: Vec<Selection> = vec!["t".parse().unwrap()];
    let partitions = delete_offsets::partitions(&mut client, "g", &all).await.unwrap();
    assert_eq!(partitions.iter().map(|of| of.partition).collect::<Vec<_>>(), [0, 1, 2, 9]);
    let outcomes = delete_offsets::delete(&mut client, "g", &partitions).await.unwrap();
    let failed: Vec<String> = outcomes
        .iter()
        .filter_map(|(partition, outcome)| Some((partition, outcome.as_ref().err()?)))
        .map(|(partition, error)| format!("{partition} {}", error.code().unwrap()))
        .collect();
    assert_eq!(failed, ["t-2 GROUP_SUBSCRIBED_TO_TOPIC (86)"]);
    let missing: Vec<Selection> = vec!["t:3".parse().unwrap()];
    assert_eq!(delete_offsets::partitions(&mut client, "g", &missing).await.unwrap_err().exit_code(), 3);
}
