//! One connection to one broker.

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use klamm_model::ErrorCode;
use klamm_wire::messages::{ApiVersionsRequest, ApiVersionsResponse};
use klamm_wire::{ApiKey, Request, RequestHeader, decode_response, encode_request};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::api_of;
use super::error::ClientError;

/// The largest answer that is taken: what a fetch asks for, and then some.
const MAX_RESPONSE_BYTES: usize = 256 << 20;

/// A connection, with the versions that both sides have.
#[derive(Debug)]
pub struct Connection {
    address: String,
    client_id: String,
    stream: BufReader<TcpStream>,
    versions: HashMap<i16, (i16, i16)>,
    next_correlation_id: i32,
}

/// A request on its way; the answers come in the order of the requests.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    correlation_id: i32,
    version: i16,
}

impl Connection {
    /// Connects and asks for the broker's versions.
    pub async fn open(address: &str, client_id: &str, timeout: Duration) -> Result<Connection, ClientError> {
        let ends = Instant::now() + timeout;
        let connecting = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        let failed =
            |cause: io::Error| ClientError::Connect { address: address.to_owned(), broker: None, cause };
        let late = || failed(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"));
        let stream = tokio::time::timeout(timeout, connecting).await.map_err(|_| late())?.map_err(failed)?;
        let mut connection = Connection {
            address: address.to_owned(),
            client_id: client_id.to_owned(),
            stream: BufReader::with_capacity(64 * 1024, stream),
            versions: HashMap::new(),
            next_correlation_id: 0,
        };
        let negotiating = tokio::time::timeout_at(ends.into(), connection.negotiate());
        negotiating.await.map_err(|_| late())??;
        Ok(connection)
    }

    /// `host:port` of the broker.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A broker that doesn't know our version of ApiVersions answers in version 0 with its own (KIP-511).
    async fn negotiate(&mut self) -> Result<(), ClientError> {
        let newest = *ApiKey::ApiVersions.versions().end();
        let request = ApiVersionsRequest {
            client_software_name: "klamm".into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
        };
        self.versions.insert(ApiKey::ApiVersions.as_i16(), (0, newest));
        let mut response = self.api_versions(&request, newest).await?;
        if response.error_code == ErrorCode::UnsupportedVersion.as_i16() {
            response = self.api_versions(&request, 0).await?;
        }
        super::check(response.error_code, None, format!("asking {} for its versions", self.address))?;
        self.versions =
            response.api_keys.iter().map(|api| (api.api_key, (api.min_version, api.max_version))).collect();
        Ok(())
    }

    async fn api_versions(
        &mut self,
        request: &ApiVersionsRequest,
        version: i16,
    ) -> Result<ApiVersionsResponse, ClientError> {
        self.send_in(request, version).await?;
        let frame = self.read_frame(api_of::<ApiVersionsRequest>()).await?;
        // The answer to an unknown version is in version 0.
        let unsupported = frame.get(4..6) == Some(&ErrorCode::UnsupportedVersion.as_i16().to_be_bytes()[..]);
        self.decode::<ApiVersionsRequest>(frame, if unsupported { 0 } else { version })
    }

    /// Sends a request and waits for the answer.
    pub async fn call<R: Request>(
        &mut self,
        request: &R,
        at_most: i16,
        timeout: Duration,
    ) -> Result<R::Response, ClientError> {
        let address = self.address.clone();
        let working = async {
            let sent = self.send_at_most(request, at_most).await?;
            self.receive::<R>(sent).await
        };
        within(timeout, || format!("{} at {address}", api_of::<R>()), working).await
    }

    /// Sends a request without waiting for the answer.
    pub async fn send<R: Request>(&mut self, request: &R) -> Result<Sent, ClientError> {
        self.send_at_most(request, i16::MAX).await
    }

    async fn send_at_most<R: Request>(&mut self, request: &R, at_most: i16) -> Result<Sent, ClientError> {
        let version = self.version::<R>(at_most)?;
        self.send_in(request, version).await
    }

    async fn send_in<R: Request>(&mut self, request: &R, version: i16) -> Result<Sent, ClientError> {
        let correlation_id = self.next_correlation_id;
        self.next_correlation_id = correlation_id.wrapping_add(1);
        let header = RequestHeader {
            api_key: R::KEY.as_i16(),
            api_version: version,
            correlation_id,
            client_id: Some(self.client_id.clone()),
        };
        let api = api_of::<R>();
        let frame = encode_request(&header, request).map_err(|cause| ClientError::Encode {
            address: self.address.clone(),
            api,
            cause,
        })?;
        for chunk in &frame.chunks {
            self.stream.write_all(chunk).await.map_err(|cause| self.disconnected(api, cause))?;
        }
        Ok(Sent { correlation_id, version })
    }

    /// Waits for the answer to the oldest request that has none yet, which `sent` must be.
    pub async fn receive<R: Request>(&mut self, sent: Sent) -> Result<R::Response, ClientError> {
        let frame = self.read_frame(api_of::<R>()).await?;
        let correlation_id = frame.first_chunk::<4>().map(|id| i32::from_be_bytes(*id));
        if correlation_id != Some(sent.correlation_id) {
            let cause = io::Error::new(io::ErrorKind::InvalidData, "the answer is to another request");
            return Err(self.disconnected(api_of::<R>(), cause));
        }
        self.decode::<R>(frame, sent.version)
    }

    fn decode<R: Request>(&self, frame: Bytes, version: i16) -> Result<R::Response, ClientError> {
        let decoded = decode_response::<R::Response>(frame, version);
        decoded
            .map(|(_, response)| response)
            .map_err(|cause| ClientError::Decode { address: self.address.clone(), cause })
    }

    async fn read_frame(&mut self, api: &'static str) -> Result<Bytes, ClientError> {
        let reading = async {
            let size = self.stream.read_i32().await?;
            let size = usize::try_from(size).ok().filter(|size| (4..=MAX_RESPONSE_BYTES).contains(size));
            let size = size.ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, "the answer has an impossible size")
            })?;
            let mut frame = BytesMut::with_capacity(size.min(1 << 20));
            while frame.len() < size {
                let missing = (size - frame.len()) as u64;
                if (&mut self.stream).take(missing).read_buf(&mut frame).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Ok(frame.freeze())
        };
        reading.await.map_err(|cause| self.disconnected(api, cause))
    }

    /// The highest version of `R` that both sides have, up to `at_most`.
    pub(super) fn version<R: Request>(&self, at_most: i16) -> Result<i16, ClientError> {
        let ours = R::VERSIONS;
        let theirs = self.versions.get(&R::KEY.as_i16());
        let best = theirs.map(|(_, last)| at_most.min(*last).min(*ours.end()));
        let usable =
            |version: &i16| ours.contains(version) && theirs.is_some_and(|(first, _)| first <= version);
        best.filter(usable).ok_or_else(|| ClientError::MissingApi {
            address: self.address.clone(),
            api: api_of::<R>(),
            ours: format!("{} to {}", ours.start(), ours.end()),
            theirs: theirs.map_or_else(|| "none".to_owned(), |(first, last)| format!("{first} to {last}")),
        })
    }

    fn disconnected(&self, api: &'static str, cause: io::Error) -> ClientError {
        ClientError::Disconnected { address: self.address.clone(), api, cause }
    }
}

/// What `working` gives, if it does in time. If not, its connection is in the middle of something and of no more use.
pub async fn within<T>(
    timeout: Duration,
    doing: impl FnOnce() -> String,
    working: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    match tokio::time::timeout(timeout, working).await {
        Ok(result) => result,
        Err(_) => Err(ClientError::Timeout { doing: doing(), timeout }),
    }
}
