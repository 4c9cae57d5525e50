//! Reading of partitions from their leaders, all leaders at once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use klamm_model::{BrokerId, ErrorCode, Offset};
use klamm_records::batches;
use klamm_wire::messages::fetch::{FetchPartition, FetchTopic, PartitionData};
use klamm_wire::messages::{FetchRequest, FetchResponse};

use super::aborted::Aborted;
use super::printer::Printer;
use crate::client::offsets::LATEST;
use crate::client::{Client, ClientError, Connection, Topic, check};
use crate::error::CliError;

/// How long a broker may wait for records.
const MAX_WAIT: Duration = Duration::from_millis(500);
/// What one answer has at the most, and what one partition has in it.
const MAX_BYTES: i32 = 32 << 20;
const MAX_PARTITION_BYTES: i32 = 8 << 20;
/// The most that the records of one batch may decompress to.
const MAX_UNCOMPRESSED_BYTES: usize = 1 << 30;
/// Between a failure that may pass and the next try.
const BACKOFF: Duration = Duration::from_millis(200);

/// How to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReaderOptions {
    pub read_committed: bool,
    /// Stop where the partitions end now.
    pub until_end: bool,
}

/// Reads partitions from their leaders.
pub(super) struct Reader {
    client: Client,
    topic: Topic,
    options: ReaderOptions,
    /// The next offset of each partition that isn't read to its end.
    next: BTreeMap<i32, Offset>,
    ends: BTreeMap<i32, Offset>,
    connections: BTreeMap<BrokerId, Connection>,
    failing_since: Option<Instant>,
}

impl Reader {
    pub(super) async fn start(
        mut client: Client,
        topic: Topic,
        starts: BTreeMap<i32, Offset>,
        options: ReaderOptions,
    ) -> Result<Reader, ClientError> {
        let mut ends = BTreeMap::new();
        if options.until_end {
            let partitions: Vec<i32> = starts.keys().copied().collect();
            let latest = client.list_offsets(&topic, &partitions, LATEST).await?;
            ends = latest.into_iter().filter_map(|(partition, end)| Some((partition, end?))).collect();
        }
        let connections = BTreeMap::new();
        let mut reader =
            Reader { client, topic, options, next: starts, ends, connections, failing_since: None };
        reader.drop_finished();
        Ok(reader)
    }

    /// Prints what the brokers have next; whether there is more to read.
    pub(super) async fn read(&mut self, printer: &mut Printer) -> Result<bool, CliError> {
        if self.next.is_empty() {
            return Ok(false);
        }
        match self.read_round(printer).await {
            Ok(()) => self.failing_since = None,
            Err(Failure::Client(error)) => self.recover(error).await?,
            Err(Failure::Output(error)) => return Err(error),
        }
        printer.flush()?;
        self.drop_finished();
        Ok(!self.next.is_empty())
    }

    async fn read_round(&mut self, printer: &mut Printer) -> Result<(), Failure> {
        let requests = self.requests()?;
        for leader in requests.keys() {
            if !self.connections.contains_key(leader) {
                let connection = self.client.dedicated(*leader).await?;
                self.connections.insert(*leader, connection);
            }
        }
        let timeout = self.client.options().timeout + MAX_WAIT;
        let calls = self.connections.iter_mut().filter_map(|(leader, connection)| {
            let request = requests.get(leader)?;
            Some(connection.call(request, i16::MAX, timeout))
        });
        for response in join_all(calls).await {
            self.print(response?, printer)?;
        }
        Ok(())
    }

    /// What to ask of each leader.
    fn requests(&self) -> Result<BTreeMap<BrokerId, FetchRequest>, ClientError> {
        let mut requests = BTreeMap::new();
        for (&partition, next) in &self.next {
            let leader = self.topic.leader(partition)?;
            let request = requests.entry(leader.broker).or_insert_with(|| self.empty_request());
            request.topics[0].partitions.push(FetchPartition {
                partition,
                current_leader_epoch: leader.epoch,
                fetch_offset: next.0,
                partition_max_bytes: MAX_PARTITION_BYTES,
                ..FetchPartition::default()
            });
        }
        Ok(requests)
    }

    fn empty_request(&self) -> FetchRequest {
        let topic =
            FetchTopic { topic: self.topic.name.clone(), topic_id: self.topic.id, ..FetchTopic::default() };
        FetchRequest {
            max_wait_ms: MAX_WAIT.as_millis() as i32,
            min_bytes: 1,
            max_bytes: MAX_BYTES,
            isolation_level: i8::from(self.options.read_committed),
            topics: vec![topic],
            ..FetchRequest::default()
        }
    }

    fn print(&mut self, response: FetchResponse, printer: &mut Printer) -> Result<(), Failure> {
        check(response.error_code, None, "fetching")?;
        for partition in response.responses.into_iter().flat_map(|topic| topic.partitions) {
            self.print_partition(partition, printer)?;
        }
        Ok(())
    }

    fn print_partition(&mut self, partition: PartitionData, printer: &mut Printer) -> Result<(), Failure> {
        let index = partition.partition_index;
        let doing = || format!("reading {}-{index}", self.topic.name);
        let Some(next) = self.next.get_mut(&index) else { return Ok(()) };
        if partition.error_code == ErrorCode::OffsetOutOfRange.as_i16() {
            let what = format!("{} from offset {next}: there is no such offset", doing());
            let error =
                CliError::failed(what).next("`klamm topic describe NAME` shows the first and last offsets");
            return Err(Failure::Output(error));
        }
        check(partition.error_code, None, doing())?;
        let mut aborted = Aborted::new(partition.aborted_transactions);
        let bytes = partition.records.map(klamm_wire::Records::into_bytes).unwrap_or_default();
        let damaged = |error: klamm_records::BatchError| {
            Failure::Output(
                CliError::failed(format!("{}: {error}", doing()))
                    .next("look at the file with `klamm log dump`"),
            )
        };
        for batch in batches(&bytes) {
            // The answer's size cuts its last batch off.
            let Ok(batch) = batch else { break };
            batch.verify_crc().map_err(damaged)?;
            if !aborted.hides(&batch) {
                let mut records = batch.records(MAX_UNCOMPRESSED_BYTES).map_err(damaged)?;
                while let Some(record) = records.next_record().map_err(damaged)? {
                    let wanted = record.offset >= *next
                        && self.ends.get(&index).is_none_or(|end| record.offset < *end);
                    if wanted {
                        printer.print(index, &record).map_err(Failure::Output)?;
                    }
                }
            }
            *next = batch.header.next_offset().max(*next);
        }
        Ok(())
    }

    fn drop_finished(&mut self) {
        let ends = &self.ends;
        self.next.retain(|partition, next| ends.get(partition).is_none_or(|end| *next < *end));
    }

    /// Waits and looks for the leaders anew, for as long as an operation may take.
    async fn recover(&mut self, error: ClientError) -> Result<(), ClientError> {
        let since = *self.failing_since.get_or_insert_with(Instant::now);
        let may_pass = error.is_retriable() && since.elapsed() < self.client.options().timeout;
        if !may_pass {
            return Err(error);
        }
        self.connections.clear();
        tokio::time::sleep(BACKOFF).await;
        // If that fails too, the next round fails and comes here again.
        if let Ok(topic) = self.client.topic(&self.topic.name.clone(), false).await {
            self.topic = topic;
        }
        Ok(())
    }
}

enum Failure {
    /// The cluster failed; it may pass.
    Client(ClientError),
    /// The output failed, or what was read can't be shown; it won't pass.
    Output(CliError),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        Failure::Client(error)
    }
}
