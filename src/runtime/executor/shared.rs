//! What is written for the team: locks, runs of other processes, the history; and whether it may be.

use std::sync::Arc;

use tracing::{Instrument, info_span};

use super::{Executor, send};
use crate::app::effect::{LockChange, RunChange, TaskKey};
use crate::app::msg::{Msg, Outcome};
use crate::domain::ids::{ClusterId, EnvId};
use crate::domain::observed::Texts;
use crate::domain::rights::{Need, Wanted};
use crate::runtime::{history, locks, runs};

impl Executor {
    pub(super) fn change_lock(&mut self, id: &ClusterId, env: EnvId, namespace: Arc<str>, change: LockChange) {
        let (cluster, messages) = (self.fleet.get(id), self.messages.clone());
        let span = info_span!("lock", cluster = %id, %env);
        let work = async move {
            let result = locks::change(&*cluster, &namespace, &change).await;
            match &result {
                Ok(_) => tracing::info!("locks changed"),
                Err(fault) => tracing::warn!(%fault, "locks not changed"),
            }
            send(&messages, Msg::Done(Outcome::LockChanged { env, change, result })).await;
        };
        self.tasks.finish(work.instrument(span));
    }

    pub(super) fn change_run(&mut self, id: &ClusterId, env: EnvId, namespace: Arc<str>, change: RunChange) {
        let (cluster, messages) = (self.fleet.get(id), self.messages.clone());
        let (owner, clock) = (Arc::clone(self.keeping.identity()), self.clock.clone());
        let span = info_span!("run", cluster = %id, %env);
        let work = async move {
            let result = runs::change(&*cluster, &namespace, (&owner, clock.now()), &change).await;
            match &result {
                Ok(_) => tracing::info!("run of another process changed"),
                Err(fault) => tracing::warn!(%fault, "run of another process not changed"),
            }
            send(&messages, Msg::Done(Outcome::RunChanged { env, change, result })).await;
        };
        self.tasks.finish(work.instrument(span));
    }

    pub(super) fn ask_rights(
        &mut self,
        (env, need): (EnvId, Need),
        id: &ClusterId,
        namespace: Arc<str>,
        wanted: Vec<Wanted>,
    ) {
        let key = TaskKey::Rights(env.clone(), need);
        let (cluster, messages) = (self.fleet.get(id), self.messages.clone());
        let span = info_span!("rights", cluster = %id, %env, ?need);
        let work = async move {
            let result = cluster.may(&namespace, &wanted).await;
            send(&messages, Msg::Done(Outcome::Rights { env, need, result })).await;
        };
        self.tasks.replace(key, work.instrument(span));
    }

    pub(super) fn record(&mut self, id: &ClusterId, env: EnvId, namespace: Arc<str>, kept: (Arc<str>, Texts)) {
        let (cluster, messages, now) = (self.fleet.get(id), self.messages.clone(), self.clock.now());
        let span = info_span!("history", %env);
        let work = async move {
            if let Err(fault) = history::record(&*cluster, &namespace, kept, now).await {
                tracing::warn!(%fault, "not recorded");
                send(&messages, Msg::Done(Outcome::Unrecorded { env, fault })).await;
            }
        };
        self.tasks.finish(work.instrument(span));
    }
}
