//! The simulated cluster behind the same trait as a real one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Notify;

use super::world::{Key, World};
use super::{logs, reads, render, writes};
use crate::domain::catalog::Catalog;
use crate::domain::fault::Fault;
use crate::domain::ids::{EnvId, Uid};
use crate::domain::observed::{Change, Workload, WorkloadRef};
use crate::ports::cluster::{
    ChangeSink, Cluster, DeleteTarget, Discovery, ImageChange, LogRequest, LogSink, Revision, Scope,
};

/// How often a moving world is looked at.
pub(super) const STEP: Duration = Duration::from_millis(250);

/// A whole cluster in memory.
pub struct SimulatedCluster {
    world: Mutex<World>,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    pub(super) changed: Notify,
}

impl SimulatedCluster {
    /// A team's ordinary morning: equal seeds on equal clocks, equal worlds.
    pub fn new(catalog: &Catalog, seed: u64, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let now = clock();
        Self::of(World::new(catalog, seed, now), clock)
    }

    /// A world in which all is well and nothing happens by itself: every service of an environment runs this version.
    pub fn calm(
        catalog: &Catalog,
        versions: &BTreeMap<EnvId, String>,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        let now = clock();
        Self::of(World::calm(catalog, versions, now), clock)
    }

    fn of(world: World, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { world: Mutex::new(world), clock: Box::new(clock), changed: Notify::new() }
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        // A panic in a test's thread leaves the world as it was between two statements: still usable.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches look again.
    pub(super) fn tell(&self) {
        self.changed.notify_waiters();
    }

    pub(super) fn check(&self) -> Result<(), Fault> {
        self.world().fault.clone().map_or(Ok(()), Err)
    }

    /// Changes since what was sent, and how long nothing will happen.
    fn news(&self, namespace: &str, sent: &mut BTreeMap<Key, (u64, Uid)>) -> (Vec<Change>, Duration) {
        let now = self.now();
        let mut world = self.world();
        let moving = world.pass(now);
        let mut changes = Vec::new();
        for (key, (version, object)) in world.objects.iter().filter(|(key, _)| *key.0 == *namespace) {
            if sent.get(key).is_none_or(|(known, _)| known != version) {
                sent.insert(key.clone(), (*version, object.meta().uid.clone()));
                changes.push(Change::Upsert(object.clone()));
            }
        }
        let gone: Vec<Key> = sent.keys().filter(|key| !world.objects.contains_key(*key)).cloned().collect();
        for key in gone {
            if let Some((_, uid)) = sent.remove(&key) {
                changes.push(Change::Delete { kind: key.1, name: key.2, uid });
            }
        }
        let quiet = Duration::try_from(world.next_build().duration_since(now)).unwrap_or(STEP);
        (changes, if moving { STEP } else { quiet.max(STEP) })
    }
}

#[async_trait]
impl Cluster for SimulatedCluster {
    async fn watch(&self, scope: Scope, sink: ChangeSink) {
        let mut sent = BTreeMap::new();
        let mut lost = false;
        let mut first = true;
        loop {
            // Listens before it looks, so that nothing that happens in between is missed.
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let fault = self.world().fault.clone();
            if let Some(fault) = fault {
                for kind in render::KINDS {
                    if !sink(scope.env.clone(), Change::Lost(kind, fault.clone())).await {
                        return;
                    }
                }
                lost = true;
                changed.await;
                continue;
            }
            if first || lost {
                sent.clear();
            }
            let (news, wait) = self.news(&scope.namespace, &mut sent);
            let mut batch = Vec::new();
            if first || lost {
                batch.extend(render::KINDS.map(Change::ListStarted));
                batch.extend(news);
                batch.extend(render::KINDS.map(Change::Listed));
            } else {
                batch = news;
            }
            (first, lost) = (false, false);
            for change in batch {
                if !sink(scope.env.clone(), change).await {
                    return;
                }
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep(wait) => {}
                () = changed => {}
            }
        }
    }

    async fn discover(&self) -> Result<Discovery, Fault> {
        self.check()?;
        Ok(reads::discover(&self.world()))
    }

    fn attend(&self, _attentive: bool) {}

    async fn set_image(&self, change: &ImageChange) -> Result<Workload, Fault> {
        self.check()?;
        let written = writes::set_image(&mut self.world(), change, self.now());
        self.changed.notify_waiters();
        written
    }

    async fn workload(&self, namespace: &str, workload: &WorkloadRef) -> Result<Workload, Fault> {
        self.check()?;
        reads::workload(&self.world(), namespace, workload)
    }

    async fn revisions(&self, namespace: &str, workload: &WorkloadRef) -> Result<Vec<Revision>, Fault> {
        self.check()?;
        reads::revisions(&self.world(), namespace, workload)
    }

    async fn log(&self, request: &LogRequest, sink: LogSink) -> Result<(), Fault> {
        logs::stream(self, request, &sink).await
    }

    async fn delete(&self, target: &DeleteTarget) -> Result<(), Fault> {
        self.check()?;
        let deleted = writes::delete(&mut self.world(), target, self.now());
        self.changed.notify_waiters();
        deleted
    }

    async fn manifest(&self, namespace: &str, resource: &str, name: &str) -> Result<String, Fault> {
        self.check()?;
        reads::manifest(&self.world(), namespace, resource, name)
    }
}

#[cfg(test)]
#[path = "cluster_tests.rs"]
mod tests;
