//! The index of facts: everything observed, by environment, and how fresh it is.
//!
//! Level-triggered: a change only updates the index and says what it touched; conclusions are always drawn from the
//! whole current state. Applying the same change twice is the same as applying it once.

mod intake;
mod shared;
mod sources;
#[cfg(test)]
mod tests;

pub use sources::Freshness;
use sources::{Source, SourceState};

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::fault::Fault;
use super::ids::{EnvId, Uid};
use super::lease::Sighting;
use super::lease::queue::Waiter;
use super::lock::Posted;
use super::observed::{Change, Document, Event, Job, Kind, Pod, ReplicaSet, Workload, WorkloadKind, WorkloadRef};
use super::run::document::Filed;

/// Events kept per environment; the oldest go first. They are evidence, not state.
const EVENTS_KEPT: usize = 2_000;

/// Everything observed.
#[derive(Clone, Debug, Default)]
pub struct World {
    envs: BTreeMap<EnvId, EnvWorld>,
}

/// What a change touched, so that only that is judged again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    pub workloads: BTreeSet<WorkloadRef>,
    /// The freshness of the environment changed: every cell of it may look different.
    pub freshness: bool,
    /// Something else that is shown changed: a job, an event, a bare pod.
    pub other: bool,
}

impl Touched {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl World {
    /// Starts to know an environment: everything of it is being read.
    pub fn begin(&mut self, env: &EnvId, now: Timestamp) {
        self.envs.entry(env.clone()).or_insert_with(|| EnvWorld::new(now));
    }

    /// Forgets environments that are no longer in the catalog.
    pub fn retain(&mut self, keep: impl Fn(&EnvId) -> bool) {
        self.envs.retain(|env, _| keep(env));
    }

    pub fn env(&self, env: &EnvId) -> Option<&EnvWorld> {
        self.envs.get(env)
    }

    /// Takes a change in.
    pub fn apply(&mut self, env: &EnvId, change: Change, now: Timestamp) -> Touched {
        let world = self.envs.entry(env.clone()).or_insert_with(|| EnvWorld::new(now));
        let before = world.freshness();
        let mut touched = world.apply(change, now);
        // Only the sort of freshness matters here: the counter of a first read grows with every row.
        touched.freshness = std::mem::discriminant(&before) != std::mem::discriminant(&world.freshness());
        touched
    }

    /// Holds everything of an environment to be old until it is read anew: nobody listened for a while.
    pub fn doubt(&mut self, env: &EnvId, fault: &Fault, now: Timestamp) {
        if let Some(world) = self.envs.get_mut(env) {
            world.doubt(fault, now);
        }
    }
}

/// Everything observed in one environment.
#[derive(Clone, Debug)]
pub struct EnvWorld {
    workloads: BTreeMap<WorkloadRef, Workload>,
    replica_sets: BTreeMap<Arc<str>, ReplicaSet>,
    pods: BTreeMap<Arc<str>, Pod>,
    jobs: BTreeMap<Arc<str>, Job>,
    events: BTreeMap<Arc<str>, Event>,
    leases: BTreeMap<Arc<str>, Sighting>,
    /// Who waits for them, by the names of their tickets.
    waiters: BTreeMap<Arc<str>, Waiter>,
    /// What the team shares here, by name.
    documents: BTreeMap<Arc<str>, Document>,
    locks: BTreeMap<Arc<str>, Posted>,
    /// Runs that are kept here, by the names of their documents.
    runs: BTreeMap<Arc<str>, Filed>,
    /// Names of ReplicaSets by the uid of their owner.
    sets_of: HashMap<Uid, BTreeSet<Arc<str>>>,
    /// Names of pods by the uid of their owner.
    pods_of: HashMap<Uid, BTreeSet<Arc<str>>>,
    sources: BTreeMap<Kind, Source>,
}

impl EnvWorld {
    fn new(now: Timestamp) -> Self {
        let source = Source { state: SourceState::Reading { since: now }, listed: false, listing: None };
        Self {
            workloads: BTreeMap::new(),
            replica_sets: BTreeMap::new(),
            pods: BTreeMap::new(),
            jobs: BTreeMap::new(),
            events: BTreeMap::new(),
            leases: BTreeMap::new(),
            waiters: BTreeMap::new(),
            documents: BTreeMap::new(),
            locks: BTreeMap::new(),
            runs: BTreeMap::new(),
            sets_of: HashMap::new(),
            pods_of: HashMap::new(),
            sources: Kind::ALL.into_iter().map(|kind| (kind, source.clone())).collect(),
        }
    }

    pub fn workload(&self, workload: &WorkloadRef) -> Option<&Workload> {
        self.workloads.get(workload)
    }

    pub fn workloads(&self) -> impl Iterator<Item = &Workload> {
        self.workloads.values()
    }

    pub fn pod(&self, name: &str) -> Option<&Pod> {
        self.pods.get(name)
    }

    pub fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.pods.values()
    }

    pub fn job(&self, name: &str) -> Option<&Job> {
        self.jobs.get(name)
    }

    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    pub fn replica_set(&self, name: &str) -> Option<&ReplicaSet> {
        self.replica_sets.get(name)
    }

    /// ReplicaSets that the object with this uid controls.
    pub fn replica_sets_of(&self, owner: &Uid) -> impl Iterator<Item = &ReplicaSet> {
        self.sets_of.get(owner).into_iter().flatten().filter_map(|name| self.replica_sets.get(name))
    }

    /// Pods that the object with this uid controls directly.
    pub fn pods_of(&self, owner: &Uid) -> impl Iterator<Item = &Pod> {
        self.pods_of.get(owner).into_iter().flatten().filter_map(|name| self.pods.get(name))
    }

    /// All pods of a workload, of whatever template, by ownership and never by labels.
    pub fn pods_under<'a>(&'a self, workload: &'a Workload) -> impl Iterator<Item = &'a Pod> {
        let through_sets = self.replica_sets_of(&workload.meta.uid).flat_map(|set| self.pods_of(&set.meta.uid));
        self.pods_of(&workload.meta.uid).chain(through_sets)
    }

    /// The newest event about an object that is known by its name only.
    pub fn event_on(&self, kind: &str, name: &str) -> Option<&Event> {
        let events = self.events.values().filter(|event| *event.about_kind == *kind && *event.about_name == *name);
        events.max_by_key(|event| event.last_seen)
    }

    /// Events about the object with this uid, newest first.
    pub fn events_about(&self, uid: &Uid) -> Vec<&Event> {
        let mut events: Vec<_> = self.events.values().filter(|event| event.about == *uid).collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.last_seen));
        events
    }

    /// The workload that a pod belongs to, directly or through its ReplicaSet.
    pub fn workload_over(&self, pod: &Pod) -> Option<WorkloadRef> {
        let owner = pod.meta.owner.as_ref()?;
        if let Some(kind) = workload_kind(&owner.kind) {
            return Some(WorkloadRef::new(kind, Arc::clone(&owner.name)));
        }
        let deployment = self.replica_sets.get(&owner.name)?.meta.owner.as_ref()?;
        Some(WorkloadRef::deployment(Arc::clone(&deployment.name)))
    }
}

fn workload_kind(kind: &str) -> Option<WorkloadKind> {
    WorkloadKind::ALL.into_iter().chain([WorkloadKind::Job]).find(|candidate| candidate.api_kind() == kind)
}
