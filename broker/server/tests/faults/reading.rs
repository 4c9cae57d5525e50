//! Reading a partition as a consumer does, and comparing what it gets with what was acknowledged.

use bytes::Bytes;
use klamm_model::ErrorCode;
use klamm_records::{BatchView, batches};
use klamm_wire::messages::fetch::{FetchRequest, FetchTopic};
use klamm_wire::messages::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};

use crate::Client;
use crate::requests::{error, fetch_partition};

/// Asks for where a log starts or ends.
const EARLIEST: i64 = -2;
const LATEST: i64 = -1;

/// A batch as it was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acked {
    pub base_offset: i64,
    pub next_offset: i64,
    pub max_timestamp: i64,
    pub bytes: Bytes,
}

/// Whether these are the bytes of the batch, but for the leader epoch (bytes 12 to 16), which no CRC covers.
pub fn is_batch(acked: &Acked, bytes: &[u8]) -> bool {
    bytes.len() == acked.bytes.len() && bytes[..12] == acked.bytes[..12] && bytes[16..] == acked.bytes[16..]
}

/// What a consumer sees of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Served {
    /// All that was acknowledged, byte for byte.
    Whole,
    /// All up to an offset, and then this error.
    Refused { at: i64, code: ErrorCode },
    /// All up to an offset, where the batch has another CRC than it says: the consumer refuses it.
    CaughtByCrc { at: i64 },
    /// All up to an offset, at which the log ends though more was acknowledged; or it starts later.
    Missing { from: i64, to: i64 },
    /// Something that was never written there.
    Wrong { at: i64 },
}

/// Reads the partition from its start to its end.
pub fn read(client: &mut Client, topic: &str, partition: i32, acked: &[Acked]) -> Served {
    let first = acked[0].base_offset;
    match list(client, topic, partition, EARLIEST) {
        Ok(start) if start > first => return Served::Missing { from: first, to: start },
        Ok(_) => {}
        Err(code) => return Served::Refused { at: first, code },
    }
    let mut left = acked.iter();
    let mut next = left.as_slice().first().map(|batch| batch.base_offset);
    while let Some(at) = next {
        let bytes = match fetch(client, topic, partition, at) {
            Ok(bytes) if bytes.is_empty() => {
                return Served::Missing { from: at, to: acked[acked.len() - 1].next_offset };
            }
            Ok(bytes) => bytes,
            Err(code) => return Served::Refused { at, code },
        };
        for batch in batches(&bytes) {
            let Some(expected) = left.as_slice().first() else { return Served::Wrong { at } };
            let Ok(batch) = batch else { break };
            if !is_sound(&batch) {
                return Served::CaughtByCrc { at: expected.base_offset };
            }
            if !is_batch(expected, batch.bytes) {
                return Served::Wrong { at: expected.base_offset };
            }
            left.next();
        }
        next = left.as_slice().first().map(|batch| batch.base_offset);
    }
    Served::Whole
}

fn is_sound(batch: &BatchView<'_>) -> bool {
    batch.verify_crc().is_ok()
}

/// All batches of a healthy partition.
pub fn read_acked(client: &mut Client, topic: &str, partition: i32) -> Vec<Acked> {
    let mut at = list(client, topic, partition, EARLIEST).unwrap();
    let end = list(client, topic, partition, LATEST).unwrap();
    let mut acked = Vec::new();
    while at < end {
        let bytes = fetch(client, topic, partition, at).unwrap();
        for batch in batches(&bytes) {
            let batch = batch.unwrap();
            acked.push(Acked {
                base_offset: batch.header.base_offset.0,
                next_offset: batch.header.next_offset().0,
                max_timestamp: batch.header.max_timestamp.0,
                bytes: Bytes::copy_from_slice(batch.bytes),
            });
            at = batch.header.next_offset().0;
        }
    }
    acked
}

/// The offset of a timestamp, or of the start or the end.
pub fn list(client: &mut Client, topic: &str, partition: i32, timestamp: i64) -> Result<i64, ErrorCode> {
    let wanted =
        ListOffsetsPartition { partition_index: partition, timestamp, ..ListOffsetsPartition::default() };
    let topic = ListOffsetsTopic { name: topic.to_owned(), partitions: vec![wanted] };
    let request = ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..ListOffsetsRequest::default() };
    let answer = client.call(7, &request).topics.remove(0).partitions.remove(0);
    match error(answer.error_code) {
        ErrorCode::None => Ok(answer.offset),
        code => Err(code),
    }
}

/// Some batches from an offset on; none at the end.
pub fn fetch(client: &mut Client, topic: &str, partition: i32, offset: i64) -> Result<Bytes, ErrorCode> {
    let request = FetchRequest {
        max_bytes: 1 << 20,
        topics: vec![FetchTopic {
            topic: topic.to_owned(),
            partitions: vec![fetch_partition(partition, offset)],
            ..FetchTopic::default()
        }],
        ..FetchRequest::default()
    };
    let answer = client.call(12, &request).responses.remove(0).partitions.remove(0);
    match error(answer.error_code) {
        ErrorCode::None => Ok(answer.records.unwrap_or_default().into_bytes()),
        code => Err(code),
    }
}
