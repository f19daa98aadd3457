//! The simulated cluster behind the same trait as a real one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use super::world::{Key, World};
use super::{logs, render};
use crate::domain::catalog::Catalog;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{EnvId, Uid};
use crate::domain::observed::{Change, Kind, Object, Workload, WorkloadRef};
use crate::ports::cluster::{
    ChangeSink, Cluster, DeleteTarget, Discovery, ImageChange, LogRequest, LogSink, Revision, Scope, Sighting,
};

/// How often a moving world is looked at.
const STEP: Duration = Duration::from_millis(250);

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

    fn check(&self) -> Result<(), Fault> {
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

    fn find(&self, namespace: &str, kind: Kind, name: &str) -> Option<Object> {
        let key = (Arc::from(namespace), kind, Arc::from(name));
        self.world().objects.get(&key).map(|(_, object)| object.clone())
    }
}

fn not_found(what: &str) -> Fault {
    Fault::new(FaultKind::NotFound, format!("{what} does not exist"))
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
        let world = self.world();
        let workloads = world.workloads.iter().map(|it| Sighting {
            namespace: Arc::clone(&it.namespace),
            workload: it.reference.clone(),
            containers: vec![(Arc::clone(&it.reference.name), Arc::clone(it.image()))],
            part_of: None,
        });
        Ok(Discovery { workloads: workloads.collect(), hidden_namespaces: 4, limited_to: None })
    }

    fn attend(&self, _attentive: bool) {}

    async fn set_image(&self, change: &ImageChange) -> Result<Workload, Fault> {
        self.check()?;
        let now = self.now();
        let object = self.workload(&change.namespace, &change.workload).await?;
        if object.meta.uid != change.uid {
            return Err(Fault::new(FaultKind::Conflict, format!("{} was deleted and created again", change.workload)));
        }
        let container = object.containers.get(change.container_index).filter(|it| it.name == change.container);
        let Some(container) = container else {
            let what = format!("{} has no container {} at its place any more", change.workload, change.container);
            return Err(Fault::new(FaultKind::Conflict, what));
        };
        if container.image != change.from && container.image != change.to {
            let writer = self.writer(&change.namespace, &change.workload);
            let what = format!("{} was changed to {} by {writer} meanwhile", change.workload, container.image);
            return Err(Fault::new(FaultKind::Conflict, what));
        }
        if !change.dry_run && container.image != change.to {
            let mut world = self.world();
            let found = world
                .workloads
                .iter_mut()
                .find(|it| it.namespace == change.namespace && it.reference == change.workload);
            // Looked at again under the lock that writes: of two at once, one is refused.
            if let Some(found) = found {
                if *found.image() != container.image {
                    let (image, writer) = (found.image(), found.writer);
                    let what = format!("{} was changed to {image} by {writer} meanwhile", change.workload);
                    return Err(Fault::new(FaultKind::Conflict, what));
                }
                found.set(&change.to, "shipdeck", now);
            }
            world.step(now);
        }
        self.changed.notify_waiters();
        self.workload(&change.namespace, &change.workload).await
    }

    async fn workload(&self, namespace: &str, workload: &WorkloadRef) -> Result<Workload, Fault> {
        self.check()?;
        match self.find(namespace, Kind::Workload(workload.kind), &workload.name) {
            Some(Object::Workload(found)) => Ok(*found),
            _ => Err(not_found(&workload.to_string())),
        }
    }

    async fn revisions(&self, namespace: &str, workload: &WorkloadRef) -> Result<Vec<Revision>, Fault> {
        self.check()?;
        let world = self.world();
        let found = world.workloads.iter().find(|it| &*it.namespace == namespace && it.reference == *workload);
        let found = found.ok_or_else(|| not_found(&workload.to_string()))?;
        let revisions = found.revisions.iter().enumerate().rev().map(|(number, (image, created))| Revision {
            number: number as u64 + 1,
            containers: vec![(Arc::clone(&workload.name), Arc::clone(image))],
            created: *created,
        });
        Ok(revisions.collect())
    }

    async fn log(&self, request: &LogRequest, sink: LogSink) -> Result<(), Fault> {
        let mut number = None;
        loop {
            self.check()?;
            let now = self.now();
            let found = self
                .world()
                .pods
                .iter()
                .find(|it| it.namespace == request.namespace && it.name == request.pod)
                .cloned();
            let Some(pod) = found else {
                return if number.is_some() { Ok(()) } else { Err(not_found(&format!("pod {}", request.pod))) };
            };
            let since = request.since.and_then(|since| SignedDuration::try_from(since).ok()).map(|since| now - since);
            let start = request.since_time.or(since).unwrap_or_else(|| {
                let tail = request.tail.unwrap_or(200).min(200);
                now - SignedDuration::from_secs(3 * tail as i64)
            });
            let mut at =
                number.unwrap_or_else(|| logs::first_after(pod.behaviour, pod.created, start.max(pod.created)));
            let version = crate::domain::plan::version_of(&pod.image);
            let mut batch = Vec::new();
            let next = loop {
                let line = logs::line(&pod.workload.name, &version, pod.behaviour, pod.created, at);
                match line.time {
                    Some(time) if time > now => break time,
                    _ => batch.push(line),
                }
                at += 1;
            };
            number = Some(at);
            if !batch.is_empty() && !sink(batch).await {
                return Ok(());
            }
            if !request.follow || request.previous {
                return Ok(());
            }
            let wait = Duration::try_from(next.duration_since(now)).unwrap_or(STEP);
            tokio::time::sleep(wait.clamp(STEP, Duration::from_secs(2))).await;
        }
    }

    async fn delete(&self, target: &DeleteTarget) -> Result<(), Fault> {
        self.check()?;
        let kind = if target.resource == "job" { Kind::Job } else { Kind::Pod };
        let what = format!("{} {}", target.resource, target.name);
        let object = self.find(&target.namespace, kind, &target.name).ok_or_else(|| not_found(&what))?;
        let meta = object.meta();
        if meta.uid != target.uid {
            return Err(Fault::new(FaultKind::Conflict, format!("{what} was replaced meanwhile")));
        }
        if meta.resource_version != target.resource_version {
            return Err(Fault::new(FaultKind::Conflict, format!("{what} was modified meanwhile")));
        }
        let now = self.now();
        let mut world = self.world();
        world.fixed.retain(|(namespace, object)| *namespace != target.namespace || object.meta().uid != target.uid);
        world.end_pod(&target.namespace, &target.name, now);
        world.step(now);
        drop(world);
        self.changed.notify_waiters();
        Ok(())
    }

    async fn manifest(&self, namespace: &str, resource: &str, name: &str) -> Result<String, Fault> {
        self.check()?;
        let kind = if resource == "job" { Kind::Job } else { Kind::Pod };
        let object = self.find(namespace, kind, name).ok_or_else(|| not_found(&format!("{resource} {name}")))?;
        let meta = object.meta();
        let uid = meta.uid.as_str();
        Ok(format!(
            "{{\n  \"kind\": \"{resource}\",\n  \"metadata\": {{\"name\": \"{name}\", \"uid\": \"{uid}\"}}\n}}\n"
        ))
    }
}

impl SimulatedCluster {
    fn writer(&self, namespace: &str, workload: &WorkloadRef) -> &'static str {
        let world = self.world();
        let found = world.workloads.iter().find(|it| &*it.namespace == namespace && it.reference == *workload);
        found.map_or("somebody", |it| it.writer)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::domain::fixtures;
    use crate::domain::observed::WorkloadKind;
    use crate::domain::world::World as Index;

    // Each test steps a clock of its own.
    thread_local!(static SECONDS: Cell<i64> = const { Cell::new(0) });

    fn clock() -> Timestamp {
        fixtures::later(SECONDS.get())
    }

    fn start(kind: WorkloadKind, seed: u64) -> SimulatedCluster {
        let mut catalog = fixtures::catalog(&[("auth", &[])]);
        catalog.services[0].workload = WorkloadRef::new(kind, "auth");
        SimulatedCluster::new(&catalog, seed, clock)
    }

    async fn change(cluster: &SimulatedCluster, kind: WorkloadKind, tag: &str) -> ImageChange {
        let workload = WorkloadRef::new(kind, "auth");
        let found = cluster.workload("shop-staging", &workload).await.unwrap();
        ImageChange {
            namespace: "shop-staging".into(),
            workload,
            uid: found.meta.uid,
            container_index: 0,
            container: "auth".into(),
            from: Arc::clone(&found.containers[0].image),
            to: format!("r/auth:{tag}").into(),
            dry_run: false,
        }
    }

    /// Lets seconds pass below the next build; returns the longest pause between looks.
    fn pass(cluster: &SimulatedCluster, index: &mut Index, sent: &mut BTreeMap<Key, (u64, Uid)>) -> Duration {
        let mut longest = Duration::ZERO;
        for _ in 0..60 {
            cluster.world().hold_builds(clock());
            let (changes, wait) = cluster.news("shop-staging", sent);
            for change in changes {
                index.apply(&EnvId::new("staging"), change, clock());
            }
            longest = longest.max(wait);
            SECONDS.set(SECONDS.get() + 1);
        }
        longest
    }

    #[tokio::test]
    async fn a_good_image_replaces_every_pod_of_every_kind() {
        for (kind, seed) in WorkloadKind::ALL.into_iter().flat_map(|kind| (1..9).map(move |seed| (kind, seed))) {
            let (cluster, mut index, mut sent) = (start(kind, seed), Index::default(), BTreeMap::new());
            pass(&cluster, &mut index, &mut sent);
            let after = cluster.set_image(&change(&cluster, kind, "v9000").await).await.unwrap();
            pass(&cluster, &mut index, &mut sent);
            let world = index.env(&EnvId::new("staging")).unwrap();
            let images: Vec<_> = world.pods_under(&after).map(|pod| &*pod.containers[0].image).collect();
            assert_eq!(images, vec!["r/auth:v9000"; after.desired as usize], "{kind:?} {seed}");
        }
    }

    #[tokio::test]
    async fn a_stuck_rollout_lets_the_world_sleep() {
        let kind = WorkloadKind::Deployment;
        let (cluster, mut index, mut sent) = (start(kind, 7), Index::default(), BTreeMap::new());
        cluster.set_image(&change(&cluster, kind, "missing-1").await).await.unwrap();
        assert!(pass(&cluster, &mut index, &mut sent) > Duration::from_secs(1));
    }

    #[tokio::test]
    async fn an_image_that_is_no_longer_there_is_not_overwritten() {
        let kind = WorkloadKind::Deployment;
        let cluster = start(kind, 7);
        let stale = change(&cluster, kind, "v9000").await;
        cluster.set_image(&ImageChange { to: "r/auth:v9001".into(), ..stale.clone() }).await.unwrap();
        let fault = cluster.set_image(&stale).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Conflict);
        assert!(fault.message.contains("v9001 by shipdeck"), "{fault}");
    }
}
