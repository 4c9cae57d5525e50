//! Plug-ins, topics that bind them, and records that they understand.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use klamm_model::{ErrorCode, TimestampMs};
use klamm_plugin_host::guests::accepting;
use klamm_records::{BatchBuilder, BuildOptions, Compression};
use klamm_wire::IncrementalAlterConfigsRequest;
use klamm_wire::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};

use crate::Result;
use crate::broker::Broker;
use crate::client::Client;

const ALTER_CONFIGS_VERSION: i16 = 1;
const TOPIC: i8 = 2;
const RECORDS: usize = 64;
const RECORD_BYTES: usize = 1024;
/// The values' bytes of a batch of [`orders`].
pub(super) const BATCH_BYTES: usize = RECORDS * RECORD_BYTES;

/// The filter that is shipped.
pub(super) const JSON_GUARD: &[u8] = include_bytes!("../../../../../plugins/json-guard/json-guard.wasm");

/// A filter that looks at nothing and lets everything pass. So many bytes of it are code that is never called.
pub(super) fn noop(padding_bytes: usize) -> Vec<u8> {
    accepting().padded(padding_bytes).component()
}

/// Pushes a version of a plug-in.
pub(super) fn push(broker: &Broker, name: &str, version: &str, wasm: &[u8]) -> Result<()> {
    let file = tempfile::NamedTempFile::with_suffix(".wasm")?;
    std::fs::write(file.path(), wasm)?;
    let path = file.path().to_str().ok_or("the name of a temporary file is no text")?;
    broker.klamm(&["plugin", "push", path, "--name", name, "--version", version]).map(drop)
}

/// Binds filters to a topic, instead of those that it had.
pub(super) fn bind(client: &mut Client, topic: &str, filters: &str) -> Result<()> {
    let config = AlterableConfig {
        name: "klamm.filters".to_owned(),
        config_operation: 0,
        value: Some(filters.to_owned()),
    };
    let resource =
        AlterConfigsResource { resource_type: TOPIC, resource_name: topic.to_owned(), configs: vec![config] };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    let answer = client.call(ALTER_CONFIGS_VERSION, &request)?.responses.remove(0);
    if answer.error_code == ErrorCode::None.as_i16() {
        return Ok(());
    }
    Err(format!("{filters} can't be bound: {}", answer.error_message.unwrap_or_default()).into())
}

/// A batch of 64 orders in JSON, of 1 KiB each; half of it is noise, so that codecs find something and not all.
pub(super) fn orders(compression: Compression) -> Result<Bytes> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut builder = BatchBuilder::new(BuildOptions { compression, ..BuildOptions::default() });
    for number in 0..RECORDS {
        let mut order = format!(r#"{{"id":{number},"amount":{}.5,"region":"eu","items":["#, number * 7);
        while order.len() + 48 < RECORD_BYTES {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let noise = (0..8).map(|at| char::from(LETTERS[(state >> (6 * at)) as usize % LETTERS.len()]));
            let noise: String = noise.collect();
            write!(order, r#"{{"sku":"{noise}","count":1}},"#)?;
        }
        let left = RECORD_BYTES - order.len() - 4;
        write!(order, r#""{}"]}}"#, "x".repeat(left))?;
        builder.append(TimestampMs(now), None, Some(order.as_bytes()), &[]);
    }
    Ok(builder.build()?)
}

pub(super) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

pub(super) fn median<T: Copy + PartialOrd>(values: &[T]) -> Result<T> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
    sorted.get(sorted.len() / 2).copied().ok_or_else(|| "nothing was measured".into())
}

#[cfg(test)]
mod tests {
    use klamm_records::{Compression, batches};

    use super::{BATCH_BYTES, RECORD_BYTES, RECORDS, median, orders};

    #[test]
    fn orders_are_as_large_as_they_are_said_to_be() {
        let plain = orders(Compression::None).unwrap();
        let batch = batches(&plain).next().unwrap().unwrap();
        let mut records = batch.records(1 << 20).unwrap();
        let mut count = 0;
        while let Some(record) = records.next_record().unwrap() {
            let value = record.value.unwrap();
            assert_eq!(value.len(), RECORD_BYTES);
            assert!(value.starts_with(b"{\"id\":") && value.ends_with(b"\"]}"));
            count += 1;
        }
        assert_eq!(count, RECORDS);
        let packed = orders(Compression::Lz4).unwrap().len();
        assert!((BATCH_BYTES / 4..BATCH_BYTES * 3 / 4).contains(&packed), "{packed} bytes");
    }

    #[test]
    fn the_middle_is_the_median() {
        assert_eq!(median(&[3, 1, 2]).unwrap(), 2);
        assert!(median::<u8>(&[]).is_err());
    }
}
