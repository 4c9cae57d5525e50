//! Batches that cross over in both directions.

use std::path::Path;

use bytes::Bytes;
use klamm_model::{LeaderEpoch, TimestampMs};
use klamm_records::{BatchHeader, Compression, ProduceRules, ProducerStamp, validate_produced};

use crate::expected::{PRODUCER, our_batch, printed};
use crate::jars::{jars, run};

const RULES: ProduceRules = ProduceRules {
    max_uncompressed_bytes: 1 << 24,
    ..ProduceRules::anything(TimestampMs(1_700_000_000_000))
};

fn is_read_as_kafka_wrote_it(directory: &Path, codec: Compression, count: usize) {
    let bytes = Bytes::from(std::fs::read(directory.join(format!("{codec}.batch"))).unwrap());
    let header = BatchHeader::read(&bytes).unwrap();
    assert_eq!(header.attributes.compression(), Ok(codec));
    assert_eq!((header.record_count, header.leader_epoch), (count as i32, LeaderEpoch(5)), "{codec}");
    let (id, epoch, base_sequence) = (header.producer_id, header.producer_epoch, header.base_sequence);
    assert_eq!(ProducerStamp { id, epoch, base_sequence }, PRODUCER, "{codec}");
    let produced = validate_produced(&bytes, &RULES).unwrap();
    assert_eq!(*produced.header(), header, "{codec}: nothing is to be changed");
    assert_eq!(printed(&bytes), printed(&our_batch(count, Compression::None)), "{codec}");
}

#[test]
fn kafkas_batches_are_read_in_every_codec() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/batches");
    for codec in Compression::ALL {
        is_read_as_kafka_wrote_it(&directory, codec, 60);
    }
}

#[test]
fn an_uncompressed_batch_is_kafkas_byte_for_byte() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/batches/none.batch");
    let mut kafkas = std::fs::read(path).unwrap();
    kafkas[12..16].copy_from_slice(&(-1_i32).to_be_bytes()); // its leader epoch, which a producer does not know
    assert!(our_batch(60, Compression::None) == kafkas);
}

#[test]
fn large_batches_cross_over_in_every_codec() {
    let Some(jars) = jars() else { return };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    run(&jars, &["write", "9000", &path.display().to_string()]);
    let expected = printed(&our_batch(9_000, Compression::None));
    for codec in Compression::ALL {
        is_read_as_kafka_wrote_it(path, codec, 9_000);
        let ours = path.join(format!("{codec}.ours"));
        std::fs::write(&ours, our_batch(9_000, codec)).unwrap();
        let read = run(&jars, &["read", &ours.display().to_string()]);
        assert!(read == expected, "{codec}: Kafka reads {} characters of {}", read.len(), expected.len());
    }
}
