//! A broker of a topic and its quarantine for tests: it keeps what it is sent, and has a plug-in that knows poison.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use klamm_model::{ErrorCode, Offset, TimestampMs};
use klamm_records::{BatchBuilder, BuildOptions, Header, batches};
use klamm_wire::ApiKey;
use klamm_wire::messages::fetch::{FetchableTopicResponse, PartitionData};
use klamm_wire::messages::list_offsets::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use klamm_wire::messages::produce::{PartitionProduceResponse, TopicProduceResponse};
use klamm_wire::messages::{
    FetchRequest, FetchResponse, InitProducerIdRequest, InitProducerIdResponse, ListOffsetsRequest,
    ListOffsetsResponse, ProduceRequest, ProduceResponse,
};

use super::quarantine::base_of;
use super::replayed;
use crate::client::offsets::LATEST;
use crate::client::scripted::{Act, Nature, ScriptedBroker, Seen};

/// A record as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub timestamp: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, String)>,
}

/// What the broker keeps, and what goes wrong.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub topics: Vec<(&'static str, i32)>,
    pub logs: BTreeMap<(String, i32), Vec<Kept>>,
    pub producers: i64,
    /// The first offset of each batch by topic, partition, producer and sequence.
    pub seen: BTreeMap<(String, i32, i64, i32), i64>,
    /// The newest sequence of a dead letter by producer and partition.
    pub newest_letter: BTreeMap<(i64, i32), i32>,
    /// The connection breaks before the answer to so many batches, which are kept.
    pub answers_lost: u32,
    /// Nobody may ask for the offsets of this topic.
    pub unlisted: Option<&'static str>,
    /// Compaction took this record away: topic and offset in partition 0.
    pub gone: Option<(&'static str, i64)>,
    /// Nobody may write to this partition.
    pub closed: Option<(&'static str, i32)>,
    /// After so many more batches nobody may write.
    pub batches_left: Option<u32>,
}

/// A dead letter with the time 1 s after 1970.
pub(crate) fn letter(topic: &str, partition: i32, offset: i64, value: &str) -> Kept {
    let told = [
        ("topic", topic.to_owned()),
        ("partition", partition.to_string()),
        ("offset", offset.to_string()),
        ("timestamp", "1000".to_owned()),
        ("plugin", "json-guard".to_owned()),
        ("version", "1.0.0".to_owned()),
        ("digest", "ab12".to_owned()),
        ("reason", format!("{value:?} is not JSON")),
        ("producer.id", "7".to_owned()),
    ];
    let mut headers = vec![("own".to_owned(), "h".to_owned())];
    headers.extend(told.map(|(name, value)| (format!("klamm.dlq.{name}"), value)));
    Kept { headers, ..plain(value) }
}

/// Somebody else's record.
pub(crate) fn plain(value: &str) -> Kept {
    Kept { timestamp: 1_000, key: Some(b"k".to_vec()), value: Some(value.into()), headers: Vec::new() }
}

/// A note that these ranges were replayed.
pub(crate) fn note(ranges: &[(i64, i64)]) -> Kept {
    let value = serde_json::json!({ "version": 1, "replayed": ranges }).to_string();
    Kept { key: Some(replayed::KEY.to_vec()), ..plain(&value) }
}

impl Held {
    pub(crate) fn new(topics: &[(&'static str, i32)]) -> Held {
        Held { topics: topics.to_vec(), ..Held::default() }
    }

    /// With a record at the end of a partition.
    pub(crate) fn with(mut self, topic: &str, partition: i32, record: Kept) -> Held {
        self.log(topic, partition).push(record);
        self
    }

    pub(crate) fn log(&mut self, topic: &str, partition: i32) -> &mut Vec<Kept> {
        self.logs.entry((topic.to_owned(), partition)).or_default()
    }

    pub(crate) async fn start(self) -> (ScriptedBroker, Arc<Mutex<Held>>) {
        // Newer versions have ids in place of names, and here all topics have the same.
        let with_names = |api| (api, Some(0..=12));
        let nature = Nature {
            versions: vec![
                (ApiKey::Fetch, Some(4..=12)),
                (ApiKey::Produce, Some(3..=12)),
                with_names(ApiKey::Metadata),
            ],
            topics: self.topics.clone(),
            ..Nature::default()
        };
        let held = Arc::new(Mutex::new(self));
        let answering = held.clone();
        let broker = ScriptedBroker::start(nature, move |seen| answering.lock().unwrap().act(seen)).await;
        (broker, held)
    }

    fn act(&mut self, seen: &Seen) -> Act {
        match seen.api {
            ApiKey::ListOffsets => self.list_offsets(seen),
            ApiKey::Fetch => self.fetch(seen),
            ApiKey::Produce => self.produce(seen),
            ApiKey::InitProducerId => {
                let _: InitProducerIdRequest = seen.decode();
                self.producers += 1;
                let producer_id = 1_000 + self.producers;
                seen.answer(&InitProducerIdResponse { producer_id, ..Default::default() })
            }
            other => panic!("{other:?} is not in the script"),
        }
    }

    fn list_offsets(&mut self, seen: &Seen) -> Act {
        let request: ListOffsetsRequest = seen.decode();
        let mut topics = Vec::new();
        for topic in request.topics {
            let mut partitions = Vec::new();
            for partition in topic.partitions {
                let end = self.log(&topic.name, partition.partition_index).len() as i64;
                let refused = self.unlisted == Some(topic.name.as_str());
                let code = if refused { ErrorCode::TopicAuthorizationFailed } else { ErrorCode::None };
                partitions.push(ListOffsetsPartitionResponse {
                    error_code: code.as_i16(),
                    partition_index: partition.partition_index,
                    offset: if partition.timestamp == LATEST { end } else { 0 },
                    ..Default::default()
                });
            }
            topics.push(ListOffsetsTopicResponse { name: topic.name, partitions });
        }
        seen.answer(&ListOffsetsResponse { topics, ..Default::default() })
    }

    fn fetch(&mut self, seen: &Seen) -> Act {
        let request: FetchRequest = seen.decode();
        let mut responses = Vec::new();
        for topic in request.topics {
            let mut partitions = Vec::new();
            for asked in &topic.partitions {
                let gone = self.gone.filter(|(name, _)| *name == topic.topic && asked.partition == 0);
                let log = self.log(&topic.topic, asked.partition);
                let records = log.get(asked.fetch_offset as usize..).filter(|rest| !rest.is_empty());
                partitions.push(PartitionData {
                    partition_index: asked.partition,
                    records: records
                        .map(|rest| batch(asked.fetch_offset, rest, gone.map(|(_, offset)| offset)).into()),
                    ..Default::default()
                });
            }
            responses.push(FetchableTopicResponse { topic: topic.topic, partitions, ..Default::default() });
        }
        seen.answer(&FetchResponse { responses, ..Default::default() })
    }

    fn produce(&mut self, seen: &Seen) -> Act {
        let request: ProduceRequest = seen.decode();
        let topic = &request.topic_data[0];
        let partition = &topic.partition_data[0];
        let mut answer = PartitionProduceResponse { index: partition.index, ..Default::default() };
        match self.append(&topic.name, partition.index, partition.records.clone().unwrap().as_ref()) {
            Ok(base_offset) => answer.base_offset = base_offset,
            Err(code) => answer.error_code = code.as_i16(),
        }
        if answer.error_code == 0 && self.answers_lost > 0 {
            self.answers_lost -= 1;
            return Act::Close;
        }
        let topic = TopicProduceResponse {
            name: topic.name.clone(),
            partition_responses: vec![answer],
            ..Default::default()
        };
        seen.answer(&ProduceResponse { responses: vec![topic], ..Default::default() })
    }

    fn append(&mut self, topic: &str, partition: i32, bytes: &[u8]) -> Result<i64, ErrorCode> {
        if self.closed == Some((topic, partition)) || self.batches_left == Some(0) {
            return Err(ErrorCode::TopicAuthorizationFailed);
        }
        self.batches_left = self.batches_left.map(|left| left - 1);
        let batch = batches(bytes).next().unwrap().unwrap();
        let producer = batch.header.producer_id.0;
        let key = (topic.to_owned(), partition, producer, batch.header.base_sequence.0);
        if let Some(base) = self.seen.get(&key) {
            return Ok(*base);
        }
        let kept = unpack(bytes);
        let is_base = base_of(topic).is_none();
        let says = |record: &Kept, word: &str| {
            record.value.as_deref().is_some_and(|value| String::from_utf8_lossy(value).contains(word))
        };
        let base = self.log(topic, partition).len() as i64;
        // Dead letters go first, also of a batch that is refused afterwards, and what is not newer is taken for a repeat.
        for (index, record) in (0..).zip(&kept).filter(|(_, record)| is_base && says(record, "poison")) {
            let sequence = batch.header.base_sequence.0 + index;
            let newest = self.newest_letter.entry((producer, partition)).or_insert(-1);
            if sequence > *newest {
                *newest = sequence;
                let value = String::from_utf8(record.value.clone().unwrap()).unwrap();
                let mut dead = letter(topic, partition, base + i64::from(index), &value);
                dead.headers.retain(|(name, _)| name != "klamm.dlq.producer.id");
                dead.headers.push(("klamm.dlq.producer.id".to_owned(), producer.to_string()));
                self.log(&format!("{topic}.dlq"), 0).push(dead);
            }
        }
        if is_base && kept.iter().any(|record| says(record, "refuse")) {
            return Err(ErrorCode::InvalidRecord);
        }
        // What was quarantined leaves its offset.
        self.log(topic, partition).extend(kept);
        self.seen.insert(key, base);
        Ok(base)
    }
}

fn batch(base_offset: i64, records: &[Kept], gone: Option<i64>) -> Bytes {
    let options = BuildOptions { base_offset: Offset(base_offset), ..BuildOptions::default() };
    let mut batch = BatchBuilder::new(options);
    for (delta, record) in (0..).zip(records) {
        if gone == Some(base_offset + i64::from(delta)) {
            continue;
        }
        let header =
            |(key, value): &'_ (String, String)| (key.clone().into_bytes(), value.clone().into_bytes());
        let headers: Vec<(Vec<u8>, Vec<u8>)> = record.headers.iter().map(header).collect();
        let headers: Vec<Header<'_>> =
            headers.iter().map(|(key, value)| Header { key, value: Some(value) }).collect();
        batch.append_at(
            delta,
            TimestampMs(record.timestamp),
            record.key.as_deref(),
            record.value.as_deref(),
            &headers,
        );
    }
    batch.build_ending_at(records.len() as i32 - 1).unwrap()
}

fn unpack(bytes: &[u8]) -> Vec<Kept> {
    let mut kept = Vec::new();
    for batch in batches(bytes) {
        let mut records = batch.unwrap().records(1 << 20).unwrap();
        while let Some(record) = records.next_record().unwrap() {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            kept.push(Kept {
                timestamp: record.timestamp.0,
                key: record.key.map(<[u8]>::to_vec),
                value: record.value.map(<[u8]>::to_vec),
                headers: record.headers.iter().map(|h| (text(h.key), text(h.value.unwrap()))).collect(),
            });
        }
    }
    kept
}
