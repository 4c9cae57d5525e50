//! Records of topics with plug-ins, on their way to the log.
//!
//! ```text
//!   turn -> appended before? -> chain: here if it is fast, else on a thread of its own -> divide
//!        -> append to the quarantine and to other partitions -> append what stays -> next turn
//! ```

use std::sync::Arc;
use std::task::Poll;

use futures_util::future::join_all;
use futures_util::poll;
use klamm_model::{ErrorCode, Offset, PartitionIndex, TimestampMs};
use klamm_partition::{AppendError, Appended, Partition};
use klamm_plugin_host::Budget;
use klamm_records::{ProduceRules, ProducedBatch};

use super::{Accepted, Acks, Append, Failure, TopicOutcome, Written};
use crate::error_code::KafkaError;
use crate::partitions::HostedTopic;
use crate::plugins::chain::{Chain, Undecided};
use crate::plugins::commit::{Target, commit};
use crate::plugins::dead_letters;
use crate::plugins::decision::Decision;
use crate::plugins::divide::{DivideError, Divided, Ingress, divide};
use crate::plugins::work::Work;

/// Batches whose records are larger than this, uncompressed, take a plug-in too long for a thread that serves connections.
const INLINE_BYTES: usize = 256 << 10;

/// A valid batch that is to pass the plug-ins of its topic.
pub(super) struct Plugged {
    pub(super) topic: Arc<HostedTopic>,
    pub(super) partition: Arc<Partition>,
    pub(super) batch: ProducedBatch,
    pub(super) rules: ProduceRules,
    /// As it came.
    pub(super) size_bytes: usize,
}

/// A log, to which parts of a batch go.
struct LogOf {
    partition: Arc<Partition>,
    now: TimestampMs,
}

impl Target for LogOf {
    type Appended = Appended;
    type Error = (Arc<Partition>, AppendError);

    fn appended_before(&self, batch: &ProducedBatch) -> Result<Option<Appended>, Self::Error> {
        let before = self.partition.appended_before(batch.header());
        before.map_err(|error| (Arc::clone(&self.partition), error))
    }

    fn append(&self, batch: &ProducedBatch) -> Result<Appended, Self::Error> {
        let appended = self.partition.append(batch, self.now);
        appended.map_err(|error| (Arc::clone(&self.partition), error))
    }
}

impl Append<'_> {
    /// Takes what is to pass plug-ins through them. Each batch asks for its turn when this is first polled.
    pub(super) async fn pass_plugins(&self, topics: Vec<TopicOutcome<Accepted>>) -> Vec<TopicOutcome> {
        let mut waiting = Vec::new();
        let mut topics: Vec<TopicOutcome> = topics
            .into_iter()
            .enumerate()
            .map(|(at, topic)| {
                topic.map(|place, index, accepted| match accepted {
                    Accepted::Written(written) => Ok(written),
                    Accepted::ForPlugins(plugged) => {
                        let pass = to_its_end(self.pass_alone(plugged, index));
                        waiting.push(async move { (at, place, pass.await) });
                        // Replaced below, in any case.
                        Err(KafkaError::from(ErrorCode::UnknownServerError).into())
                    }
                })
            })
            .collect();
        for (at, place, result) in join_all(waiting).await {
            let outcome = topics.get_mut(at).and_then(|topic| topic.partitions.get_mut(place));
            if let Some(outcome) = outcome {
                outcome.result = result;
            }
        }
        topics
    }

    /// As [`Append::pass`], borrowing nothing.
    fn pass_alone(
        &self,
        plugged: Box<Plugged>,
        index: i32,
    ) -> impl Future<Output = Result<Written, Failure>> + Send + use<> {
        let Append { broker, ctx, acks, transactional } = *self;
        let (broker, ctx) = (Arc::clone(broker), ctx.clone());
        async move { Append { broker: &broker, ctx: &ctx, acks, transactional }.pass(&plugged, index).await }
    }

    async fn pass(&self, plugged: &Plugged, index: i32) -> Result<Written, Failure> {
        let gone = || KafkaError::from(ErrorCode::UnknownTopicOrPartition);
        let plugins = plugged.topic.plugins().ok_or_else(gone)?;
        let mut turn =
            plugins.turns.take(usize::try_from(index).unwrap_or(usize::MAX)).await.ok_or_else(gone)?;
        let own = LogOf { partition: Arc::clone(&plugged.partition), now: self.broker.clock.now() };
        let before = own.appended_before(&plugged.batch).map_err(|failed| self.refused(&failed))?;
        let header = plugged.batch.header();
        if before.is_some() {
            turn.begun(header);
        }
        let chain =
            plugins.chain().map_err(|why| KafkaError::new(ErrorCode::KafkaStorageError, why.to_owned()))?;
        if turn.holds_up(header) {
            let message = "an older batch of the producer has not come to its end: send that one again first";
            return Err(KafkaError::new(ErrorCode::OutOfOrderSequenceNumber, message.to_owned()).into());
        }
        let written = self.bring_to_its_end(plugged, own, before, (chain, index)).await?;
        turn.done(header);
        Ok(written)
    }

    async fn bring_to_its_end(
        &self,
        plugged: &Plugged,
        own: LogOf,
        before: Option<Appended>,
        (chain, index): (Option<&Arc<Chain>>, i32),
    ) -> Result<Written, Failure> {
        // Also of a batch that is there already: another log may have lost its part, and only the plug-ins know it.
        let Some(chain) = chain else { return self.append_whole(plugged, &own, before) };
        let divided = match (self.divided(plugged, chain, before.as_ref(), index).await, before) {
            (Ok(divided), _) => divided,
            // A batch that is refused now was taken by what was bound then; it is in the log.
            (Err(failure), Some(appended)) if failure.error.code == ErrorCode::InvalidRecord => {
                return Ok(Written { partition: own.partition, appended, elsewhere: Vec::new() });
            }
            (Err(failure), _) => return Err(failure),
        };
        self.append_divided(plugged, own, before, divided).await
    }

    /// Nothing is bound any more; the batch only waited for those before it.
    fn append_whole(
        &self,
        plugged: &Plugged,
        own: &LogOf,
        before: Option<Appended>,
    ) -> Result<Written, Failure> {
        let written =
            |appended| Written { partition: Arc::clone(&own.partition), appended, elsewhere: Vec::new() };
        if let Some(appended) = before {
            return Ok(written(appended));
        }
        self.take_room(&own.partition, plugged.size_bytes)?;
        let appended = own.append(&plugged.batch).map_err(|failed| self.refused(&failed))?;
        self.broker.metrics.produced(plugged.size_bytes, plugged.batch.header().record_count);
        Ok(written(appended))
    }

    /// What the plug-ins make of the batch.
    async fn divided(
        &self,
        plugged: &Plugged,
        chain: &Arc<Chain>,
        before: Option<&Appended>,
        index: i32,
    ) -> Result<Divided, Failure> {
        let Plugged { topic, partition, batch, rules, .. } = plugged;
        let unpacked = batch
            .unpack(rules.max_uncompressed_bytes)
            .map_err(|error| Failure::from(klamm_records::InvalidProduce::from(error)))?;
        let base_offset = before.map_or_else(|| partition.log_end_offset(), |before| before.base_offset);
        let ingress =
            Ingress { topic: topic.image.name.as_str(), partition: PartitionIndex(index), base_offset };
        let work = Work {
            topic: topic.image.name.clone(),
            partition: PartitionIndex(index),
            partitions: u32::try_from(topic.image.partitions.len()).unwrap_or(u32::MAX),
            unpacked,
        };
        let (decision, unpacked) = self.decide(chain, work).await?;
        let divided = divide(batch, &unpacked.unpacked, &decision, ingress, rules);
        divided.map_err(|error| match error {
            DivideError::Invalid(invalid) => invalid.into(),
            error @ DivideError::ProducerId(_) => {
                KafkaError::new(ErrorCode::InvalidRecord, error.to_string()).into()
            }
        })
    }

    /// Here and now if the chain is fast, else on a thread for plug-ins.
    async fn decide(&self, chain: &Arc<Chain>, work: Work) -> Result<(Decision, Arc<Work>), Failure> {
        let work = Arc::new(work);
        let here = chain.is_fast() && work.unpacked.bytes().len() <= INLINE_BYTES;
        let decided = if here { chain.decide(&work, Budget::Inline) } else { Err(Undecided::OverBudget) };
        let decided = match decided {
            Err(Undecided::OverBudget) => self.decide_elsewhere(chain, &work).await?,
            decided => decided,
        };
        match decided {
            Ok(decision) => Ok((decision, work)),
            Err(Undecided::Rejected(record_errors)) => Err(rejected(record_errors)),
            Err(Undecided::OverBudget) => Err(KafkaError::from(ErrorCode::UnknownServerError).into()),
        }
    }

    async fn decide_elsewhere(
        &self,
        chain: &Arc<Chain>,
        work: &Arc<Work>,
    ) -> Result<Result<Decision, Undecided>, Failure> {
        let stops = || KafkaError::new(ErrorCode::BrokerNotAvailable, "the broker stops".to_owned());
        let _lane = chain.slow_lane().await.map_err(|_| stops())?;
        let (chain, work) = (Arc::clone(chain), Arc::clone(work));
        let decided = self.broker.plugins.offload().run(move || chain.decide(&work, Budget::Full)).await;
        decided.map_err(|_| stops().into())
    }

    async fn append_divided(
        &self,
        plugged: &Plugged,
        own: LogOf,
        before: Option<Appended>,
        divided: Divided,
    ) -> Result<Written, Failure> {
        let fresh = before.is_none();
        let parts = self.targets(plugged, divided.letters, divided.leaving, own.now).await?;
        let sizes = parts.iter().map(|(_, part)| part.header().size_bytes()).sum::<usize>();
        self.take_room(&own.partition, sizes + divided.stays.header().size_bytes())?;
        let done = commit(&own, before, &divided.stays, &parts).map_err(|failed| self.refused(&failed))?;
        if fresh {
            self.broker.metrics.produced(plugged.size_bytes, plugged.batch.header().record_count);
        }
        let partitions = parts.into_iter().map(|(target, _)| target.partition);
        Ok(Written {
            partition: own.partition,
            appended: done.own,
            elsewhere: partitions.zip(done.parts).collect(),
        })
    }

    /// The logs to which parts go.
    async fn targets(
        &self,
        plugged: &Plugged,
        letters: Option<ProducedBatch>,
        leaving: Vec<(PartitionIndex, ProducedBatch)>,
        now: TimestampMs,
    ) -> Result<Vec<(LogOf, ProducedBatch)>, KafkaError> {
        let mut parts = Vec::with_capacity(leaving.len() + usize::from(letters.is_some()));
        if let Some(letters) = letters {
            parts.push((LogOf { partition: self.quarantine(plugged).await?, now }, letters));
        }
        for (target, part) in leaving {
            let partition = Arc::clone(plugged.topic.leader(target.0)?);
            if self.acks == Some(Acks::All) {
                plugged.topic.check_in_sync_replicas(target.0)?;
            }
            parts.push((LogOf { partition, now }, part));
        }
        Ok(parts)
    }

    /// Where the topic's dead letters go. Always the same partition: a producer's sequences there are one series.
    async fn quarantine(&self, plugged: &Plugged) -> Result<Arc<Partition>, KafkaError> {
        let topic = plugged.topic.image.name.as_str();
        let name = dead_letters::topic_of(topic);
        if let Ok(hosted) = self.broker.partitions.by_name(&name) {
            return Ok(Arc::clone(hosted.leader(0)?));
        }
        dead_letters::ensure(self.broker, topic).await?;
        Ok(Arc::clone(self.broker.partitions.by_name(&name)?.leader(0)?))
    }

    fn refused(&self, (partition, error): &(Arc<Partition>, AppendError)) -> Failure {
        self.not_appended(partition, error).into()
    }
}

/// Begins when this is first polled, as all requests do, and goes on from there even if nobody polls this: a connection polls its oldest
/// request, and a younger one may hold what another connection's oldest waits for, its turn or a thread for slow plug-ins.
async fn to_its_end(
    pass: impl Future<Output = Result<Written, Failure>> + Send + 'static,
) -> Result<Written, Failure> {
    let mut pass = Box::pin(pass);
    match poll!(pass.as_mut()) {
        Poll::Ready(result) => result,
        Poll::Pending => {
            let ended = tokio::spawn(pass).await;
            ended.unwrap_or_else(|_| Err(KafkaError::from(ErrorCode::UnknownServerError).into()))
        }
    }
}

/// What a producer hears whose batch a plug-in has refused.
fn rejected(record_errors: Vec<(i32, String)>) -> Failure {
    let first = record_errors.first().map_or("", |(_, reason)| reason.as_str());
    let message = match record_errors.len() {
        1 => format!("a plug-in refused a record: {first}"),
        count => format!("plug-ins refused {count} records; the first: {first}"),
    };
    Failure {
        error: KafkaError::new(ErrorCode::InvalidRecord, message),
        log_start_offset: Offset::UNKNOWN,
        record_errors,
    }
}
