//! Groups, and the brokers that coordinate them.

use std::collections::BTreeMap;

use klamm_model::BrokerId;
use klamm_wire::messages::FindCoordinatorRequest;

use super::{Again, Answers, Client, ClientError, Outcome, Target, check};

/// The first version that asks for many coordinators at once (KIP-699).
const FIRST_WITH_MANY: i16 = 4;

impl Client {
    /// Does `operate` for all groups, at each coordinator for all of its groups at once.
    pub async fn at_coordinators<T>(
        &mut self,
        again: Again,
        groups: &[String],
        operate: impl AsyncFnMut(&mut Client, BrokerId, &[String]) -> Result<Answers<String, T>, ClientError>,
    ) -> BTreeMap<String, Outcome<T>> {
        self.spread(again, groups, async |client, groups| client.coordinators(groups).await, operate).await
    }

    async fn coordinators(&mut self, groups: &[String]) -> Result<Answers<String, BrokerId>, ClientError> {
        if self.version::<FindCoordinatorRequest>(Target::Any, i16::MAX).await? >= FIRST_WITH_MANY {
            return self.many_coordinators(groups).await;
        }
        let mut found = Vec::new();
        for group in groups {
            let request = FindCoordinatorRequest { key: group.clone(), ..Default::default() };
            let answer = self.call(Target::Any, &request).await?;
            let checked = check(answer.error_code, answer.error_message.as_deref(), doing(group));
            found.push((group.clone(), checked.map(|()| self.at(answer.node_id, &answer.host, answer.port))));
        }
        Ok(found)
    }

    async fn many_coordinators(
        &mut self,
        groups: &[String],
    ) -> Result<Answers<String, BrokerId>, ClientError> {
        let request = FindCoordinatorRequest { coordinator_keys: groups.to_vec(), ..Default::default() };
        let response = self.call(Target::Any, &request).await?;
        let mut found = Vec::new();
        for answer in response.coordinators {
            let checked = check(answer.error_code, answer.error_message.as_deref(), doing(&answer.key));
            let broker = checked.map(|()| self.at(answer.node_id, &answer.host, answer.port));
            found.push((answer.key, broker));
        }
        Ok(found)
    }

    fn at(&mut self, id: i32, host: &str, port: i32) -> BrokerId {
        let id = BrokerId(id);
        if self.brokers.address(id).is_none() {
            self.brokers.learn(id, host, port);
        }
        id
    }
}

fn doing(group: &str) -> String {
    format!("looking for the coordinator of group {group}")
}
