//! Members join, leave and crash, and the broker is killed, one event after the other, for as long as `KLAMM_CHURN_SECONDS`
//! says: each may cost so many rebalances and no more, and between them there is none.

use std::time::{Duration, Instant};

use klamm_conformance::TestBroker;
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};

use super::member::{CONSUMER_PROTOCOL, Member, Seen};
use super::process::MemberProcess;
use super::support::{Deliveries, PATIENCE, producer, try_send};
use super::watcher::Watcher;
use super::{
    OFFSETS_PARTITIONS, TOPIC, group_records, kill_and_restart, no_commit_went_back_but_late_ones, started,
};

const PARTITIONS: i32 = 4;
/// For how long nothing may happen once a group has come to rest: some heartbeats of each member.
const QUIET: Duration = Duration::from_secs(2);

/// What members of a protocol need.
#[derive(Debug, Clone, Copy)]
struct Protocol {
    name: &'static str,
    settings: &'static [(&'static str, &'static str)],
    /// The most generations or epochs that one member's coming or going may take: who gives partitions back in the cooperative
    /// protocol joins once more to say so.
    generations: i32,
    /// The most times that one member may hear of other partitions meanwhile, for each generation.
    calls: usize,
}

const EAGER: Protocol = Protocol {
    name: "eager",
    settings: &[
        ("partition.assignment.strategy", "range"),
        ("session.timeout.ms", "6000"),
        ("auto.commit.interval.ms", "100"),
        ("reconnect.backoff.max.ms", "500"),
    ],
    generations: 1,
    // All taken, some given.
    calls: 2,
};

const COOPERATIVE: Protocol = Protocol {
    name: "cooperative",
    settings: &[
        ("partition.assignment.strategy", "cooperative-sticky"),
        ("session.timeout.ms", "6000"),
        ("auto.commit.interval.ms", "100"),
        ("reconnect.backoff.max.ms", "500"),
    ],
    generations: 2,
    calls: 2,
};

const CONSUMER: Protocol = Protocol {
    name: "consumer",
    settings: &[CONSUMER_PROTOCOL, ("auto.commit.interval.ms", "100"), ("reconnect.backoff.max.ms", "500")],
    generations: 1,
    // It gives and gets each partition when that is free.
    calls: PARTITIONS as usize,
};

/// What happened, for people.
#[derive(Debug, Default)]
struct Figures {
    comings_and_goings: i32,
    rebalances: i32,
    /// The most for one event, divided by the members that came or went in it.
    most: i32,
    /// How often members that stayed heard of other partitions.
    calls: usize,
    /// How long an event took until the group was at rest, at the most.
    slowest: Duration,
    quiet: Duration,
}

struct Churn {
    protocol: Protocol,
    broker: TestBroker,
    producer: ThreadedProducer<Deliveries>,
    watcher: Watcher,
    members: Vec<Member>,
    process: Option<MemberProcess>,
    seen: Seen,
    sent: usize,
    /// When the broker was killed, in milliseconds since 1970.
    kills: Vec<i64>,
    figures: Figures,
}

impl Churn {
    fn new(protocol: Protocol) -> Churn {
        let broker = started();
        let producer = producer(&broker, &[]);
        let seen = Seen::default();
        let join = || Member::join_and_note(&broker, TOPIC, protocol.settings, &seen);
        let members = vec![join(), join()];
        // The first member has the topic made.
        super::eventually(
            "the group is there",
            || members.iter().any(|member| !member.assignment().is_empty()),
            String::new,
        );
        let watcher = Watcher::new(&broker, OFFSETS_PARTITIONS);
        let mut churn = Churn {
            protocol,
            broker,
            producer,
            watcher,
            members,
            process: None,
            seen,
            sent: 0,
            kills: Vec::new(),
            figures: Figures::default(),
        };
        churn.settle("the beginning");
        churn
    }

    fn join(&mut self) {
        let settings = self.protocol.settings;
        self.members.push(Member::join_and_note(&self.broker, TOPIC, settings, &self.seen));
    }

    /// Something happens to so many members, by which the group comes to rest again.
    fn event(&mut self, what: &str, touched: i32, happens: impl FnOnce(&mut Churn)) {
        let (before, begun) = (self.watcher.generation, Instant::now());
        happens(self);
        // Who has just come is told of partitions for the first time.
        let stayed: Vec<(Member, usize)> =
            self.members.iter().map(|member| (member.clone(), member.rebalances())).collect();
        self.settle(what);
        self.figures.slowest = self.figures.slowest.max(begun.elapsed());
        let rebalances = self.watcher.generation - before;
        let allowed = self.protocol.generations * touched;
        assert!(rebalances <= allowed, "{what}: {rebalances} rebalances, {allowed} are enough");
        let calls = stayed.iter().map(|(member, before)| member.rebalances() - before);
        let (most, allowed) =
            (calls.clone().max().unwrap_or(0), self.protocol.calls * allowed.max(0) as usize);
        assert!(
            most <= allowed,
            "{what}: a member heard {most} times of other partitions, {allowed} are enough"
        );
        self.figures.rebalances += rebalances;
        self.figures.most = self.figures.most.max(rebalances / touched.max(1));
        self.figures.calls += calls.sum::<usize>();
        self.figures.comings_and_goings += touched;
        self.rest(what);
    }

    /// Waits until all members have what they are to have, and all that was sent is read.
    fn settle(&mut self, what: &str) {
        let deadline = Instant::now() + PATIENCE;
        let count = self.members.len() + usize::from(self.process.is_some());
        let sent = self.sent;
        loop {
            self.work();
            if self.watcher.is_settled(count, PARTITIONS) && self.seen.count() >= sent {
                return;
            }
            let read = self.seen.count();
            let group = self.watcher.describe();
            assert!(Instant::now() < deadline, "{what}: {count} members, {read} of {sent} read, {group}");
        }
    }

    /// At rest, nothing changes.
    fn rest(&mut self, what: &str) {
        let (before, until) = (self.watcher.generation, Instant::now() + QUIET);
        let heard = |members: &[Member]| members.iter().map(Member::rebalances).collect::<Vec<_>>();
        let calls = heard(&self.members);
        while Instant::now() < until {
            self.work();
        }
        assert_eq!(self.watcher.generation, before, "after {what}, at rest, there was a rebalance");
        assert_eq!(heard(&self.members), calls, "after {what}, at rest, a member heard of other partitions");
        self.figures.quiet += QUIET;
    }

    /// Records come all the time.
    #[expect(clippy::disallowed_methods, reason = "a test lets time pass; nothing else runs here")]
    fn work(&mut self) {
        for _ in 0..10 {
            try_send(&self.producer, BaseRecord::<(), _>::to(TOPIC).payload(&format!("{}", self.sent)));
            self.sent += 1;
        }
        self.watcher.look();
        std::thread::sleep(Duration::from_millis(30));
    }

    fn round(&mut self) {
        self.event("a member joins", 1, Churn::join);
        self.event("a member leaves", 1, |churn| churn.members.remove(0).leave());
        self.event("another joins", 1, |churn| {
            let settings = churn.protocol.settings;
            churn.process = Some(MemberProcess::join(&churn.broker, TOPIC, settings, &churn.seen));
        });
        self.event("a member crashes", 1, |churn| churn.process = None);
        self.event("two join at once", 2, |churn| (0..2).for_each(|_| churn.join()));
        self.event("two leave", 2, |churn| churn.members.drain(..2).for_each(Member::leave));
        self.event("the broker is killed", 0, |churn| {
            let kill = kill_and_restart(&mut churn.broker);
            churn.kills.push(kill);
        });
    }

    /// All was read, and what was committed has never gone back.
    #[expect(clippy::print_stdout, reason = "figures for people")]
    fn end(mut self, took: Duration) {
        self.producer.flush(PATIENCE).unwrap();
        assert_eq!(self.producer.context().failures(), 0);
        let (seen, sent) = (self.seen.clone(), self.sent);
        super::eventually("all is read", || seen.count() == sent, || format!("{} of {sent}", seen.count()));
        self.members.drain(..).for_each(Member::leave);
        no_commit_went_back_but_late_ones(&group_records(&self.broker), &self.kills);
        let kills = self.kills.len();
        let Figures { comings_and_goings, rebalances, most, calls, slowest, quiet } = self.figures;
        println!(
            "{} members, {:.0} s: {comings_and_goings} came, left or crashed, the broker was killed {kills} times; \
             {rebalances} rebalances, at most {most} for one of them ({} allowed); members that stayed heard {calls} \
             times of other partitions; at rest after {:.1} s at the latest; {:.0} s quiet, without any; {sent} \
             records sent and read",
            self.protocol.name,
            took.as_secs_f64(),
            self.protocol.generations,
            slowest.as_secs_f64(),
            quiet.as_secs_f64(),
        );
    }
}

fn churn(protocol: Protocol) {
    let seconds = std::env::var("KLAMM_CHURN_SECONDS").map_or(0, |seconds| seconds.parse().unwrap());
    let begun = Instant::now();
    let mut churn = Churn::new(protocol);
    // At least each event once.
    loop {
        churn.round();
        if begun.elapsed() >= Duration::from_secs(seconds) {
            return churn.end(begun.elapsed());
        }
    }
}

#[test]
fn eager_members_rebalance_when_one_comes_or_goes_and_at_no_other_time() {
    churn(EAGER);
}

#[test]
fn cooperative_members_rebalance_when_one_comes_or_goes_and_at_no_other_time() {
    churn(COOPERATIVE);
}

#[test]
fn members_of_the_consumer_protocol_rebalance_when_one_comes_or_goes_and_at_no_other_time() {
    churn(CONSUMER);
}
