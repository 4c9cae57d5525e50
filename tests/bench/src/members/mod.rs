//! Members of consumer groups that only rebalance: each in a thread of its own, with a heartbeat as often as it is told.

mod board;
mod classic;
mod consumer;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use klamm_model::{ErrorCode, TopicId};
use klamm_wire::FindCoordinatorRequest;

use crate::Result;
use crate::broker::pause;
use crate::client::Client;

pub use board::Board;

const FIND_COORDINATOR_VERSION: i16 = 4;
/// No member is given up within a measurement.
const REBALANCE_TIMEOUT_MS: i32 = 60_000;

/// Which protocol a group speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// The one in which all give up everything, and one of them deals it out anew.
    Classic,
    /// KIP-848: the broker deals out.
    Consumer,
}

/// The group of a measurement.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its protocol.
    pub protocol: Protocol,
    /// What it reads.
    pub topic: String,
    /// The same.
    pub topic_id: TopicId,
    /// How many partitions that has.
    pub partitions: i32,
    /// Where the broker is.
    pub address: SocketAddr,
    /// How often a member of the classic protocol is heard of. One of the consumer protocol is told how often.
    pub interval: Duration,
}

/// Starts member number `number`.
pub fn start(group: &Arc<Group>, number: usize, board: &Arc<Board>) -> JoinHandle<()> {
    let (group, board) = (Arc::clone(group), Arc::clone(board));
    std::thread::spawn(move || {
        let lived = match group.protocol {
            Protocol::Classic => classic::live(&group, number, &board),
            Protocol::Consumer => consumer::live(&group, number, &board),
        };
        board.gone(number, lived.err().map(|error| error.to_string()));
    })
}

/// Waits until the broker looks after the group.
pub fn wait_for_coordinator(client: &mut Client, group: &str) -> Result<()> {
    let request = FindCoordinatorRequest {
        coordinator_keys: vec![group.to_owned()],
        ..FindCoordinatorRequest::default()
    };
    while client.call(FIND_COORDINATOR_VERSION, &request)?.coordinators[0].error_code != 0 {
        pause();
    }
    Ok(())
}

/// What a member does about an answer.
enum Heard {
    /// It is as it should be.
    Well,
    /// The group gathers anew.
    Rebalance,
    /// The coordinator is not there yet.
    Away,
}

fn heard(code: i16) -> Result<Heard> {
    match ErrorCode::from_i16(code) {
        Some(ErrorCode::None) => Ok(Heard::Well),
        Some(ErrorCode::RebalanceInProgress) => Ok(Heard::Rebalance),
        Some(
            ErrorCode::CoordinatorLoadInProgress
            | ErrorCode::CoordinatorNotAvailable
            | ErrorCode::NotCoordinator,
        ) => {
            pause();
            Ok(Heard::Away)
        }
        other => Err(format!("a member is told {other:?}").into()),
    }
}
