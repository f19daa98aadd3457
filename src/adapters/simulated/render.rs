//! The simulated state as an API server would show it.

use std::collections::BTreeMap;
use std::hash::Hasher as _;
use std::sync::Arc;

use fnv::FnvHasher;
use jiff::{SignedDuration, Timestamp};

use super::events;
use super::pods::SimPod;
use super::world::{Dice, Key, Revision, Workload, World};
use crate::domain::ids::Uid;
use crate::domain::image::Image;
use crate::domain::observed::{
    Condition, Container, ContainerState, ContainerStatus, Kind, Lease, Marks, Meta, Object, Owner, Pod, ReplicaSet,
    Strategy, TemplateHash, WorkloadKind, WorkloadRef, WorkloadStatus, Writer,
};

/// The same number for the same text, in every build.
fn hash(text: &str) -> u64 {
    let mut sum = FnvHasher::default();
    sum.write(text.as_bytes());
    sum.finish()
}

/// The digest that an image has here: its own, or one made from its name.
pub(super) fn digest(image: &str) -> Arc<str> {
    let own = image.parse::<Image>().ok().and_then(|image| image.digest);
    own.unwrap_or_else(|| {
        // Names that differ by a letter have digests that have nothing in common.
        let part = |part: u64| Dice::new(hash(&format!("{part}{image}"))).below(u64::MAX);
        let parts: String = (0..4).map(|number| format!("{:016x}", part(number))).collect();
        format!("sha256:{parts}").into()
    })
}

pub(super) fn set_name(workload: &WorkloadRef, image: &str) -> String {
    format!("{}-{:08x}", workload.name, hash(image) as u32)
}

pub(super) fn workload_uid(workload: &Workload) -> Uid {
    Uid::new(format!("{}/{}{}", workload.namespace, workload.reference, again(workload)))
}

fn set_uid(workload: &Workload, set: &str) -> Uid {
    Uid::new(format!("{}/{set}{}", workload.namespace, again(workload)))
}

fn again(workload: &Workload) -> String {
    if workload.life == 0 { String::new() } else { format!("-{}", workload.life) }
}

pub(super) fn meta(name: &str, uid: Uid, created: Timestamp, owner: Option<Owner>) -> Meta {
    Meta {
        name: name.into(),
        uid,
        resource_version: "0".into(),
        created,
        deleting: None,
        owner,
        marks: Marks::default(),
    }
}

/// The same object at a version.
pub(super) fn with_version(mut object: Object, version: u64) -> Object {
    let meta = match &mut object {
        Object::Workload(it) => &mut it.meta,
        Object::ReplicaSet(it) => &mut it.meta,
        Object::Pod(it) => &mut it.meta,
        Object::Job(it) => &mut it.meta,
        Object::Event(it) => &mut it.meta,
        Object::Lease(it) => &mut it.meta,
        Object::Document(it) => &mut it.meta,
    };
    meta.resource_version = version.to_string().into();
    object
}

/// Every object there is.
pub(super) fn all(world: &World, now: Timestamp) -> BTreeMap<Key, Object> {
    let mut objects = BTreeMap::new();
    let mut put = |namespace: &Arc<str>, object: Object| {
        let name = Arc::clone(&object.meta().name);
        objects.insert((Arc::clone(namespace), object.kind(), name), object);
    };
    // Looked up once: there are far more pods than would be good to go through for every workload.
    let mut by_workload: BTreeMap<(&str, &WorkloadRef), Vec<&SimPod>> = BTreeMap::new();
    for pod in &world.pods {
        by_workload.entry((&*pod.namespace, &pod.workload)).or_default().push(pod);
    }
    for it in &world.workloads {
        let pods = by_workload.remove(&(&*it.namespace, &it.reference)).unwrap_or_default();
        put(&it.namespace, Object::Workload(Box::new(workload(it, &pods, now))));
        if it.reference.kind == WorkloadKind::Deployment {
            for revision in &it.revisions {
                let set = replica_set(it, revision, now, &pods);
                put(&it.namespace, Object::ReplicaSet(Box::new(set)));
            }
        }
        for one in pods {
            let pod = pod(it, one, now);
            for event in events::about(one, &pod, now) {
                put(&it.namespace, Object::Event(Box::new(event)));
            }
            put(&it.namespace, Object::Pod(Box::new(pod)));
        }
        if let Some(event) = events::of_rollout(it) {
            put(&it.namespace, Object::Event(Box::new(event)));
        }
    }
    for (namespace, object) in &world.fixed {
        put(namespace, object.clone());
    }
    for ((namespace, name), (uid, record)) in &world.leases {
        let meta = meta(name, uid.clone(), record.acquired.unwrap_or(now), None);
        put(namespace, Object::Lease(Box::new(Lease { meta, record: record.clone(), errand: None })));
    }
    for ((namespace, _), ticket) in &world.tickets {
        put(namespace, Object::Lease(Box::new(ticket.clone())));
    }
    for ((namespace, _), document) in &world.documents {
        put(namespace, Object::Document(Box::new(document.clone())));
    }
    objects
}

fn is_alive(pod: &SimPod) -> bool {
    pod.deleting.is_none()
}

pub(super) fn workload(it: &Workload, pods: &[&SimPod], now: Timestamp) -> crate::domain::observed::Workload {
    let alive = || pods.iter().copied().filter(|pod| is_alive(pod));
    let new = || alive().filter(|pod| pod.image == *it.image());
    let count = |number: usize| number as u32;
    let updated = count(new().count());
    let available = count(alive().filter(|pod| pod.is_ready(now)).count());
    let new_ready = count(new().filter(|pod| pod.is_ready(now)).count());
    let complete = updated == it.replicas && count(alive().count()) == it.replicas && available == it.replicas;
    let revision = |image: &str| Arc::from(set_name(&it.reference, image));
    let current =
        if complete { it.image() } else { it.revisions.iter().rev().nth(1).map_or(it.image(), |it| &it.image) };
    let stateful = it.reference.kind == WorkloadKind::StatefulSet;
    // They come one after another.
    let took = new().map(SimPod::ready_at).fold(SignedDuration::ZERO, |sum, it| sum + it);
    crate::domain::observed::Workload {
        kind: it.reference.kind,
        meta: meta(&it.reference.name, workload_uid(it), it.created, None),
        generation: it.generation,
        observed_generation: it.generation,
        desired: it.replicas,
        paused: false,
        strategy: Strategy::RollingUpdate,
        progress_deadline: (it.reference.kind == WorkloadKind::Deployment).then_some(600),
        template: TemplateHash(hash(it.image())),
        containers: vec![Container { name: Arc::clone(&it.reference.name), image: Arc::clone(it.image()) }],
        steward: None,
        writer: Some(Writer { manager: it.writer.into(), at: Some(it.present().wanted) }),
        status: WorkloadStatus {
            replicas: count(alive().count()),
            updated,
            ready: available,
            available,
            terminating: count(pods.iter().filter(|pod| pod.deleting.is_some()).count()),
            current_revision: stateful.then(|| revision(current)),
            update_revision: stateful.then(|| revision(it.image())),
            conditions: conditions(it, new_ready >= it.replicas, took, now),
        },
    }
}

/// `Progressing` as the Deployment controller writes it, naming the ReplicaSet.
fn conditions(it: &Workload, complete: bool, took: SignedDuration, now: Timestamp) -> Vec<Condition> {
    if it.reference.kind != WorkloadKind::Deployment {
        return Vec::new();
    }
    let set = set_name(&it.reference, it.image());
    let since = it.present().wanted;
    let late = now.duration_since(since) > SignedDuration::from_secs(600);
    let (status, reason, message) = match (complete || it.complete, late) {
        (true, _) => (true, "NewReplicaSetAvailable", format!("ReplicaSet \"{set}\" has successfully progressed.")),
        (false, false) => (true, "ReplicaSetUpdated", format!("ReplicaSet \"{set}\" is progressing.")),
        (false, true) => {
            (false, "ProgressDeadlineExceeded", format!("ReplicaSet \"{set}\" has timed out progressing."))
        }
    };
    vec![Condition {
        kind: "Progressing".into(),
        status,
        reason: reason.into(),
        message: message.into(),
        updated: Some(if complete || it.complete { since + took } else { since }),
    }]
}

fn replica_set(it: &Workload, revision: &Revision, now: Timestamp, pods: &[&SimPod]) -> ReplicaSet {
    let image = &revision.image;
    let own = || pods.iter().copied().filter(|pod| is_alive(pod)).filter(|pod| pod.image == *image);
    let ready = own().filter(|pod| pod.is_ready(now)).count() as u32;
    let name = set_name(&it.reference, image);
    let owner = Owner { kind: "Deployment".into(), name: Arc::clone(&it.reference.name), uid: workload_uid(it) };
    ReplicaSet {
        meta: meta(&name, set_uid(it, &name), revision.created, Some(owner)),
        revision: revision.number,
        returned: revision.wanted != revision.created,
        template: TemplateHash(hash(image)),
        containers: vec![Container { name: Arc::clone(&it.reference.name), image: Arc::clone(image) }],
        desired: own().count() as u32,
        replicas: own().count() as u32,
        ready,
        available: ready,
        conditions: Vec::new(),
    }
}

fn pod(of: &Workload, it: &SimPod, now: Timestamp) -> Pod {
    let shown = it.shown(now);
    let set = set_name(&it.workload, &it.image);
    let owner = match it.workload.kind {
        WorkloadKind::Deployment => {
            Owner { kind: "ReplicaSet".into(), name: set.as_str().into(), uid: set_uid(of, &set) }
        }
        kind => Owner { kind: kind.api_kind().into(), name: Arc::clone(&it.workload.name), uid: workload_uid(of) },
    };
    let mut meta = meta(&it.name, Uid::new(&it.uid), it.created, Some(owner));
    meta.deleting = it.deleting;
    let started = !matches!(shown.state, ContainerState::Waiting { .. }) || shown.restarts > 0;
    let unscheduled = it.unscheduled();
    let status = ContainerStatus {
        name: Arc::clone(&it.workload.name),
        image: Arc::clone(&it.image),
        digest: started.then(|| digest(&it.image)),
        init: false,
        memory: None,
        ready: shown.ready,
        restarts: shown.restarts,
        state: shown.state,
        last: shown.last,
    };
    Pod {
        meta,
        revision: Some(set.into()),
        phase: shown.phase,
        reason: None,
        message: None,
        ready: shown.ready,
        claims: Vec::new(),
        node: unscheduled.is_none().then(|| "node-a".into()),
        containers: if unscheduled.is_some() { Vec::new() } else { vec![status] },
        unscheduled,
    }
}

/// The kinds of the simulation in the order of a first read.
pub(super) const KINDS: [Kind; 9] = Kind::ALL;
