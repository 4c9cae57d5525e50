//! A broker's machine as far as one partition of `__consumer_offsets` goes.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use klamm_groups::Coordinator;
use klamm_log::checkpoint::{self, CLEANER_FILE, RECOVERY_POINT_FILE};
use klamm_log::cleaner::{CleanError as LogCleanError, CleanRules};
use klamm_log::sim::{Fault, Gate, Operation, Random, SimDisk};
use klamm_log::{Disk, Flush, GroupCommit, LogConfig, OpenState};
use klamm_model::{LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};
use klamm_partition::{Clean, CleanError, Partition, PartitionOptions, RecentBatches};

use super::super::host::Host;
use super::super::shard::Phase;
use super::super::{Asked, Shard, load};
use super::Violation;
use super::claims::{Claim, Claims};
use super::client::{Client, Reach, Wait, look};
use super::ledger::Ledger;
use super::world::{AUDIT, World};

type Life<T> = Result<T, Box<dyn std::error::Error>>;

const CLIENTS: usize = 6;
const RULES: CleanRules =
    CleanRules { min_dirty_ratio: 0.0, min_lag_ms: 0, max_lag_ms: i64::MAX, delete_retention_ms: 15_000 };

/// A bug that somebody could write into the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bug {
    /// A client has its answer when the records are written, not when they are on the disk.
    AnswerBeforeSync,
    /// The last batch of the log is not read.
    LoadWithoutTheLastBatch,
    /// How far the log is cleaned is written down before it is.
    CheckpointBeforeCleaning,
}

/// An answer that a client waits for, and when it was asked for.
pub(super) struct Promise {
    pub(super) claim: Claim,
    /// Where the log ended when the answer was known.
    pub(super) end: Offset,
    pub(super) accepted: Wait<bool>,
}

pub(super) struct Machine {
    disk: SimDisk,
    bug: Option<Bug>,
    group_commit: Arc<GroupCommit>,
    /// Keeps the thread that flushes from choosing the moment: the history does.
    gate: Option<SyncSender<()>>,
    pub(super) world: Arc<World>,
    pub(super) shard: Option<Arc<Shard>>,
    pub(super) clients: Vec<Client>,
    pub(super) promises: Vec<Promise>,
    pub(super) ledger: Ledger,
    pub(super) claims: Claims,
    /// How many commits were sent.
    pub(super) commits: i64,
    epoch: i32,
}

impl Machine {
    pub(super) fn new(seed: u64, bug: Option<Bug>, random: &mut Random) -> Machine {
        let disk = SimDisk::new(seed);
        disk.create_dir_all(Path::new("/data")).unwrap();
        disk.sync_dir(Path::new("/")).unwrap();
        let group_commit = GroupCommit::start(1, Box::new(|_| {})).unwrap();
        let gate = Some(Gate::shut(&group_commit));
        Machine {
            disk,
            bug,
            group_commit,
            gate,
            world: Arc::new(World::new()),
            shard: None,
            clients: (0..CLIENTS).map(|number| Client::new(number, 0, random)).collect(),
            promises: Vec::new(),
            ledger: Ledger::default(),
            claims: Claims::default(),
            commits: 0,
            epoch: 0,
        }
    }

    pub(super) fn disk(&self) -> &SimDisk {
        &self.disk
    }

    /// Works until the power fails.
    pub(super) fn live(&mut self, random: &mut Random) -> Result<(), Violation> {
        while !self.disk.is_off() {
            let step = match self.shard.clone() {
                Some(shard) => self.step(&shard, random),
                None => self.open(),
            };
            if let Err(error) = step
                && !self.disk.is_off()
            {
                return Err(error.to_string());
            }
        }
        self.end();
        Ok(())
    }

    /// The process is gone. What it had asked to be flushed can't be any more.
    fn end(&mut self) {
        let Some(shard) = self.shard.take() else { return };
        shard.close();
        if !self.disk.is_off() {
            shard.partition().abandon();
        }
        self.promises.clear();
        self.clients.iter_mut().for_each(Client::disconnected);
        self.gate.take().unwrap().send(()).unwrap();
        self.gate = Some(Gate::shut(&self.group_commit));
    }

    pub(super) fn reach(&self, shard: &Arc<Shard>) -> Reach {
        let early = self.bug == Some(Bug::AnswerBeforeSync);
        Reach { shard: Arc::clone(shard), world: Arc::clone(&self.world), early }
    }

    fn step(&mut self, shard: &Arc<Shard>, random: &mut Random) -> Life<()> {
        let partition = Arc::clone(shard.partition());
        match random.below(80) {
            62..70 => partition.flush(),
            70..72 => self.clean(shard, random)?,
            72..74 => {
                let offset = partition.checkpoint()?;
                self.checkpoint(RECOVERY_POINT_FILE, offset)?;
            }
            74 => {
                partition.housekeep(self.world.time())?;
                self.remove_retired(&partition)?;
            }
            // For a moment the disk is full.
            75 => self.disk.fail(Fault::once(Operation::Write, ".log", std::io::ErrorKind::StorageFull)),
            76 => self.world.replace(AUDIT),
            // Killed: the page cache stays.
            77 if random.one_in(4) => {
                self.end();
                return Ok(());
            }
            _ => self.event(shard, random),
        }
        self.settle(shard, random)
    }

    /// After each step: what was appended is noted, answers are heard, and a shard that gave up is loaded again.
    fn settle(&mut self, shard: &Arc<Shard>, random: &mut Random) -> Life<()> {
        if self.disk.is_off() {
            return Ok(());
        }
        if !shard.partition().health().is_healthy() {
            self.end();
            return Ok(());
        }
        self.follow(shard);
        if shard.phase() == Phase::Loading {
            self.disk.heal();
            shard.activate(self.load(shard.partition())?);
        }
        Ok(self.hear(shard, random)?)
    }

    fn hear(&mut self, shard: &Arc<Shard>, random: &mut Random) -> Result<(), Violation> {
        let reach = self.reach(shard);
        let mut heard = Vec::new();
        for number in 0..self.clients.len() {
            // What it may rely on is in the log as far as that is durable; what it then asks for comes later.
            let durable = shard.partition().high_watermark();
            heard.extend(self.clients[number].hear(&reach, random).map(|claim| (claim, durable)));
            self.follow(shard);
        }
        for mut promise in std::mem::take(&mut self.promises) {
            match look(&mut promise.accepted) {
                None => self.promises.push(promise),
                Some(Ok(true)) => heard.push((promise.claim, promise.end)),
                Some(Ok(false) | Err(_)) => {}
            }
        }
        for (claim, end) in heard {
            let topics = self.world.topics();
            let live = shard.look(|live| Claims::live(&claim, live, &topics));
            self.claims.add(claim, end, (&self.ledger, live.ok().and_then(Asked::at_once)))?;
        }
        Ok(())
    }

    fn clean(&mut self, shard: &Arc<Shard>, random: &mut Random) -> Life<()> {
        let partition = Arc::clone(shard.partition());
        let cleanable = partition.cleanable(self.checkpointed(CLEANER_FILE)?, &RULES, self.world.time())?;
        if cleanable.dirty_bytes == 0 {
            return Ok(());
        }
        if self.bug == Some(Bug::CheckpointBeforeCleaning) {
            self.checkpoint(CLEANER_FILE, cleanable.upto)?;
        }
        let clean = Clean {
            cleanable,
            delete_retention_ms: RULES.delete_retention_ms,
            now: self.world.time(),
            map_bytes: 24 * (60 + random.below(200) as usize),
            load_factor: 1.0,
            buffer_bytes: 1000,
        };
        // Members go on meanwhile, and now and then the broker has to stop.
        let mut left = if random.one_in(4) { random.below(6) } else { u64::MAX };
        let cleaned = partition.clean(&clean, &mut |_, _| {
            if random.one_in(3) {
                self.event(shard, random);
            }
            left = left.saturating_sub(1);
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match cleaned {
            Ok(report) if self.bug != Some(Bug::CheckpointBeforeCleaning) => {
                self.checkpoint(CLEANER_FILE, report.cleaned)?;
            }
            Err(error @ CleanError::Log(LogCleanError::Corrupt(_))) => return Err(error.into()),
            // Broken off; a full disk; the end of the power.
            Ok(_) | Err(_) => {}
        }
        self.remove_retired(&partition)
    }

    fn remove_retired(&self, partition: &Partition) -> Life<()> {
        for retired in partition.take_retired(self.world.time()) {
            retired.remove()?;
        }
        Ok(())
    }

    fn id() -> TopicPartition {
        TopicPartition::new("__consumer_offsets".parse().unwrap(), PartitionIndex(0))
    }

    fn checkpoint(&self, file: &str, offset: Offset) -> Life<()> {
        let written =
            checkpoint::write(&self.disk, &Path::new("/data").join(file), &[(Machine::id(), offset)].into());
        match written {
            // For a moment the disk is full.
            Err(_) if !self.disk.is_off() => Ok(()),
            other => Ok(other?),
        }
    }

    fn checkpointed(&self, file: &str) -> Life<Option<Offset>> {
        let offsets = checkpoint::read(&self.disk, &Path::new("/data").join(file))?;
        Ok(offsets.and_then(|offsets| offsets.get(&Machine::id()).copied()))
    }

    /// The process starts: recovers the log, reads the groups, and serves.
    fn open(&mut self) -> Life<()> {
        self.disk.heal();
        self.epoch += 1;
        let config = LogConfig {
            segment_bytes: 3000,
            index_interval_bytes: 300,
            file_delete_delay_ms: 0,
            retention_bytes: None,
            retention_ms: None,
            ..LogConfig::default()
        };
        let options = PartitionOptions {
            id: Machine::id(),
            topic_id: TopicId::ZERO,
            disk: Arc::new(self.disk.clone()),
            dir: "/data/__consumer_offsets-0".into(),
            log_config: Arc::new(config),
            producer_expiration_ms: 86_400_000,
            max_uncompressed_bytes: 1 << 20,
            group_commit: Arc::clone(&self.group_commit),
            recent: RecentBatches::new(0),
            open_state: OpenState {
                clean: false,
                settled: false,
                recovery_point: self.checkpointed(RECOVERY_POINT_FILE)?.unwrap_or_default(),
                log_start_offset: Offset::UNKNOWN,
                now: self.world.time(),
            },
            leader_epoch: LeaderEpoch(self.epoch),
        };
        let (partition, _) = Partition::open(options)?;
        if self.ledger.found(&partition)? {
            // Nobody was told of it, but it counts: a member may have left by it.
            let found = self.ledger.replayed(0, self.world.now());
            self.claims.follow(&mut self.ledger, &found, &self.world.topics());
        }
        let loaded = self.load(&partition)?;
        let shard = Arc::new(Shard::new(partition));
        shard.activate(loaded);
        self.shard = Some(shard);
        Ok(())
    }

    /// Reads the groups, and compares them with what clients were told, and with those that a log gives that was never cleaned.
    pub(super) fn load(&mut self, partition: &Partition) -> Life<Coordinator> {
        let now = self.world.now();
        let loaded = match self.bug {
            Some(Bug::LoadWithoutTheLastBatch) => self.ledger.replayed(1, now),
            _ => load::load(partition, now)?,
        };
        let topics = self.world.topics();
        self.claims.check(partition.log_end_offset(), &loaded, &self.ledger, &topics)?;
        let expected = self.ledger.replayed(0, now);
        if loaded != expected {
            return Err(format!("loaded {loaded:?}\nwritten {expected:?}").into());
        }
        if load::load(partition, now)? != loaded {
            return Err("read again, the groups are others".into());
        }
        self.claims.follow(&mut self.ledger, &loaded, &topics);
        Ok(loaded)
    }

    /// The power fails while the process starts, or just after that.
    pub(super) fn start_in_vain(&mut self, random: &mut Random) -> Result<(), Violation> {
        self.disk.fail_power_at(1 + random.below(12));
        match self.open() {
            Err(error) if !self.disk.is_off() => return Err(error.to_string()),
            _ => {}
        }
        self.disk.fail_power_at(0);
        self.end();
        self.disk.cut_power();
        Ok(())
    }

    /// Starts after a power cut, and compares everything.
    pub(super) fn start(&mut self) -> Result<(), Violation> {
        self.open().map_err(|error| error.to_string())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The thread that flushes is waited for.
        if let Some(gate) = self.gate.take() {
            let _is_open = gate.send(());
        }
    }
}
