//! A broker with plug-ins, made of a few lines of WebAssembly text.

use klamm_model::ErrorCode;
use klamm_plugin_host::guests::Guest;
use klamm_records::batches;
use klamm_rpc::plugin::plugins_client::PluginsClient;
use klamm_rpc::plugin::push_request::Part;
use klamm_rpc::plugin::{PushHeader, PushRequest};
use klamm_wire::messages::fetch::{FetchRequest, FetchTopic};
use klamm_wire::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use klamm_wire::messages::produce::PartitionProduceResponse;

use crate::support::{Client, TestBroker, error, fetch_partition, produce_to};

/// A broker and a client of it.
pub struct World {
    pub broker: TestBroker,
    pub client: Client,
}

/// A record as it is in a log: its offset, its value, its headers as text.
pub type Stored = (i64, String, Vec<(String, String)>);

impl World {
    pub fn new() -> World {
        let broker = TestBroker::with_grpc();
        let client = broker.client();
        World { broker, client }
    }

    /// The same data after a restart.
    pub fn restart(&mut self) {
        self.broker.stop();
        self.broker.start_again();
        self.client = self.broker.client();
    }

    pub fn push(&self, name: &str, version: &str, guest: &Guest) {
        let wasm = guest.component();
        let header = PushHeader {
            name: name.to_owned(),
            version: version.to_owned(),
            size_bytes: wasm.len() as u64,
            ..PushHeader::default()
        };
        let parts = [Part::Header(header), Part::Chunk(wasm)].map(|part| PushRequest { part: Some(part) });
        let address = format!("http://{}", self.broker.server().grpc_address.unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut plugins = PluginsClient::connect(address).await.unwrap();
            plugins.push(tokio_stream::iter(parts)).await.unwrap();
        });
    }

    /// Binds plug-ins by a topic's setting; an empty value unbinds.
    pub fn bind(&mut self, topic: &str, setting: &str, value: &str) {
        let config = AlterableConfig {
            name: setting.to_owned(),
            config_operation: i8::from(value.is_empty()),
            value: Some(value.to_owned()),
        };
        let resource =
            AlterConfigsResource { resource_type: 2, resource_name: topic.to_owned(), configs: vec![config] };
        let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
        let response = self.client.call(1, &request).responses.remove(0);
        assert_eq!(error(response.error_code), ErrorCode::None, "{:?}", response.error_message);
    }

    pub fn produce(
        &mut self,
        topic: &str,
        partition: i32,
        records: bytes::Bytes,
    ) -> PartitionProduceResponse {
        let request = produce_to(topic, klamm_model::TopicId::ZERO, partition, -1, records);
        self.client.call(12, &request).responses.remove(0).partition_responses.remove(0)
    }

    /// The base offset of a batch that must be taken.
    pub fn taken(&mut self, topic: &str, partition: i32, records: bytes::Bytes) -> i64 {
        let answer = self.produce(topic, partition, records);
        assert_eq!(error(answer.error_code), ErrorCode::None, "{:?}", answer.error_message);
        answer.base_offset
    }

    /// Everything in a partition.
    pub fn stored(&mut self, topic: &str, partition: i32) -> Vec<Stored> {
        let request = FetchRequest {
            topics: vec![FetchTopic {
                topic: topic.to_owned(),
                partitions: vec![fetch_partition(partition, 0)],
                ..FetchTopic::default()
            }],
            ..FetchRequest::default()
        };
        let data = self.client.call(12, &request).responses.remove(0).partitions.remove(0);
        assert_eq!(error(data.error_code), ErrorCode::None);
        let bytes = data.records.unwrap_or_default().into_bytes();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut stored = Vec::new();
        for batch in batches(&bytes) {
            let batch = batch.unwrap();
            batch.verify_crc().unwrap();
            let mut records = batch.records(1 << 20).unwrap();
            while let Some(record) = records.next_record().unwrap() {
                let headers = record.headers.iter();
                let headers = headers.map(|it| (text(it.key), text(it.value.unwrap_or_default()))).collect();
                stored.push((record.offset.0, text(record.value.unwrap_or_default()), headers));
            }
        }
        stored
    }

    /// Offsets and values of a partition.
    pub fn values(&mut self, topic: &str, partition: i32) -> Vec<(i64, String)> {
        self.stored(topic, partition).into_iter().map(|(offset, value, _)| (offset, value)).collect()
    }
}

/// Offsets and values, to compare with.
pub fn at(records: &[(i64, &str)]) -> Vec<(i64, String)> {
    records.iter().map(|(offset, value)| (*offset, (*value).to_owned())).collect()
}

/// A filter that looks at the first byte of each value: `d` drops, `r` rejects, `q` quarantines, `t` traps.
pub fn by_first_byte() -> Guest {
    Guest::filter(
        "(local.set $out (call $verdicts))
         (loop $next
           (if (i32.lt_u (local.get $i) (local.get $count)) (then
             (local.set $j (call $first (local.get $i)))
             (if (i32.eq (local.get $j) (i32.const 100)) (then
               (call $act (local.get $out) (local.get $i) (i32.const 1))))
             (if (i32.eq (local.get $j) (i32.const 114)) (then
               (call $act (local.get $out) (local.get $i) (i32.const 2))
               (call $note (local.get $out) (local.get $i))))
             (if (i32.eq (local.get $j) (i32.const 113)) (then
               (call $act (local.get $out) (local.get $i) (i32.const 3))
               (call $note (local.get $out) (local.get $i))))
             (if (i32.eq (local.get $j) (i32.const 116)) (then unreachable))
             (local.set $i (i32.add (local.get $i) (i32.const 1)))
             (br $next))))
         (local.get $out)",
    )
}

/// A partitioner that reads the partition from the first byte of each value, if that is a digit.
pub fn by_digit() -> Guest {
    Guest::partitioner(
        "(local.set $out (call $partitions_out))
         (loop $next
           (if (i32.lt_u (local.get $i) (local.get $count)) (then
             (local.set $j (i32.sub (call $first (local.get $i)) (i32.const 48)))
             (if (i32.lt_u (local.get $j) (local.get $partitions)) (then
               (call $choose (local.get $out) (local.get $i) (local.get $j))))
             (local.set $i (i32.add (local.get $i) (i32.const 1)))
             (br $next))))
         (local.get $out)",
    )
}

/// A serializer that makes every value that starts with an `s` \"said so\".
pub fn said_so() -> Guest {
    Guest::serializer(
        "(local.set $out (call $changes))
         (i32.store offset=4 (local.get $out) (i32.const 1024))
         (i32.store offset=8 (local.get $out) (i32.const 7))
         (loop $next
           (if (i32.lt_u (local.get $i) (local.get $count)) (then
             (if (i32.eq (call $first (local.get $i)) (i32.const 115)) (then
               (call $set_value (local.get $out) (local.get $i) (i32.const 0) (i32.const 7))))
             (local.set $i (i32.add (local.get $i) (i32.const 1)))
             (br $next))))
         (local.get $out)",
    )
}
