//! Any records survive any codec; any bytes get an answer.

#![allow(clippy::unwrap_used, reason = "what a test can't do without fails it")]

use bytes::{Bytes, BytesMut};
use klamm_model::{LeaderEpoch, Offset, TimestampMs};
use klamm_records::{
    BatchBuilder, BatchHeader, BatchView, BuildOptions, Compression, Header, ProduceRules, TimestampType,
    batches, validate_produced,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

type Field = Option<Vec<u8>>;
type OwnedRecord = (i64, Field, Field, Vec<(Vec<u8>, Field)>);

const RULES: ProduceRules = ProduceRules {
    max_uncompressed_bytes: 1 << 24,
    ..ProduceRules::anything(TimestampMs(1_700_000_000_000))
};

/// The topic puts its own time in, so that records may have any.
const ANY_TIME: ProduceRules = ProduceRules { timestamp_type: TimestampType::LogAppendTime, ..RULES };

fn records() -> impl Strategy<Value = Vec<OwnedRecord>> {
    let field = || option::of(vec(any::<u8>(), 0..200));
    // Mostly sane, and sometimes anything that has 64 bits.
    let timestamp = prop_oneof![9 => 0..2_000_000_000_000_i64, 1 => any::<i64>()];
    let headers = vec((vec(any::<u8>(), 0..20), field()), 0..4);
    vec((timestamp, field(), field(), headers), 1..40)
}

fn build(records: &[OwnedRecord], compression: Compression) -> Bytes {
    let mut builder = BatchBuilder::new(BuildOptions { compression, ..BuildOptions::default() });
    for (timestamp, key, value, headers) in records {
        let headers: Vec<Header<'_>> =
            headers.iter().map(|(key, value)| Header { key, value: value.as_deref() }).collect();
        builder.append(TimestampMs(*timestamp), key.as_deref(), value.as_deref(), &headers);
    }
    builder.build().unwrap()
}

fn read(bytes: &[u8]) -> Vec<OwnedRecord> {
    let mut records = BatchView::read(bytes).unwrap().records(1 << 24).unwrap();
    let mut all = Vec::new();
    while let Some(record) = records.next_record().unwrap() {
        let headers = record.headers.iter().map(|h| (h.key.to_vec(), h.value.map(<[u8]>::to_vec))).collect();
        all.push((
            record.timestamp.0,
            record.key.map(<[u8]>::to_vec),
            record.value.map(<[u8]>::to_vec),
            headers,
        ));
    }
    all
}

/// Reads whatever can be read, and must come to an end.
fn exhaust(bytes: &Bytes) {
    let _ = validate_produced(bytes, &RULES);
    let recompressing = ProduceRules { target_compression: Some((Compression::Lz4, None)), ..RULES };
    let _ = validate_produced(
        bytes,
        &ProduceRules { timestamp_type: TimestampType::LogAppendTime, ..recompressing },
    );
    for batch in batches(bytes).flatten() {
        let _ = (batch.header.next_offset(), batch.header.last_sequence());
        let Ok(mut records) = batch.records(1 << 24) else { continue };
        while let Ok(Some(_)) = records.next_record() {}
    }
}

proptest! {
    #[test]
    fn records_survive_every_codec(records in records()) {
        for compression in Compression::ALL {
            let bytes = build(&records, compression);
            let placed = validate_produced(&bytes, &ANY_TIME).unwrap().place(Offset(0), LeaderEpoch(0));
            prop_assert_eq!(&placed.parts().concat()[61..], &bytes[61..]);
            prop_assert_eq!(&read(&bytes), &records);
        }
    }

    #[test]
    fn a_changed_byte_is_noticed_wherever_the_crc_covers_it(records in records(), at: prop::sample::Index, xor in 1..=255_u8, codec in 0..5_i16) {
        let bytes = build(&records, Compression::from_code(codec).unwrap());
        let mut changed = BytesMut::from(&bytes[..]);
        let at = at.index(changed.len());
        changed[at] ^= xor;
        let passes = validate_produced(&changed.freeze(), &ANY_TIME).is_ok();
        // Only the leader epoch, which the broker overwrites, is neither covered nor checked.
        prop_assert_eq!(passes, (12..16).contains(&at), "byte {}", at);
    }

    #[test]
    fn a_changed_byte_gets_an_answer_even_with_a_right_crc(records in records(), at: prop::sample::Index, xor in 1..=255_u8, codec in 0..5_i16) {
        let bytes = build(&records, Compression::from_code(codec).unwrap());
        let mut changed = BytesMut::from(&bytes[..]);
        let at = at.index(changed.len());
        changed[at] ^= xor;
        if let Ok(mut header) = BatchHeader::read(&changed) {
            header.crc = header.compute_crc(&changed[61..]);
            let fixed = header.write();
            changed[..61].copy_from_slice(&fixed);
        }
        exhaust(&changed.freeze());
    }

    #[test]
    fn any_body_gets_an_answer(body in vec(any::<u8>(), 0..500), codec in 0..8_i16, count in 0..50_i32) {
        let template = build(&[(0, None, None, Vec::new())], Compression::None);
        let mut header = BatchHeader::read(&template).unwrap();
        header.attributes.0 = codec;
        (header.record_count, header.last_offset_delta) = (count, count - 1);
        header.batch_length = (61 - 12 + body.len()) as i32;
        header.crc = header.compute_crc(&body);
        exhaust(&Bytes::from([&header.write()[..], &body].concat()));
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in vec(any::<u8>(), 0..500)) {
        exhaust(&Bytes::from(bytes));
    }
}
