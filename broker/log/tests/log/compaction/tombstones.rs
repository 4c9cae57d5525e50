//! What has no value, what has no records, and what transactions leave.

use klamm_model::{Offset, ProducerId, TimestampMs};

use crate::compaction::support::{
    Batch, Cleaning, append_batch, clean, headers, keyed, pairs, record, records,
};
use crate::fixture::{disk, flush, open, small, unclean};

/// Seals what is there.
fn seal(log: &mut klamm_log::Log) {
    append_batch(log, &keyed(&[("filler", Some(&"x".repeat(5000)))]));
    append_batch(log, &keyed(&[("filler", Some("active"))]));
    flush(log);
}

#[test]
fn a_tombstone_lives_as_long_as_readers_need_to_see_it() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    append_batch(&mut log, &keyed(&[("gone", Some("once")), ("stays", Some("here"))]));
    append_batch(&mut log, &keyed(&[("gone", None)]));
    seal(&mut log);
    let at = |now| Cleaning { now, delete_retention_ms: 500, ..Cleaning::default() };
    let ours = |log: &klamm_log::Log| {
        records(log).into_iter().filter(|record| record.key != "filler").collect::<Vec<_>>()
    };
    let both = [record(1, "stays", Some("here")), record(2, "gone", None)];
    clean(&mut log, &at(10_000)).unwrap();
    assert_eq!(ours(&log), both);
    let tombstone = headers(&log).into_iter().find(|header| header.base_offset == Offset(2)).unwrap();
    assert_eq!(tombstone.delete_horizon(), Some(TimestampMs(10_500)));
    assert_eq!(tombstone.max_timestamp, TimestampMs(1000), "its own time stays");
    // A later cleaning does not put it off.
    clean(&mut log, &at(10_499)).unwrap();
    assert_eq!(ours(&log), both);
    clean(&mut log, &at(10_500)).unwrap();
    assert_eq!(ours(&log), both[..1]);
}

#[test]
fn a_log_that_was_cleaned_is_left_as_it_is() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    for n in 0..40 {
        append_batch(&mut log, &keyed(&[("k", Some("some value")), (&n.to_string(), None)]));
    }
    seal(&mut log);
    clean(&mut log, &Cleaning::default()).unwrap();
    let before = disk.snapshot();
    clean(&mut log, &Cleaning::default()).unwrap();
    assert_eq!(disk.snapshot(), before);
}

#[test]
fn an_aborted_record_stands_for_nothing() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    let of = |id, sequence, marker, batch: Batch| Batch {
        producer: Some((id, 0, sequence)),
        transactional: true,
        marker,
        ..batch
    };
    append_batch(&mut log, &keyed(&[("a", Some("before")), ("b", Some("before"))]));
    append_batch(&mut log, &of(1, 0, None, keyed(&[("a", Some("aborted"))])));
    append_batch(&mut log, &of(2, 0, None, keyed(&[("b", Some("committed"))])));
    append_batch(&mut log, &of(1, -1, Some(0), keyed(&[])));
    append_batch(&mut log, &of(2, -1, Some(1), keyed(&[])));
    seal(&mut log);
    let at = |now| Cleaning { now, delete_retention_ms: 500, ..Cleaning::default() };
    let markers = |log: &klamm_log::Log| {
        let markers = headers(log).into_iter().filter(|header| header.attributes.is_control());
        markers
            .map(|header| (header.producer_id.0, header.delete_horizon().map(|at| at.0)))
            .collect::<Vec<_>>()
    };
    clean(&mut log, &at(1000)).unwrap();
    let found: Vec<_> = pairs(&log).into_iter().filter(|(key, _)| key == "a" || key == "b").collect();
    let value = |key: &str, value: &str| (key.to_owned(), Some(value.to_owned()));
    assert_eq!(found, [value("a", "before"), value("b", "committed")]);
    assert_eq!(markers(&log), [(1, None), (2, None)], "they stay as long as there were records");
    clean(&mut log, &at(2000)).unwrap();
    assert_eq!(markers(&log), [(1, Some(2500)), (2, None)], "one has no records any more");
    clean(&mut log, &at(2500)).unwrap();
    assert_eq!(markers(&log), [(2, None)]);
}

#[test]
fn what_is_not_decided_is_not_cleaned() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    append_batch(&mut log, &keyed(&[("a", Some("before"))]));
    append_batch(&mut log, &keyed(&[("a", Some("after"))]));
    let open_one = Batch { producer: Some((1, 0, 0)), transactional: true, ..keyed(&[("a", Some("open"))]) };
    append_batch(&mut log, &open_one);
    seal(&mut log);
    assert_eq!(clean(&mut log, &Cleaning::default()).unwrap(), Offset(2));
    let values: Vec<_> =
        pairs(&log).into_iter().filter(|(key, _)| key == "a").map(|(_, value)| value).collect();
    assert_eq!(values, [Some("after".to_owned()), Some("open".to_owned())]);
}

#[test]
fn an_empty_batch_stays_while_its_producer_is_remembered() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    for n in 0..6 {
        append_batch(&mut log, &Batch { producer: Some((9, 3, n)), ..keyed(&[("k", Some("v"))]) });
    }
    seal(&mut log);
    append_batch(&mut log, &keyed(&[("k", Some("newest"))]));
    append_batch(&mut log, &keyed(&[("filler", Some(&"x".repeat(5000)))]));
    flush(&mut log);
    let kept = |log: &klamm_log::Log| {
        let all = headers(log).into_iter().filter(|header| header.producer_id == ProducerId(9));
        all.map(|header| (header.base_offset.0, header.base_sequence.0, header.record_count))
            .collect::<Vec<_>>()
    };
    let remembered = [(ProducerId(9), vec![Offset(4), Offset(5)])].into();
    clean(&mut log, &Cleaning { remembered, ..Cleaning::default() }).unwrap();
    assert_eq!(kept(&log), [(4, 4, 0), (5, 5, 0)]);
    clean(&mut log, &Cleaning::default()).unwrap();
    assert_eq!(kept(&log), []);
}
