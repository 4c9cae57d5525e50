//! A member of a group.

use bytes::Bytes;
use klamm_wire::messages::join_group::{JoinGroupRequest, JoinGroupResponseMember};

use crate::{Caller, Ticket};

/// A member of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// Its id of its own choice, if it is a static member (KIP-345).
    pub instance_id: Option<String>,
    /// Its name for itself.
    pub client_id: String,
    /// Its address, as Kafka writes it.
    pub client_host: String,
    /// How long it may take to join again, in milliseconds.
    pub rebalance_timeout_ms: i32,
    /// After how long without a sign of life it counts as dead, in milliseconds.
    pub session_timeout_ms: i32,
    /// The protocols that it speaks, the dearest first, each with what it tells the leader.
    pub protocols: Vec<(String, Bytes)>,
    /// What the leader told it.
    pub assignment: Bytes,
    /// Its JoinGroup that waits for an answer.
    pub(super) joining: Option<Ticket>,
    /// Its SyncGroup that waits for an answer.
    pub(super) syncing: Option<Ticket>,
    /// Whether it never had an answer to its JoinGroup: then it may be lost while it waits.
    pub(super) is_new: bool,
    /// The how-manieth member it was to come.
    pub(super) number: u64,
}

impl Member {
    pub(super) fn new(id: String, caller: &Caller, request: &JoinGroupRequest, number: u64) -> Member {
        let mut member = Member {
            id,
            instance_id: request.group_instance_id.clone(),
            client_id: caller.client_id.clone(),
            client_host: caller.host_text(),
            rebalance_timeout_ms: 0,
            session_timeout_ms: 0,
            protocols: Vec::new(),
            assignment: Bytes::new(),
            joining: None,
            syncing: None,
            is_new: true,
            number,
        };
        member.update(request);
        member
    }

    /// Takes what it says when it joins again.
    pub(super) fn update(&mut self, request: &JoinGroupRequest) {
        self.session_timeout_ms = request.session_timeout_ms;
        // The first version has but one timeout.
        let rebalance_timeout_ms = request.rebalance_timeout_ms;
        self.rebalance_timeout_ms =
            if rebalance_timeout_ms < 0 { request.session_timeout_ms } else { rebalance_timeout_ms };
        self.protocols = protocols_of(request);
    }

    /// Whether it says the same as before.
    pub(super) fn says_the_same(&self, request: &JoinGroupRequest) -> bool {
        self.protocols == protocols_of(request)
    }

    /// What it tells the leader in a protocol.
    pub fn metadata(&self, protocol: &str) -> Option<&Bytes> {
        self.protocols.iter().find(|(name, _)| name == protocol).map(|(_, metadata)| metadata)
    }

    /// As the leader sees it.
    pub(super) fn for_leader(&self, protocol: &str) -> JoinGroupResponseMember {
        JoinGroupResponseMember {
            member_id: self.id.clone(),
            group_instance_id: self.instance_id.clone(),
            metadata: self.metadata(protocol).cloned().unwrap_or_default(),
        }
    }
}

fn protocols_of(request: &JoinGroupRequest) -> Vec<(String, Bytes)> {
    request.protocols.iter().map(|protocol| (protocol.name.clone(), protocol.metadata.clone())).collect()
}
