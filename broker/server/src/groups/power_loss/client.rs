//! A consumer of one of the protocols, as it sees itself.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use klamm_groups::{Coordinator, Reply, Turn};
use klamm_log::sim::Random;
use klamm_model::{ErrorCode, Offset};
use klamm_wire::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};
use klamm_wire::messages::heartbeat::HeartbeatRequest;
use klamm_wire::messages::join_group::JoinGroupResponse;
use klamm_wire::messages::leave_group::{LeaveGroupRequest, MemberIdentity};
use klamm_wire::messages::sync_group::SyncGroupRequest;

use super::super::{Asked, Shard};
use super::claims::{Claim, MemberOf};
use super::requests;
use super::world::{World, caller};

/// An answer that comes when it is durable.
pub(super) type Wait<T> = Pin<Box<dyn Future<Output = Result<T, ErrorCode>>>>;

/// The answer, if it is there.
pub(super) fn look<T>(wait: &mut Wait<T>) -> Option<Result<T, ErrorCode>> {
    match wait.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

/// The coordinator, as clients reach it.
#[derive(Clone)]
pub(super) struct Reach {
    pub(super) shard: Arc<Shard>,
    pub(super) world: Arc<World>,
    /// The planted mistake: answers go out before they are durable.
    pub(super) early: bool,
}

impl Reach {
    /// Where the log ends.
    pub(super) fn end(&self) -> Offset {
        self.shard.partition().log_end_offset()
    }

    /// Asks; the answer comes when it is durable.
    pub(super) fn run<T: 'static>(
        &self,
        event: impl FnOnce(&mut Coordinator, &mut Turn<'_>) -> T,
    ) -> Result<Wait<T>, ErrorCode> {
        let asked = self.shard.run(&*self.world, event)?;
        Ok(self.answer(asked))
    }

    pub(super) fn answer<T: 'static>(&self, asked: Asked<T>) -> Wait<T> {
        if self.early {
            return Box::pin(std::future::ready(Ok(asked.at_once())));
        }
        let shard = Arc::clone(&self.shard);
        Box::pin(async move { asked.when_durable(shard.partition()).await })
    }
}

/// The protocol that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Classic,
    Consumer,
}

/// What it is doing.
enum Doing {
    /// It is about to join.
    Nothing,
    /// A request of the classic protocol is under way: JoinGroup, SyncGroup.
    Asking(Wait<Reply>),
    /// A heartbeat of the consumer protocol is.
    Beating(Wait<ConsumerGroupHeartbeatResponse>),
    Reading,
}

/// A consumer.
pub(super) struct Client {
    number: usize,
    lives: u32,
    kind: Kind,
    pub(super) group: String,
    instance: Option<String>,
    pub(super) member_id: String,
    /// Its generation or epoch.
    pub(super) epoch: i32,
    doing: Doing,
    /// Where the log ended when it last asked for something.
    asked: Offset,
    owned: Vec<TopicPartitions>,
}

impl Client {
    pub(super) fn new(number: usize, lives: u32, random: &mut Random) -> Client {
        let kind = if random.one_in(2) { Kind::Classic } else { Kind::Consumer };
        let mut client = Client {
            number,
            lives,
            kind,
            group: ["a", "b", "c"][random.below(3) as usize].to_owned(),
            instance: random.one_in(4).then(|| format!("i{}", random.below(2))),
            member_id: String::new(),
            epoch: 0,
            doing: Doing::Nothing,
            asked: Offset::ZERO,
            owned: Vec::new(),
        };
        if kind == Kind::Consumer {
            client.member_id = format!("m{number}-{lives}");
        }
        client
    }

    /// It begins anew, as someone else.
    fn reborn(&mut self, random: &mut Random) {
        *self = Client::new(self.number, self.lives + 1, random);
    }

    pub(super) fn member(&self) -> MemberOf {
        (self.group.clone(), self.member_id.clone())
    }

    /// Whether it can commit as a member.
    pub(super) fn is_member(&self) -> bool {
        self.epoch > 0 && !matches!(self.doing, Doing::Nothing)
    }

    /// The connection is gone, and what it waited for.
    pub(super) fn disconnected(&mut self) {
        self.doing =
            if self.kind == Kind::Consumer && self.epoch > 0 { Doing::Reading } else { Doing::Nothing };
    }

    /// Takes an answer, if one is there; gives what it may rely on.
    pub(super) fn hear(&mut self, reach: &Reach, random: &mut Random) -> Option<Claim> {
        match &mut self.doing {
            Doing::Asking(wait) => match look(wait)? {
                Ok(Reply::Join(joined)) => {
                    self.joined(reach, random, joined);
                    None
                }
                Ok(Reply::Sync(synced)) if synced.error_code == 0 => {
                    self.doing = Doing::Reading;
                    Some(Claim::Member(self.member(), self.epoch, self.asked))
                }
                Ok(Reply::Sync(_)) | Err(_) => {
                    self.doing = Doing::Nothing;
                    None
                }
            },
            Doing::Beating(wait) => {
                let answer = look(wait)?;
                self.doing = Doing::Reading;
                self.answered(answer.ok()?, random)
            }
            Doing::Nothing | Doing::Reading => None,
        }
    }

    /// Does what it has to do next.
    pub(super) fn step(&mut self, reach: &Reach, random: &mut Random) {
        match (&self.doing, self.kind) {
            (Doing::Asking(_) | Doing::Beating(_), _) => {}
            (_, Kind::Consumer) => self.beat(reach),
            (Doing::Nothing, Kind::Classic) => self.join(reach),
            (Doing::Reading, Kind::Classic) => self.classic_beat(reach, random),
        }
    }

    fn join(&mut self, reach: &Reach) {
        let request = requests::join(&self.group, &self.member_id, self.instance.as_deref());
        self.asked = reach.end();
        let Reach { shard, world, .. } = reach.clone();
        let mut wait: Wait<Reply> = Box::pin(async move {
            let (topics, caller) = (world.topics(), caller());
            let join = |groups: &mut Coordinator, turn: &mut Turn<'_>, ticket| {
                groups.join(turn, &topics, &caller, request, ticket);
            };
            shard.ask(&*world, join).await
        });
        // The request is sent: nothing happens before it is polled. What comes at once is heard later.
        self.doing = match look(&mut wait) {
            Some(answer) => Doing::Asking(Box::pin(std::future::ready(answer))),
            None => Doing::Asking(wait),
        };
    }

    fn joined(&mut self, reach: &Reach, random: &mut Random, joined: JoinGroupResponse) {
        self.doing = Doing::Nothing;
        match code(joined.error_code) {
            ErrorCode::None => {}
            ErrorCode::MemberIdRequired => return self.member_id = joined.member_id,
            ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => return self.reborn(random),
            _ => return,
        }
        (self.member_id, self.epoch) = (joined.member_id, joined.generation_id);
        let leads = joined.leader == self.member_id && !joined.skip_assignment;
        let request = SyncGroupRequest {
            group_id: self.group.clone(),
            generation_id: self.epoch,
            member_id: self.member_id.clone(),
            group_instance_id: self.instance.clone(),
            assignments: if leads { requests::deal(&joined.members) } else { Vec::new() },
            ..SyncGroupRequest::default()
        };
        self.asked = reach.end();
        let Reach { shard, world, .. } = reach.clone();
        let mut wait: Wait<Reply> = Box::pin(async move {
            let (topics, caller) = (world.topics(), caller());
            let sync = |groups: &mut Coordinator, turn: &mut Turn<'_>, ticket| {
                groups.sync(turn, &topics, &caller, request, ticket);
            };
            shard.ask(&*world, sync).await
        });
        self.doing = match look(&mut wait) {
            Some(answer) => Doing::Asking(Box::pin(std::future::ready(answer))),
            None => Doing::Asking(wait),
        };
    }

    fn classic_beat(&mut self, reach: &Reach, random: &mut Random) {
        let request = HeartbeatRequest {
            group_id: self.group.clone(),
            generation_id: self.epoch,
            member_id: self.member_id.clone(),
            group_instance_id: self.instance.clone(),
        };
        let topics = reach.world.topics();
        let asked = reach.shard.run(&*reach.world, |groups, turn| groups.heartbeat(turn, &topics, &request));
        match asked.map_or_else(|code| code, Asked::at_once) {
            ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => self.reborn(random),
            ErrorCode::RebalanceInProgress | ErrorCode::IllegalGeneration => self.doing = Doing::Nothing,
            _ => {}
        }
    }

    fn beat(&mut self, reach: &Reach) {
        let mut request = requests::beat(&self.group, &self.member_id, self.epoch, self.instance.as_deref());
        if self.epoch > 0 {
            request.topic_partitions = Some(self.owned.clone());
        }
        self.asked = reach.end();
        if let Ok(wait) = heartbeat(reach, request) {
            self.doing = Doing::Beating(wait);
        }
    }

    fn answered(&mut self, answer: ConsumerGroupHeartbeatResponse, random: &mut Random) -> Option<Claim> {
        match code(answer.error_code) {
            ErrorCode::None => {
                self.epoch = answer.member_epoch;
                if let Some(assignment) = answer.assignment {
                    self.owned = assignment.topic_partitions;
                }
                Some(Claim::Member(self.member(), self.epoch, self.asked))
            }
            ErrorCode::UnreleasedInstanceId if random.one_in(2) => None,
            _ => {
                self.reborn(random);
                None
            }
        }
    }

    /// It leaves, and begins anew; gives the claim and its answer, if leaving makes one.
    pub(super) fn leave(&mut self, reach: &Reach, random: &mut Random) -> Option<(Claim, Wait<bool>)> {
        let (kind, instance, member) = (self.kind, self.instance.clone(), self.member());
        let was_member = self.epoch > 0;
        self.reborn(random);
        if !was_member {
            return None;
        }
        if kind == Kind::Classic {
            let leaving = MemberIdentity {
                member_id: member.1.clone(),
                group_instance_id: instance,
                ..MemberIdentity::default()
            };
            let request = LeaveGroupRequest {
                group_id: member.0,
                members: vec![leaving],
                ..LeaveGroupRequest::default()
            };
            let (topics, caller) = (reach.world.topics(), caller());
            // The generation without it is written down later: that it left is no claim.
            let _answer = reach.run(|groups, turn| groups.leave(turn, &topics, &caller, request));
            return None;
        }
        let comes_back = instance.is_some() && random.one_in(2);
        let epoch = if comes_back { -2 } else { -1 };
        let wait = heartbeat(reach, requests::beat(&member.0, &member.1, epoch, instance.as_deref())).ok()?;
        let accepted = Box::pin(async move { Ok(wait.await?.error_code == 0) });
        (!comes_back).then_some((Claim::Left(member), accepted as Wait<bool>))
    }
}

fn heartbeat(
    reach: &Reach,
    request: ConsumerGroupHeartbeatRequest,
) -> Result<Wait<ConsumerGroupHeartbeatResponse>, ErrorCode> {
    let (topics, caller) = (reach.world.topics(), caller());
    reach.run(|groups, turn| groups.consumer_heartbeat(turn, &topics, &caller, request))
}

fn code(code: i16) -> ErrorCode {
    ErrorCode::from_i16(code).unwrap_or(ErrorCode::UnknownServerError)
}
