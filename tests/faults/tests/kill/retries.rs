//! Batches that are sent again after a kill, request by request: what an idempotent producer's client does when no answer came.

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use klamm_conformance::{BrokerOptions, TestBroker};
use klamm_faults::{Client, PATIENCE, Random, kills, pause, seed};
use klamm_model::{ErrorCode, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_records::{BatchBuilder, BuildOptions, Compression, ProducerStamp};
use klamm_wire::messages::ProduceResponse;

use crate::requests::{create_topic, end_offset, error, produce, produced, producer_id};

const CODECS: [Compression; 5] = Compression::ALL;
const TOPIC: &str = "retries";
/// Records in a batch.
const RECORDS: i32 = 3;
/// A client may have so many requests in flight, and a broker remembers so many batches.
const IN_FLIGHT: i32 = 5;

/// An idempotent producer that writes to one partition.
#[derive(Clone, Copy)]
struct Producer {
    id: ProducerId,
    epoch: i16,
    partition: i32,
    codec: Compression,
}

impl Producer {
    /// Its batch with this number; its timestamps are years old, as those of copied records are.
    fn batch(self, number: i32) -> Bytes {
        let base_sequence = Sequence(number * RECORDS);
        let stamp = ProducerStamp { id: self.id, epoch: ProducerEpoch(self.epoch), base_sequence };
        batch(
            BuildOptions { producer: Some(stamp), compression: self.codec, ..BuildOptions::default() },
            number,
        )
    }

    fn send(self, client: &mut Client, number: i32) -> Result<i64, ErrorCode> {
        produce(client, TOPIC, self.partition, self.batch(number)).unwrap()
    }
}

fn batch(options: BuildOptions, number: i32) -> Bytes {
    let mut builder = BatchBuilder::new(options);
    for n in 0..RECORDS {
        let value = format!("{number}/{n} ").repeat(100);
        builder.append(TimestampMs(1_500_000_000_000), Some(b"key"), Some(value.as_bytes()), &[]);
    }
    builder.build().unwrap()
}

/// A broker whose segments roll after 16 batches (each of 4 KB and more has a place in the index), so that producers' states come from snapshots as well as from the log.
fn start_broker() -> (TestBroker, Client) {
    let broker = BrokerOptions::new().set("log.index.size.max.bytes", "128").start();
    let mut client = Client::connect(&broker.bootstrap()).unwrap();
    create_topic(&mut client, TOPIC, CODECS.len() as i32);
    (broker, client)
}

/// Plain batches that push those before them into an older segment.
fn roll(client: &mut Client, partition: i32) {
    for _ in 0..18 {
        let mut builder = BatchBuilder::new(BuildOptions::default());
        builder.append(TimestampMs(1_500_000_000_000), None, Some(&[b'x'; 5_000]), &[]);
        client.send(12, &produced(TOPIC, partition, builder.build().unwrap())).unwrap();
    }
    for _ in 0..18 {
        let answer: ProduceResponse = client.receive(12).unwrap();
        assert_eq!(error(answer.responses[0].partition_responses[0].error_code), ErrorCode::None);
    }
}

/// The producers' states are saved behind the scenes.
fn wait_for_snapshot(broker: &TestBroker, partition: i32) {
    let directory = broker.data_dir().join(format!("{TOPIC}-{partition}"));
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut files = std::fs::read_dir(&directory).unwrap().map(|file| file.unwrap().path());
        if files.any(|file| file.extension().is_some_and(|kind| kind == "snapshot")) {
            return;
        }
        assert!(Instant::now() < deadline, "no snapshot of the producers in {}", directory.display());
        pause(Duration::from_millis(5));
    }
}

#[test]
fn an_answered_batch_is_answered_the_same_after_a_kill() {
    let (mut broker, mut client) = start_broker();
    for (partition, codec) in (0..).zip(CODECS) {
        let id = producer_id(&mut client).unwrap();
        let producer = Producer { id, epoch: 0, partition, codec };
        let mut bases = Vec::new();
        for number in 0..2 * IN_FLIGHT {
            bases.push(producer.send(&mut client, number).unwrap());
            // The remembered batches are all in the snapshot, or some are after it.
            if number == 2 * IN_FLIGHT - 1 - partition {
                roll(&mut client, partition);
            }
        }
        wait_for_snapshot(&broker, partition);
        let end = end_offset(&mut client, TOPIC, partition).unwrap();
        for _ in 0..2 {
            broker.kill_and_restart();
            client = Client::connect(&broker.bootstrap()).unwrap();
            for number in IN_FLIGHT..2 * IN_FLIGHT {
                assert_eq!(
                    producer.send(&mut client, number),
                    Ok(bases[number as usize]),
                    "{codec:?} {number}"
                );
            }
            for wrong in [0, IN_FLIGHT - 1, 2 * IN_FLIGHT + 1, 100] {
                let refused = producer.send(&mut client, wrong);
                assert_eq!(refused, Err(ErrorCode::OutOfOrderSequenceNumber), "{codec:?} {wrong}");
            }
            assert_eq!(end_offset(&mut client, TOPIC, partition).unwrap(), end, "nothing was appended");
        }
        assert_eq!(producer.send(&mut client, 2 * IN_FLIGHT), Ok(end), "the next in sequence is");
    }
}

#[test]
fn an_older_epoch_stays_fenced_after_a_kill() {
    let (mut broker, mut client) = start_broker();
    let id = producer_id(&mut client).unwrap();
    let old = Producer { id, epoch: 0, partition: 0, codec: Compression::None };
    let new = Producer { epoch: 1, ..old };
    old.send(&mut client, 0).unwrap();
    let base = new.send(&mut client, 0).unwrap();
    broker.kill_and_restart();
    let mut client = Client::connect(&broker.bootstrap()).unwrap();
    assert_eq!(old.send(&mut client, 1), Err(ErrorCode::InvalidProducerEpoch));
    assert_eq!(new.send(&mut client, 0), Ok(base));
}

#[test]
fn a_batch_whose_answer_nobody_read_is_there_once() {
    let (mut broker, mut client) = start_broker();
    let (rounds, seed) = (kills(), seed());
    let mut random = Random::new(seed);
    let id = producer_id(&mut client).unwrap();
    let mut written = 0;
    for round in 0..rounds as i32 {
        // Only this producer writes here: the sequence is the offset.
        let producer =
            |n: i32| Producer { id, epoch: 0, partition: 0, codec: CODECS[n as usize % CODECS.len()] };
        let numbers = round * IN_FLIGHT..(round + 1) * IN_FLIGHT;
        for number in numbers.clone() {
            client.send(12, &produced(TOPIC, 0, producer(number).batch(number))).unwrap();
        }
        pause(Duration::from_micros(random.below(4_000)));
        broker.kill_and_restart();
        client = Client::connect(&broker.bootstrap()).unwrap();
        let found = end_offset(&mut client, TOPIC, 0).unwrap() - i64::from(numbers.start * RECORDS);
        assert!((0..=i64::from(IN_FLIGHT * RECORDS)).contains(&found), "KLAMM_SEED={seed}: {found}");
        assert_eq!(found % i64::from(RECORDS), 0, "KLAMM_SEED={seed}: a batch is there or not");
        written += found / i64::from(RECORDS);
        for number in numbers.clone() {
            let base = producer(number).send(&mut client, number);
            assert_eq!(base, Ok(i64::from(number * RECORDS)), "KLAMM_SEED={seed} round {round}");
        }
        let end = end_offset(&mut client, TOPIC, 0).unwrap();
        assert_eq!(end, i64::from(numbers.end * RECORDS), "KLAMM_SEED={seed} round {round}");
    }
    let sent = rounds * IN_FLIGHT as u64;
    eprintln!(
        "retries: {rounds} kills KLAMM_SEED={seed}: {written} of {sent} batches were written before the kill"
    );
}

#[test]
fn no_producer_id_is_given_twice() {
    let (mut broker, mut client) = start_broker();
    let mut random = Random::new(seed());
    let mut ids = Vec::new();
    for _ in 0..kills() {
        for _ in 0..random.below(4) {
            ids.push(producer_id(&mut client).unwrap());
        }
        broker.kill_and_restart();
        client = Client::connect(&broker.bootstrap()).unwrap();
    }
    ids.push(producer_id(&mut client).unwrap());
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "{ids:?}");
}

#[test]
fn an_answer_that_was_read_is_true_although_the_broker_dies_at_once() {
    let (mut broker, mut client) = start_broker();
    let id = producer_id(&mut client).unwrap();
    let producer = Producer { id, epoch: 0, partition: 1, codec: Compression::Lz4 };
    for number in 0..kills() as i32 {
        client.send(12, &produced(TOPIC, 1, producer.batch(number))).unwrap();
        let answer: io::Result<ProduceResponse> = client.receive(12);
        broker.kill();
        let answered = answer.unwrap().responses[0].partition_responses[0].base_offset;
        broker.restart();
        client = Client::connect(&broker.bootstrap()).unwrap();
        assert_eq!(end_offset(&mut client, TOPIC, 1).unwrap(), answered + i64::from(RECORDS));
    }
}
