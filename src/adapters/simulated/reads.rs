//! What is read once: a workload, its revisions, a manifest, and what there is.

use std::sync::Arc;

use super::manifest;
use super::world::World;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::observed::{Kind, Object, Workload, WorkloadKind, WorkloadRef};
use crate::ports::cluster::{Discovery, Revision, Sighting};

pub(super) fn discover(world: &World) -> Discovery {
    let workloads = world.workloads.iter().map(|it| Sighting {
        namespace: Arc::clone(&it.namespace),
        workload: it.reference.clone(),
        containers: vec![(Arc::clone(&it.reference.name), Arc::clone(it.image()))],
        part_of: None,
    });
    Discovery { workloads: workloads.collect(), hidden_namespaces: 4, limited_to: None }
}

pub(super) fn workload(world: &World, namespace: &str, workload: &WorkloadRef) -> Result<Workload, Fault> {
    let doing = format!("read {workload} in {namespace}");
    match find(world, namespace, Kind::Workload(workload.kind), &workload.name, &doing)? {
        Object::Workload(found) => Ok((**found).clone()),
        _ => Err(not_found(&doing)),
    }
}

pub(super) fn revisions(world: &World, namespace: &str, workload: &WorkloadRef) -> Result<Vec<Revision>, Fault> {
    let found = world.workloads.iter().find(|it| &*it.namespace == namespace && it.reference == *workload);
    let found = found.ok_or_else(|| not_found(&format!("read {workload} in {namespace}")))?;
    let revisions = found.revisions.iter().rev().map(|it| Revision {
        number: it.number,
        containers: vec![(Arc::clone(&workload.name), Arc::clone(&it.image))],
        created: it.created,
    });
    Ok(revisions.collect())
}

pub(super) fn manifest(world: &World, namespace: &str, resource: &str, name: &str) -> Result<String, Fault> {
    let kind = kind_of(resource);
    let kind = kind.ok_or_else(|| Fault::new(FaultKind::Invalid, format!("{resource} cannot be saved")))?;
    let object = find(world, namespace, kind, name, &format!("read {resource}/{name} in {namespace}"))?;
    Ok(manifest::of(namespace, object))
}

/// `pod` or `pods`; none for kinds that are not read one by one.
pub(super) fn kind_of(resource: &str) -> Option<Kind> {
    let workloads = WorkloadKind::ALL.map(Kind::Workload);
    let kinds = workloads.into_iter().chain([Kind::ReplicaSet, Kind::Job, Kind::Pod]);
    kinds.into_iter().find(|kind| kind.plural().strip_suffix('s') == Some(resource) || kind.plural() == resource)
}

pub(super) fn find<'a>(
    world: &'a World,
    namespace: &str,
    kind: Kind,
    name: &str,
    doing: &str,
) -> Result<&'a Object, Fault> {
    let found = world.objects.get(&(Arc::from(namespace), kind, Arc::from(name)));
    found.map(|(_, object)| object).ok_or_else(|| not_found(doing))
}

pub(super) fn not_found(doing: &str) -> Fault {
    Fault::new(FaultKind::NotFound, format!("cannot {doing}, not found"))
}
