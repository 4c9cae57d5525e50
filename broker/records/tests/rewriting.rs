//! A produced batch whose records are looked at, left out and changed: by exact effects.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test can't do without fails it")]

use bytes::Bytes;
use klamm_model::{ErrorCode, LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_records::{
    BatchBuilder, BatchView, BuildOptions, Compression, Header, KeptRecord, ProduceRules, ProducedBatch,
    ProducerStamp, TimestampType, UnpackedBatch, validate_produced,
};

const NOW: TimestampMs = TimestampMs(1_700_000_000_000);
const ROOM: usize = 1 << 20;

fn rules() -> ProduceRules {
    ProduceRules {
        max_message_bytes: 1_048_588,
        compacted: false,
        timestamp_type: TimestampType::CreateTime,
        before_max_ms: i64::MAX,
        after_max_ms: 3_600_000,
        target_compression: None,
        zstd_allowed: true,
        now: NOW,
        max_uncompressed_bytes: ROOM,
    }
}

/// Three records: one with headers, a tombstone that is the newest, one with an empty key.
fn produced(compression: Compression, rules: &ProduceRules) -> ProducedBatch {
    let producer = ProducerStamp { id: ProducerId(9), epoch: ProducerEpoch(2), base_sequence: Sequence(40) };
    let options = BuildOptions { compression, producer: Some(producer), ..BuildOptions::default() };
    let mut builder = BatchBuilder::new(options);
    let headers = [Header { key: b"a", value: Some(b"1") }, Header { key: b"b", value: None }];
    builder.append(NOW, Some(b"first"), Some(b"value"), &headers);
    builder.append(TimestampMs(NOW.0 + 500), Some(b"second"), None, &[]);
    builder.append(TimestampMs(NOW.0 + 250), Some(b""), Some(b"third"), &headers[..1]);
    validate_produced(&builder.build().unwrap(), rules).unwrap()
}

fn kept(unpacked: &UnpackedBatch, deltas: &[i32]) -> Vec<KeptRecord<'static>> {
    let own = |bytes: &[u8]| -> &'static [u8] { Box::leak(bytes.to_vec().into_boxed_slice()) };
    let records = unpacked.records().iter().filter(|record| deltas.contains(&record.offset_delta));
    records
        .map(|record| KeptRecord {
            offset_delta: record.offset_delta,
            timestamp: record.timestamp,
            key: record.key.as_ref().map(|key| own(unpacked.piece(key))),
            value: record.value.as_ref().map(|value| own(unpacked.piece(value))),
            headers: unpacked
                .headers_of(record)
                .iter()
                .map(|header| Header { key: own(header.key), value: header.value.map(own) })
                .collect(),
        })
        .collect()
}

/// What a reader of the log sees: offsets, timestamps, keys, values, number of headers.
type Seen = (i64, i64, Option<Vec<u8>>, Option<Vec<u8>>, usize);

fn seen(batch: &ProducedBatch) -> Vec<Seen> {
    let placed = batch.place(Offset(100), LeaderEpoch(4));
    let bytes = placed.parts().concat();
    let view = BatchView::read(&bytes).unwrap();
    view.verify_crc().unwrap();
    let mut records = view.records(ROOM).unwrap();
    let mut seen = Vec::new();
    while let Some(record) = records.next_record().unwrap() {
        let own = |piece: Option<&[u8]>| piece.map(<[u8]>::to_vec);
        seen.push((
            record.offset.0,
            record.timestamp.0,
            own(record.key),
            own(record.value),
            record.headers.len(),
        ));
    }
    seen
}

#[test]
fn every_piece_of_every_record_is_found() {
    for compression in Compression::ALL {
        let batch = produced(compression, &rules());
        let unpacked = batch.unpack(ROOM).unwrap();
        let records = unpacked.records();
        assert_eq!(records.len(), 3, "{compression}");
        let piece = |range: &Option<_>| range.as_ref().map(|range| unpacked.piece(range));
        assert_eq!(piece(&records[0].key), Some(&b"first"[..]));
        assert_eq!((piece(&records[1].key), piece(&records[1].value)), (Some(&b"second"[..]), None));
        assert_eq!(piece(&records[2].key), Some(&b""[..]), "an empty key is not null");
        assert_eq!(records[1].timestamp, TimestampMs(NOW.0 + 500));
        let headers = unpacked.headers_of(&records[0]);
        assert_eq!((headers[0].key, headers[0].value), (&b"a"[..], Some(&b"1"[..])));
        assert_eq!((headers[1].key, headers[1].value), (&b"b"[..], None));
        assert_eq!(unpacked.headers_of(&records[2]).len(), 1);
    }
}

#[test]
fn uncompressed_records_are_not_copied() {
    let batch = produced(Compression::None, &rules());
    assert_eq!(batch.unpack(0).unwrap().bytes().as_ptr(), batch.body().as_ptr());
}

#[test]
fn a_batch_without_some_of_its_records_keeps_its_place_and_its_producer() {
    for compression in Compression::ALL {
        let batch = produced(compression, &rules());
        let unpacked = batch.unpack(ROOM).unwrap();
        let all = seen(&batch);
        for deltas in [&[0][..], &[1], &[2], &[0, 2], &[0, 1, 2]] {
            let thinned = batch.with_records(kept(&unpacked, deltas), &rules()).unwrap();
            let expected: Vec<_> = deltas.iter().map(|delta| all[*delta as usize].clone()).collect();
            assert_eq!(seen(&thinned), expected, "{compression} {deltas:?}");
            let (before, after) = (batch.header(), thinned.header());
            assert_eq!(after.last_offset(), before.last_offset());
            assert_eq!(after.last_sequence(), Sequence(42));
            assert_eq!(
                (after.producer_id, after.producer_epoch),
                (before.producer_id, before.producer_epoch)
            );
            assert_eq!(after.attributes, before.attributes);
            let newest = *deltas.iter().max_by_key(|delta| all[**delta as usize].1).unwrap();
            assert_eq!(
                (after.max_timestamp.0, thinned.max_timestamp_delta()),
                (all[newest as usize].1, newest)
            );
        }
    }
}

#[test]
fn a_batch_without_any_record_is_an_empty_batch_with_the_same_sequences() {
    let batch = produced(Compression::Lz4, &rules());
    let emptied = batch.with_records([], &rules()).unwrap();
    assert_eq!(seen(&emptied), []);
    assert_eq!((emptied.header().record_count, emptied.header().last_offset_delta), (0, 2));
    assert_eq!(emptied.header().last_sequence(), Sequence(42));
}

#[test]
fn the_logs_time_stays_the_logs_time() {
    let log_time = ProduceRules { timestamp_type: TimestampType::LogAppendTime, ..rules() };
    let batch = produced(Compression::None, &log_time);
    let unpacked = batch.unpack(ROOM).unwrap();
    assert_eq!(unpacked.records()[1].timestamp, TimestampMs(NOW.0 + 500), "as its producer says");
    let thinned = batch.with_records(kept(&unpacked, &[1, 2]), &log_time).unwrap();
    assert_eq!(thinned.header().max_timestamp, NOW);
    assert!(seen(&thinned).iter().all(|record| record.1 == NOW.0));
}

#[test]
fn what_the_topic_does_not_allow_is_refused() {
    let batch = produced(Compression::None, &rules());
    let unpacked = batch.unpack(ROOM).unwrap();
    let mut records = kept(&unpacked, &[0, 1]);
    let large = Bytes::from(vec![7; 2_000]);
    records[0].value = Some(&large);
    let small = ProduceRules { max_message_bytes: 1_000, ..rules() };
    let refused = batch.with_records(records.clone(), &small).unwrap_err();
    assert_eq!(refused.error_code(), ErrorCode::MessageTooLarge);
    records[1].key = None;
    let compacted = ProduceRules { compacted: true, ..rules() };
    let refused = batch.with_records(records, &compacted).unwrap_err();
    assert_eq!(refused.error_code(), ErrorCode::InvalidRecord);
    assert_eq!(refused.record_errors[0].0, 1);
}

#[test]
fn a_topic_with_a_codec_of_its_own_gets_it() {
    let batch = produced(Compression::Lz4, &rules());
    let zstd = ProduceRules { target_compression: Some((Compression::Zstd, None)), ..rules() };
    let unpacked = batch.unpack(ROOM).unwrap();
    let packed = batch.with_records(kept(&unpacked, &[0, 1, 2]), &zstd).unwrap();
    assert_eq!(packed.header().attributes.compression().unwrap(), Compression::Zstd);
    assert_eq!(seen(&packed), seen(&batch));
}
