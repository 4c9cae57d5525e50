//! Consumer groups and their offsets.

use std::sync::Arc;

use klamm_groups::Coordinator;
use prometheus::IntGauge;

use super::catalogue::Catalogue;
use crate::groups::{Asked, Shard};

/// Consumer groups and their offsets.
#[derive(Debug)]
pub(crate) struct GroupFigures {
    groups: IntGauge,
    members: IntGauge,
    offsets: IntGauge,
    loading: IntGauge,
}

impl GroupFigures {
    pub(super) fn register(catalogue: &mut Catalogue) -> prometheus::Result<GroupFigures> {
        Ok(GroupFigures {
            groups: catalogue.gauge("klamm_consumer_groups", "Consumer groups that this broker coordinates.")?,
            members: catalogue.gauge("klamm_consumer_group_members", "Members of all these groups.")?,
            offsets: catalogue
                .gauge("klamm_committed_offsets", "Partitions of which these groups have committed an offset, by group.")?,
            loading: catalogue.gauge(
                "klamm_consumer_offsets_partitions_loading",
                "Partitions of `__consumer_offsets` that are not read yet, or can't be: their groups wait; the log says why.",
            )?,
        })
    }

    /// Takes the figures anew.
    pub(super) fn refresh(&self, shards: &[Arc<Shard>]) {
        let (mut groups, mut members, mut offsets, mut loading) = (0, 0, 0, 0);
        let count = |it: &Coordinator| (it.group_count(), it.member_count(), it.offsets().count());
        for shard in shards {
            match shard.look(count).map(Asked::at_once) {
                Ok((more_groups, more_members, more_offsets)) => {
                    groups += more_groups;
                    members += more_members;
                    offsets += more_offsets;
                }
                Err(_) => loading += 1,
            }
        }
        self.groups.set(groups as i64);
        self.members.set(members as i64);
        self.offsets.set(offsets as i64);
        self.loading.set(loading);
    }
}
