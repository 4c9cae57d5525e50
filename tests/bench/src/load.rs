//! Closed loops: connections that always have the same number of requests under way, all on one thread, so that the
//! driver leaves the machine to the broker.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use hdrhistogram::Histogram;
use klamm_records::batches;
use klamm_wire::messages::fetch::FetchResponse;
use klamm_wire::messages::produce::ProduceResponse;
use klamm_wire::{Response, decode_response};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Result;
use crate::frames::{FETCH_VERSION, PRODUCE_VERSION, fetch, frame};

/// What producers do.
#[derive(Debug, Clone)]
pub struct Load {
    /// The request of each connection.
    pub frames: Vec<Bytes>,
    /// How many requests each connection has under way.
    pub in_flight: usize,
    /// For how long.
    pub time: Duration,
    /// How far ahead of this count of records the producers may be, and how many records a request has.
    pub leash: Option<Leash>,
}

/// Keeps producers near to who reads what they write.
#[derive(Debug, Clone)]
pub struct Leash {
    /// The records that were read.
    pub read: Arc<AtomicI64>,
    /// The records of a request.
    pub of_request: i64,
    /// The most records that are not read yet.
    pub length: i64,
}

impl Leash {
    fn holds(&self, sent: i64) -> bool {
        sent * self.of_request - self.read.load(Ordering::Relaxed) > self.length
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Driven {
    /// How many requests were acknowledged.
    pub requests: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// How long each took, in microseconds.
    pub latencies: Histogram<u64>,
    /// How many were refused; they are among the others.
    pub refused: u64,
}

/// An empty histogram of microseconds, exact to three digits.
pub fn microseconds() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_max(120_000_000, 3)?)
}

struct Connection {
    socket: BufReader<TcpStream>,
    buffer: BytesMut,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Connection> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Connection { socket: BufReader::with_capacity(256, socket), buffer: BytesMut::new() })
    }

    async fn send(&mut self, frame: &[u8]) -> Result<()> {
        Ok(self.socket.get_mut().write_all(frame).await?)
    }

    async fn receive<R: Response>(&mut self, version: i16) -> Result<R> {
        let size = self.socket.read_u32().await? as usize;
        self.buffer.clear();
        self.buffer.resize(size, 0);
        self.socket.read_exact(&mut self.buffer).await?;
        let (_, response) = decode_response(self.buffer.split().freeze(), version)?;
        Ok(response)
    }
}

impl Load {
    /// Runs it; to be called on a runtime of one thread. No write may be refused.
    pub async fn drive(self, address: SocketAddr) -> Result<Driven> {
        match self.answered(address).await? {
            driven if driven.refused == 0 => Ok(driven),
            driven => Err(format!("{} writes were refused", driven.refused).into()),
        }
    }

    /// Runs it, whatever the answers say.
    pub async fn answered(self, address: SocketAddr) -> Result<Driven> {
        let begun = Instant::now();
        let mut producers = JoinSet::new();
        for frame in self.frames {
            producers.spawn(produce(address, frame, self.in_flight, begun + self.time, self.leash.clone()));
        }
        let (mut latencies, mut refused) = (microseconds()?, 0);
        while let Some(producer) = producers.join_next().await {
            let (of_one, refused_of_one) = producer??;
            latencies.add(of_one)?;
            refused += refused_of_one;
        }
        Ok(Driven { requests: latencies.len(), elapsed: begun.elapsed(), latencies, refused })
    }
}

/// How long each request took, and how many were refused.
async fn produce(
    address: SocketAddr,
    frame: Bytes,
    in_flight: usize,
    ends: Instant,
    leash: Option<Leash>,
) -> Result<(Histogram<u64>, u64)> {
    let mut connection = Connection::open(address).await?;
    let (mut latencies, mut refused) = (microseconds()?, 0);
    let (mut sent, mut requests) = (VecDeque::new(), 0);
    loop {
        while sent.len() < in_flight && Instant::now() < ends {
            if leash.as_ref().is_some_and(|leash| leash.holds(requests)) {
                tokio::task::yield_now().await;
                break;
            }
            sent.push_back(Instant::now());
            requests += 1;
            connection.send(&frame).await?;
        }
        let Some(at) = sent.pop_front() else {
            if Instant::now() < ends {
                continue;
            }
            return Ok((latencies, refused));
        };
        let response: ProduceResponse = connection.receive(PRODUCE_VERSION).await?;
        let mut partitions = response.responses.iter().flat_map(|topic| &topic.partition_responses);
        refused += u64::from(partitions.any(|partition| partition.error_code != 0));
        latencies.saturating_record(at.elapsed().as_micros() as u64);
    }
}

/// Reads partition 0 of a topic until `end` records were read, and counts them in `read`; `end` may be set while it reads.
/// Gives the bytes.
pub async fn consume(
    address: SocketAddr,
    topic: String,
    end: Arc<AtomicI64>,
    read: Arc<AtomicI64>,
) -> Result<u64> {
    let mut connection = Connection::open(address).await?;
    let (mut next, mut bytes) = (0, 0);
    while next < end.load(Ordering::Relaxed) {
        connection.send(&frame(FETCH_VERSION, &fetch(&topic, 0, next, 1 << 20))?).await?;
        let response: FetchResponse = connection.receive(FETCH_VERSION).await?;
        let Some(data) = response.responses.into_iter().flat_map(|topic| topic.partitions).next() else {
            continue;
        };
        if data.error_code != 0 {
            return Err(format!("a read was refused with code {}", data.error_code).into());
        }
        let records = data.records.unwrap_or_default().into_bytes();
        // The last batch may be cut off.
        for batch in batches(&records).map_while(Result::ok) {
            next = batch.header.next_offset().0;
            bytes += batch.bytes.len() as u64;
        }
        read.store(next, Ordering::Relaxed);
    }
    Ok(bytes)
}
