//! Requests of the consumer protocol (KIP-848).

use klamm_model::ErrorCode;
use klamm_wire::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};

use super::{Coordinator, Group};
use crate::classic::ClassicGroup;
use crate::consumer::{ConsumerGroup, NotUpgraded};
use crate::{Caller, Effects, Topics, Turn, WhyRefused};

/// The epoch with which a member joins.
const JOINS: i32 = 0;

/// Why a heartbeat is refused before the group hears of it.
type Refused = (ErrorCode, String);

impl Coordinator {
    /// A member joins, lives on or leaves.
    pub fn consumer_heartbeat(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        caller: &Caller,
        request: ConsumerGroupHeartbeatRequest,
    ) -> ConsumerGroupHeartbeatResponse {
        let group_id = request.group_id.clone();
        let joins = request.member_epoch == JOINS;
        let response = match self.groups.get_mut(&group_id) {
            Some(Group::Consumer { group, .. }) => {
                let (response, classic) = group.heartbeat(turn, topics, caller, request);
                self.becomes(&group_id, classic);
                Ok(response)
            }
            _ if group_id.trim().is_empty() => {
                Err((ErrorCode::InvalidRequest, "GroupId can't be empty.".to_owned()))
            }
            _ if joins => self.join_new_group(turn, topics, caller, request),
            Some(Group::Classic(_)) => {
                Err((ErrorCode::GroupIdNotFound, format!("Group {group_id} is a classic group.")))
            }
            None => Err((ErrorCode::GroupIdNotFound, format!("Group {group_id} not found."))),
        };
        self.settle(&group_id, turn.now);
        response.unwrap_or_else(|(code, message)| ConsumerGroupHeartbeatResponse {
            error_code: code.as_i16(),
            error_message: Some(message),
            ..ConsumerGroupHeartbeatResponse::default()
        })
    }

    /// The first member that speaks the consumer protocol. Only if it may join, there is a group of this protocol, or the
    /// classic group of this name becomes one.
    fn join_new_group(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        caller: &Caller,
        request: ConsumerGroupHeartbeatRequest,
    ) -> Result<ConsumerGroupHeartbeatResponse, Refused> {
        let group_id = request.group_id.clone();
        let mut effects = Effects::default();
        let own = &mut Turn { now: turn.now, config: turn.config, ids: turn.ids, effects: &mut effects };
        let mut group = match self.groups.get(&group_id) {
            Some(Group::Classic(classic)) if !classic.is_empty() => {
                ConsumerGroup::upgraded(own, topics, classic, &group_id).map_err(|why| {
                    let message = stays_classic(&group_id, &why);
                    turn.effects.refuse(&group_id, WhyRefused::Upgrade(why));
                    (ErrorCode::GroupIdNotFound, message)
                })?
            }
            Some(Group::Classic(classic)) => {
                // Its offsets stay, for the group of the consumer protocol that takes its name.
                classic.delete(own.effects);
                ConsumerGroup::new(group_id.clone())
            }
            Some(Group::Consumer { .. }) | None => ConsumerGroup::new(group_id.clone()),
        };
        let (response, _) = group.heartbeat(own, topics, caller, request);
        if response.error_code == ErrorCode::None.as_i16() {
            if let Some(Group::Classic(classic)) = self.groups.get_mut(&group_id) {
                // Who waits for the classic group joins again, and finds the other one.
                classic.close(turn, ErrorCode::RebalanceInProgress);
            }
            turn.effects.extend(effects);
            self.groups.insert(group_id, Group::consumer(group));
        }
        Ok(response)
    }

    /// A group of the consumer protocol whose members all speak the classic one may become such a group.
    pub(super) fn becomes(&mut self, group_id: &str, classic: Option<ClassicGroup>) {
        if let Some(classic) = classic {
            self.groups.insert(group_id.to_owned(), Group::Classic(classic));
        }
    }
}

fn stays_classic(group_id: &str, why: &NotUpgraded) -> String {
    format!("The classic group {group_id} can't become one of the consumer protocol: {why}.")
}
