//! Random histories of producers against a plain model: nothing is lost, doubled or reordered, and a restart
//! from any snapshot and the batches behind it gives the same state.

use klamm_model::{Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_partition::producers::{Check, ProducerTable, RETAINED_BATCHES, SequencedBatch, StoredBatch};
use proptest::prelude::*;

/// What a producer's client does next.
#[derive(Debug, Clone)]
enum Step {
    /// Sends its next batch.
    Next { producer: usize, records: i32 },
    /// Sends its `back`-th last batch again.
    Retry { producer: usize, back: usize },
    /// Skips some records, as if a batch was lost.
    Gap { producer: usize, skipped: i32 },
    /// Starts over with the next epoch.
    Bump { producer: usize },
    /// Sends with the epoch before its own.
    Zombie { producer: usize },
    /// The broker takes a snapshot.
    Snapshot,
    /// The broker dies and comes back.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let producer = 0..3_usize;
    let step = prop_oneof![
        6 => (producer.clone(), 1..4_i32).prop_map(|(producer, records)| Step::Next { producer, records }),
        3 => (producer.clone(), 1..8_usize).prop_map(|(producer, back)| Step::Retry { producer, back }),
        1 => (producer.clone(), 1..5_i32).prop_map(|(producer, skipped)| Step::Gap { producer, skipped }),
        1 => producer.clone().prop_map(|producer| Step::Bump { producer }),
        1 => producer.prop_map(|producer| Step::Zombie { producer }),
        1 => Just(Step::Snapshot),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..120)
}

/// A client: its epoch, its next sequence and all it wrote in this epoch.
#[derive(Debug)]
struct Client {
    id: ProducerId,
    epoch: i16,
    next: Sequence,
    written: Vec<(SequencedBatch, StoredBatch)>,
    /// Whether the broker has heard of it.
    known: bool,
}

impl Client {
    fn new(id: i64) -> Client {
        // Close to the wrap, so that every longer history passes it.
        Client {
            id: ProducerId(id),
            epoch: 0,
            next: Sequence(i32::MAX - 5),
            written: Vec::new(),
            known: false,
        }
    }

    fn batch(&self, epoch: i16, first: Sequence, records: i32) -> SequencedBatch {
        SequencedBatch {
            producer_id: self.id,
            epoch: ProducerEpoch(epoch),
            first_sequence: first,
            last_sequence: first.plus(records - 1),
        }
    }
}

#[derive(Debug)]
struct Broker {
    table: ProducerTable,
    log: Vec<(SequencedBatch, StoredBatch)>,
    end: i64,
    snapshot: (usize, ProducerTable),
}

impl Broker {
    fn write(&mut self, batch: SequencedBatch, records: i32) -> StoredBatch {
        let stored = StoredBatch {
            first_sequence: batch.first_sequence,
            last_sequence: batch.last_sequence,
            base_offset: Offset(self.end),
            last_offset: Offset(self.end + i64::from(records) - 1),
            timestamp: TimestampMs(self.end * 10),
        };
        self.end += i64::from(records);
        self.table.record(&batch, stored, false, stored.timestamp);
        self.log.push((batch, stored));
        stored
    }

    /// The newest snapshot, and then every batch behind it.
    fn restart(&mut self) {
        let mut table = ProducerTable::from_snapshot(&self.snapshot.1.to_snapshot());
        for (batch, stored) in &self.log[self.snapshot.0..] {
            table.record(batch, *stored, false, stored.timestamp);
        }
        assert_eq!(table, self.table, "a restart changes nothing");
        self.table = table;
    }
}

fn run(broker: &mut Broker, clients: &mut [Client], step: &Step) {
    match *step {
        Step::Next { producer, records } => {
            let client = &mut clients[producer];
            let batch = client.batch(client.epoch, client.next, records);
            assert_eq!(broker.table.check(&batch), Ok(Check::Fresh));
            client.written.push((batch, broker.write(batch, records)));
            client.next = client.next.plus(records);
            client.known = true;
        }
        Step::Retry { producer, back } => {
            let written = &clients[producer].written;
            let Some((batch, stored)) = written.len().checked_sub(back).map(|i| written[i]) else { return };
            let answer = broker.table.check(&batch);
            if back <= RETAINED_BATCHES {
                assert_eq!(answer, Ok(Check::Duplicate(stored)));
            } else {
                assert!(answer.is_err(), "an old retry must never be written twice: {answer:?}");
            }
        }
        Step::Gap { producer, skipped } => {
            let client = &clients[producer];
            let batch = client.batch(client.epoch, client.next.plus(skipped), 1);
            let fresh = !client.known;
            assert_eq!(broker.table.check(&batch).is_ok(), fresh);
        }
        Step::Bump { producer } => {
            let client = &mut clients[producer];
            client.epoch += 1;
            client.next = Sequence::FIRST;
            client.written.clear();
        }
        Step::Zombie { producer } => {
            let client = &clients[producer];
            if client.written.is_empty() {
                return;
            }
            let batch = client.batch(client.epoch - 1, client.next, 1);
            assert!(broker.table.check(&batch).is_err());
        }
        Step::Snapshot => broker.snapshot = (broker.log.len(), broker.table.clone()),
        Step::Restart => broker.restart(),
    }
}

proptest! {
    #[test]
    fn histories(steps in steps()) {
        let table = ProducerTable::default();
        let snapshot = (0, ProducerTable::default());
        let mut broker = Broker { table, log: Vec::new(), end: 0, snapshot };
        let mut clients: Vec<_> = (0..3).map(Client::new).collect();
        for step in &steps {
            run(&mut broker, &mut clients, step);
        }
        broker.restart();
    }
}
