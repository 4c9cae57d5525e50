//! What is known of a consumer group from what its members were told.

use std::collections::BTreeMap;
use std::fmt;

/// What a group must not be.
#[expect(missing_docs, reason = "the numbers' names say it, and the text that is made of them")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupViolation {
    /// A generation, or a member's epoch, is older than one that was told.
    WentBack { member: String, told: i32, newest: i32 },
    /// Two members of one generation were told two assignments.
    TwoAssignments { generation: i32, one: u64, other: u64 },
    /// Two members have a partition.
    TwoOwners { partition: i32, one: String, other: String },
}

/// A group of the classic protocol: its newest generation, and who was told to read what in it.
#[derive(Debug, Clone, Default)]
pub struct Generations {
    newest: i32,
    /// Which of the assignments that leaders made.
    assignment: u64,
    owners: BTreeMap<i32, String>,
}

impl Generations {
    /// A member was told its partitions in a generation, in the words of that generation's leader.
    ///
    /// # Errors
    /// If that contradicts what was told before.
    pub fn told(
        &mut self,
        member: &str,
        generation: i32,
        assignment: u64,
        partitions: &[i32],
    ) -> Result<(), GroupViolation> {
        if generation < self.newest {
            let member = member.to_owned();
            return Err(GroupViolation::WentBack { member, told: generation, newest: self.newest });
        }
        if generation > self.newest {
            *self = Generations { newest: generation, assignment, owners: BTreeMap::new() };
        }
        if assignment != self.assignment {
            return Err(GroupViolation::TwoAssignments {
                generation,
                one: self.assignment,
                other: assignment,
            });
        }
        claim(&mut self.owners, member, partitions)
    }

    /// The newest generation in which somebody was told its partitions.
    pub fn newest(&self) -> i32 {
        self.newest
    }
}

/// A group of the consumer protocol: its members' epochs, and who reads what.
#[derive(Debug, Clone, Default)]
pub struct Ownership {
    epochs: BTreeMap<String, i32>,
    newest: i32,
    owners: BTreeMap<i32, String>,
}

impl Ownership {
    /// A member was told its epoch.
    ///
    /// # Errors
    /// If it was told a later one before.
    pub fn told(&mut self, member: &str, epoch: i32) -> Result<(), GroupViolation> {
        let before = self.epochs.insert(member.to_owned(), epoch).unwrap_or(0);
        if epoch < before {
            return Err(GroupViolation::WentBack { member: member.to_owned(), told: epoch, newest: before });
        }
        self.newest = self.newest.max(epoch);
        Ok(())
    }

    /// A member was told to read these partitions and no others.
    ///
    /// # Errors
    /// If another one still reads one of them.
    pub fn owns(&mut self, member: &str, partitions: &[i32]) -> Result<(), GroupViolation> {
        self.owners.retain(|partition, owner| owner != member || partitions.contains(partition));
        claim(&mut self.owners, member, partitions)
    }

    /// A member reads nothing any more and has no epoch: it leaves.
    pub fn left(&mut self, member: &str) {
        self.epochs.remove(member);
        self.owners.retain(|_, owner| owner != member);
    }

    /// The newest epoch of all members.
    pub fn newest(&self) -> i32 {
        self.newest
    }
}

fn claim(owners: &mut BTreeMap<i32, String>, member: &str, partitions: &[i32]) -> Result<(), GroupViolation> {
    for &partition in partitions {
        let before = owners.insert(partition, member.to_owned());
        if let Some(one) = before.filter(|before| before != member) {
            return Err(GroupViolation::TwoOwners { partition, one, other: member.to_owned() });
        }
    }
    Ok(())
}

impl fmt::Display for GroupViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GroupViolation::WentBack { member, told, newest } => {
                write!(f, "{member} was told {told}, after {newest} had been told")
            }
            GroupViolation::TwoAssignments { generation, one, other } => {
                write!(f, "generation {generation} has two assignments, {one:x} and {other:x}")
            }
            GroupViolation::TwoOwners { partition, one, other } => {
                write!(f, "partition {partition} is read by {one} and by {other}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_a_generation_are_told_one_assignment() {
        let mut group = Generations::default();
        assert_eq!(group.told("a", 4, 77, &[0, 1]), Ok(()));
        assert_eq!(group.told("b", 4, 77, &[2]), Ok(()));
        assert_eq!(group.told("a", 4, 77, &[0, 1]), Ok(()), "asked again");
        let made_again = group.clone().told("c", 4, 78, &[3]);
        assert_eq!(made_again, Err(GroupViolation::TwoAssignments { generation: 4, one: 77, other: 78 }));
        let two = group.clone().told("c", 4, 77, &[1]);
        assert!(matches!(two, Err(GroupViolation::TwoOwners { partition: 1, .. })), "{two:?}");
        assert_eq!(group.told("c", 5, 79, &[0, 1, 2]), Ok(()));
        assert!(matches!(group.told("a", 4, 77, &[]), Err(GroupViolation::WentBack { .. })));
        assert_eq!(group.newest(), 5);
    }

    #[test]
    fn a_partition_is_given_back_before_another_reads_it() {
        let mut group = Ownership::default();
        assert_eq!(group.owns("a", &[0, 1]), Ok(()));
        assert!(group.clone().owns("b", &[1]).is_err());
        assert_eq!(group.owns("a", &[0]), Ok(()));
        assert_eq!(group.owns("b", &[1]), Ok(()));
        group.left("a");
        assert_eq!(group.owns("b", &[0, 1]), Ok(()));
    }

    #[test]
    fn epochs_never_go_back_unless_a_member_has_left() {
        let mut group = Ownership::default();
        assert_eq!(group.told("a", 3), Ok(()));
        assert_eq!(group.told("b", 2), Ok(()), "another member may lag behind");
        assert_eq!(group.told("a", 3), Ok(()));
        assert!(matches!(group.clone().told("a", 2), Err(GroupViolation::WentBack { .. })));
        group.left("a");
        assert_eq!(group.told("a", 2), Ok(()));
        assert_eq!(group.newest(), 3);
    }
}
