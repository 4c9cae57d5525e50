//! A broker for tests that answers as its script says.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use klamm_model::{ErrorCode, TopicId};
use klamm_wire::messages::api_versions::ApiVersion;
use klamm_wire::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use klamm_wire::messages::{ApiVersionsResponse, MetadataResponse};
use klamm_wire::{ApiKey, Limits, Request, RequestHeader, Response, decode_request, encode_response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Client, ClientError, ClientOptions};

/// A request as it came.
pub(crate) struct Seen {
    pub api: ApiKey,
    pub version: i16,
    /// Which connection it came on, from 0.
    pub connection: usize,
    correlation_id: i32,
    frame: Bytes,
}

impl Seen {
    pub(crate) fn decode<R: Request>(&self) -> R {
        let (_, request): (RequestHeader, R) = decode_request(self.frame.clone(), Limits::REQUEST).unwrap();
        request
    }

    pub(crate) fn answer<R: Response>(&self, response: &R) -> Act {
        Act::Answer(encode_response(self.correlation_id, self.version, response).unwrap().into_bytes())
    }
}

/// What the broker does with a request.
pub(crate) enum Act {
    Answer(Bytes),
    /// It closes the connection.
    Close,
    /// It never answers.
    Ignore,
}

type Script = dyn FnMut(&Seen) -> Act + Send;

/// A broker that answers ApiVersions and Metadata itself, as broker 1, and all else as its script says.
pub(crate) struct ScriptedBroker {
    pub address: String,
    log: Arc<Mutex<Vec<(ApiKey, i16)>>>,
}

/// What a scripted broker is like.
#[derive(Clone)]
pub(crate) struct Nature {
    /// The versions it has of an API, where they are not ours.
    pub versions: Vec<(ApiKey, Option<RangeInclusive<i16>>)>,
    /// The topics, with their numbers of partitions.
    pub topics: Vec<(&'static str, i32)>,
    /// Brokers that the metadata has, too, where nobody listens.
    pub unreachable: Vec<i32>,
}

impl Default for Nature {
    fn default() -> Nature {
        Nature { versions: Vec::new(), topics: vec![("t", 1)], unreachable: Vec::new() }
    }
}

impl ScriptedBroker {
    pub(crate) async fn start(
        nature: Nature,
        script: impl FnMut(&Seen) -> Act + Send + 'static,
    ) -> ScriptedBroker {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Mutex<Box<Script>>> = Arc::new(Mutex::new(Box::new(script)));
        let answering = Answering { nature, port, log: log.clone(), script };
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answering.clone().serve(stream, connection));
            }
        });
        ScriptedBroker { address: format!("127.0.0.1:{port}"), log }
    }

    /// A client of it, with a time in seconds for each operation.
    pub(crate) async fn client(&self, seconds: f64) -> Result<Client, ClientError> {
        let timeout = std::time::Duration::from_secs_f64(seconds);
        let options =
            ClientOptions { bootstrap: vec![self.address.clone()], client_id: "test".into(), timeout };
        Client::connect(options).await
    }

    /// The versions in which an API was asked.
    pub(crate) fn asked(&self, api: ApiKey) -> Vec<i16> {
        self.log.lock().unwrap().iter().filter(|(key, _)| *key == api).map(|(_, version)| *version).collect()
    }
}

#[derive(Clone)]
struct Answering {
    nature: Nature,
    port: u16,
    log: Arc<Mutex<Vec<(ApiKey, i16)>>>,
    script: Arc<Mutex<Box<Script>>>,
}

impl Answering {
    async fn serve(self, mut stream: TcpStream, connection: usize) {
        while let Ok(size) = stream.read_i32().await {
            let mut frame = BytesMut::zeroed(size as usize);
            if stream.read_exact(&mut frame).await.is_err() {
                return;
            }
            match self.act(frame.freeze(), connection) {
                Act::Answer(bytes) => stream.write_all(&bytes).await.unwrap(),
                Act::Close => return,
                Act::Ignore => {}
            }
        }
    }

    fn act(&self, frame: Bytes, connection: usize) -> Act {
        let head = RequestHeader::peek(&frame).unwrap();
        let api = ApiKey::from_i16(head.api_key).unwrap();
        let (version, correlation_id) = (head.api_version, head.correlation_id);
        let seen = Seen { api, version, connection, correlation_id, frame };
        self.log.lock().unwrap().push((api, version));
        match api {
            ApiKey::ApiVersions => self.api_versions(&seen),
            ApiKey::Metadata => seen.answer(&self.metadata()),
            _ => (self.script.lock().unwrap())(&seen),
        }
    }

    fn versions(&self, api: ApiKey) -> Option<RangeInclusive<i16>> {
        let given = self.nature.versions.iter().find(|(key, _)| *key == api);
        given.map_or_else(|| Some(api.versions()), |(_, versions)| versions.clone())
    }

    fn api_versions(&self, seen: &Seen) -> Act {
        let keys = ApiKey::ALL.iter().filter_map(|api| {
            let versions = self.versions(*api)?;
            Some(ApiVersion {
                api_key: api.as_i16(),
                min_version: *versions.start(),
                max_version: *versions.end(),
            })
        });
        let known = self.versions(ApiKey::ApiVersions).is_some_and(|known| known.contains(&seen.version));
        if known {
            return seen.answer(&ApiVersionsResponse { api_keys: keys.collect(), ..Default::default() });
        }
        // In version 0, whatever was asked (KIP-511).
        let error_code = ErrorCode::UnsupportedVersion.as_i16();
        let response = ApiVersionsResponse { error_code, ..Default::default() };
        Act::Answer(encode_response(seen.correlation_id, 0, &response).unwrap().into_bytes())
    }

    fn metadata(&self) -> MetadataResponse {
        let broker = MetadataResponseBroker {
            node_id: 1,
            host: "127.0.0.1".into(),
            port: self.port.into(),
            ..Default::default()
        };
        let nobody = self.nature.unreachable.iter().map(|id| MetadataResponseBroker {
            node_id: *id,
            host: "127.0.0.1".into(),
            port: 1,
            ..Default::default()
        });
        let partition = |index| MetadataResponsePartition {
            partition_index: index,
            leader_id: 1,
            leader_epoch: 4,
            replica_nodes: vec![1],
            isr_nodes: vec![1],
            ..Default::default()
        };
        let topic = |(name, partitions): &(&str, i32)| MetadataResponseTopic {
            name: Some((*name).to_owned()),
            topic_id: TopicId::from_bytes([7; 16]),
            partitions: (0..*partitions).map(partition).collect(),
            ..Default::default()
        };
        MetadataResponse {
            brokers: std::iter::once(broker).chain(nobody).collect(),
            controller_id: 1,
            topics: self.nature.topics.iter().map(topic).collect(),
            ..Default::default()
        }
    }
}
