//! Batches that are small on the wire and grow without bound when they are decompressed.

#![allow(clippy::unwrap_used, reason = "what a test can't do without fails it")]

use std::io::Write;

use allocation_counter::measure;
use bytes::Bytes;
use klamm_model::{ErrorCode, TimestampMs};
use klamm_records::{
    Attributes, BatchBuilder, BatchHeader, BatchView, BuildOptions, Compression, ProduceRules,
    validate_produced,
};

const MIB: usize = 1 << 20;
const BOMB_BYTES: usize = 48 * MIB;

fn rules(max_uncompressed_bytes: usize) -> ProduceRules {
    ProduceRules { max_uncompressed_bytes, ..ProduceRules::anything(TimestampMs(0)) }
}

/// A valid batch of one record of zeros, in `codec`.
fn bomb(codec: Compression) -> Bytes {
    let mut builder = BatchBuilder::new(BuildOptions { compression: codec, ..BuildOptions::default() });
    builder.append(TimestampMs(0), None, Some(&vec![0; BOMB_BYTES]), &[]);
    builder.build().unwrap()
}

fn with_body(codec: Compression, body: &[u8]) -> Bytes {
    let mut builder = BatchBuilder::new(BuildOptions::default());
    builder.append(TimestampMs(0), None, None, &[]);
    let mut header = BatchHeader::read(&builder.build().unwrap()).unwrap();
    header.attributes = Attributes::default().with_compression(codec);
    header.batch_length = (61 - 12 + body.len()) as i32;
    header.crc = header.compute_crc(body);
    Bytes::from([&header.write()[..], body].concat())
}

/// The most bytes held at one time. (zstd's own window is C memory, which `ZSTD_WINDOW_LOG_MAX` bounds.)
fn peak_bytes(work: impl FnOnce()) -> usize {
    measure(work).bytes_max as usize
}

fn validation_holds_at_most(codec: Compression, most: usize) {
    let bytes = bomb(codec);
    let generous = rules(2 * BOMB_BYTES);
    let peak = peak_bytes(|| assert!(validate_produced(&bytes, &generous).is_ok()));
    assert!(peak <= most, "{codec}: {peak} bytes held to validate {}", bytes.len());
}

fn a_bomb_is_refused_within_its_limit(codec: Compression) {
    let bytes = bomb(codec);
    let strict = rules(8 * MIB);
    let peak = peak_bytes(|| {
        let refusal = validate_produced(&bytes, &strict).unwrap_err();
        assert_eq!(refusal.error_code(), ErrorCode::MessageTooLarge, "{codec}: {refusal}");
        assert!(refusal.to_string().contains("grow beyond 8388608 bytes"), "{codec}: {refusal}");
    });
    assert!(peak <= 9 * MIB, "{codec}: {peak}");
    let reading = peak_bytes(|| {
        assert!(BatchView::read(&bytes).unwrap().records(8 * MIB).is_err(), "{codec}");
    });
    assert!(reading <= 25 * MIB, "{codec}: {reading}"); // a growing buffer is copied as it doubles
}

#[test]
fn gzip_is_validated_in_a_fixed_window() {
    validation_holds_at_most(Compression::Gzip, MIB);
    a_bomb_is_refused_within_its_limit(Compression::Gzip);
}

#[test]
fn lz4_is_validated_block_by_block() {
    validation_holds_at_most(Compression::Lz4, MIB);
    a_bomb_is_refused_within_its_limit(Compression::Lz4);
}

#[test]
fn zstd_is_validated_in_a_fixed_window() {
    validation_holds_at_most(Compression::Zstd, MIB);
    a_bomb_is_refused_within_its_limit(Compression::Zstd);
}

#[test]
fn snappy_is_validated_block_by_block() {
    validation_holds_at_most(Compression::Snappy, MIB);
    a_bomb_is_refused_within_its_limit(Compression::Snappy);
}

#[test]
fn a_raw_snappy_block_beyond_the_limit_is_refused_before_it_is_decompressed() {
    let raw = snap::raw::Encoder::new().compress_vec(&vec![0; BOMB_BYTES]).unwrap();
    let bytes = with_body(Compression::Snappy, &raw);
    let peak = peak_bytes(|| {
        let refusal = validate_produced(&bytes, &rules(8 * MIB)).unwrap_err();
        assert_eq!(refusal.error_code(), ErrorCode::MessageTooLarge, "{refusal}");
    });
    assert!(peak <= MIB, "{peak}");
}

#[test]
fn a_gzip_bomb_within_a_record_that_never_ends_is_refused() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    // A record that says it has 2 GiB less one byte.
    encoder.write_all(&[0xfe, 0xff, 0xff, 0xff, 0x0f]).unwrap();
    encoder.write_all(&vec![0; BOMB_BYTES]).unwrap();
    let bytes = with_body(Compression::Gzip, &encoder.finish().unwrap());
    let peak = peak_bytes(|| {
        let refusal = validate_produced(&bytes, &rules(usize::MAX)).unwrap_err();
        assert_eq!(refusal.error_code(), ErrorCode::InvalidRecord, "{refusal}");
    });
    assert!(peak <= MIB, "{peak}");
}

#[test]
fn counts_that_lie_reserve_nothing() {
    // 2^31-1 records, and a record of 2^31-1 headers, in a batch of a hundred bytes.
    let record = [0x1e_u8, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0];
    let one = with_body(Compression::None, &record);
    let mut header = BatchHeader::read(&one).unwrap();
    (header.record_count, header.last_offset_delta) = (i32::MAX, i32::MAX - 1);
    header.crc = header.compute_crc(&record);
    let many = Bytes::from([&header.write()[..], &record].concat());
    for bytes in [one, many] {
        let peak = peak_bytes(|| {
            let refusal = validate_produced(&bytes, &rules(MIB)).unwrap_err();
            assert!(refusal.to_string().contains("headers"), "{refusal}");
            assert!(BatchView::read(&bytes).unwrap().records(MIB).unwrap().next_record().is_err());
        });
        assert!(peak <= 4_096, "{peak}");
    }
}

#[test]
fn what_a_topic_packs_anew_passes_through_and_is_never_held() {
    for codec in [Compression::Gzip, Compression::Lz4, Compression::Zstd, Compression::Snappy] {
        let bytes = bomb(codec);
        for target in Compression::ALL.into_iter().filter(|target| *target != codec) {
            let target_compression = Some((target, None));
            let rules =
                ProduceRules { target_compression, max_message_bytes: 8 << 20, ..rules(2 * BOMB_BYTES) };
            let peak = peak_bytes(|| match (validate_produced(&bytes, &rules), target) {
                (Err(refusal), Compression::None) => {
                    assert_eq!(refusal.error_code(), ErrorCode::MessageTooLarge, "{refusal}");
                }
                (validated, _) => assert!(validated.is_ok(), "{codec} to {target}: {validated:?}"),
            });
            assert!(peak <= 18 * MIB, "{codec} to {target}: {peak} bytes held");
        }
    }
}
