//! The cleaner by its effects.

mod properties;
pub mod support;
mod swap;
mod tombstones;

use klamm_log::cleaner::{CleanError, CleanRules, Cleanable};
use klamm_model::{LeaderEpoch, Offset, ProducerId, TimestampMs};
use klamm_records::{Compression, batches};

use crate::compaction::support::{
    Batch, Cleaning, NEVER, Record, append_batch, clean, headers, keyed, pairs, record, records,
};
use crate::fixture::{DIR, clean as closed, disk, flush, open, read, small, unclean};

/// Three segments of batches of one record, of keys `a`, `b`, `c` in turn; the active segment has none of them.
fn three_keys(log: &mut klamm_log::Log, batches: i64) {
    for n in 0..batches {
        let key = ["a", "b", "c"][n as usize % 3];
        append_batch(log, &keyed(&[(key, Some(&format!("{n}")))]));
    }
}

#[test]
fn of_each_key_the_newest_record_stays_at_its_offset() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    three_keys(&mut log, 200);
    flush(&mut log);
    let sealed_end = log.cleaning_view(log.end_offset()).assess(None, &NEVER, TimestampMs(0)).unwrap().upto;
    let segments = log.segment_count();
    let tail: Vec<_> = records(&log).into_iter().filter(|record| record.offset >= sealed_end).collect();
    assert_eq!(clean(&mut log, &Cleaning::default()).unwrap(), sealed_end);
    let newest = (sealed_end.0 - 3)..sealed_end.0;
    let expected: Vec<Record> = newest
        .map(|n| record(n, ["a", "b", "c"][n as usize % 3], Some(&format!("{n}"))))
        .chain(tail)
        .collect();
    assert_eq!(records(&log), expected);
    // Segments that are small now become one, the next time.
    assert_eq!(log.segment_count(), segments);
    clean(&mut log, &Cleaning::default()).unwrap();
    assert_eq!((log.segment_count(), records(&log)), (2, expected));
    assert_eq!((log.start_offset(), log.end_offset()), (Offset(0), Offset(200)));
}

#[test]
fn a_fetch_by_any_offset_gives_what_follows() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    three_keys(&mut log, 200);
    flush(&mut log);
    clean(&mut log, &Cleaning::default()).unwrap();
    let all = records(&log);
    for offset in 0..200 {
        let mut at = Offset(offset);
        let mut found = None;
        while found.is_none() && at < log.end_offset() {
            for batch in batches(&read(&log, at, 1).unwrap()) {
                let batch = batch.unwrap();
                assert!(batch.header.base_offset <= at && batch.header.last_offset() >= at);
                let mut inside = batch.records(1 << 20).unwrap();
                while let Some(record) = inside.next_record().unwrap() {
                    found = found.or((record.offset >= Offset(offset)).then_some(record.offset));
                }
                at = batch.header.next_offset();
            }
        }
        let expected = all.iter().map(|record| record.offset).find(|found| found.0 >= offset);
        assert_eq!(found, expected, "from {offset} on");
    }
}

#[test]
fn every_codec_is_packed_again_in_itself() {
    for codec in Compression::ALL {
        let disk = disk();
        let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
        for n in 0..60 {
            let (own, value) = (format!("own {n}"), format!("value {n} ").repeat(20));
            let batch = keyed(&[("shared", Some(&value)), (&own, Some(&value))]);
            append_batch(&mut log, &Batch { codec, time: 1000 + n, ..batch });
        }
        append_batch(&mut log, &keyed(&[("shared", Some(&"x".repeat(5000)))]));
        append_batch(&mut log, &keyed(&[("shared", Some("last"))]));
        flush(&mut log);
        let before = headers(&log);
        clean(&mut log, &Cleaning::default()).unwrap();
        let after = headers(&log);
        let thinned: Vec<_> = after.iter().filter(|header| header.record_count == 1).collect();
        assert!(thinned.len() > 20, "{codec}");
        for header in thinned {
            let old = before.iter().find(|old| old.base_offset == header.base_offset).unwrap();
            assert_eq!(header.attributes, old.attributes, "{codec}");
            assert_eq!(header.max_timestamp, old.max_timestamp);
            assert_eq!((header.last_offset(), header.leader_epoch), (old.last_offset(), old.leader_epoch));
        }
        let own = pairs(&log).into_iter().filter(|(key, _)| key.starts_with("own")).count();
        assert_eq!(own, 60, "{codec}");
    }
}

#[test]
fn what_producers_did_is_known_after_a_restart_as_before() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    for n in 0..100 {
        let batch = keyed(&[("one", Some("of the producers")), ("two", Some("of its records"))]);
        append_batch(&mut log, &Batch { producer: Some((n % 4, 1, n as i32 / 4 * 2)), ..batch });
    }
    append_batch(&mut log, &keyed(&[("x", Some(&"x".repeat(5000)))]));
    append_batch(&mut log, &keyed(&[("x", Some("active"))]));
    flush(&mut log);
    let of = |log: &klamm_log::Log, id: i64| {
        let all = headers(log).into_iter().filter(|header| header.producer_id == ProducerId(id));
        all.map(|header| (header.last_offset(), header.base_sequence, header.last_sequence()))
            .collect::<Vec<_>>()
    };
    let before: Vec<_> = (0..4).map(|id| of(&log, id)).collect();
    let remembered = (0..4).map(|id| {
        let last = before[id as usize].iter().rev().take(5).map(|(last, _, _)| *last);
        (ProducerId(id), last.collect::<Vec<_>>())
    });
    let cleaning = Cleaning { remembered: remembered.collect(), ..Cleaning::default() };
    clean(&mut log, &cleaning).unwrap();
    drop(log);
    let (log, _) = open(&disk, small(), unclean(Offset::ZERO));
    for (id, before) in before.iter().enumerate() {
        assert_eq!(of(&log, id as i64), before[before.len() - 5..], "producer {id}");
    }
}

/// Its newest batch may be gone when a snapshot is read; what it says of producers whose records retention took is said
/// nowhere else.
#[test]
fn a_snapshot_of_batches_that_are_gone_is_still_the_logs() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    for n in 0..60 {
        append_batch(&mut log, &Batch { producer: Some((7, 0, n)), ..keyed(&[("k", Some("v"))]) });
    }
    let entry = |id, last_offset| klamm_log::ProducerSnapshotEntry {
        producer_id: ProducerId(id),
        epoch: klamm_model::ProducerEpoch(0),
        last_sequence: klamm_model::Sequence(5),
        last_offset: Offset(last_offset),
        offset_delta: 0,
        timestamp: TimestampMs(5),
        coordinator_epoch: -1,
        current_txn_first_offset: None,
    };
    let entries = [entry(7, 59), entry(8, 3)];
    log.write_producer_snapshot(Offset(60), &entries).unwrap();
    for n in 60..200 {
        append_batch(&mut log, &Batch { producer: Some((7, 0, n)), ..keyed(&[("k", Some("v"))]) });
    }
    flush(&mut log);
    clean(&mut log, &Cleaning::default()).unwrap();
    drop(log);
    let mut snapshot = None;
    let replay = &mut |event: klamm_log::Replay<'_>| {
        if let klamm_log::Replay::Snapshot { entries, .. } = event {
            snapshot = Some(entries);
        }
    };
    let dir = std::path::Path::new(DIR);
    let disk = std::sync::Arc::new(disk);
    klamm_log::Log::open(disk, dir, small().into(), unclean(Offset::ZERO), replay).unwrap();
    assert_eq!(snapshot.as_deref(), Some(&entries[..]));
}

#[test]
fn leader_epochs_stay_where_they_begin() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    for n in 0..120 {
        append_batch(&mut log, &Batch { epoch: n / 30, ..keyed(&[("k", Some("some value of it"))]) });
    }
    append_batch(&mut log, &Batch { epoch: 4, ..keyed(&[("k", Some(&"x".repeat(5000)))]) });
    append_batch(&mut log, &Batch { epoch: 4, ..keyed(&[("k", Some("active"))]) });
    flush(&mut log);
    clean(&mut log, &Cleaning::default()).unwrap();
    assert!(records(&log).len() < 5);
    let ends =
        |log: &klamm_log::Log| (0..4).map(|n| log.epoch_end_offset(LeaderEpoch(n))).collect::<Vec<_>>();
    let expected = ends(&log);
    assert_eq!(expected[1], Some((LeaderEpoch(1), Offset(60))));
    drop(log);
    // Without the file of the epochs, the log itself tells.
    let path = std::path::Path::new(DIR).join("leader-epoch-checkpoint");
    let _ = klamm_log::Disk::remove_file(&disk, &path);
    let (log, _) = open(&disk, small(), unclean(Offset::ZERO));
    assert_eq!(ends(&log), expected);
}

#[test]
fn a_small_map_cleans_as_far_as_it_goes_and_goes_on_from_there() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    for n in 0..300 {
        append_batch(&mut log, &keyed(&[(&format!("key {}", n % 50), Some(&format!("{n}")))]));
    }
    flush(&mut log);
    let all = log.cleaning_view(log.end_offset()).assess(None, &NEVER, TimestampMs(0)).unwrap().upto;
    let mut cleaned = Offset::ZERO;
    let mut runs = 0;
    while cleaned < all {
        let map_bytes = 24 * 22;
        let next = clean(&mut log, &Cleaning { cleaned: Some(cleaned), map_bytes, ..Cleaning::default() });
        let next = next.unwrap();
        assert!(next > cleaned, "no progress at {cleaned}");
        cleaned = next;
        runs += 1;
    }
    assert!(runs > 3);
    let sealed = pairs(&log).into_iter().collect::<std::collections::BTreeMap<_, _>>();
    for n in 250..300 {
        assert_eq!(sealed[&format!("key {}", n % 50)], Some(n.to_string()));
    }
    // Twenty keys at a time: what is left of the older ones is less than what was there.
    assert!(records(&log).len() < 150, "{}", records(&log).len());
}

#[test]
fn the_dirty_part_ends_where_records_are_young_and_where_the_caller_says() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    for n in 0..200 {
        append_batch(&mut log, &Batch { time: 1000 + n, ..keyed(&[("k", Some("some value of it"))]) });
    }
    flush(&mut log);
    let assess = |bound: i64, cleaned: Option<i64>, rules: CleanRules, now: i64| -> Cleanable {
        let view = log.cleaning_view(Offset(bound));
        view.assess(cleaned.map(Offset), &rules, TimestampMs(now)).unwrap()
    };
    let all = assess(200, None, NEVER, 1200);
    assert_eq!((all.first_dirty, all.clean_bytes), (Offset(0), 0));
    assert!(all.upto > Offset(100) && all.upto < Offset(200) && !all.is_overdue);
    let bounded = assess(all.upto.0 - 1, None, NEVER, 1200);
    assert!(bounded.upto < all.upto && bounded.dirty_bytes < all.dirty_bytes);
    let young = assess(200, None, CleanRules { min_lag_ms: 100, ..NEVER }, 1200);
    assert!(young.upto <= Offset(101) && young.upto > Offset(40), "{young:?}");
    assert!(assess(200, None, CleanRules { max_lag_ms: 150, ..NEVER }, 1200).is_overdue);
    assert!(!assess(200, None, CleanRules { max_lag_ms: 250, ..NEVER }, 1200).is_overdue);
    let half = assess(200, Some(young.upto.0), NEVER, 1200);
    assert_eq!(half.clean_bytes + half.dirty_bytes, all.dirty_bytes);
    assert_eq!(half.first_dirty, young.upto);
    assert_eq!(assess(200, Some(201), NEVER, 1200).first_dirty, Offset(0), "the log never was there");
    assert_eq!(assess(200, Some(all.upto.0), NEVER, 1200).dirty_bytes, 0);
}

#[test]
fn damage_is_told_of_and_not_copied() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    three_keys(&mut log, 200);
    flush(&mut log);
    let first = std::path::Path::new(DIR).join("00000000000000000000.log");
    disk.damage(&first, |bytes| bytes[68] ^= 1).unwrap();
    let before = disk.snapshot();
    assert!(matches!(clean(&mut log, &Cleaning::default()), Err(CleanError::Corrupt(_))));
    assert_eq!(disk.snapshot(), before, "nothing was changed and nothing is left");
    // Where the damage lies in what is clean already, copying finds it.
    let cleaning = Cleaning { cleaned: Some(Offset(150)), ..Cleaning::default() };
    assert!(matches!(clean(&mut log, &cleaning), Err(CleanError::Corrupt(_))));
    assert_eq!(disk.snapshot(), before);
}

#[test]
fn lookups_by_time_pass_over_what_is_gone() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    for n in 0..200 {
        let time = if n == 50 { 9000 } else { 1000 + n };
        let batch = keyed(&[(if n == 10 { "stays" } else { "k" }, Some("some value of it"))]);
        append_batch(&mut log, &Batch { time, producer: Some((7, 0, n as i32)), ..batch });
    }
    flush(&mut log);
    // The record with the largest time goes, and its batch stays without it.
    let remembered = [(ProducerId(7), vec![Offset(50)])].into();
    clean(&mut log, &Cleaning { remembered, ..Cleaning::default() }).unwrap();
    assert!(headers(&log).iter().any(|header| header.base_offset == Offset(50) && header.record_count == 0));
    let end = log.end_offset();
    let find = |query| {
        log.time_view(query, end).find(1 << 20).unwrap().map(|found| (found.offset, found.timestamp.0))
    };
    assert_eq!(find(klamm_log::TimeQuery::MaxTimestamp), Some((Offset(199), 1199)));
    assert_eq!(find(klamm_log::TimeQuery::AtOrAfter(TimestampMs(0))), Some((Offset(10), 1010)));
    let next = records(&log)[1].offset;
    assert_eq!(find(klamm_log::TimeQuery::AtOrAfter(TimestampMs(1011))), Some((next, 1000 + next.0)));
    assert_eq!(find(klamm_log::TimeQuery::AtOrAfter(TimestampMs(5000))), None);
}

/// With `compact,delete`, what compaction has emptied doesn't keep retention from what follows, and isn't taken for old
/// by itself.
#[test]
fn retention_passes_through_segments_without_records() {
    let disk = disk();
    let config = klamm_log::LogConfig { retention_ms: Some(100), ..small() };
    let (mut log, _) = open(&disk, config, unclean(Offset::ZERO));
    for n in 0..200 {
        append_batch(&mut log, &Batch { time: 1000 + n, ..keyed(&[("k", Some("some value of it"))]) });
    }
    flush(&mut log);
    let end = clean(&mut log, &Cleaning::default()).unwrap();
    let segments = log.segment_count();
    assert!(headers(&log)[0].is_filler() && records(&log)[0].offset == end.plus(-1));
    let newest_cleaned = 1000 + end.0 - 1;
    let young = log.enforce_retention(TimestampMs(newest_cleaned + 100), Offset(200)).unwrap();
    assert_eq!((young, log.start_offset()), (vec![], Offset(0)));
    let old = log.enforce_retention(TimestampMs(newest_cleaned + 101), Offset(200)).unwrap();
    assert_eq!((old.len(), log.start_offset()), (segments - 1, end));
}

#[test]
fn a_cleaned_log_can_be_cut_closed_and_opened() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    three_keys(&mut log, 200);
    flush(&mut log);
    clean(&mut log, &Cleaning::default()).unwrap();
    let before = records(&log);
    let end = log.close().unwrap();
    drop(log);
    let (mut log, recovery) = open(&disk, small(), closed(end));
    assert_eq!((records(&log), recovery.truncated_bytes), (before.clone(), 0));
    // In the middle of what is gone: that goes whole.
    let cut = log.truncate_to(Offset(60), TimestampMs(0)).unwrap();
    assert!(cut <= Offset(60) && cut > Offset(30) && log.end_offset() == cut);
    assert_eq!(records(&log), []);
    three_keys(&mut log, 3);
    assert_eq!(records(&log).len(), 3);
}
