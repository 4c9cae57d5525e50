//! A broker process, and its plug-ins by gRPC.

use klamm_conformance::{BrokerOptions, TestBroker};
use klamm_hostility::{Client, Process, error, fetch, produce};
use klamm_model::{ErrorCode, TimestampMs};
use klamm_plugin_host::Kind;
use klamm_records::{BatchBuilder, BuildOptions, batches};
use klamm_rpc::plugin::plugins_client::PluginsClient;
use klamm_rpc::plugin::push_request::Part;
use klamm_rpc::plugin::{
    BindRequest, ListRequest, LogsRequest, OnFailure, PushHeader, PushRequest, Role, UnbindRequest,
};
use klamm_wire::messages::fetch::FetchRequest;
use klamm_wire::messages::produce::PartitionProduceResponse;
use tokio::runtime::Runtime;
use tonic::Status;
use tonic::transport::Channel;

const CHUNK_BYTES: usize = 100 << 10;

/// A broker that is alone with its test.
pub struct World {
    broker: TestBroker,
    runtime: Runtime,
    plugins: PluginsClient<Channel>,
}

/// A record of a log: its offset, its value, its headers.
#[derive(Debug, PartialEq, Eq)]
pub struct Stored {
    pub offset: i64,
    pub value: Vec<u8>,
    headers: Vec<(String, String)>,
}

impl Stored {
    /// What a header of the quarantine says.
    pub fn told(&self, name: &str) -> &str {
        let name = format!("klamm.dlq.{name}");
        self.headers.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }
}

impl World {
    pub fn new() -> World {
        let broker = BrokerOptions::new().start();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let address = format!("http://{}", broker.grpc());
        let plugins = runtime.block_on(PluginsClient::connect(address)).unwrap();
        World { broker, runtime, plugins }
    }

    pub fn process(&self) -> Process<'_> {
        Process(&self.broker)
    }

    pub fn client(&self) -> Client {
        Client::connect(self.process().address()).unwrap()
    }

    /// Pushes version 1 of a plug-in, without saying how large it is.
    pub fn push(&self, name: &str, wasm: &[u8]) -> Result<(), Status> {
        let header = PushHeader { name: name.to_owned(), version: "1".to_owned(), ..PushHeader::default() };
        let chunks = wasm.chunks(CHUNK_BYTES).map(|chunk| Part::Chunk(chunk.to_vec()));
        let parts: Vec<_> = std::iter::once(Part::Header(header))
            .chain(chunks)
            .map(|part| PushRequest { part: Some(part) })
            .collect();
        let mut plugins = self.plugins.clone();
        self.runtime.block_on(plugins.push(tokio_stream::iter(parts))).map(drop)
    }

    /// Binds version 1 of a plug-in. Its deadline is long, so that a busy machine leaves time to look for the record that fails.
    pub fn bind(&self, topic: &str, kind: Kind, name: &str, rule: OnFailure) -> Result<(), Status> {
        self.bind_for(topic, kind, name, rule, 100)
    }

    /// The same, with a deadline.
    pub fn bind_for(
        &self,
        topic: &str,
        kind: Kind,
        name: &str,
        rule: OnFailure,
        deadline_ms: u32,
    ) -> Result<(), Status> {
        let request = BindRequest {
            topic: topic.to_owned(),
            role: role(kind).into(),
            name: name.to_owned(),
            version: "1".to_owned(),
            on_failure: rule.into(),
            deadline_ms: Some(deadline_ms),
            ..BindRequest::default()
        };
        let mut plugins = self.plugins.clone();
        self.runtime.block_on(plugins.bind(request)).map(drop)
    }

    /// Takes all plug-ins from a topic.
    pub fn unbind(&self, topic: &str) {
        let request = UnbindRequest { topic: topic.to_owned(), ..UnbindRequest::default() };
        let mut plugins = self.plugins.clone();
        self.runtime.block_on(plugins.unbind(request)).unwrap();
    }

    /// The names of all plug-ins.
    pub fn list(&self) -> Vec<String> {
        let mut plugins = self.plugins.clone();
        let listed = self.runtime.block_on(plugins.list(ListRequest {})).unwrap().into_inner();
        listed.plugins.into_iter().map(|plugin| plugin.name).collect()
    }

    /// What the plug-in of a topic has logged.
    pub fn logs(&self, topic: &str) -> Vec<String> {
        let request = LogsRequest { topic: topic.to_owned(), ..LogsRequest::default() };
        let mut plugins = self.plugins.clone();
        self.runtime.block_on(async move {
            let mut lines = plugins.logs(request).await.unwrap().into_inner();
            let mut texts = Vec::new();
            while let Some(line) = lines.message().await.unwrap() {
                texts.push(line.text);
            }
            texts
        })
    }

    pub fn metrics(&self) -> Metrics {
        Metrics(self.broker.http_get("/metrics").unwrap())
    }
}

/// What the broker counts of plug-ins.
pub struct Metrics(String);

impl Metrics {
    /// The value of a metric of the topic, of the label too if there is one; 0 if there is no such line.
    pub fn of(&self, topic: &str, name: &str, label: Option<(&str, &str)>) -> u64 {
        let topic = format!("topic=\"{topic}\"");
        let label = label.map(|(label, value)| format!("{label}=\"{value}\""));
        let line = self.0.lines().find(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'))
                && line.contains(&topic)
                && label.as_ref().is_none_or(|label| line.contains(label))
        });
        let value = line.and_then(|line| line.rsplit(' ').next());
        value.map_or(0, |value| value.parse::<f64>().unwrap() as u64)
    }
}

fn role(kind: Kind) -> Role {
    match kind {
        Kind::Filter => Role::Filter,
        Kind::Serializer => Role::Serializer,
        Kind::Partitioner => Role::Partitioner,
        Kind::Transform => panic!("no topic binds a transform"),
    }
}

/// A batch of these values.
pub fn batch(values: &[impl AsRef<[u8]>]) -> bytes::Bytes {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let mut builder = BatchBuilder::new(BuildOptions::default());
    for value in values {
        builder.append(TimestampMs(now.as_millis() as i64), None, Some(value.as_ref()), &[]);
    }
    builder.build().unwrap()
}

/// Produces a batch of these values.
pub fn send(client: &mut Client, topic: &str, values: &[impl AsRef<[u8]>]) -> PartitionProduceResponse {
    let mut response = client.call(9, &produce(topic, batch(values)));
    response.responses.remove(0).partition_responses.remove(0)
}

/// The base offset of a batch that must be taken.
pub fn taken(client: &mut Client, topic: &str, values: &[impl AsRef<[u8]>]) -> i64 {
    let answer = send(client, topic, values);
    assert_eq!(error(answer.error_code), ErrorCode::None, "{topic}: {:?}", answer.error_message);
    answer.base_offset
}

/// All records of a topic; none if there is no such topic.
pub fn stored(client: &mut Client, topic: &str) -> Vec<Stored> {
    let mut stored = Vec::new();
    loop {
        let next = stored.last().map_or(0, |last: &Stored| last.offset + 1);
        let request = FetchRequest { max_wait_ms: 0, min_bytes: 0, ..fetch(topic, next, 16 << 20) };
        let data = client.call(12, &request).responses.remove(0).partitions.remove(0);
        if error(data.error_code) == ErrorCode::UnknownTopicOrPartition {
            return stored;
        }
        assert_eq!(error(data.error_code), ErrorCode::None);
        let before = stored.len();
        read(&data.records.unwrap_or_default().into_bytes(), &mut stored);
        if stored.len() == before {
            return stored;
        }
    }
}

fn read(bytes: &[u8], stored: &mut Vec<Stored>) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    for batch in batches(bytes) {
        let batch = batch.unwrap();
        let mut records = batch.records(1 << 24).unwrap();
        while let Some(record) = records.next_record().unwrap() {
            let headers = record.headers.iter();
            stored.push(Stored {
                offset: record.offset.0,
                value: record.value.unwrap_or_default().to_vec(),
                headers: headers.map(|it| (text(it.key), text(it.value.unwrap_or_default()))).collect(),
            });
        }
    }
}
