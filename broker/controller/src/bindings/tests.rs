//! Plug-ins in the metadata, seen through commands.

use std::collections::BTreeMap;

use klamm_model::{ErrorCode, PluginRole};

use crate::apply::apply;
use crate::command::{ConfigResource, MetadataCommand, NewPlugin, Outcome, TopicRef};
use crate::fixtures::{after, busy_image, create, plugin, register};
use crate::image::MetadataImage;
use crate::plan::{Defaults, plan_configs, plan_topic};
use crate::refusal::Refusal;
use crate::request::{ConfigChange, ConfigOp, TopicToCreate};
use crate::settings::{BrokerSettings, GroupBounds};

fn run(image: &mut MetadataImage, command: &MetadataCommand) -> Result<Outcome, Refusal> {
    apply(image, image.applied() + 1, command)
}

fn add(image: &mut MetadataImage, plugin: NewPlugin) -> Result<Outcome, Refusal> {
    run(image, &MetadataCommand::AddPlugin(plugin))
}

fn delete(image: &mut MetadataImage, reference: &str) -> Result<Outcome, Refusal> {
    let (name, version) = reference.split_once('@').unwrap();
    let (name, version) = (name.parse().unwrap(), version.parse().unwrap());
    run(image, &MetadataCommand::DeletePlugin { name, version })
}

fn set(role: PluginRole, value: &str) -> ConfigOp {
    ConfigOp::Set { name: role.setting().to_owned(), value: value.to_owned() }
}

/// Plans and applies, as a request does.
fn alter(image: &mut MetadataImage, topic: &str, op: ConfigOp) -> Result<(), Refusal> {
    let resource = ConfigResource::Topic(topic.parse().unwrap());
    let change = ConfigChange { resource, ops: vec![op], replace_all: false };
    let command = plan_configs(image, change, &GroupBounds::built_in())?;
    run(image, &command).map(drop)
}

fn bound(image: &MetadataImage, topic: &str, role: PluginRole) -> Vec<String> {
    image.topic(topic).unwrap().bindings(role).iter().map(ToString::to_string).collect()
}

#[test]
fn a_version_never_changes() {
    let mut image = busy_image();
    let known = image.plugins().next().unwrap().clone();
    assert_eq!(known.reference.to_string(), "guard@1");
    let later = NewPlugin { uploaded_at: klamm_model::TimestampMs(99), ..plugin("guard@1", 1, &["filter"]) };
    assert_eq!(add(&mut image, later.clone()), Ok(Outcome::PluginAdded { is_new: false }));
    assert_eq!(*image.plugins().next().unwrap(), known);

    let signed = |signer: &str| NewPlugin { signer: Some(signer.to_owned()), ..later.clone() };
    add(&mut image, signed("ops")).unwrap();
    add(&mut image, signed("others")).unwrap();
    add(&mut image, later).unwrap();
    assert_eq!(image.plugins().next().unwrap().signer.as_deref(), Some("ops"));

    let refusal = add(&mut image, plugin("guard@1", 7, &["filter"])).unwrap_err();
    let zeros = "0".repeat(62);
    let expected = format!(
        "guard@1 is there already with other bytes (sha-256 01{zeros}, these have 07{zeros}): a version never \
         changes, push these as another one"
    );
    assert_eq!((refusal.to_string(), refusal.code()), (expected, ErrorCode::DuplicateResource));
    let added = add(&mut image, plugin("guard@2", 7, &["filter"]));
    assert_eq!(added, Ok(Outcome::PluginAdded { is_new: true }));
}

#[test]
fn a_bound_version_stays() {
    let mut image = busy_image();
    let before = image.clone();
    let refusal = delete(&mut image, "guard@1").unwrap_err();
    let expected = "guard@1 can't be deleted: topic orders is bound to it; unbind it there first";
    assert_eq!((refusal.to_string().as_str(), refusal.code()), (expected, ErrorCode::PolicyViolation));
    assert_eq!(image, before);

    for topic in ["a.b", "t1", "t2", "t3", "t4", "t5"] {
        if topic.starts_with('t') {
            run(&mut image, &create(topic, 1, &[])).unwrap();
        }
        alter(&mut image, topic, set(PluginRole::Filter, "redact@1/x:1,guard@1")).unwrap();
    }
    let refusal = delete(&mut image, "guard@1").unwrap_err();
    let expected = "guard@1 can't be deleted: topics a.b, orders, t1, t2, t3 and 2 more are bound to it; unbind it \
                    there first";
    assert_eq!(refusal.to_string(), expected);

    add(&mut image, plugin("twin@1", 1, &["filter"])).unwrap();
    for topic in ["a.b", "t1", "t2", "t3", "t4", "t5"] {
        alter(&mut image, topic, set(PluginRole::Filter, "")).unwrap();
    }
    let gone = MetadataCommand::DeleteTopic(TopicRef::Name("orders".parse().unwrap()));
    run(&mut image, &gone).unwrap();
    let digest = plugin("guard@1", 1, &[]).digest;
    assert_eq!(delete(&mut image, "guard@1"), Ok(Outcome::PluginDeleted { digest, shared: true }));
    assert_eq!(delete(&mut image, "twin@1"), Ok(Outcome::PluginDeleted { digest, shared: false }));
    let refusal = delete(&mut image, "redact@9").unwrap_err();
    let expected = "there is no plug-in redact@9, only version 1";
    assert_eq!((refusal.to_string().as_str(), refusal.code()), (expected, ErrorCode::ResourceNotFound));
    assert_eq!(delete(&mut image, "twin@1").unwrap_err().to_string(), "there is no plug-in twin@1");
}

#[test]
fn only_what_is_there_can_be_bound_where_it_fits() {
    let mut image = busy_image();
    add(&mut image, plugin("guard@1.5", 3, &["filter"])).unwrap();
    add(&mut image, plugin("explode@1", 4, &["transform"])).unwrap();
    let mut refusal = |topic: &str, role: PluginRole, value: &str| {
        let refusal = alter(&mut image, topic, set(role, value)).unwrap_err();
        assert_eq!(refusal.code(), ErrorCode::InvalidConfig, "{refusal}");
        let start = format!("Invalid value {value} for configuration {}: ", role.setting());
        refusal.to_string().strip_prefix(&start).unwrap().to_owned()
    };
    let unknown = refusal("orders", PluginRole::Filter, "guard@1,guards@1");
    assert_eq!(unknown, "there is no plug-in guards@1; push it first");
    let unknown = refusal("orders", PluginRole::Filter, "guard@9");
    assert_eq!(unknown, "there is no plug-in guard@9, only versions 1.5, 1; push it first");
    let kind = refusal("orders", PluginRole::Serializer, "guard@1");
    assert_eq!(kind, "guard@1 is no serializer but a filter: bind it with klamm.filters");
    let kind = refusal("orders", PluginRole::Partitioner, "redact@1");
    assert_eq!(
        kind,
        "redact@1 is no partitioner but a serializer and a filter: bind it with klamm.filters or klamm.serializer"
    );
    let kind = refusal("orders", PluginRole::Filter, "explode@1");
    assert_eq!(kind, "explode@1 is no filter but a transform: it can't be bound to a topic");
    let text = refusal("orders", PluginRole::Filter, "guard@1/x");
    assert!(text.starts_with("parameter \"x\" lacks its value"), "{text}");
}

#[test]
fn some_topics_take_no_plugins() {
    let mut image = busy_image();
    let longest = "x".repeat(245);
    let too_long = "y".repeat(246);
    for topic in ["__consumer_offsets", "orders.dlq", &longest, &too_long] {
        run(&mut image, &create(topic, 1, &[])).unwrap();
    }
    let mut refusal =
        |topic: &str| alter(&mut image, topic, set(PluginRole::Filter, "guard@1")).unwrap_err().to_string();
    let text = refusal("__consumer_offsets");
    assert!(text.ends_with(": no plug-in can be bound to Kafka's own topics"), "{text}");
    let text = refusal("orders.dlq");
    assert!(text.ends_with("takes what plug-ins refused: none can be bound to it"), "{text}");
    let text = refusal(&too_long);
    assert!(text.ends_with("bind plug-ins to topics whose names have at most 245"), "{text}");
    alter(&mut image, &longest, set(PluginRole::Filter, "guard@1")).unwrap();
    // Nothing is bound by an empty list, wherever it stands.
    alter(&mut image, "orders.dlq", set(PluginRole::Filter, "")).unwrap();
}

#[test]
fn a_topic_is_made_with_plugins() {
    let image = busy_image();
    let plan = |name: &str, value: &str| {
        let request = TopicToCreate {
            configs: vec![("klamm.filters".to_owned(), Some(value.to_owned()))],
            ..crate::fixtures::topic_request(name, 1)
        };
        let defaults = Defaults { partitions: 1, replication_factor: 1 };
        plan_topic(&image, &BrokerSettings::built_in(), defaults, request, crate::fixtures::id_of(name))
    };
    let topic = plan("new", "guard@1").unwrap();
    let mut made = image.clone();
    run(&mut made, &MetadataCommand::CreateTopic(topic)).unwrap();
    assert_eq!(bound(&made, "new", PluginRole::Filter), ["guard@1"]);
    assert_eq!(plan("new", "guard@2").unwrap_err().code(), ErrorCode::InvalidConfig);
    assert_eq!(plan("new.dlq", "guard@1").unwrap_err().code(), ErrorCode::InvalidConfig);
}

/// A plan may be made before a deletion and come into the log after it.
#[test]
fn the_log_knows_what_was_deleted_meanwhile() {
    let mut image = busy_image();
    let bind = MetadataCommand::AlterConfigs {
        resource: ConfigResource::Topic("a.b".parse().unwrap()),
        changes: BTreeMap::from([("klamm.serializer".to_owned(), Some("redact@1".to_owned()))]),
    };
    let topic = create("new", 1, &[("klamm.filters", "redact@1")]);
    delete(&mut image, "redact@1").unwrap();
    let before = image.clone();
    assert_eq!(run(&mut image, &bind).unwrap_err().code(), ErrorCode::InvalidConfig);
    assert_eq!(run(&mut image, &topic).unwrap_err().code(), ErrorCode::InvalidConfig);
    assert_eq!(image, before);
}

#[test]
fn what_was_bound_before_is_remembered() {
    let mut image = busy_image();
    add(&mut image, plugin("guard@2", 4, &["filter"])).unwrap();
    let previous = |image: &MetadataImage, topic: &str| image.topic(topic).unwrap().previous_bindings.clone();
    let filters = |value: &str| BTreeMap::from([("klamm.filters".to_owned(), value.to_owned())]);
    assert_eq!(previous(&image, "orders"), filters(""));
    alter(&mut image, "orders", set(PluginRole::Filter, "guard@2")).unwrap();
    assert_eq!(previous(&image, "orders"), filters("guard@1"));
    // What changes nothing and other settings leave it alone.
    alter(&mut image, "orders", set(PluginRole::Filter, "guard@2")).unwrap();
    let retention = ConfigOp::Set { name: "retention.ms".to_owned(), value: "5".to_owned() };
    alter(&mut image, "orders", retention).unwrap();
    assert_eq!(previous(&image, "orders"), filters("guard@1"));
    alter(&mut image, "orders", ConfigOp::Delete { name: "klamm.filters".to_owned() }).unwrap();
    assert_eq!(previous(&image, "orders"), filters("guard@2"));
    let read = MetadataImage::from_bytes(&image.to_bytes().unwrap()).unwrap();
    assert_eq!(previous(&read, "orders"), filters("guard@2"));
}

#[test]
fn filters_grow_and_shrink_as_lists() {
    let mut image = busy_image();
    let name = || "klamm.filters".to_owned();
    let append = |value: &str| ConfigOp::Append { name: name(), value: value.to_owned() };
    alter(&mut image, "orders", append("redact@1/x:1")).unwrap();
    assert_eq!(bound(&image, "orders", PluginRole::Filter), ["guard@1", "redact@1/x:1"]);
    let refusal = alter(&mut image, "orders", append("redact@1/x:2")).unwrap_err();
    assert!(refusal.to_string().contains("filter redact is bound twice"), "{refusal}");
    let subtract = ConfigOp::Subtract { name: name(), value: "guard@1".to_owned() };
    alter(&mut image, "orders", subtract).unwrap();
    assert_eq!(bound(&image, "orders", PluginRole::Filter), ["redact@1/x:1"]);
}

/// As it stands in logs: what was written once must be read for ever.
#[test]
fn commands_keep_their_form() {
    let mut new = plugin("guard@1", 1, &["filter"]);
    new.signer = Some("ops".to_owned());
    let digest = format!("01{}", "0".repeat(62));
    let cases = [
        (
            MetadataCommand::AddPlugin(new),
            format!(
                r#"{{"AddPlugin":{{"name":"guard","version":"1","digest":"{digest}","size_bytes":100,"kinds":["filter"],"contract":"0.1.0","uploaded_at":5,"signer":"ops"}}}}"#
            ),
        ),
        (
            MetadataCommand::DeletePlugin { name: "guard".parse().unwrap(), version: "1".parse().unwrap() },
            r#"{"DeletePlugin":{"name":"guard","version":"1"}}"#.to_owned(),
        ),
    ];
    for (command, text) in cases {
        assert_eq!(serde_json::to_string(&command).unwrap(), text);
        assert_eq!(serde_json::from_str::<MetadataCommand>(&text).unwrap(), command);
    }
    let older =
        r#"{"CreateTopic":{"name":"t","id":"AAAAAAAAAAAAAAAAAAAAAQ","assignments":[[1]],"configs":{}}}"#;
    let older: MetadataCommand = serde_json::from_str(older).unwrap();
    let image = after(&[register(1, None), older]);
    assert!(image.topic("t").unwrap().previous_bindings.is_empty());
}
