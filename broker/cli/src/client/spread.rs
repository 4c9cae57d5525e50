//! One operation on many things, for each of which one broker is responsible.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use klamm_model::BrokerId;

use super::{Again, Backoff, Client, ClientError};

/// What became of one thing; things of one request may share a failure.
pub type Outcome<T> = Result<T, Arc<ClientError>>;
/// What a broker said of each thing.
pub type Answers<K, T> = Vec<(K, Result<T, ClientError>)>;

impl Client {
    /// Does `operate` for all `things`: `locate` says which broker is responsible for each, then each broker is
    /// asked once for all of its. Those that fail with what may pass are located and asked for again, within the
    /// time of one operation.
    pub async fn spread<K: Ord + Clone + fmt::Display, T>(
        &mut self,
        again: Again,
        things: &[K],
        mut locate: impl AsyncFnMut(&mut Client, &[K]) -> Result<Answers<K, BrokerId>, ClientError>,
        mut operate: impl AsyncFnMut(&mut Client, BrokerId, &[K]) -> Result<Answers<K, T>, ClientError>,
    ) -> BTreeMap<K, Outcome<T>> {
        let started = Instant::now();
        let outer = self.ends;
        let ends = *self.ends.get_or_insert(started + self.options.timeout);
        let mut backoff = Backoff::until(ends);
        let mut outcomes = BTreeMap::new();
        let mut pending = things.to_vec();
        while !pending.is_empty() {
            let located = locate(self, &pending).await;
            let mut by_broker: BTreeMap<BrokerId, Vec<K>> = BTreeMap::new();
            for (thing, broker) in self.for_each(&pending, located) {
                match broker {
                    Ok(broker) => by_broker.entry(broker).or_default().push(thing),
                    Err(error) => {
                        outcomes.insert(thing, Err(error));
                    }
                }
            }
            for (broker, its) in by_broker {
                let answered = operate(self, broker, &its).await;
                outcomes.extend(self.for_each(&its, answered));
            }
            let may_pass =
                |outcome: &Outcome<T>| outcome.as_ref().is_err_and(|error| again.after(error, started));
            pending.retain(|thing| outcomes.get(thing).is_some_and(may_pass));
            if pending.is_empty() || !backoff.wait().await {
                break;
            }
            // If that fails, so does the next try, which tells.
            let _ = self.metadata(Some(&[]), false).await;
        }
        self.ends = outer;
        outcomes
    }

    /// An outcome for each thing: what was said of it, the failure of the request, or that nothing was said.
    fn for_each<K: Ord + Clone + fmt::Display, T>(
        &self,
        things: &[K],
        answered: Result<Answers<K, T>, ClientError>,
    ) -> BTreeMap<K, Outcome<T>> {
        let at = |error: ClientError| Arc::new(error.at(&self.last_address));
        match answered {
            Err(error) => {
                let error = at(error);
                things.iter().map(|thing| (thing.clone(), Err(error.clone()))).collect()
            }
            Ok(answers) => {
                let mut said: BTreeMap<K, Outcome<T>> =
                    answers.into_iter().map(|(thing, answer)| (thing, answer.map_err(at))).collect();
                let of = |thing: &K| {
                    let silent = || ClientError::Silent { doing: format!("asking about {thing}") };
                    (thing.clone(), said.remove(thing).unwrap_or_else(|| Err(Arc::new(silent()))))
                };
                things.iter().map(of).collect()
            }
        }
    }
}
