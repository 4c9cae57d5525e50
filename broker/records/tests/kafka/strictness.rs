//! The same damaged batches before Kafka's broker and before ours.

use bytes::Bytes;
use klamm_model::TimestampMs;
use klamm_records::{BatchError, BatchHeader, Compression, InvalidReason, ProduceRules, validate_produced};

use crate::expected::our_batch;
use crate::jars::{jars, run};

const DAMAGED: usize = 4_000;

/// Numbers that look random and are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }
}

/// A batch with one to three things wrong with it, mostly with a CRC that fits.
fn damaged(numbers: &mut Numbers) -> Vec<u8> {
    let codec = Compression::ALL[numbers.below(5)];
    let mut bytes = our_batch(1 + numbers.below(12), codec);
    for _ in 0..=numbers.below(3) {
        // The header gets as much attention as all the records.
        let most = if numbers.below(2) == 0 { 61 } else { bytes.len() };
        let at = numbers.below(most);
        bytes[at] = match numbers.below(3) {
            0 => bytes[at] ^ (1 << numbers.below(8)),
            1 => [0, 1, 0x7f, 0x80, 0xff][numbers.below(5)],
            _ => bytes[at].wrapping_add(1),
        };
    }
    match numbers.below(12) {
        0 => bytes.truncate(bytes.len() - 1 - numbers.below(4)),
        1 => bytes.extend_from_slice(&our_batch(1, codec)),
        2 => return bytes,
        _ => {}
    }
    if let Ok(mut header) = BatchHeader::read(&bytes) {
        let end = header.size_bytes().min(bytes.len());
        header.crc = header.compute_crc(&bytes[61..end]);
        bytes[17..21].copy_from_slice(&header.crc.to_be_bytes());
    }
    bytes
}

fn our_verdict(batch: &[u8]) -> Result<(), (String, InvalidReason)> {
    let rules = ProduceRules {
        max_uncompressed_bytes: 1 << 24,
        ..ProduceRules::anything(TimestampMs(1_700_000_000_000))
    };
    let verdict = validate_produced(&Bytes::copy_from_slice(batch), &rules);
    verdict.map(|_| ()).map_err(|refusal| (refusal.error_code().kafka_name(), refusal.reason))
}

/// Where we refuse what Kafka takes: what no client sends, and what no reader could make sense of.
fn is_stricter_on_purpose(reason: &InvalidReason, codec: Option<Compression>) -> bool {
    use InvalidReason::{Batch, DeleteHorizon, LogAppendTime, Producer, Records, Timestamps};
    match reason {
        // Kafka looks at inner offsets of compressed batches only, and rewrites the batch then.
        Records(_)
        // Kafka minds a missing sequence, not a missing epoch or a transaction of nobody.
        | Producer { .. }
        // Kafka overwrites both.
        | DeleteHorizon
        | LogAppendTime
        // With a bound of 2^63-1 ms, Kafka's difference overflows for times of that size.
        | Timestamps => true,
        // Kafka skips keys, values and headers of compressed batches unread, and has other ideas of null.
        Batch(BatchError::Record { what, .. }) => {
            codec != Some(Compression::None) || *what == "has a field of negative length"
        }
        _ => false,
    }
}

#[test]
fn what_kafka_refuses_is_refused() {
    let Some(jars) = jars() else { return };
    let mut numbers = Numbers(3);
    let batches: Vec<Vec<u8>> = (0..DAMAGED).map(|_| damaged(&mut numbers)).collect();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("damaged");
    let framed: Vec<u8> =
        batches.iter().flat_map(|b| [&(b.len() as u32).to_be_bytes()[..], b].concat()).collect();
    std::fs::write(&path, framed).unwrap();
    let verdicts = run(&jars, &["judge", &path.display().to_string()]);
    let verdicts: Vec<&str> = verdicts.lines().collect();
    assert_eq!(verdicts.len(), DAMAGED);

    let mut refused = 0;
    for (batch, kafkas) in batches.iter().zip(verdicts) {
        match our_verdict(batch) {
            Ok(()) => assert_eq!(kafkas, "NONE", "we take what Kafka refuses: {batch:02x?}"),
            Err((code, reason)) if kafkas == "NONE" => {
                let codec = BatchHeader::read(batch).ok().and_then(|h| h.attributes.compression().ok());
                assert!(
                    is_stricter_on_purpose(&reason, codec),
                    "we refuse what Kafka takes: {code} {reason}"
                );
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > DAMAGED / 2, "{refused}");
}
