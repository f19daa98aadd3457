//! Reading once: a workload, its revisions, a manifest, and what there is in a cluster.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::call::Call;
use super::connect::Link;
use super::map::{self, text};
use super::{collection, escaped, object, resources, wire};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::observed::{Container, Kind, Workload, WorkloadKind, WorkloadRef};
use crate::ports::cluster::{Discovery, Revision, Sighting};

const PAGE: usize = 500;

pub(super) async fn workload(link: &Link, namespace: &str, workload: &WorkloadRef) -> Result<Workload, Fault> {
    let path = object(workload.kind, namespace, &workload.name);
    let read = link.json(&Call::get(path, format!("read {workload} in {namespace}"))).await?;
    Ok(map::workload(workload.kind, read))
}

/// All objects of a collection, page by page.
pub(super) async fn all<T: DeserializeOwned + Default>(link: &Link, path: &str, doing: &str) -> Result<Vec<T>, Fault> {
    let mut items = Vec::new();
    let mut next = String::new();
    loop {
        let page: wire::List<T> = link.json(&Call::get(format!("{path}?limit={PAGE}{next}"), doing.to_owned())).await?;
        items.extend(page.items);
        match page.metadata.next.filter(|token| !token.is_empty()) {
            Some(token) => next = format!("&continue={}", escaped(&token)),
            None => return Ok(items),
        }
    }
}

pub(super) async fn revisions(link: &Link, namespace: &str, of: &WorkloadRef) -> Result<Vec<Revision>, Fault> {
    let owner = workload(link, namespace, of).await?;
    let is_ours = |meta: &wire::Meta| {
        meta.owner_references.iter().any(|reference| reference.controller && reference.uid == owner.meta.uid.as_str())
    };
    let doing = format!("list the revisions of {of} in {namespace}");
    let mut revisions: Vec<Revision> = if of.kind == WorkloadKind::Deployment {
        let sets: Vec<wire::Workload> = all(link, &collection(Kind::ReplicaSet, Some(namespace)), &doing).await?;
        let sets = sets.into_iter().filter(|set| is_ours(&set.metadata)).map(map::replica_set);
        sets.map(|set| Revision { number: set.revision, containers: pairs(set.containers), created: set.meta.created })
            .collect()
    } else {
        let path = resources("controllerrevisions", "apis/apps/v1", Some(namespace));
        let found: Vec<wire::ControllerRevision> = all(link, &path, &doing).await?;
        let found = found.into_iter().filter(|revision| is_ours(&revision.metadata));
        found
            .map(|revision| Revision {
                number: revision.revision,
                containers: pairs(map::containers(&revision.data["spec"]["template"])),
                created: revision.metadata.creation_timestamp.unwrap_or_default(),
            })
            .collect()
    };
    revisions.sort_by_key(|revision| std::cmp::Reverse((revision.number, revision.created)));
    Ok(revisions)
}

fn pairs(containers: Vec<Container>) -> Vec<(Arc<str>, Arc<str>)> {
    containers.into_iter().map(|container| (container.name, container.image)).collect()
}

/// The object as the API gives it, without the record of who wrote which field.
pub(super) async fn manifest(link: &Link, namespace: &str, resource: &str, name: &str) -> Result<String, Fault> {
    let kinds = [
        ("deployment", "deployments", "apis/apps/v1"),
        ("statefulset", "statefulsets", "apis/apps/v1"),
        ("daemonset", "daemonsets", "apis/apps/v1"),
        ("replicaset", "replicasets", "apis/apps/v1"),
        ("job", "jobs", "apis/batch/v1"),
        ("pod", "pods", "api/v1"),
    ];
    let Some((_, plural, group)) = kinds.into_iter().find(|(one, many, _)| *one == resource || *many == resource)
    else {
        return Err(Fault::new(FaultKind::Invalid, format!("{resource} cannot be saved")));
    };
    let path = format!("{}/{}", resources(plural, group, Some(namespace)), escaped(name));
    let doing = format!("read {resource}/{name} in {namespace}");
    let mut object: Value = link.json(&Call::get(path, doing.clone())).await?;
    if let Some(meta) = object["metadata"].as_object_mut() {
        meta.remove("managedFields");
    }
    serde_json::to_string_pretty(&object).map_err(|error| super::fault::unreadable(&error, &[], &doing))
}

pub(super) async fn discover(link: &Link) -> Result<Discovery, Fault> {
    match sightings(link, None).await {
        Err(fault) if fault.kind == FaultKind::Forbidden => {
            let namespace: Arc<str> = link.client().await?.default_namespace().into();
            let found = sightings(link, Some(&namespace)).await?;
            Ok(Discovery { limited_to: Some(namespace), ..found })
        }
        found => found,
    }
}

async fn sightings(link: &Link, namespace: Option<&str>) -> Result<Discovery, Fault> {
    let mut found = Discovery::default();
    let mut hidden = BTreeSet::new();
    for kind in WorkloadKind::ALL {
        let path = collection(Kind::Workload(kind), namespace);
        let place = namespace.unwrap_or("all namespaces");
        let doing = format!("list {} in {place}", Kind::Workload(kind).plural());
        for object in all::<wire::Workload>(link, &path, &doing).await? {
            let place = text(&object.metadata.namespace);
            if namespace.is_none() && place.starts_with("kube-") {
                hidden.insert(place);
                continue;
            }
            let containers = pairs(map::containers(&object.spec.template));
            let workload = WorkloadRef::new(kind, text(&object.metadata.name));
            let part_of = object.metadata.labels.get("app.kubernetes.io/part-of").map(|whole| text(whole));
            found.workloads.push(Sighting { namespace: place, workload, containers, part_of });
        }
    }
    found.hidden_namespaces = hidden.len();
    Ok(found)
}
