//! A group, as all its members know it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use klamm_faults::{Client, Progress, Register};
use klamm_model::ErrorCode;
use klamm_wire::messages::find_coordinator::FindCoordinatorRequest;
use klamm_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use klamm_wire::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponsePartitions,
};

use crate::requests::error;

/// The newest version that names topics, of OffsetCommit and of OffsetFetch.
const NAMES_TOPICS: i16 = 9;

/// A group, and how far it has committed in each partition of its topic.
#[derive(Debug)]
pub struct Group {
    pub name: String,
    pub topic: String,
    /// Commits are numbered, and a commit's offset is its number.
    committed: Mutex<Vec<Register>>,
    progress: Arc<Progress>,
    pub commits: AtomicU64,
}

impl Group {
    /// A new group. It waits until the broker has a coordinator for it.
    pub fn new(
        client: &mut Client,
        name: &str,
        (topic, partitions): (&str, i32),
        progress: &Arc<Progress>,
    ) -> Arc<Group> {
        let request =
            FindCoordinatorRequest { coordinator_keys: vec![name.to_owned()], ..Default::default() };
        let answer = client.ask(&request).unwrap();
        assert_eq!(error(answer.coordinators[0].error_code), ErrorCode::None);
        Arc::new(Group {
            name: name.to_owned(),
            topic: topic.to_owned(),
            committed: Mutex::new(vec![Register::default(); partitions as usize]),
            progress: Arc::clone(progress),
            commits: AtomicU64::new(0),
        })
    }

    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    pub fn partitions(&self) -> i32 {
        self.committed.lock().unwrap().len() as i32
    }

    /// Commits the next offset of a partition that nobody else reads.
    pub fn commit(
        &self,
        client: &mut Client,
        (member_id, epoch): (&str, i32),
        partition: i32,
    ) -> io::Result<()> {
        let number = self.committed.lock().unwrap()[partition as usize].begin();
        self.progress.sent(1);
        let answer =
            client.call(NAMES_TOPICS, &self.commit_request((member_id, epoch), partition, number))?;
        self.progress.answered();
        let register = &mut self.committed.lock().unwrap()[partition as usize];
        match error(answer.topics[0].partitions[0].error_code) {
            ErrorCode::None => register.acknowledged(number),
            code if is_away(code) => {
                // Nothing is written, or it is not known; the next look will tell.
                return Err(away(code));
            }
            code => panic!("{}: a commit of {member_id} in {epoch} is refused: {code:?}", self.name),
        }
        self.commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn commit_request(
        &self,
        (member_id, epoch): (&str, i32),
        partition: i32,
        number: u64,
    ) -> OffsetCommitRequest {
        let partition = OffsetCommitRequestPartition {
            partition_index: partition,
            committed_offset: number as i64,
            committed_metadata: Some(metadata(partition, number)),
            ..Default::default()
        };
        let topic = OffsetCommitRequestTopic {
            name: self.topic.clone(),
            partitions: vec![partition],
            ..Default::default()
        };
        OffsetCommitRequest {
            group_id: self.name.clone(),
            generation_id_or_member_epoch: epoch,
            member_id: member_id.to_owned(),
            topics: vec![topic],
            ..Default::default()
        }
    }

    /// Reads what is committed for partitions for which nobody commits meanwhile, and compares it with what was.
    pub fn look(&self, client: &mut Client, partitions: &[i32]) -> io::Result<()> {
        let topic = OffsetFetchRequestTopics {
            name: self.topic.clone(),
            partition_indexes: partitions.to_vec(),
            ..Default::default()
        };
        let group = OffsetFetchRequestGroup {
            group_id: self.name.clone(),
            topics: Some(vec![topic]),
            ..Default::default()
        };
        let request = OffsetFetchRequest { groups: vec![group], ..Default::default() };
        let group = client.call(NAMES_TOPICS, &request)?.groups.remove(0);
        match error(group.error_code) {
            ErrorCode::None => {}
            code if is_away(code) => return Err(away(code)),
            code => panic!("{}: committed offsets can't be read: {code:?}", self.name),
        }
        let found: Vec<_> = group.topics.into_iter().flat_map(|topic| topic.partitions).collect();
        assert_eq!(found.len(), partitions.len(), "{}: {found:?}", self.name);
        for found in &found {
            self.observed(found);
        }
        Ok(())
    }

    fn observed(&self, found: &OffsetFetchResponsePartitions) {
        let partition = found.partition_index;
        let number = found.committed_offset.max(0) as u64;
        if let Err(stale) = self.committed.lock().unwrap()[partition as usize].observed(number) {
            panic!("{}, partition {partition}: a committed offset is wrong: {stale}", self.name);
        }
        let expected = if number == 0 { String::new() } else { metadata(partition, number) };
        assert_eq!(found.metadata.as_deref().unwrap_or_default(), expected, "{}", self.name);
    }
}

fn metadata(partition: i32, number: u64) -> String {
    format!("commit {number} of {partition}")
}

/// Whether a code only says that the coordinator is not there yet.
pub fn is_away(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::CoordinatorLoadInProgress | ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator
    )
}

/// The error that has a member try again.
pub fn away(code: ErrorCode) -> io::Error {
    io::Error::other(code.to_string())
}
