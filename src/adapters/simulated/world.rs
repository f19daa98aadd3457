//! The state of the simulated cluster and its controllers.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::morning;
use super::pods::{Behaviour, SimPod};
use crate::domain::catalog::Catalog;
use crate::domain::fault::Fault;
use crate::domain::ids::{EnvId, Uid};
use crate::domain::image::Image;
use crate::domain::lease::Record;
use crate::domain::observed::{Document, Lease, Object, WorkloadKind, WorkloadRef};

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

/// What a workload was once told to run.
#[derive(Clone, Debug)]
pub(super) struct Revision {
    pub(super) number: u64,
    pub(super) image: Arc<str>,
    /// When it was wanted for the first time.
    pub(super) created: Timestamp,
    /// When it was wanted last: going back gives an old revision a new number.
    pub(super) wanted: Timestamp,
}

impl Revision {
    pub(super) fn new(number: u64, image: impl Into<Arc<str>>, at: Timestamp) -> Self {
        Self { number, image: image.into(), created: at, wanted: at }
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
    /// In the order of their numbers; the last is the present one.
    pub(super) revisions: Vec<Revision>,
    pub(super) writer: &'static str,
    /// It was complete since its present image is wanted: its controller says so for ever, whatever its pods do.
    pub(super) complete: bool,
    /// How often it was deleted and created again.
    pub(super) life: u32,
}

impl Workload {
    pub(super) fn image(&self) -> &Arc<str> {
        &self.present().image
    }

    pub(super) fn present(&self) -> &Revision {
        &self.revisions[self.revisions.len() - 1]
    }

    pub(super) fn set(&mut self, image: &str, writer: &'static str, now: Timestamp) {
        let mut revision = Revision::new(self.present().number + 1, image, now);
        if let Some(old) = self.revisions.iter().position(|it| *it.image == *image) {
            revision.created = self.revisions.remove(old).created;
        }
        self.revisions.push(revision);
        self.generation += 1;
        self.writer = writer;
        self.complete = false;
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
    /// Who uses it, if that is somebody who may only look.
    pub(super) viewer: Option<&'static str>,
    /// By namespace and name.
    pub(super) leases: BTreeMap<(Arc<str>, Arc<str>), (Uid, Record)>,
    /// Who waits for them, by namespace and name.
    pub(super) tickets: BTreeMap<(Arc<str>, Arc<str>), Lease>,
    /// By namespace and name.
    pub(super) documents: BTreeMap<(Arc<str>, Arc<str>), Document>,
    /// The marks on workloads.
    pub(super) fences: BTreeMap<(Arc<str>, WorkloadRef), u32>,
    /// Builds that misbehave although their tag does not say so.
    bad: BTreeMap<Arc<str>, Behaviour>,
    next_build: Timestamp,
    /// When it was stepped last, and whether anything was in motion then.
    stepped: Option<(Timestamp, bool)>,
}

impl World {
    fn empty(seed: u64) -> Self {
        Self {
            workloads: Vec::new(),
            pods: Vec::new(),
            fixed: Vec::new(),
            objects: BTreeMap::new(),
            version: 100,
            dice: Dice::new(seed),
            fault: None,
            viewer: None,
            leases: BTreeMap::new(),
            tickets: BTreeMap::new(),
            documents: BTreeMap::new(),
            fences: BTreeMap::new(),
            bad: BTreeMap::new(),
            next_build: Timestamp::MAX,
            stepped: None,
        }
    }

    /// A shop on an ordinary morning: most is well, one build is bad, one rollout is stuck, one service is degraded.
    pub(super) fn new(catalog: &Catalog, seed: u64, now: Timestamp) -> Self {
        let mut world = Self::empty(seed);
        world.next_build = now + SignedDuration::from_secs(20);
        morning::furnish(&mut world, catalog, now);
        world.settle();
        morning::trouble(&mut world, catalog, now);
        world.refresh(now);
        world
    }

    /// Everything runs, in each environment its one version with two pods, and nothing happens by itself.
    pub(super) fn calm(catalog: &Catalog, versions: &BTreeMap<EnvId, String>, now: Timestamp) -> Self {
        let mut world = Self::empty(1);
        let yesterday = now - SignedDuration::from_hours(24);
        for env in &catalog.environments {
            let Some(version) = versions.get(&env.name) else { continue };
            for service in &catalog.services {
                let image = format!("{}:{version}", morning::repository(service));
                world.workloads.push(Workload {
                    namespace: Arc::clone(&env.namespace),
                    reference: service.workload.clone(),
                    replicas: 2,
                    generation: 1,
                    created: yesterday,
                    revisions: vec![Revision::new(1, image, yesterday)],
                    writer: "kubectl-client-side-apply",
                    complete: true,
                    life: 0,
                });
            }
            world.fixed.extend(super::leftovers::leftovers(&env.namespace, &mut world.dice, now));
        }
        world.settle();
        world.refresh(now);
        world
    }

    /// Every workload has its pods, long since ready.
    fn settle(&mut self) {
        for index in 0..self.workloads.len() {
            for ordinal in 0..self.workloads[index].replicas {
                // One after the other, as a rolling update leaves them.
                let started = self.workloads[index].present().wanted;
                self.add_pod(index, ordinal, started + SignedDuration::from_secs(11 * i64::from(ordinal)));
            }
        }
    }

    /// A build that misbehaves is rolled out, under a version like any other.
    pub(super) fn roll(&mut self, place: (&str, &str), behaviour: Behaviour, at: Timestamp) {
        let of_name = |it: &Workload| (&*it.namespace, &*it.reference.name) == place;
        let Some(index) = self.workloads.iter().position(of_name) else { return };
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
            WorkloadKind::Deployment | WorkloadKind::Job => format!("{set}-{}", self.dice.suffix()).into(),
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

    /// [`Self::step`], once for all who look at the same time. True if anything is in motion.
    pub(super) fn pass(&mut self, now: Timestamp) -> bool {
        match self.stepped {
            Some((at, moving)) if at == now => moving,
            _ => self.step(now),
        }
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
        for index in 0..self.workloads.len() {
            if !self.workloads[index].complete {
                self.workloads[index].complete = !self.is_rolling(index, now);
            }
        }
        self.refresh(now);
        self.stepped = Some((now, moving));
        moving
    }

    #[cfg(test)]
    pub(super) fn hold_builds(&mut self, now: Timestamp) {
        self.next_build = now + SignedDuration::from_secs(40);
    }

    pub(super) fn next_build(&self) -> Timestamp {
        self.next_build
    }

    /// A build of some quiet service arrives in the first environment by itself; now and then a colleague brings one to
    /// the second by hand.
    fn build(&mut self, now: Timestamp) {
        self.next_build = now + SignedDuration::from_secs(45 + self.dice.below(60) as i64);
        let by_hand = self.dice.below(4) == 0;
        let mut places: Vec<Arc<str>> = self.workloads.iter().map(|it| Arc::clone(&it.namespace)).collect();
        places.dedup();
        places.truncate(2);
        let (place, writer) = match places.as_slice() {
            [_, second] if by_hand => (second, "petra"),
            [first, ..] => (first, "ci-deployer"),
            [] => return,
        };
        let quiet: Vec<usize> = (0..self.workloads.len())
            .filter(|index| self.workloads[*index].namespace == *place && !self.is_rolling(*index, now))
            .collect();
        if quiet.is_empty() {
            return;
        }
        let index = quiet[self.dice.below(quiet.len() as u64) as usize];
        if let Some(next) = next_build(self.workloads[index].image()) {
            self.workloads[index].set(&next, writer, now);
        }
    }

    fn is_rolling(&self, index: usize, now: Timestamp) -> bool {
        let workload = &self.workloads[index];
        workload.replicas == 0
            || (self.pods_of(workload).count() as u32) < workload.replicas
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
            let before = self.objects.get(&key);
            let object = super::render::with_version(object, before.map_or(0, |(version, _)| *version));
            if before.is_none_or(|(_, before)| *before != object) {
                self.version += 1;
                let version = self.version;
                self.objects.insert(key, (version, super::render::with_version(object, version)));
            }
        }
    }
}
