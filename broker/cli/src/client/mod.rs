//! A small Kafka client: one connection to each broker, versions negotiated, everything within a time.
//!
//! ```text
//!   Client --call(target, request)--> Connection --frame--> broker
//!     |-- ApiVersions once for each connection: the highest version that both sides have
//!     |-- Metadata: which broker is where, which leads a partition
//!     `-- retrying: again after a failure that may pass, with growing waits
//! ```

mod bounds;
mod brokers;
mod connection;
mod coordinator;
mod error;
mod leaders;
pub(crate) mod offsets;
mod retry;
#[cfg(test)]
pub(crate) mod scripted;
mod spread;
#[cfg(test)]
mod tests;

pub use bounds::{Bounds, TopicPartition};
use brokers::Brokers;
pub use connection::{Connection, Sent, within};
pub use error::{ClientError, check};
pub use leaders::Topic;
pub use offsets::Isolation;
pub use retry::{Again, Backoff};
pub use spread::{Answers, Outcome};

use std::collections::HashMap;
use std::time::{Duration, Instant};

use klamm_model::BrokerId;
use klamm_wire::messages::metadata::MetadataRequestTopic;
use klamm_wire::messages::{MetadataRequest, MetadataResponse};
use klamm_wire::{Message, Request};

/// How to reach a cluster.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// `host:port` of one broker or several; the first that answers tells of the others.
    pub bootstrap: Vec<String>,
    /// What the client calls itself.
    pub client_id: String,
    /// The time for one operation, retries included.
    pub timeout: Duration,
}

/// Which broker a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Any that answers.
    Any,
    /// The one that changes metadata.
    Controller,
    /// This one.
    Broker(BrokerId),
}

/// A client of one cluster.
#[derive(Debug)]
pub struct Client {
    options: ClientOptions,
    brokers: Brokers,
    bootstrap: Option<Connection>,
    connections: HashMap<BrokerId, Connection>,
    /// When the operation that is under way must be over.
    ends: Option<Instant>,
    /// Whom the last call went to.
    last_address: String,
}

impl Client {
    /// Connects to the first bootstrap address that answers, and learns the brokers.
    ///
    /// # Errors
    /// If none answers; the error has what each said.
    pub async fn connect(options: ClientOptions) -> Result<Client, ClientError> {
        let mut client = Client {
            options,
            brokers: Brokers::default(),
            bootstrap: None,
            connections: HashMap::new(),
            ends: None,
            last_address: String::new(),
        };
        client.metadata(Some(&[]), false).await?;
        Ok(client)
    }

    /// What it was made with.
    pub fn options(&self) -> &ClientOptions {
        &self.options
    }

    /// Sends a request in the highest version that both sides have, and waits for the answer.
    pub async fn call<R: Request>(
        &mut self,
        target: Target,
        request: &R,
    ) -> Result<R::Response, ClientError> {
        self.call_at_most(target, i16::MAX, request).await
    }

    /// The same, in a version of at most `version`.
    pub async fn call_at_most<R: Request>(
        &mut self,
        target: Target,
        version: i16,
        request: &R,
    ) -> Result<R::Response, ClientError> {
        let timeout = self.time_left();
        let connection = self.connection(target).await?;
        let address = connection.address().to_owned();
        let answer = connection.call(request, version, timeout).await;
        self.last_address = address;
        if answer.as_ref().is_err_and(ClientError::breaks_connection) {
            self.forget(target);
        }
        answer
    }

    /// The version in which a request of up to `at_most` would be sent.
    pub async fn version<R: Request>(&mut self, target: Target, at_most: i16) -> Result<i16, ClientError> {
        self.connection(target).await?.version::<R>(at_most)
    }

    /// The brokers that the cluster names.
    pub fn broker_ids(&self) -> Vec<BrokerId> {
        self.brokers.ids()
    }

    /// A connection of its own to a broker, for a caller that pipelines.
    pub async fn dedicated(&self, id: BrokerId) -> Result<Connection, ClientError> {
        let address = self.brokers.address(id).ok_or(ClientError::UnknownBroker { id })?;
        let opened = Connection::open(address, &self.options.client_id, self.time_left()).await;
        opened.map_err(|error| error.of_broker(id))
    }

    /// Asks for brokers and topics: all topics if `topics` is `None`.
    pub async fn metadata(
        &mut self,
        topics: Option<&[String]>,
        create: bool,
    ) -> Result<MetadataResponse, ClientError> {
        let wanted = |name: &String| MetadataRequestTopic { name: Some(name.clone()), ..Default::default() };
        let request = MetadataRequest {
            topics: topics.map(|names| names.iter().map(wanted).collect()),
            allow_auto_topic_creation: create,
            ..MetadataRequest::default()
        };
        let response = self.call(Target::Any, &request).await?;
        self.brokers.update(&response);
        Ok(response)
    }

    fn time_left(&self) -> Duration {
        self.ends.map_or(self.options.timeout, |ends| ends.saturating_duration_since(Instant::now()))
    }

    async fn connection(&mut self, target: Target) -> Result<&mut Connection, ClientError> {
        let id = match target {
            Target::Any => None,
            Target::Controller => self.brokers.controller(),
            Target::Broker(id) => Some(id),
        };
        match id {
            None => self.bootstrap_connection().await,
            Some(id) => {
                if !self.connections.contains_key(&id) {
                    let connection = self.dedicated(id).await?;
                    self.connections.insert(id, connection);
                }
                self.connections.get_mut(&id).ok_or(ClientError::UnknownBroker { id })
            }
        }
    }

    async fn bootstrap_connection(&mut self) -> Result<&mut Connection, ClientError> {
        let connection = match self.bootstrap.take() {
            Some(connection) => connection,
            None => self.first_that_answers().await?,
        };
        Ok(self.bootstrap.insert(connection))
    }

    async fn first_that_answers(&self) -> Result<Connection, ClientError> {
        let mut tried = Vec::new();
        for address in &self.options.bootstrap {
            match Connection::open(address, &self.options.client_id, self.time_left()).await {
                Ok(connection) => return Ok(connection),
                Err(error) => tried.push(error),
            }
        }
        match tried.len() {
            1 => Err(tried.swap_remove(0)),
            _ => Err(ClientError::NoBroker { tried: tried.iter().map(ToString::to_string).collect() }),
        }
    }

    fn forget(&mut self, target: Target) {
        match target {
            Target::Any => self.bootstrap = None,
            Target::Broker(id) => {
                self.connections.remove(&id);
            }
            Target::Controller => {
                self.bootstrap = None;
                if let Some(id) = self.brokers.controller() {
                    self.connections.remove(&id);
                }
            }
        }
    }
}

/// The name of a message's API, for errors.
pub(crate) fn api_of<M: Message>() -> &'static str {
    M::KEY.name()
}
