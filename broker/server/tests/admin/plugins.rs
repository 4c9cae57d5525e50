//! Plug-ins over gRPC and over Kafka's settings, against a broker that compiles and tries them.

use std::path::PathBuf;

use klamm_model::ErrorCode;
use klamm_plugin_host::guests::{self, Guest};
use klamm_rpc::SigningKey;
use klamm_rpc::plugin::plugins_client::PluginsClient;
use klamm_rpc::plugin::push_request::Part;
use klamm_rpc::plugin::{
    BindRequest, DeleteRequest, DescribeRequest, ListRequest, OnFailure, PushHeader, PushRequest,
    PushResponse, Role, RollbackRequest, StatsRequest, UnbindRequest,
};
use klamm_wire::messages::alter_configs::{AlterConfigsRequest, AlterConfigsResource, AlterableConfig};
use klamm_wire::messages::create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use klamm_wire::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use klamm_wire::messages::incremental_alter_configs as incremental;
use tokio::runtime::Runtime;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::client::Client;
use crate::server::TestServer;

const TOPIC: i8 = 2;
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

/// A broker with a client of its gRPC and one of its Kafka listener.
struct World {
    server: TestServer,
    runtime: Runtime,
    plugins: PluginsClient<Channel>,
    kafka: Client,
}

impl World {
    fn new(settings: &[(&str, &str)]) -> World {
        World::of(TestServer::with(settings))
    }

    fn of(server: TestServer) -> World {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let address = format!("http://{}", server.running().grpc_address.unwrap());
        let plugins = runtime.block_on(PluginsClient::connect(address)).unwrap();
        let kafka = server.client();
        World { server, runtime, plugins, kafka }
    }

    /// The same data after a restart.
    fn again(self, before: impl FnOnce(&mut TestServer)) -> World {
        let mut server = self.server;
        server.stop();
        before(&mut server);
        server.start_again();
        World::of(server)
    }

    fn send(&mut self, parts: Vec<Part>) -> Result<PushResponse, Status> {
        let parts = parts.into_iter().map(|part| PushRequest { part: Some(part) });
        let pushing = self.plugins.push(tokio_stream::iter(parts.collect::<Vec<_>>()));
        self.runtime.block_on(pushing).map(tonic::Response::into_inner)
    }

    fn push(&mut self, reference: &str, wasm: &[u8]) -> Result<PushResponse, Status> {
        let header = header(reference, wasm);
        let chunks = wasm.chunks(1000).map(|chunk| Part::Chunk(chunk.to_vec()));
        self.send(std::iter::once(Part::Header(header)).chain(chunks).collect())
    }

    /// `name@version kinds topics` of each plug-in.
    fn list(&mut self) -> Vec<String> {
        let plugins = self.runtime.block_on(self.plugins.list(ListRequest {})).unwrap().into_inner().plugins;
        let topics = |plugin: &klamm_rpc::plugin::Plugin| {
            plugin
                .bound
                .iter()
                .map(|bound| format!("{}:{}", bound.topic, bound.binding))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let row = |p: &klamm_rpc::plugin::Plugin| {
            format!("{}@{} {} {}", p.name, p.version, p.kinds.join("+"), topics(p))
        };
        plugins.iter().map(|plugin| row(plugin).trim().to_owned()).collect()
    }

    fn delete(&mut self, name: &str, version: &str) -> Result<(), Status> {
        let request = DeleteRequest { name: name.to_owned(), version: version.to_owned() };
        self.runtime.block_on(self.plugins.delete(request)).map(drop)
    }

    fn bind(&mut self, request: BindRequest) -> Result<String, Status> {
        self.runtime.block_on(self.plugins.bind(request)).map(|response| response.into_inner().after)
    }

    fn unbind(&mut self, topic: &str, role: Role, name: &str) -> Result<Vec<String>, Status> {
        let request = UnbindRequest { topic: topic.to_owned(), role: role.into(), name: name.to_owned() };
        let response = self.runtime.block_on(self.plugins.unbind(request))?.into_inner();
        Ok(response.unbound.into_iter().map(|bound| bound.binding).collect())
    }

    fn rollback(&mut self, topic: &str, role: Role) -> Result<String, Status> {
        let request = RollbackRequest { topic: topic.to_owned(), role: role.into() };
        self.runtime.block_on(self.plugins.rollback(request)).map(|response| response.into_inner().after)
    }

    fn create(&mut self, topic: &str, configs: &[(&str, &str)]) -> (ErrorCode, String) {
        let config = |(name, value): &(&str, &str)| CreatableTopicConfig {
            name: (*name).to_owned(),
            value: Some((*value).to_owned()),
        };
        let topic = CreatableTopic {
            name: topic.to_owned(),
            num_partitions: 1,
            replication_factor: 1,
            configs: configs.iter().map(config).collect(),
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() };
        let result = self.kafka.call(7, &request).topics.remove(0);
        answer(result.error_code, result.error_message)
    }

    fn alter(&mut self, topic: &str, op: (i8, &str, &str), validate_only: bool) -> (ErrorCode, String) {
        let (config_operation, name, value) = op;
        let config = incremental::AlterableConfig {
            name: name.to_owned(),
            config_operation,
            value: Some(value.to_owned()),
        };
        let resource = incremental::AlterConfigsResource {
            resource_type: TOPIC,
            resource_name: topic.to_owned(),
            configs: vec![config],
        };
        let request =
            incremental::IncrementalAlterConfigsRequest { resources: vec![resource], validate_only };
        let result = self.kafka.call(1, &request).responses.remove(0);
        answer(result.error_code, result.error_message)
    }

    fn setting(&mut self, topic: &str, name: &str) -> Option<String> {
        let resource = DescribeConfigsResource {
            resource_type: TOPIC,
            resource_name: topic.to_owned(),
            configuration_keys: Some(vec![name.to_owned()]),
        };
        let request =
            DescribeConfigsRequest { resources: vec![resource], ..DescribeConfigsRequest::default() };
        self.kafka.call(4, &request).results.remove(0).configs.remove(0).value
    }

    fn stored(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.server.dir.path().join("data/plugins/sha256"));
        files.map(|files| files.map(|file| file.unwrap().path()).collect()).unwrap_or_default()
    }
}

fn answer(code: i16, message: Option<String>) -> (ErrorCode, String) {
    (ErrorCode::from_i16(code).unwrap(), message.unwrap_or_default())
}

fn header(reference: &str, wasm: &[u8]) -> PushHeader {
    let (name, version) = reference.split_once('@').unwrap();
    PushHeader {
        name: name.to_owned(),
        version: version.to_owned(),
        size_bytes: wasm.len() as u64,
        ..PushHeader::default()
    }
}

fn filter() -> Vec<u8> {
    guests::accepting().component()
}

fn bind(topic: &str, role: Role, reference: &str) -> BindRequest {
    let (name, version) = reference.split_once('@').unwrap();
    BindRequest {
        topic: topic.to_owned(),
        role: role.into(),
        name: name.to_owned(),
        version: version.to_owned(),
        ..BindRequest::default()
    }
}

fn said(status: &Status) -> (Code, &str) {
    (status.code(), status.message())
}

/// A broker with the filter `guard` in two versions, the serializer `redact`, and the topic `orders`.
fn furnished() -> World {
    let mut world = World::new(&[]);
    for (reference, wasm) in [
        ("guard@1", filter()),
        ("guard@2", guests::on_byte('x', "unreachable").component()),
        ("other@1", filter()),
        ("redact@1", Guest::serializer("(call $changes)").component()),
        ("broken@1", guests::accepting().init("unreachable").component()),
    ] {
        world.push(reference, &wasm).unwrap();
    }
    assert_eq!(world.create("orders", &[]).0, ErrorCode::None);
    world
}

#[test]
fn what_is_pushed_stays_until_it_is_deleted() {
    let mut world = World::new(&[]);
    assert_eq!(world.list(), Vec::<String>::new());
    let wasm = filter();
    let pushed = world.push("guard@1.0.0", &wasm).unwrap();
    let plugin = pushed.plugin.unwrap();
    assert!(!pushed.was_there);
    assert_eq!(
        (plugin.size_bytes, plugin.contract.as_str(), plugin.signer.as_str()),
        (wasm.len() as u64, "0.1.0", "")
    );
    let file = world.server.dir.path().join(format!("data/plugins/sha256/{}.wasm", plugin.sha256));
    assert_eq!(std::fs::read(&file).unwrap(), wasm);

    assert!(world.push("guard@1.0.0", &wasm).unwrap().was_there);
    let other = guests::on_byte('x', "unreachable").component();
    let refused = world.push("guard@1.0.0", &other).unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert!(refused.message().ends_with("a version never changes, push these as another one"), "{refused}");
    world.push("twin@1", &wasm).unwrap();
    assert_eq!(world.stored(), std::slice::from_ref(&file));

    // What a crash left between storing and naming is gone after a start.
    let garbage = file.with_file_name(format!("{}.wasm", "0".repeat(64)));
    let mut world = world.again(|_| std::fs::write(&garbage, b"garbage").unwrap());
    assert_eq!(world.list(), ["guard@1.0.0 filter", "twin@1 filter"]);
    assert_eq!(world.stored(), std::slice::from_ref(&file));
    world.delete("guard@1.0.0".split('@').next().unwrap(), "1.0.0").unwrap();
    assert_eq!(world.stored(), [file], "the twin has the same bytes");
    world.delete("twin", "1").unwrap();
    assert_eq!(world.stored(), Vec::<PathBuf>::new());
    let refused = world.delete("twin", "1").unwrap_err();
    assert_eq!(said(&refused), (Code::NotFound, "there is no plug-in twin@1"));
    let mut world = world.again(|_| ());
    assert_eq!(world.list(), Vec::<String>::new());
}

#[test]
fn a_plugin_is_described_with_what_it_wants() {
    let mut world = furnished();
    let mut describe = |name: &str, version: &str| {
        let request = DescribeRequest { name: name.to_owned(), version: version.to_owned() };
        world.runtime.block_on(world.plugins.describe(request)).map(|response| response.into_inner().versions)
    };
    let both = describe("guard", "").unwrap();
    let versions: Vec<_> =
        both.iter().map(|details| details.plugin.as_ref().unwrap().version.as_str()).collect();
    assert_eq!(versions, ["1", "2"]);
    let one = describe("guard", "1").unwrap().remove(0);
    assert!(one.imports.iter().any(|import| import.starts_with("klamm:plugin/host")), "{:?}", one.imports);
    assert!(
        one.exports.iter().any(|export| export.starts_with("klamm:plugin/filter-api")),
        "{:?}",
        one.exports
    );
    assert_eq!(one.unusable, "");
    let refused = describe("guard", "3").unwrap_err();
    assert_eq!(said(&refused), (Code::NotFound, "there is no plug-in guard@3, only versions 2, 1"));
    assert_eq!(describe("nobody", "").unwrap_err().message(), "there is no plug-in nobody");
    for file in world.stored() {
        std::fs::write(file, b"damaged").unwrap();
    }
    let request = DescribeRequest { name: "guard".to_owned(), version: "2".to_owned() };
    let damaged =
        world.runtime.block_on(world.plugins.describe(request)).unwrap().into_inner().versions.remove(0);
    assert!(damaged.unusable.contains("is damaged"), "{}", damaged.unusable);
}

#[test]
fn what_is_no_plugin_is_refused_and_leaves_nothing() {
    let mut world = World::new(&[]);
    let wasm = filter();
    let refused = world.push("guard@1", b"no wasm").unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("component"), "{refused}");
    let announced = "00".repeat(32);
    let wrong = PushHeader { sha256: announced.clone(), ..header("guard@1", &wasm) };
    let refused = world.send(vec![Part::Header(wrong), Part::Chunk(wasm.clone())]).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().ends_with(&format!("{announced} was announced; push again")), "{refused}");
    let cut = world.send(vec![Part::Header(header("guard@1", &wasm)), Part::Chunk(wasm[..100].to_vec())]);
    assert_eq!(
        cut.unwrap_err().message(),
        format!("100 bytes came, {} were announced; push again", wasm.len())
    );
    let large = PushHeader { size_bytes: 11 << 20, ..header("guard@1", &wasm) };
    let refused = world.send(vec![Part::Header(large)]).unwrap_err();
    assert_eq!(said(&refused), (Code::ResourceExhausted, "a plug-in can't have more than 10485760 bytes"));
    // More than was announced, and than may be: given up on the way.
    let endless = std::iter::repeat_n(Part::Chunk(vec![0; 1 << 20]), 12);
    let begun = Part::Header(PushHeader { size_bytes: 0, ..header("guard@1", &wasm) });
    let refused = world.send(std::iter::once(begun).chain(endless).collect()).unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    assert_eq!((world.stored(), world.list()), (vec![], vec![]));
    world.push("guard@1", &wasm).unwrap();
}

#[test]
fn all_plugins_together_have_a_limit() {
    let wasm = filter();
    let mut world = World::new(&[("klamm.plugins.max.bytes", &(wasm.len() + 10).to_string())]);
    world.push("guard@1", &wasm).unwrap();
    let refused = world.push("guard@2", &guests::on_byte('x', "unreachable").component()).unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().ends_with("delete versions that no topic binds"), "{refused}");
    assert_eq!(world.list(), ["guard@1 filter"]);
}

#[test]
fn only_trusted_keys_count() {
    let (ours, theirs) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let trusted = format!("ops:{}", ours.public());
    let mut world =
        World::new(&[("klamm.plugins.trusted.keys", &trusted), ("klamm.plugins.require.signature", "true")]);
    let wasm = filter();
    let digest = klamm_server::plugins::store::digest_of(&wasm);
    let refused = world.push("guard@1", &wasm).unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let mut signed = |key: &SigningKey, signed_as: &str, pushed_as: &str| {
        let signature = key.sign(digest, &signed_as.parse().unwrap());
        let header = PushHeader { signature, ..header(pushed_as, &wasm) };
        world.send(vec![Part::Header(header), Part::Chunk(wasm.clone())])
    };
    assert_eq!(signed(&theirs, "guard@1", "guard@1").unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(signed(&ours, "guard@1", "guard@2").unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(signed(&ours, "guard@1", "guard@1").unwrap().plugin.unwrap().signer, "ops");
    assert_eq!(world.list(), ["guard@1 filter"]);
}

#[test]
fn filters_are_bound_in_an_order() {
    let mut world = furnished();
    let with = |request: BindRequest, position| BindRequest { position, ..request };
    let of = |reference: &str| bind("orders", Role::Filter, reference);
    assert_eq!(world.bind(of("guard@1")).unwrap(), "guard@1");
    let other = BindRequest {
        parameters: [("a".to_owned(), "x,y z".to_owned())].into(),
        on_failure: OnFailure::Reject.into(),
        deadline_ms: Some(20),
        memory_mib: Some(32),
        shadow: true,
        ..of("other@1")
    };
    let text = "other@1/a:x%2Cy%20z/on-failure:reject/deadline-ms:20/memory-mib:32/shadow:true";
    assert_eq!(world.bind(other).unwrap(), format!("guard@1,{text}"));
    // Another version takes the place of the first; a position moves it.
    assert_eq!(world.bind(of("guard@2")).unwrap(), format!("guard@2,{text}"));
    let tried = BindRequest { validate_only: true, ..with(of("guard@1"), Some(1)) };
    assert_eq!(world.bind(tried).unwrap(), format!("{text},guard@1"));
    assert_eq!(world.setting("orders", "klamm.filters").unwrap(), format!("guard@2,{text}"));
    assert_eq!(world.bind(with(of("guard@2"), Some(1))).unwrap(), format!("{text},guard@2"));
    let refused = world.bind(with(of("guard@2"), Some(2))).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");

    assert_eq!(world.bind(bind("orders", Role::Serializer, "redact@1")).unwrap(), "redact@1");
    assert_eq!(world.list()[2], "guard@2 filter orders:guard@2");
    let refused = world.delete("guard", "2").unwrap_err();
    let text_of_refusal = "guard@2 can't be deleted: topic orders is bound to it; unbind it there first";
    assert_eq!(said(&refused), (Code::FailedPrecondition, text_of_refusal));
    assert_eq!(world.unbind("orders", Role::Filter, "other").unwrap(), [text]);
    assert_eq!(world.setting("orders", "klamm.filters").unwrap(), "guard@2");
    assert_eq!(world.unbind("orders", Role::Unspecified, "").unwrap(), ["guard@2", "redact@1"]);
    let refused = world.unbind("orders", Role::Unspecified, "").unwrap_err();
    assert_eq!(said(&refused), (Code::NotFound, "no plug-in is bound to topic orders"));
    world.delete("guard", "2").unwrap();
}

#[test]
fn a_rollback_brings_back_what_was_bound() {
    let mut world = furnished();
    let refused = world.rollback("orders", Role::Filter).unwrap_err();
    let never = "the filter of topic orders never changed: there is nothing to roll back to";
    assert_eq!(said(&refused), (Code::FailedPrecondition, never));
    world.bind(bind("orders", Role::Filter, "guard@1")).unwrap();
    world.bind(bind("orders", Role::Filter, "guard@2")).unwrap();
    let mut world = world.again(|_| ());
    assert_eq!(world.rollback("orders", Role::Filter).unwrap(), "guard@1");
    assert_eq!(world.setting("orders", "klamm.filters").unwrap(), "guard@1");
    assert_eq!(world.rollback("orders", Role::Filter).unwrap(), "guard@2");
    // Also of what another tool changed; and what is gone can't be brought back.
    assert_eq!(world.alter("orders", (DELETE, "klamm.filters", ""), false).0, ErrorCode::None);
    world.delete("guard", "2").unwrap();
    let refused = world.rollback("orders", Role::Filter).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(
        refused.message().ends_with("there is no plug-in guard@2, only version 1; push it first"),
        "{refused}"
    );
    let refused = world.rollback("nothing", Role::Filter).unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[test]
fn what_can_not_work_is_not_bound() {
    let mut world = furnished();
    let refused = world.bind(bind("orders", Role::Filter, "guard@9")).unwrap_err();
    assert_eq!(said(&refused), (Code::NotFound, "there is no plug-in guard@9, only versions 2, 1"));
    let refused = world.bind(bind("orders", Role::Partitioner, "redact@1")).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(
        refused
            .message()
            .ends_with("redact@1 is no partitioner but a serializer: bind it with klamm.serializer")
    );
    let refused = world.bind(bind("orders", Role::Filter, "broken@1")).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("broken@1"), "{refused}");
    assert_eq!(world.bind(bind("nothing", Role::Filter, "guard@1")).unwrap_err().code(), Code::NotFound);
    assert_eq!(
        world.bind(bind("orders", Role::Unspecified, "guard@1")).unwrap_err().code(),
        Code::InvalidArgument
    );
    let wrong = BindRequest { deadline_ms: Some(0), ..bind("orders", Role::Filter, "guard@1") };
    let refused = world.bind(wrong).unwrap_err();
    let text = "parameter deadline-ms can't be \"0\": it is 1 to 1000 milliseconds";
    assert_eq!(said(&refused), (Code::InvalidArgument, text));
    assert_eq!(world.setting("orders", "klamm.filters").unwrap(), "");
}

#[test]
fn kafkas_tools_bind_too() {
    let mut world = furnished();
    let done = (ErrorCode::None, String::new());
    let name = "klamm.filters";
    assert_eq!(world.alter("orders", (SET, name, "guard@1/x:1"), false), done);
    assert_eq!(world.alter("orders", (APPEND, name, "other@1"), false), done);
    assert_eq!(world.setting("orders", name).unwrap(), "guard@1/x:1,other@1");
    assert_eq!(world.alter("orders", (SUBTRACT, name, "guard@1/x:1"), false), done);
    assert_eq!(world.setting("orders", name).unwrap(), "other@1");
    let refusals = [
        ((SET, name, "guard"), "lacks the version"),
        ((SET, name, "guard@9"), "there is no plug-in guard@9, only versions 2, 1; push it first"),
        ((SET, name, "redact@1"), "redact@1 is no filter but a serializer: bind it with klamm.serializer"),
        ((APPEND, name, "broken@1"), "broken@1"),
        ((SET, "klamm.serializer", "redact@1,redact@1"), "only klamm.filters has several"),
        ((APPEND, "klamm.serializer", "redact@1"), "its type is not LIST"),
    ];
    for validate_only in [true, false] {
        for (op, text) in refusals {
            let (code, message) = world.alter("orders", op, validate_only);
            assert_eq!(code, ErrorCode::InvalidConfig, "{message}");
            assert!(message.contains(text), "{message}");
        }
    }
    assert_eq!(world.alter("orders", (SET, name, "guard@1"), true), done);
    assert_eq!(world.setting("orders", name).unwrap(), "other@1");
    let long = "x".repeat(246);
    for topic in ["orders.dlq", &long] {
        assert_eq!(world.create(topic, &[]).0, ErrorCode::None);
        assert_eq!(world.alter(topic, (SET, name, "guard@1"), false).0, ErrorCode::InvalidConfig, "{topic}");
    }
}

#[test]
fn topics_are_made_with_plugins_that_work() {
    let mut world = furnished();
    let made =
        world.create("guarded", &[("klamm.filters", "guard@1,other@1"), ("klamm.serializer", "redact@1")]);
    assert_eq!(made, (ErrorCode::None, String::new()));
    assert_eq!(world.setting("guarded", "klamm.serializer").unwrap(), "redact@1");
    for wrong in ["broken@1", "guard@9", "guard"] {
        let (code, message) = world.create("unguarded", &[("klamm.filters", wrong)]);
        assert_eq!(code, ErrorCode::InvalidConfig, "{message}");
        assert!(
            message.starts_with(&format!("Invalid value {wrong} for configuration klamm.filters: ")),
            "{message}"
        );
    }
    assert_eq!(world.create("unguarded", &[]).0, ErrorCode::None);
    // The older way to alter settings replaces all of them.
    let mut replace = |value: &str| {
        let config = AlterableConfig { name: "klamm.filters".to_owned(), value: Some(value.to_owned()) };
        let resource = AlterConfigsResource {
            resource_type: TOPIC,
            resource_name: "guarded".to_owned(),
            configs: vec![config],
        };
        let request = AlterConfigsRequest { resources: vec![resource], validate_only: false };
        let result = world.kafka.call(2, &request).responses.remove(0);
        answer(result.error_code, result.error_message)
    };
    assert_eq!(replace("broken@1").0, ErrorCode::InvalidConfig);
    assert_eq!(replace("guard@2").0, ErrorCode::None);
    assert_eq!(world.setting("guarded", "klamm.serializer"), None);
    assert_eq!(world.list()[2], "guard@2 filter guarded:guard@2");
    let stats = world.runtime.block_on(world.plugins.stats(StatsRequest::default())).unwrap().into_inner();
    assert!(stats.bindings.iter().all(|binding| binding.topic == "guarded"));
}
