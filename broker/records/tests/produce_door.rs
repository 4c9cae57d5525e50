//! What passes the door of a topic, and what doesn't: by exact effects.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test can't do without fails it")]

use bytes::{Bytes, BytesMut};
use klamm_model::{ErrorCode, LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_records::{
    BatchBuilder, BatchHeader, BatchView, BuildOptions, Compression, Header, InvalidProduce, ProduceRules,
    ProducerStamp, TimestampType, validate_produced,
};

type Change = fn(&mut BatchHeader);

const NOW: TimestampMs = TimestampMs(1_700_000_000_000);

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
        max_uncompressed_bytes: 100 << 20,
    }
}

fn built(options: BuildOptions) -> Bytes {
    let mut builder = BatchBuilder::new(options);
    let headers = [Header { key: b"h", value: None }];
    builder.append(NOW, Some(b"key"), Some(b"value"), &headers);
    builder.append(TimestampMs(NOW.0 + 500), Some(b"key"), None, &[]);
    builder.append(TimestampMs(NOW.0 + 250), Some(b""), Some(b"third"), &headers);
    builder.build().unwrap()
}

fn batch(compression: Compression) -> Bytes {
    built(BuildOptions { compression, ..BuildOptions::default() })
}

/// The batch with its header changed and its CRC right again.
fn with_header(bytes: &Bytes, change: impl FnOnce(&mut BatchHeader)) -> Bytes {
    let mut header = BatchHeader::read(bytes).unwrap();
    change(&mut header);
    header.crc = header.compute_crc(&bytes[61..]);
    Bytes::from([&header.write()[..], &bytes[61..]].concat())
}

fn refusal(bytes: &Bytes, rules: &ProduceRules) -> InvalidProduce {
    validate_produced(bytes, rules).unwrap_err()
}

#[test]
fn a_good_batch_is_placed_without_touching_what_its_crc_covers() {
    for compression in Compression::ALL {
        let bytes = batch(compression);
        let produced = validate_produced(&bytes, &rules()).unwrap();
        assert_eq!(produced.max_timestamp_delta(), 1, "{compression}");
        let placed = produced.place(Offset(1_000), LeaderEpoch(7));
        let stored = placed.parts().concat();
        assert_eq!(&stored[21..], &bytes[21..]);
        let view = BatchView::read(&stored).unwrap();
        view.verify_crc().unwrap();
        assert_eq!((view.header.base_offset, view.header.next_offset()), (Offset(1_000), Offset(1_003)));
        assert_eq!(view.header.leader_epoch, LeaderEpoch(7));
        let mut records = view.records(1 << 20).unwrap();
        let first = records.next_record().unwrap().unwrap();
        assert_eq!(
            (first.key, first.value, first.offset),
            (Some(&b"key"[..]), Some(&b"value"[..]), Offset(1_000))
        );
        assert_eq!(first.headers, [Header { key: b"h", value: None }]);
        let second = records.next_record().unwrap().unwrap();
        assert_eq!((second.value, second.timestamp), (None, TimestampMs(NOW.0 + 500)));
    }
}

#[test]
fn there_is_exactly_one_batch() {
    let one = batch(Compression::None);
    assert_eq!(refusal(&Bytes::new(), &rules()).error_code(), ErrorCode::InvalidRecord);
    let two = Bytes::from([&one[..], &one[..]].concat());
    assert_eq!(refusal(&two, &rules()).error_code(), ErrorCode::InvalidRecord);
    let cut = one.slice(..one.len() - 1);
    assert_eq!(refusal(&cut, &rules()).error_code(), ErrorCode::InvalidRecord);
}

#[test]
fn a_changed_byte_is_a_corrupt_message() {
    let bytes = batch(Compression::None);
    for position in 17..bytes.len() {
        let mut changed = BytesMut::from(&bytes[..]);
        changed[position] ^= 0x10;
        assert_eq!(
            refusal(&changed.freeze(), &rules()).error_code(),
            ErrorCode::CorruptMessage,
            "{position}"
        );
    }
}

#[test]
fn old_formats_are_named() {
    let with_magic = |magic| {
        let mut bytes = BytesMut::from(&batch(Compression::None)[..]);
        bytes[16] = magic;
        refusal(&bytes.freeze(), &rules())
    };
    assert_eq!(with_magic(0).error_code(), ErrorCode::UnsupportedForMessageFormat);
    let old = with_magic(1);
    assert_eq!(old.error_code(), ErrorCode::UnsupportedForMessageFormat);
    assert!(old.to_string().contains("use a newer client"), "{old}");
    assert_eq!(with_magic(3).error_code(), ErrorCode::CorruptMessage);
}

#[test]
fn headers_that_contradict_themselves_are_refused() {
    let good = batch(Compression::None);

    let changes: [(&str, Change); 9] = [
        ("count", |h| h.record_count = 2),
        ("no records", |h| (h.record_count, h.last_offset_delta) = (0, -1)),
        ("last offset delta", |h| h.last_offset_delta = 5),
        ("control", |h| h.attributes = h.attributes.with_control(true)),
        ("base offset", |h| h.base_offset = Offset(1)),
        ("delete horizon", |h| h.attributes.0 |= 0x40),
        ("producer without sequence", |h| {
            (h.producer_id, h.producer_epoch) = (ProducerId(1), ProducerEpoch(0));
        }),
        ("producer without epoch", |h| (h.producer_id, h.base_sequence) = (ProducerId(1), Sequence(0))),
        ("transaction without producer", |h| h.attributes = h.attributes.with_transactional(true)),
    ];
    for (what, change) in changes {
        let refusal = refusal(&with_header(&good, change), &rules());
        assert_eq!(refusal.error_code(), ErrorCode::InvalidRecord, "{what}");
    }
    let broker_time = with_header(&good, |h| {
        h.attributes = h.attributes.with_timestamp_type(TimestampType::LogAppendTime);
    });
    assert_eq!(refusal(&broker_time, &rules()).error_code(), ErrorCode::InvalidTimestamp);
    let more = with_header(&good, |h| (h.record_count, h.last_offset_delta) = (4, 3));
    assert_eq!(refusal(&more, &rules()).error_code(), ErrorCode::InvalidRecord);
    let codec = with_header(&good, |h| h.attributes.0 |= 5);
    assert_eq!(refusal(&codec, &rules()).error_code(), ErrorCode::InvalidRecord);
    let other_codec = with_header(&good, |h| h.attributes = h.attributes.with_compression(Compression::Zstd));
    assert_eq!(refusal(&other_codec, &rules()).error_code(), ErrorCode::InvalidRecord);
}

#[test]
fn without_a_producer_id_epoch_and_sequence_mean_nothing() {
    // Sarama's batches without idempotence have sequence 0, and those of KafkaJS epoch 0 too.
    let clients: [(&str, Change); 2] = [
        ("Sarama", |h| h.base_sequence = Sequence(0)),
        ("KafkaJS", |h| (h.producer_epoch, h.base_sequence) = (ProducerEpoch(0), Sequence(0))),
    ];
    for (client, change) in clients {
        let bytes = with_header(&batch(Compression::None), change);
        assert!(validate_produced(&bytes, &rules()).is_ok(), "{client}");
    }
}

#[test]
fn records_out_of_place_are_refused_in_every_codec() {
    for compression in Compression::ALL {
        let mut builder = BatchBuilder::new(BuildOptions { compression, ..BuildOptions::default() });
        for offset_delta in [0, 2, 1] {
            builder.append_at(offset_delta, NOW, None, None, &[]);
        }
        let refusal = refusal(&builder.build().unwrap(), &rules());
        assert_eq!(refusal.error_code(), ErrorCode::InvalidRecord, "{compression}");
        assert!(refusal.to_string().contains("count up from 0"), "{refusal}");
    }
}

#[test]
fn the_topics_size_limit_holds() {
    let bytes = batch(Compression::None);
    let exactly = ProduceRules { max_message_bytes: bytes.len() as i32, ..rules() };
    assert!(validate_produced(&bytes, &exactly).is_ok());
    let less = ProduceRules { max_message_bytes: bytes.len() as i32 - 1, ..rules() };
    assert_eq!(refusal(&bytes, &less).error_code(), ErrorCode::MessageTooLarge);
}

#[test]
fn a_compacted_topic_wants_keys_and_says_which_records_have_none() {
    let mut builder = BatchBuilder::new(BuildOptions::default());
    builder.append(NOW, Some(b""), Some(b"v"), &[]);
    builder.append(NOW, None, Some(b"v"), &[]);
    let refusal = refusal(&builder.build().unwrap(), &ProduceRules { compacted: true, ..rules() });
    assert_eq!(refusal.error_code(), ErrorCode::InvalidRecord);
    let blamed: Vec<i32> = refusal.record_errors.iter().map(|(index, _)| *index).collect();
    assert_eq!(blamed, [1]);
}

#[test]
fn all_records_to_blame_are_named_and_a_timestamp_decides_the_code() {
    let mut builder = BatchBuilder::new(BuildOptions::default());
    builder.append(NOW, None, None, &[]);
    builder.append(TimestampMs::NONE, Some(b"no timestamp has no bounds"), None, &[]);
    builder.append(TimestampMs(NOW.0 + 11), Some(b"k"), None, &[]);
    builder.append(TimestampMs(NOW.0 + 11), None, None, &[]);
    let rules = ProduceRules { compacted: true, before_max_ms: 10, after_max_ms: 10, ..rules() };
    let refusal = refusal(&builder.build().unwrap(), &rules);
    assert_eq!(refusal.error_code(), ErrorCode::InvalidTimestamp);
    let blamed: Vec<i32> = refusal.record_errors.iter().map(|(index, _)| *index).collect();
    assert_eq!(blamed, [0, 2, 3]);
}

#[test]
fn an_answer_has_a_bound() {
    let mut builder = BatchBuilder::new(BuildOptions::default());
    for _ in 0..5_000 {
        builder.append(NOW, None, None, &[]);
    }
    let refusal = refusal(&builder.build().unwrap(), &ProduceRules { compacted: true, ..rules() });
    assert_eq!(refusal.record_errors.len(), 100);
}

#[test]
fn timestamps_have_bounds_on_both_sides() {
    let bytes = batch(Compression::Lz4);
    let narrow = ProduceRules { before_max_ms: 0, after_max_ms: 500, ..rules() };
    assert!(validate_produced(&bytes, &narrow).is_ok());
    let ahead = refusal(&bytes, &ProduceRules { after_max_ms: 499, ..rules() });
    assert_eq!((ahead.error_code(), ahead.record_errors.len()), (ErrorCode::InvalidTimestamp, 1));
    let later = TimestampMs(NOW.0 + 251);
    let behind = refusal(&bytes, &ProduceRules { before_max_ms: 0, now: later, ..rules() });
    assert_eq!((behind.error_code(), behind.record_errors.len()), (ErrorCode::InvalidTimestamp, 2));
    let broker_time = ProduceRules {
        timestamp_type: TimestampType::LogAppendTime,
        before_max_ms: 0,
        after_max_ms: 0,
        ..rules()
    };
    assert!(validate_produced(&bytes, &broker_time).is_ok());
}

#[test]
fn log_append_time_is_stamped_and_the_crc_is_right() {
    let stamp =
        ProduceRules { timestamp_type: TimestampType::LogAppendTime, now: TimestampMs(42), ..rules() };
    let placed =
        validate_produced(&batch(Compression::Gzip), &stamp).unwrap().place(Offset(0), LeaderEpoch(0));
    let stored = placed.parts().concat();
    let view = BatchView::read(&stored).unwrap();
    view.verify_crc().unwrap();
    assert_eq!(view.header.attributes.timestamp_type(), TimestampType::LogAppendTime);
    let mut records = view.records(1 << 20).unwrap();
    while let Some(record) = records.next_record().unwrap() {
        assert_eq!(record.timestamp, TimestampMs(42));
    }
}

#[test]
fn a_topics_codec_is_applied_and_the_producers_stamp_is_kept() {
    let stamp = ProducerStamp { id: ProducerId(5), epoch: ProducerEpoch(1), base_sequence: Sequence(9) };
    let bytes = built(BuildOptions { producer: Some(stamp), ..BuildOptions::default() });
    for target in Compression::ALL {
        let rules = ProduceRules { target_compression: Some((target, None)), ..rules() };
        let produced = validate_produced(&bytes, &rules).unwrap();
        let header = produced.header();
        assert_eq!(header.attributes.compression(), Ok(target));
        assert_eq!(
            (header.producer_id, header.base_sequence, header.record_count),
            (ProducerId(5), Sequence(9), 3)
        );
        let stored = produced.place(Offset(0), LeaderEpoch(0)).parts().concat();
        let view = BatchView::read(&stored).unwrap();
        view.verify_crc().unwrap();
        let mut records = view.records(1 << 20).unwrap();
        assert_eq!(records.next_record().unwrap().unwrap().value, Some(&b"value"[..]));
    }
}

#[test]
fn zstd_wants_a_new_enough_request() {
    let old = ProduceRules { zstd_allowed: false, ..rules() };
    assert_eq!(refusal(&batch(Compression::Zstd), &old).error_code(), ErrorCode::UnsupportedCompressionType);
}
