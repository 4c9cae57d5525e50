//! Writes to a compacted topic while its cleaner runs all the time: each partition has one writer, which also reads it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use klamm_faults::{Client, EndOnPanic, KeyedLog, KeyedRecord, KeyedWrite, Progress, Random, pause};
use klamm_model::{ErrorCode, TimestampMs};
use klamm_records::{BatchBuilder, BuildOptions, Compression, batches};
use klamm_wire::Records;
use klamm_wire::messages::fetch::{FetchPartition, FetchRequest, FetchTopic, PartitionData};

use crate::requests::{creation, error, produce};

pub const TOPIC: &str = "keyed";
pub const PARTITIONS: i32 = 3;
const KEYS: u64 = 24;
/// The most keys in a batch.
const KEYS_OF_BATCH: u64 = 6;
/// The newest version of Fetch that names topics.
const FETCH_VERSION: i16 = 12;
const FETCH_BYTES: i32 = 100_000;
/// More than any batch here unpacks to.
const BATCH_BYTES: usize = 1 << 20;
/// A reader may see a record of a deleted key and then find its tombstone gone (that is what `delete.retention.ms` is for, which
/// is 0 here). Who reads again does not.
const LOOKS: u32 = 4;

/// A topic in which tombstones may go as soon as they have been seen by the cleaner.
pub fn create(client: &mut Client) {
    let settings =
        [("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0.01"), ("delete.retention.ms", "0")];
    let settings = settings.map(|(name, value)| (name, value.to_owned()));
    let response = client.ask(&creation(TOPIC, PARTITIONS, &settings)).unwrap();
    assert_eq!(error(response.topics[0].error_code), ErrorCode::None, "{:?}", response.topics[0]);
}

/// One partition's writer and reader.
#[derive(Debug)]
pub struct Writer {
    bootstrap: String,
    partition: i32,
    log: KeyedLog,
    random: Random,
    progress: Arc<Progress>,
    pub acknowledged: u64,
    pub looks: u64,
}

impl Writer {
    pub fn start(
        bootstrap: &str,
        partition: i32,
        seed: u64,
        (progress, stop): (&Arc<Progress>, &Arc<AtomicBool>),
    ) -> JoinHandle<Writer> {
        let mut writer = Writer {
            bootstrap: bootstrap.to_owned(),
            partition,
            log: KeyedLog::default(),
            random: Random::new(seed ^ (partition as u64) << 40),
            progress: Arc::clone(progress),
            acknowledged: 0,
            looks: 0,
        };
        let stop = Arc::clone(stop);
        let end_on_panic = EndOnPanic(Arc::clone(progress));
        std::thread::spawn(move || {
            let _end_on_panic = end_on_panic;
            while !stop.load(Ordering::Relaxed) {
                // It ends with the broker.
                let _broken = writer.live(&stop);
                pause(Duration::from_millis(5));
            }
            writer
        })
    }

    /// One connection's life: what is there, then more and more.
    fn live(&mut self, stop: &AtomicBool) -> io::Result<()> {
        let mut client = Client::connect(&self.bootstrap)?;
        while !stop.load(Ordering::Relaxed) {
            self.look(&mut client)?;
            for _ in 0..40 {
                self.write(&mut client)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, client: &mut Client) -> io::Result<()> {
        let first = self.random.below(KEYS);
        let keys = first..first + 1 + self.random.below(KEYS_OF_BATCH);
        let writes: Vec<KeyedWrite> = keys.map(|key| self.log.begin((key % KEYS) as u32)).collect();
        self.progress.sent(1);
        let answer = produce(client, TOPIC, self.partition, self.batch(&writes))?;
        self.progress.answered();
        match answer {
            Ok(base_offset) => self.log.acknowledged(base_offset, &writes),
            Err(code) if code.is_retriable() => return Err(io::Error::other(code.to_string())),
            Err(code) => panic!("a batch of {writes:?} is refused: {code:?}"),
        }
        self.acknowledged += writes.len() as u64;
        Ok(())
    }

    fn batch(&mut self, writes: &[KeyedWrite]) -> Bytes {
        let compression = if self.random.one_in(3) { Compression::Zstd } else { Compression::None };
        let mut builder = BatchBuilder::new(BuildOptions { compression, ..BuildOptions::default() });
        for write in writes {
            let value = (!write.is_tombstone()).then(|| value_of(*write));
            let value = value.as_ref().map(String::as_bytes);
            builder.append(
                TimestampMs(1_500_000_000_000),
                Some(&write.key.to_be_bytes()),
                value,
                &[header(&write.number.to_be_bytes())],
            );
        }
        builder.build().unwrap()
    }

    /// Reads the whole partition, to which nobody writes meanwhile, and compares it with what was written.
    pub fn look(&mut self, client: &mut Client) -> io::Result<()> {
        for look in 1.. {
            let records = self.read(client)?;
            self.looks += 1;
            match self.log.observed(&records) {
                Ok(()) => break,
                Err(violation) if look == LOOKS => panic!("{TOPIC}-{}: {violation}", self.partition),
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn read(&self, client: &mut Client) -> io::Result<Vec<KeyedRecord>> {
        let (mut records, mut offset) = (Vec::new(), 0);
        loop {
            let data = self.fetch(client, offset)?;
            let before = offset;
            for bytes in data.records.iter().flat_map(Records::chunks) {
                for batch in batches(bytes) {
                    let batch = batch.unwrap();
                    let mut inner = batch.records(BATCH_BYTES).unwrap();
                    while let Some(record) = inner.next_record().unwrap() {
                        if record.offset.0 >= offset {
                            records.push(keyed(&record));
                        }
                    }
                    offset = batch.header.last_offset().0 + 1;
                }
            }
            if offset >= data.high_watermark {
                return Ok(records);
            }
            assert!(offset > before, "{TOPIC}-{}: nothing can be read at {offset}", self.partition);
        }
    }

    fn fetch(&self, client: &mut Client, fetch_offset: i64) -> io::Result<PartitionData> {
        let partition = FetchPartition {
            partition: self.partition,
            fetch_offset,
            partition_max_bytes: FETCH_BYTES,
            ..FetchPartition::default()
        };
        let topic =
            FetchTopic { topic: TOPIC.to_owned(), partitions: vec![partition], ..FetchTopic::default() };
        let request = FetchRequest { topics: vec![topic], ..FetchRequest::default() };
        let data = client.call(FETCH_VERSION, &request)?.responses.remove(0).partitions.remove(0);
        match error(data.error_code) {
            ErrorCode::None => Ok(data),
            code if code.is_retriable() => Err(io::Error::other(code.to_string())),
            code => panic!("{TOPIC}-{} can't be read at {fetch_offset}: {code:?}", self.partition),
        }
    }
}

fn header(number: &[u8]) -> klamm_records::Header<'_> {
    klamm_records::Header { key: b"number", value: Some(number) }
}

fn value_of(write: KeyedWrite) -> String {
    format!("{}/{} ", write.key, write.number).repeat(12)
}

fn keyed(record: &klamm_records::Record<'_>) -> KeyedRecord {
    let key = u32::from_be_bytes(record.key.unwrap().try_into().unwrap());
    let number = u64::from_be_bytes(record.headers[0].value.unwrap().try_into().unwrap());
    let write = KeyedWrite { key, number };
    if let Some(value) = record.value {
        assert_eq!(value, value_of(write).as_bytes(), "{write:?} has the value that was written");
    }
    KeyedRecord { offset: record.offset.0, write, is_tombstone: record.value.is_none() }
}
