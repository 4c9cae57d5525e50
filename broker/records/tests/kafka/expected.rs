//! The records that `RecordBatches.java` writes, in the words in which it prints them.

use std::fmt::Write;

use klamm_model::{ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_records::{BatchBuilder, BatchView, BuildOptions, Compression, Header, ProducerStamp};

pub const PRODUCER: ProducerStamp =
    ProducerStamp { id: ProducerId(42), epoch: ProducerEpoch(3), base_sequence: Sequence(7) };

/// Our batch of the same `count` records.
pub fn our_batch(count: usize, compression: Compression) -> Vec<u8> {
    let options = BuildOptions { compression, producer: Some(PRODUCER), ..BuildOptions::default() };
    let mut builder = BatchBuilder::new(options);
    for n in 0..count {
        let key = (n % 5 != 0).then(|| format!("key-{n}"));
        let value = (n % 7 != 0).then(|| format!("value-{n} ").repeat(n % 11));
        let header_value = (n % 2 != 0).then(|| n.to_string());
        let headers: Vec<Header<'_>> = [&b"h0"[..], b"h1"][..n % 3]
            .iter()
            .map(|key| Header { key, value: header_value.as_deref().map(str::as_bytes) })
            .collect();
        let timestamp = TimestampMs(1_700_000_000_000 + n as i64 * 37 % 100);
        let (key, value) = (key.as_deref().map(str::as_bytes), value.as_deref().map(str::as_bytes));
        builder.append(timestamp, key, value, &headers);
    }
    builder.build().unwrap().to_vec()
}

/// The records of a batch, as `RecordBatches.java read` prints them.
pub fn printed(batch: &[u8]) -> String {
    let batch = BatchView::read(batch).unwrap();
    batch.verify_crc().unwrap();
    let mut records = batch.records(1 << 24).unwrap();
    let mut out = String::new();
    while let Some(record) = records.next_record().unwrap() {
        write!(out, "{} {} {} {}", record.offset, record.timestamp, hex(record.key), hex(record.value))
            .unwrap();
        for header in &record.headers {
            write!(out, " {}={}", String::from_utf8_lossy(header.key), hex(header.value)).unwrap();
        }
        out.push('\n');
    }
    out
}

fn hex(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else { return "null".to_owned() };
    bytes.iter().fold("x".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}
