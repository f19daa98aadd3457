//! The state of the simulated cluster and its controllers.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::pods::{Behaviour, SimPod};
use crate::domain::catalog::Catalog;
use crate::domain::fault::Fault;
use crate::domain::image::Image;
use crate::domain::observed::{Object, WorkloadKind, WorkloadRef};

/// How long a pod takes to end.
pub(super) const DRAIN: SignedDuration = SignedDuration::from_secs(3);

/// A small generator of numbers: equal seeds, equal worlds.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below the limit.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }

    /// Five characters as in the names of pods.
    pub(super) fn suffix(&mut self) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        (0..5).map(|_| char::from(LETTERS[self.below(LETTERS.len() as u64) as usize])).collect()
    }
}

/// A workload of the simulation.
#[derive(Clone, Debug)]
pub(super) struct Workload {
    pub(super) namespace: Arc<str>,
    pub(super) reference: WorkloadRef,
    pub(super) replicas: u32,
    pub(super) generation: i64,
    pub(super) created: Timestamp,
    /// Revisions: image and when it was first wanted; the last is the present one.
    pub(super) revisions: Vec<(Arc<str>, Timestamp)>,
    pub(super) writer: &'static str,
}

impl Workload {
    pub(super) fn image(&self) -> &Arc<str> {
        &self.revisions[self.revisions.len() - 1].0
    }

    pub(super) fn set(&mut self, image: &str, writer: &'static str, now: Timestamp) {
        self.revisions.retain(|(old, _)| **old != *image);
        self.revisions.push((image.into(), now));
        self.generation += 1;
        self.writer = writer;
    }
}

/// The same image one version later; none where its tag is no number.
fn next_build(image: &str) -> Option<String> {
    let image: Image = image.parse().ok()?;
    let number: u64 = image.tag.as_deref()?.strip_prefix('v')?.parse().ok()?;
    Some(format!("{}:v{}", image.repository, number + 1))
}

pub(super) type Key = (Arc<str>, crate::domain::observed::Kind, Arc<str>);

/// Everything that there is.
pub(super) struct World {
    pub(super) workloads: Vec<Workload>,
    pub(super) pods: Vec<SimPod>,
    /// Objects that no controller moves: leftovers.
    pub(super) fixed: Vec<(Arc<str>, Object)>,
    /// As an API server would answer, each with its resource version.
    pub(super) objects: BTreeMap<Key, (u64, Object)>,
    pub(super) version: u64,
    pub(super) dice: Dice,
    pub(super) fault: Option<Fault>,
    /// Builds that misbehave although their tag does not say so.
    bad: BTreeMap<Arc<str>, Behaviour>,
    next_build: Timestamp,
}

impl World {
    /// A shop on an ordinary morning: most is well, one build is bad, one rollout is stuck, one service is degraded.
    pub(super) fn new(catalog: &Catalog, seed: u64, now: Timestamp) -> Self {
        let mut world = Self {
            workloads: Vec::new(),
            pods: Vec::new(),
            fixed: Vec::new(),
            objects: BTreeMap::new(),
            version: 100,
            dice: Dice::new(seed),
            fault: None,
            bad: BTreeMap::new(),
            next_build: now + SignedDuration::from_secs(20),
        };
        let last = catalog.environments.len().saturating_sub(1);
        for service in &catalog.services {
            let repository = service.image.clone().unwrap_or_else(|| Arc::from(service.name.as_str()));
            let base = 10 + world.dice.below(600);
            let replicas = 1 + world.dice.below(3) as u32;
            let behind = if world.dice.below(3) == 0 { 1 + world.dice.below(6) } else { 0 };
            for (index, env) in catalog.environments.iter().enumerate() {
                let version = if index == 0 { base + behind } else { base };
                let version = if index == last && behind > 3 { base.saturating_sub(1) } else { version };
                let old = now - SignedDuration::from_hours(30 + world.dice.below(900) as i64);
                let young = now - SignedDuration::from_mins(4 + world.dice.below(1_100) as i64);
                let revision = |version: u64, at| (Arc::from(format!("{repository}:v{version}")), at);
                let mut revisions = vec![revision(version.saturating_sub(1), old)];
                revisions.push(revision(version, if index == 0 && behind > 0 { young } else { old }));
                let replicas = if &*service.workload.name == "experiments" && index > 0 { 0 } else { replicas };
                world.workloads.push(Workload {
                    namespace: Arc::clone(&env.namespace),
                    reference: service.workload.clone(),
                    replicas,
                    generation: 2,
                    created: old,
                    revisions,
                    writer: "kubectl-client-side-apply",
                });
            }
        }
        world.settle(now);
        world.trouble(catalog, now);
        world.refresh(now);
        world
    }

    /// Every workload has its pods, long since ready.
    fn settle(&mut self, now: Timestamp) {
        for index in 0..self.workloads.len() {
            for ordinal in 0..self.workloads[index].replicas {
                let started = self.workloads[index].revisions.last().map_or(now, |(_, at)| *at);
                self.add_pod(index, ordinal, started);
            }
        }
    }

    fn trouble(&mut self, catalog: &Catalog, now: Timestamp) {
        let Some(first) = catalog.environments.first().map(|env| Arc::clone(&env.namespace)) else { return };
        // A bad build is being rolled out, and another rollout has been stuck for a while.
        self.roll(&first, "checkout-web", Behaviour::Crash, now - SignedDuration::from_secs(50));
        self.roll(&first, "media-resizer", Behaviour::Unready, now - SignedDuration::from_mins(26));
        for pod in self.pods.iter_mut().filter(|pod| pod.namespace == first && &*pod.workload.name == "pricing").take(1)
        {
            pod.behaviour = Behaviour::Unready;
        }
        for env in &catalog.environments {
            self.fixed.extend(super::render::leftovers(&env.namespace, &mut self.dice, now));
        }
    }

    /// A build that misbehaves is rolled out, under a version like any other.
    fn roll(&mut self, namespace: &str, name: &str, behaviour: Behaviour, at: Timestamp) {
        let Some(index) =
            self.workloads.iter().position(|it| &*it.namespace == namespace && &*it.reference.name == name)
        else {
            return;
        };
        let Some(image) = next_build(self.workloads[index].image()) else { return };
        self.bad.insert(image.as_str().into(), behaviour);
        self.workloads[index].set(&image, "ci-deployer", at);
        self.add_pod(index, 0, at);
    }

    fn add_pod(&mut self, index: usize, ordinal: u32, now: Timestamp) {
        let workload = &self.workloads[index];
        let image = Arc::clone(workload.image());
        let set = super::render::set_name(&workload.reference, &image);
        let name: Arc<str> = match workload.reference.kind {
            WorkloadKind::StatefulSet => format!("{}-{ordinal}", workload.reference.name).into(),
            WorkloadKind::DaemonSet => format!("{}-{}", workload.reference.name, self.dice.suffix()).into(),
            WorkloadKind::Deployment => format!("{set}-{}", self.dice.suffix()).into(),
        };
        let ready_after = 3 + self.dice.below(7) as i64;
        self.pods.push(SimPod {
            namespace: Arc::clone(&workload.namespace),
            workload: workload.reference.clone(),
            uid: format!("{name}-{}", self.dice.below(u64::from(u32::MAX))),
            name,
            behaviour: self.bad.get(&image).copied().unwrap_or_else(|| Behaviour::of(&image)),
            image,
            created: now,
            deleting: None,
            ready_after: SignedDuration::from_secs(ready_after),
        });
    }

    /// Lets time pass: controllers move pods, colleagues deploy builds. True if anything is in motion.
    pub(super) fn step(&mut self, now: Timestamp) -> bool {
        self.pods.retain(|pod| pod.deleting.is_none_or(|at| now < at + DRAIN));
        let mut moving = self.pods.iter().any(|pod| pod.deleting.is_some() || pod.in_motion(now));
        for index in 0..self.workloads.len() {
            moving |= self.reconcile(index, now);
        }
        if now >= self.next_build {
            self.build(now);
            moving = true;
        }
        self.refresh(now);
        moving
    }

    #[cfg(test)]
    pub(super) fn hold_builds(&mut self, now: Timestamp) {
        self.next_build = now + SignedDuration::from_secs(40);
    }

    pub(super) fn next_build(&self) -> Timestamp {
        self.next_build
    }

    /// A build of some quiet service arrives in the first environment, deployed by a colleague.
    fn build(&mut self, now: Timestamp) {
        self.next_build = now + SignedDuration::from_secs(45 + self.dice.below(60) as i64);
        let Some(first) = self.workloads.first().map(|it| Arc::clone(&it.namespace)) else { return };
        let quiet: Vec<usize> = (0..self.workloads.len())
            .filter(|index| self.workloads[*index].namespace == first && !self.is_rolling(*index, now))
            .collect();
        if quiet.is_empty() {
            return;
        }
        let index = quiet[self.dice.below(quiet.len() as u64) as usize];
        if let Some(next) = next_build(self.workloads[index].image()) {
            self.workloads[index].set(&next, "ci-deployer", now);
        }
    }

    fn is_rolling(&self, index: usize, now: Timestamp) -> bool {
        let workload = &self.workloads[index];
        workload.replicas == 0
            || self
                .pods_of(workload)
                .any(|pod| pod.image != *workload.image() || !pod.is_ready(now) || pod.deleting.is_some())
    }

    pub(super) fn pods_of<'a>(&'a self, workload: &'a Workload) -> impl Iterator<Item = &'a SimPod> {
        self.pods.iter().filter(|pod| pod.namespace == workload.namespace && pod.workload == workload.reference)
    }

    /// One step of a rolling update: never fewer ready pods than wanted, at most one more than wanted.
    fn reconcile(&mut self, index: usize, now: Timestamp) -> bool {
        let workload = &self.workloads[index];
        let (wanted, image) = (workload.replicas as usize, Arc::clone(workload.image()));
        let alive: Vec<(Arc<str>, bool, bool)> = self
            .pods_of(workload)
            .filter(|pod| pod.deleting.is_none())
            .map(|pod| (Arc::clone(&pod.name), pod.image == image, pod.is_ready(now)))
            .collect();
        let new = alive.iter().filter(|(_, new, _)| *new).count();
        let ready = alive.iter().filter(|(.., ready)| *ready).count();
        let replaced = alive.iter().rev().find(|(_, new, _)| !*new);
        let one_by_one = workload.reference.kind != WorkloadKind::Deployment;
        let namespace = Arc::clone(&workload.namespace);
        if new < wanted && (alive.len() <= wanted && !one_by_one || alive.len() < wanted) {
            let free = (0..wanted as u32).find(|ordinal| {
                let name = format!("{}-{ordinal}", self.workloads[index].reference.name);
                !self.pods.iter().any(|pod| pod.namespace == namespace && *pod.name == *name)
            });
            // The name of a StatefulSet's pod is free again only when its bearer has gone.
            let Some(ordinal) = free else { return true };
            self.add_pod(index, ordinal, now);
            return true;
        }
        let spare = if one_by_one { ready >= wanted } else { ready > wanted };
        if let Some((name, ..)) = replaced.filter(|(.., is_ready)| spare || !is_ready) {
            self.end_pod(&namespace, name, now);
            return true;
        }
        // Old pods go above, once there is a ready pod to spare; here only new ones beyond what is wanted.
        if new > wanted
            && let Some((name, ..)) = alive.last()
        {
            self.end_pod(&namespace, name, now);
            return true;
        }
        // What it waits for, a pod's readiness or end, is in motion by itself.
        false
    }

    pub(super) fn end_pod(&mut self, namespace: &str, name: &str, now: Timestamp) {
        for pod in self.pods.iter_mut().filter(|pod| &*pod.namespace == namespace && &*pod.name == name) {
            pod.deleting.get_or_insert(now);
        }
    }

    /// Renders everything again and gives a new version to what changed.
    pub(super) fn refresh(&mut self, now: Timestamp) {
        let rendered = super::render::all(self, now);
        self.objects.retain(|key, _| rendered.contains_key(key));
        for (key, object) in rendered {
            let (version, before) = match self.objects.get(&key) {
                Some((version, before)) => (*version, Some(before)),
                None => (0, None),
            };
            let same = before.is_some_and(|before| super::render::with_version(object.clone(), version) == *before);
            if !same {
                self.version += 1;
                let version = self.version;
                self.objects.insert(key, (version, super::render::with_version(object, version)));
            }
        }
    }
}
