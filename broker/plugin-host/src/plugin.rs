//! A plug-in that is bound: what the way of a record calls.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::attempt::Attempt;
use crate::breaker::{Admission, Outcome};
use crate::failure::{Cause, Failure};
use crate::host::Host;
use crate::instance::{InitError, Instance};
use crate::job::{Assign, Check, Job, Rewriting, Rules};
use crate::pool::Pool;
use crate::statistics::{Statistics, Tally};
use crate::tempo::Tempo;
use crate::{
    Artefact, Assignment, Batch, BindError, Binding, Budget, Digest, Encoded, Level, Op, OverBudget, Pace,
    Verdict, Wants,
};

/// One binding: instances, breaker and statistics. Calls run on the thread that makes them, as many at once as there are threads.
///
/// Each method is for one kind. If a plug-in is called as what it isn't bound as, its records get what `on_failure` says.
pub struct Plugin {
    host: Arc<Host>,
    artefact: Arc<Artefact>,
    binding: Binding,
    label: String,
    wants: Wants,
    pool: Pool,
    tempo: Tempo,
    statistics: Arc<Statistics>,
}

impl Plugin {
    /// Starts the first instance, which is kept for the first batch.
    pub(crate) fn start(
        host: Arc<Host>,
        artefact: Arc<Artefact>,
        binding: Binding,
    ) -> Result<Plugin, BindError> {
        let statistics = Arc::new(Statistics::new(artefact.compile_time()));
        let label = binding.label();
        let began = Instant::now();
        let allowed = binding.limits.init_deadline;
        let instance =
            Instance::start(&host, &artefact, &binding, &statistics.journal, allowed).map_err(|error| {
                match error {
                    InitError::BadConfig(sentence) => {
                        BindError::BadConfig { plugin: label.clone(), sentence }
                    }
                    InitError::Failed(failure) => {
                        BindError::Init { plugin: label.clone(), sentence: failure.sentence }
                    }
                }
            })?;
        let init_time = Some(began.elapsed());
        let memory_bytes = instance.memory_bytes() as u64;
        let tally = Tally { started_instances: 1, memory_bytes, init_time, ..Tally::default() };
        statistics.add(&tally, None);
        let pool = Pool::new(binding.limits.idle_instances, Arc::clone(&host), Arc::clone(&statistics));
        let wants = instance.wants();
        pool.put(instance);
        let tempo = Tempo::new(Instant::now());
        Ok(Plugin { host, artefact, binding, label, wants, pool, tempo, statistics })
    }

    /// Asks a filter for a verdict on each record.
    pub fn check(&self, batch: &Batch<'_>, budget: Budget) -> Result<Vec<Verdict>, OverBudget> {
        self.run(&Check, batch, budget)
    }

    /// Has a serializer rewrite records on their way into the log.
    pub fn encode(&self, batch: &Batch<'_>, budget: Budget) -> Result<Encoded, OverBudget> {
        self.rewrite(Op::Encode, batch, budget)
    }

    /// Has a serializer rewrite records, whichever way.
    pub fn rewrite(&self, op: Op, batch: &Batch<'_>, budget: Budget) -> Result<Encoded, OverBudget> {
        self.run(&Rewriting(op), batch, budget)
    }

    /// Asks a partitioner where each record goes, in a topic of so many partitions.
    pub fn assign(
        &self,
        batch: &Batch<'_>,
        partitions: u32,
        budget: Budget,
    ) -> Result<Vec<Assignment>, OverBudget> {
        self.run(&Assign(partitions), batch, budget)
    }

    /// What is counted, and what the plug-in logs.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// How it is bound.
    pub const fn binding(&self) -> &Binding {
        &self.binding
    }

    /// What its bytes are known by.
    pub fn digest(&self) -> Digest {
        self.artefact.digest()
    }

    /// The plug-in that is bound.
    pub const fn artefact(&self) -> &Arc<Artefact> {
        &self.artefact
    }

    /// What it asked to see.
    pub const fn info(&self) -> Wants {
        self.wants
    }

    /// Which budget to try first.
    pub fn pace(&self) -> Pace {
        self.tempo.pace(Instant::now())
    }

    /// Gives up instances that weren't used for `age`, and with them their memory; how many they were.
    pub fn trim(&self, age: Duration) -> usize {
        self.pool.trim(age)
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) const fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules { label: &self.label, on_failure: self.binding.on_failure }
    }

    /// Starts an instance, and says how long that took.
    pub(crate) fn start_instance(&self, allowed: Duration) -> (Result<Instance, Failure>, Duration) {
        let began = Instant::now();
        let started =
            Instance::start(&self.host, &self.artefact, &self.binding, &self.statistics.journal, allowed);
        (started.map_err(InitError::into_failure), began.elapsed())
    }

    fn run<J: Job>(&self, job: &J, batch: &Batch<'_>, budget: Budget) -> Result<J::Answer, OverBudget> {
        let records = batch.records.len();
        if records == 0 {
            return Ok(job.failed(0, "", &self.rules()));
        }
        if !batch.is_sound() {
            return Ok(self.refuse(
                job,
                records,
                Some(Cause::BadInput),
                "was given spans outside of the batch",
            ));
        }
        let began = Instant::now();
        if self.binding.limits.breaker && self.statistics.breaker.lock().admit(began) == Admission::Refuse {
            let sentence = "isn't called: it failed too often, and its breaker is open";
            return Ok(self.refuse(job, records, None, sentence));
        }
        let mut attempt = Attempt::new(self, job, batch, budget);
        let result = attempt.work();
        attempt.release();
        let (tally, late) = (std::mem::take(&mut attempt.tally), attempt.hit_deadline);
        let told = std::mem::take(&mut attempt.told);
        drop(attempt);
        if result.is_ok() {
            for line in told {
                self.log(line);
            }
        }
        self.settle(job, tally, late, records, result.as_ref().ok(), began);
        result
    }

    fn tell_breaker(&self, now: Instant, outcome: Outcome, late: bool) {
        if !self.binding.limits.breaker {
            return;
        }
        let opened = {
            let mut breaker = self.statistics.breaker.lock();
            let before = breaker.opened();
            breaker.ended(now, outcome, late);
            breaker.opened() > before
        };
        if opened {
            self.log("it failed too often: its breaker is open, and it isn't called for a while".to_owned());
        }
    }

    /// Writes a line beside those of the plug-in.
    fn log(&self, line: String) {
        self.statistics.journal.logs.write(Level::Error, line, Instant::now());
    }

    /// What becomes of a batch that isn't tried.
    fn refuse<J: Job>(&self, job: &J, records: usize, cause: Option<Cause>, sentence: &str) -> J::Answer {
        let answer = job.failed(records, &format!("{} {sentence}", self.label), &self.rules());
        let mut tally = Tally {
            batches: 1,
            records: records as u64,
            failed_records: records as u64,
            verdicts: job.count(&answer),
            ..Tally::default()
        };
        if let Some(cause) = cause {
            tally.failures[cause as usize] += 1;
        }
        self.statistics.add(&tally, None);
        answer
    }

    /// Counts a batch. One that was given up leaves no trace but that, because it comes again.
    fn settle<J: Job>(
        &self,
        job: &J,
        mut tally: Tally,
        late: bool,
        records: usize,
        answer: Option<&J::Answer>,
        began: Instant,
    ) {
        let now = Instant::now();
        let time = now.saturating_duration_since(began);
        let Some(answer) = answer else {
            self.tempo.ran_late(now);
            self.tell_breaker(now, Outcome::GivenUp, false);
            tally.failures = Default::default();
            tally.failed_records = 0;
            tally.over_budget = 1;
            return self.statistics.add(&tally, None);
        };
        let all_failed = tally.failed_records == records as u64;
        let outcome = if all_failed { Outcome::Failed } else { Outcome::Worked };
        self.tell_breaker(now, outcome, late);
        self.tempo.took(time);
        if late {
            self.tempo.ran_late(now);
        }
        tally.batches = 1;
        tally.records = records as u64;
        tally.verdicts = job.count(answer);
        self.statistics.add(&tally, Some(time));
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("binding", &self.binding)
            .field("digest", &self.digest())
            .finish_non_exhaustive()
    }
}
