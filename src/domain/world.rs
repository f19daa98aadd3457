//! The index of facts: everything observed, by environment, and how fresh it is.
//!
//! Level-triggered: a change only updates the index and says what it touched; conclusions are always drawn from the
//! whole current state. Applying the same change twice is the same as applying it once.

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
use super::lease::{Sighting, Stored};
use super::lock::{self, Posted};
use super::observed::{
    Change, Document, Event, Job, Kind, Lease, Object, Pod, ReplicaSet, Workload, WorkloadKind, WorkloadRef,
};

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
    /// What the team shares here, by name.
    documents: BTreeMap<Arc<str>, Document>,
    locks: BTreeMap<Arc<str>, Posted>,
    /// Names of ReplicaSets by the uid of their owner.
    sets_of: HashMap<Uid, BTreeSet<Arc<str>>>,
    /// Names of pods by the uid of their owner.
    pods_of: HashMap<Uid, BTreeSet<Arc<str>>>,
    sources: BTreeMap<Kind, Source>,
}

impl EnvWorld {
    fn new(now: Timestamp) -> Self {
        let source = Source { state: SourceState::Reading { since: now }, heard: now, listed: false, listing: None };
        Self {
            workloads: BTreeMap::new(),
            replica_sets: BTreeMap::new(),
            pods: BTreeMap::new(),
            jobs: BTreeMap::new(),
            events: BTreeMap::new(),
            leases: BTreeMap::new(),
            documents: BTreeMap::new(),
            locks: BTreeMap::new(),
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

    /// Leases by their names.
    pub fn leases(&self) -> impl Iterator<Item = (&Arc<str>, &Sighting)> {
        self.leases.iter()
    }

    /// What the team shares here about something, in the order of names.
    pub fn documents(&self, about: &str) -> impl Iterator<Item = &Document> {
        self.documents.values().filter(move |document| &*document.about == about)
    }

    /// Locks, freezes and holds on the environment.
    pub fn locks(&self) -> impl Iterator<Item = &Posted> {
        self.locks.values()
    }

    pub fn lease(&self, name: &str) -> Option<&Sighting> {
        self.leases.get(name)
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

    /// Events about the object with this uid, newest first.
    pub fn events_about(&self, uid: &Uid) -> Vec<&Event> {
        let mut events: Vec<_> = self.events.values().filter(|event| event.about == *uid).collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.last_seen));
        events
    }

    fn apply(&mut self, change: Change, now: Timestamp) -> Touched {
        match change {
            Change::ListStarted(kind) => self.list_started(kind, now),
            Change::Upsert(object) => self.upsert(object, now),
            Change::Listed(kind) => self.listed(kind, now),
            Change::Delete { kind, name, uid } => self.delete(kind, &name, Some(&uid)),
            Change::Alive(kind) => self.alive(kind, now),
            Change::Lost(kind, fault) => self.lost_now(kind, fault, now),
        }
    }

    fn names(&self, kind: Kind) -> Vec<Arc<str>> {
        match kind {
            Kind::Workload(kind) => {
                self.workloads.keys().filter(|key| key.kind == kind).map(|key| Arc::clone(&key.name)).collect()
            }
            Kind::ReplicaSet => self.replica_sets.keys().cloned().collect(),
            Kind::Pod => self.pods.keys().cloned().collect(),
            Kind::Job => self.jobs.keys().cloned().collect(),
            Kind::Event => self.events.keys().cloned().collect(),
            Kind::Lease => self.leases.keys().cloned().collect(),
            Kind::Document => self.documents.keys().cloned().collect(),
        }
    }

    fn upsert(&mut self, object: Object, now: Timestamp) -> Touched {
        let kind = object.kind();
        let name = Arc::clone(&object.meta().name);
        let source = self.source(kind, now);
        source.heard = now;
        if let Some(listing) = &mut source.listing {
            listing.insert(Arc::clone(&name));
        }
        match object {
            Object::Workload(workload) => self.put_workload(*workload),
            Object::ReplicaSet(set) => self.put_replica_set(name, *set),
            Object::Pod(pod) => self.put_pod(name, *pod),
            Object::Job(job) => {
                let changed = self.jobs.get(&name) != Some(&*job);
                self.jobs.insert(name, *job);
                Touched { other: changed, ..Touched::default() }
            }
            Object::Event(event) => self.put_event(name, *event),
            Object::Lease(lease) => self.put_lease(name, *lease, now),
            Object::Document(document) => self.put_document(name, *document),
        }
    }

    fn put_workload(&mut self, workload: Workload) -> Touched {
        let key = workload.reference();
        if self.workloads.get(&key) == Some(&workload) {
            return Touched::default();
        }
        self.workloads.insert(key.clone(), workload);
        touched(key)
    }

    fn put_replica_set(&mut self, name: Arc<str>, set: ReplicaSet) -> Touched {
        if self.replica_sets.get(&name) == Some(&set) {
            return Touched::default();
        }
        let mut result = self.delete(Kind::ReplicaSet, &name, None);
        let owner = set.meta.owner.as_ref();
        if let Some(owner) = owner {
            self.sets_of.entry(owner.uid.clone()).or_default().insert(Arc::clone(&name));
            result.workloads.insert(WorkloadRef::deployment(Arc::clone(&owner.name)));
        }
        self.replica_sets.insert(name, set);
        result
    }

    fn put_pod(&mut self, name: Arc<str>, pod: Pod) -> Touched {
        if self.pods.get(&name) == Some(&pod) {
            return Touched::default();
        }
        let mut result = self.delete(Kind::Pod, &name, None);
        if let Some(owner) = &pod.meta.owner {
            self.pods_of.entry(owner.uid.clone()).or_default().insert(Arc::clone(&name));
        }
        result.workloads.extend(self.workload_over(&pod));
        result.other = true;
        self.pods.insert(name, pod);
        result
    }

    fn put_event(&mut self, name: Arc<str>, event: Event) -> Touched {
        let workload = self.workload_about(&event);
        self.events.insert(name, event);
        if self.events.len() > EVENTS_KEPT {
            let oldest = self.events.iter().min_by_key(|(_, event)| event.last_seen).map(|(name, _)| Arc::clone(name));
            oldest.and_then(|name| self.events.remove(&name));
        }
        Touched { workloads: workload.into_iter().collect(), other: true, freshness: false }
    }

    /// The same version again keeps the time since when it is known.
    fn put_lease(&mut self, name: Arc<str>, lease: Lease, now: Timestamp) -> Touched {
        let stored = Stored { uid: lease.meta.uid, version: lease.meta.resource_version, record: lease.record };
        if self.leases.get(&name).is_some_and(|known| known.stored == stored) {
            return Touched::default();
        }
        self.leases.insert(name, Sighting { stored, since: now });
        Touched { other: true, ..Touched::default() }
    }

    /// A lock is read once, when it arrives, and not whenever somebody asks what it bars.
    fn put_document(&mut self, name: Arc<str>, document: Document) -> Touched {
        if self.documents.get(&name) == Some(&document) {
            return Touched::default();
        }
        if &*document.about == lock::DOCUMENT {
            self.locks.insert(Arc::clone(&name), Posted::read(&document));
        } else {
            self.locks.remove(&name);
        }
        self.documents.insert(name, document);
        Touched { other: true, ..Touched::default() }
    }

    fn workload_about(&self, event: &Event) -> Option<WorkloadRef> {
        match &*event.about_kind {
            "Pod" => self.pods.get(&event.about_name).and_then(|pod| self.workload_over(pod)),
            "ReplicaSet" => {
                let owner = self.replica_sets.get(&event.about_name)?.meta.owner.as_ref()?;
                Some(WorkloadRef::deployment(Arc::clone(&owner.name)))
            }
            kind => workload_kind(kind).map(|kind| WorkloadRef::new(kind, Arc::clone(&event.about_name))),
        }
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

    /// Removes an object; with a uid only if it is that very object, so that a late DELETE cannot remove its successor.
    fn delete(&mut self, kind: Kind, name: &Arc<str>, uid: Option<&Uid>) -> Touched {
        let is_it = |found: &Uid| uid.is_none_or(|uid| uid == found);
        match kind {
            Kind::Workload(kind) => {
                let key = WorkloadRef::new(kind, Arc::clone(name));
                if !self.workloads.get(&key).is_some_and(|it| is_it(&it.meta.uid)) {
                    return Touched::default();
                }
                self.workloads.remove(&key);
                touched(key)
            }
            Kind::ReplicaSet => {
                if !self.replica_sets.get(name).is_some_and(|it| is_it(&it.meta.uid)) {
                    return Touched::default();
                }
                self.replica_sets.remove(name).map(|set| self.unlink_set(name, &set)).unwrap_or_default()
            }
            Kind::Pod => {
                if !self.pods.get(name).is_some_and(|it| is_it(&it.meta.uid)) {
                    return Touched::default();
                }
                self.pods.remove(name).map(|pod| self.unlink_pod(name, &pod)).unwrap_or_default()
            }
            Kind::Job => {
                let gone =
                    self.jobs.get(name).is_some_and(|it| is_it(&it.meta.uid)) && self.jobs.remove(name).is_some();
                Touched { other: gone, ..Touched::default() }
            }
            Kind::Lease => {
                let gone = self.leases.get(name).is_some_and(|it| is_it(&it.stored.uid));
                let gone = gone && self.leases.remove(name).is_some();
                Touched { other: gone, ..Touched::default() }
            }
            Kind::Document => {
                let gone = self.documents.get(name).is_some_and(|it| is_it(&it.meta.uid));
                if gone {
                    self.documents.remove(name);
                    self.locks.remove(name);
                }
                Touched { other: gone, ..Touched::default() }
            }
            // Evidence outlives its hour in the cluster: events are dropped by number, not by their deletion.
            Kind::Event => Touched::default(),
        }
    }

    fn unlink_set(&mut self, name: &Arc<str>, set: &ReplicaSet) -> Touched {
        let Some(owner) = &set.meta.owner else { return Touched::default() };
        unlink(&mut self.sets_of, &owner.uid, name);
        touched(WorkloadRef::deployment(Arc::clone(&owner.name)))
    }

    fn unlink_pod(&mut self, name: &Arc<str>, pod: &Pod) -> Touched {
        if let Some(owner) = &pod.meta.owner {
            unlink(&mut self.pods_of, &owner.uid, name);
        }
        Touched { workloads: self.workload_over(pod).into_iter().collect(), other: true, freshness: false }
    }
}

fn unlink(index: &mut HashMap<Uid, BTreeSet<Arc<str>>>, owner: &Uid, name: &Arc<str>) {
    if let Some(names) = index.get_mut(owner) {
        names.remove(name);
        if names.is_empty() {
            index.remove(owner);
        }
    }
}

fn touched(workload: WorkloadRef) -> Touched {
    Touched { workloads: BTreeSet::from([workload]), ..Touched::default() }
}

fn workload_kind(kind: &str) -> Option<WorkloadKind> {
    WorkloadKind::ALL.into_iter().find(|candidate| candidate.api_kind() == kind)
}
