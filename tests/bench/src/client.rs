//! A connection that waits for each answer: for preparing a run and for single requests.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::Bytes;
use klamm_model::ErrorCode;
use klamm_wire::messages::create_topics::{CreatableTopic, CreatableTopicConfig};
use klamm_wire::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use klamm_wire::messages::metadata::{MetadataRequestTopic, MetadataResponseTopic};
use klamm_wire::{
    CreateTopicsRequest, ListOffsetsRequest, MetadataRequest, ProduceRequest, Request, RequestHeader,
    decode_response, encode_request,
};

use crate::Result;
use crate::frames::PRODUCE_VERSION;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_mins(2);
const METADATA_VERSION: i16 = 12;
const CREATE_TOPICS_VERSION: i16 = 7;
const LIST_OFFSETS_VERSION: i16 = 6;
/// The timestamp that stands for the end of a partition.
const LATEST: i64 = -1;

/// One connection.
#[derive(Debug)]
pub struct Client(TcpStream);

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> io::Result<Client> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Client(socket))
    }

    /// Makes a topic with one replica; one that exists is left as it is.
    pub fn create_topic(&mut self, name: &str, partitions: i32) -> Result<()> {
        self.create_topic_with(name, partitions, &[])
    }

    /// The same, with settings.
    pub fn create_topic_with(&mut self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> Result<()> {
        let config = |(name, value): &(&str, &str)| CreatableTopicConfig {
            name: (*name).to_owned(),
            value: Some((*value).to_owned()),
        };
        let topic = CreatableTopic {
            name: name.to_owned(),
            configs: configs.iter().map(config).collect(),
            num_partitions: partitions,
            replication_factor: 1,
            ..CreatableTopic::default()
        };
        let timeout_ms = PATIENCE.as_millis() as i32;
        let request =
            CreateTopicsRequest { topics: vec![topic], timeout_ms, ..CreateTopicsRequest::default() };
        let response = self.call(CREATE_TOPICS_VERSION, &request)?;
        match ErrorCode::from_i16(response.topics[0].error_code) {
            Some(ErrorCode::None | ErrorCode::TopicAlreadyExists) => self.wait_for_leaders(name),
            code => Err(format!("topic {name} could not be made: {code:?}").into()),
        }
    }

    fn wait_for_leaders(&mut self, name: &str) -> Result<()> {
        while self
            .topic(name)?
            .is_none_or(|topic| topic.partitions.iter().any(|partition| partition.leader_id < 0))
        {
            crate::broker::pause();
        }
        while !self.serves(name)? {
            crate::broker::pause();
        }
        Ok(())
    }

    /// Whether the leaders serve: Kafka names them a moment before.
    fn serves(&mut self, name: &str) -> Result<bool> {
        let indexes = self.topic(name)?.into_iter().flat_map(|topic| topic.partitions);
        let partition = |partition_index| ListOffsetsPartition {
            partition_index,
            timestamp: LATEST,
            ..ListOffsetsPartition::default()
        };
        let partitions = indexes.map(|it| partition(it.partition_index)).collect();
        let topic = ListOffsetsTopic { name: name.to_owned(), partitions };
        let request =
            ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..ListOffsetsRequest::default() };
        let answered = self.call(LIST_OFFSETS_VERSION, &request)?.topics;
        Ok(answered.iter().flat_map(|topic| &topic.partitions).all(|partition| partition.error_code == 0))
    }

    /// A topic, if there is one of this name.
    pub fn topic(&mut self, name: &str) -> Result<Option<MetadataResponseTopic>> {
        let asked = MetadataRequestTopic { name: Some(name.to_owned()), ..MetadataRequestTopic::default() };
        let topics = if name.is_empty() { Vec::new() } else { vec![asked] };
        let request = MetadataRequest { topics: Some(topics), ..MetadataRequest::default() };
        let found = self.call(METADATA_VERSION, &request)?.topics.pop();
        Ok(found.filter(|topic| topic.error_code == 0))
    }

    /// Produces; the error of the first partition that failed.
    pub fn produce(&mut self, request: &ProduceRequest) -> Result<ErrorCode> {
        let response = self.call(PRODUCE_VERSION, request)?;
        let mut codes = response.responses.iter().flat_map(|topic| &topic.partition_responses);
        let failed = codes.find(|partition| partition.error_code != 0);
        Ok(failed.map_or(ErrorCode::None, |partition| {
            ErrorCode::from_i16(partition.error_code).unwrap_or(ErrorCode::UnknownServerError)
        }))
    }

    /// Sends any request and waits for its answer.
    pub fn call<R: Request>(&mut self, version: i16, request: &R) -> Result<R::Response> {
        let header = RequestHeader {
            api_key: R::KEY as i16,
            api_version: version,
            correlation_id: 1,
            client_id: Some("klamm-bench".to_owned()),
        };
        self.0.write_all(&encode_request(&header, request)?.into_bytes())?;
        let mut size = [0; 4];
        self.0.read_exact(&mut size)?;
        let mut frame = vec![0; u32::from_be_bytes(size) as usize];
        self.0.read_exact(&mut frame)?;
        let (_, response) = decode_response(Bytes::from(frame), version)?;
        Ok(response)
    }
}
