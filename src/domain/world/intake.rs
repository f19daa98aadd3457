//! Takes what is observed into the index, and says what it touched.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::{EVENTS_KEPT, EnvWorld, Touched, workload_kind};
use crate::domain::ids::Uid;
use crate::domain::observed::{Change, Event, Kind, Object, Pod, ReplicaSet, Workload, WorkloadKind, WorkloadRef};

impl EnvWorld {
    pub(super) fn apply(&mut self, change: Change, now: Timestamp) -> Touched {
        match change {
            Change::ListStarted(kind) => self.list_started(kind, now),
            Change::Upsert(object) => self.upsert(object, now),
            Change::Listed(kind) => self.listed(kind, now),
            Change::Delete { kind, name, uid } => self.delete(kind, &name, Some(&uid)),
            Change::Alive(kind) => self.alive(kind, now),
            Change::Lost(kind, fault) => self.lost_now(kind, fault, now),
        }
    }

    pub(super) fn names(&self, kind: Kind) -> Vec<Arc<str>> {
        match kind {
            Kind::Workload(kind) => {
                self.workloads.keys().filter(|key| key.kind == kind).map(|key| Arc::clone(&key.name)).collect()
            }
            Kind::ReplicaSet => self.replica_sets.keys().cloned().collect(),
            Kind::Pod => self.pods.keys().cloned().collect(),
            Kind::Job => self.jobs.keys().cloned().collect(),
            Kind::Event => self.events.keys().cloned().collect(),
            Kind::Lease => self.leases.keys().chain(self.waiters.keys()).cloned().collect(),
            Kind::Document => self.documents.keys().cloned().collect(),
        }
    }

    fn upsert(&mut self, object: Object, now: Timestamp) -> Touched {
        let kind = object.kind();
        let name = Arc::clone(&object.meta().name);
        let source = self.source(kind, now);
        if let Some(listing) = &mut source.listing {
            listing.insert(Arc::clone(&name));
        }
        match object {
            Object::Workload(workload) => self.put_workload(*workload),
            Object::ReplicaSet(set) => self.put_replica_set(name, *set),
            Object::Pod(pod) => self.put_pod(name, *pod),
            Object::Job(job) => {
                if self.jobs.get(&name) == Some(&*job) {
                    return Touched::default();
                }
                let key = WorkloadRef::new(WorkloadKind::Job, Arc::clone(&name));
                self.jobs.insert(name, *job);
                Touched { other: true, ..touched(key) }
            }
            Object::Event(event) => self.put_event(name, *event),
            Object::Lease(lease) => self.put_lease(name, *lease, now),
            Object::Document(document) => self.put_document(name, *document, now),
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

    /// Removes an object; with a uid only if it is that very object, so that a late DELETE cannot remove its successor.
    pub(super) fn delete(&mut self, kind: Kind, name: &Arc<str>, uid: Option<&Uid>) -> Touched {
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
                let key = WorkloadRef::new(WorkloadKind::Job, Arc::clone(name));
                if gone { Touched { other: true, ..touched(key) } } else { Touched::default() }
            }
            Kind::Lease => self.drop_lease(name, uid),
            Kind::Document => self.drop_document(name, uid),
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
