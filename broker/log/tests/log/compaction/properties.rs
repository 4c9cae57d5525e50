//! Any history of writes and cleanings, against a map.

use std::collections::BTreeMap;

use klamm_model::Offset;
use klamm_records::Compression;
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};
use proptest::{collection, option};

use crate::compaction::support::{Batch, Cleaning, Record, append_batch, clean, keyed, records};
use crate::fixture::{disk, flush, open, small, unclean};

#[derive(Debug, Clone)]
enum Step {
    Write(Vec<(u8, Option<u16>)>, u8),
    Clean { map_slots: usize, later_ms: i64 },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let pairs = collection::vec((0_u8..12, option::weighted(0.8, proptest::num::u16::ANY)), 1..5);
    proptest::prop_oneof![
        12 => (pairs, 0_u8..5).prop_map(|(pairs, codec)| Step::Write(pairs, codec)),
        1 => (4_usize..20, 0_i64..400).prop_map(|(map_slots, later_ms)| Step::Clean { map_slots, later_ms }),
        1 => proptest::strategy::Just(Step::Restart),
    ]
}

fn write(log: &mut klamm_log::Log, pairs: &[(u8, Option<u16>)], codec: u8) -> Vec<Record> {
    let base = log.end_offset();
    let pairs: Vec<(String, Option<String>)> = pairs
        .iter()
        .map(|(key, value)| (format!("key {key}"), value.map(|value| format!("{value} ").repeat(20))))
        .collect();
    let codec = Compression::ALL[usize::from(codec)];
    append_batch(log, &Batch { pairs: pairs.clone(), codec, ..keyed(&[]) });
    let offsets = (0..).map(|n| base.plus(n));
    offsets.zip(pairs).map(|(offset, (key, value))| Record { offset, key, value }).collect()
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 48, ..Default::default() })]

    #[test]
    fn the_newest_of_each_key_is_there_and_nothing_was_invented(steps in collection::vec(step(), 40..160)) {
        let disk = disk();
        let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
        let mut written: BTreeMap<Offset, Record> = BTreeMap::new();
        let (mut cleaned, mut now) = (Offset::ZERO, 1000);
        for step in steps {
            match step {
                Step::Write(pairs, codec) => {
                    let new = write(&mut log, &pairs, codec);
                    written.extend(new.into_iter().map(|record| (record.offset, record)));
                }
                Step::Clean { map_slots, later_ms } => {
                    flush(&mut log);
                    now += later_ms;
                    let cleaning = Cleaning {
                        cleaned: Some(cleaned),
                        map_bytes: map_slots * 24,
                        now,
                        delete_retention_ms: 300,
                        ..Cleaning::default()
                    };
                    cleaned = clean(&mut log, &cleaning).unwrap();
                }
                Step::Restart => {
                    let end = log.close().unwrap();
                    drop(log);
                    log = open(&disk, small(), unclean(Offset::ZERO)).0;
                    prop_assert_eq!(log.end_offset(), end);
                }
            }
        }
        let found = records(&log);
        prop_assert!(found.windows(2).all(|pair| pair[0].offset < pair[1].offset));
        for record in &found {
            prop_assert_eq!(Some(record), written.get(&record.offset));
        }
        // What a reader that begins at the start knows in the end is what one knows that saw every record.
        let state = |records: &mut dyn Iterator<Item = &Record>| {
            let mut state = BTreeMap::new();
            for record in records {
                match &record.value {
                    Some(value) => state.insert(record.key.clone(), (record.offset, value.clone())),
                    None => state.remove(&record.key),
                };
            }
            state
        };
        prop_assert_eq!(state(&mut found.iter()), state(&mut written.values()));
    }
}
