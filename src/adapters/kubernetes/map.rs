//! From wire types to the domain's facts. Pure; every text is cleaned here.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::writers::{self, Owners};
use super::{documents, lease, stewards, template, wire};
use crate::domain::ids::Uid;
use crate::domain::observed::{
    Condition, Container, ContainerState, ContainerStatus, Event, Job, Kind, Marks, Meta, Object, Owner, Phase, Pod,
    ReplicaSet, Strategy, Terminated, Workload, WorkloadKind, WorkloadStatus,
};
use crate::domain::text::clean;

/// One page of a list.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) objects: Vec<Object>,
    pub(super) version: String,
    pub(super) next: Option<String>,
}

/// Reads a page of a list of one kind.
pub(super) fn page(kind: Kind, json: &[u8]) -> serde_json::Result<Page> {
    match kind {
        Kind::Workload(sort) => page_of(json, |object| Object::Workload(Box::new(workload(sort, object)))),
        Kind::ReplicaSet => page_of(json, |object| Object::ReplicaSet(Box::new(replica_set(object)))),
        Kind::Pod => page_of(json, |object| Object::Pod(Box::new(pod(object)))),
        Kind::Job => page_of(json, |object| Object::Job(Box::new(job(&object)))),
        Kind::Event => page_of(json, |object| Object::Event(Box::new(event(object)))),
        Kind::Lease => page_of(json, |object| Object::Lease(Box::new(lease::observed(&object)))),
        Kind::Document => page_of(json, |object| Object::Document(Box::new(documents::observed(&object)))),
    }
}

fn page_of<T: DeserializeOwned + Default>(json: &[u8], map: impl Fn(T) -> Object) -> serde_json::Result<Page> {
    let list: wire::List<T> = serde_json::from_slice(json)?;
    let next = list.metadata.next.filter(|token| !token.is_empty());
    Ok(Page { objects: list.items.into_iter().map(map).collect(), version: list.metadata.resource_version, next })
}

/// What sort of line of a watch it is. Servers write that first, and then nothing else is scanned for it.
pub(super) fn sort_of(json: &[u8]) -> serde_json::Result<Cow<'_, str>> {
    let first = json.strip_prefix(br#"{"type":""#).and_then(|rest| rest.split(|byte| *byte == b'"').next());
    let plain = first.filter(|sort| sort.iter().all(u8::is_ascii_uppercase));
    match plain.and_then(|sort| std::str::from_utf8(sort).ok()) {
        Some(sort) => Ok(Cow::Borrowed(sort)),
        None => Ok(serde_json::from_slice::<wire::EventType<'_>>(json)?.sort),
    }
}

/// Reads the object of a line of a watch.
pub(super) fn line(kind: Kind, json: &[u8]) -> serde_json::Result<Object> {
    Ok(match kind {
        Kind::Workload(sort) => Object::Workload(Box::new(workload(sort, in_line(json)?))),
        Kind::ReplicaSet => Object::ReplicaSet(Box::new(replica_set(in_line(json)?))),
        Kind::Pod => Object::Pod(Box::new(pod(in_line(json)?))),
        Kind::Job => Object::Job(Box::new(job(&in_line(json)?))),
        Kind::Event => Object::Event(Box::new(event(in_line(json)?))),
        Kind::Lease => Object::Lease(Box::new(lease::observed(&in_line(json)?))),
        Kind::Document => Object::Document(Box::new(documents::observed(&in_line(json)?))),
    })
}

pub(super) fn in_line<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    Ok(serde_json::from_slice::<wire::Line<T>>(json)?.object)
}

pub(super) fn text(text: &str) -> Arc<str> {
    clean(text).into()
}

fn given(value: Option<&String>) -> Option<Arc<str>> {
    value.filter(|value| !value.is_empty()).map(|value| text(value))
}

pub(super) fn meta<M>(wire: &wire::Meta<M>) -> Meta {
    let owner = wire.owner_references.iter().find(|owner| owner.controller);
    Meta {
        name: text(&wire.name),
        uid: Uid::new(clean(&wire.uid)),
        resource_version: text(&wire.resource_version),
        created: wire.creation_timestamp.unwrap_or_default(),
        deleting: wire.deletion_timestamp,
        owner: owner.map(|owner| Owner {
            kind: text(&owner.kind),
            name: text(&owner.name),
            uid: Uid::new(clean(&owner.uid)),
        }),
        marks: marks(wire),
    }
}

fn marks<M>(wire: &wire::Meta<M>) -> Marks {
    let label = |name: &str| wire.labels.get(name);
    let note = |name: &str| wire.annotations.get(name);
    let flux = ["kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name"];
    let argo_keeps = note("argocd.argoproj.io/sync-options").is_some_and(|options| {
        options.split(',').any(|option| matches!(option.trim(), "Prune=false" | "Delete=false"))
    });
    Marks {
        helm: label("app.kubernetes.io/managed-by").is_some_and(|by| by == "Helm"),
        helm_hook: note("helm.sh/hook").is_some(),
        gitops: note("argocd.argoproj.io/tracking-id").is_some() || flux.into_iter().any(|name| label(name).is_some()),
        keep: note("helm.sh/resource-policy").is_some_and(|policy| policy == "keep")
            || argo_keeps
            || !wire.finalizers.is_empty(),
    }
}

pub(super) fn workload(kind: WorkloadKind, wire: wire::Workload<Owners>) -> Workload {
    let wire::Workload { metadata, spec, status } = wire;
    let desired = match kind {
        WorkloadKind::DaemonSet => status.desired_number_scheduled,
        _ => spec.replicas.unwrap_or(1),
    };
    Workload {
        kind,
        meta: meta(&metadata),
        generation: metadata.generation,
        observed_generation: status.observed_generation,
        desired,
        paused: spec.paused,
        strategy: strategy(&spec.strategy),
        progress_deadline: spec.progress_deadline_seconds,
        template: template::hash(&spec.template),
        containers: containers(&spec.template),
        steward: stewards::of(&metadata),
        writer: metadata.managed_fields.as_deref().and_then(writers::of_template),
        status: WorkloadStatus {
            replicas: status.replicas,
            updated: status.updated_replicas,
            ready: status.ready_replicas,
            available: status.available_replicas,
            terminating: status.terminating_replicas,
            current_revision: given(status.current_revision.as_ref()),
            update_revision: given(status.update_revision.as_ref()),
            conditions: status.conditions.iter().map(condition).collect(),
        },
    }
}

fn strategy(wire: &wire::Strategy) -> Strategy {
    let partition = wire.rolling_update.as_ref().and_then(|update| update.partition).filter(|from| *from > 0);
    match (wire.sort.as_str(), partition) {
        ("Recreate", _) => Strategy::Recreate,
        ("OnDelete", _) => Strategy::OnDelete,
        (_, Some(from)) => Strategy::Partition(from),
        _ => Strategy::RollingUpdate,
    }
}

/// The containers of a pod template, in its order.
pub(super) fn containers(template: &Value) -> Vec<Container> {
    let of = |container: &Value, field: &str| text(container[field].as_str().unwrap_or_default());
    let listed = template["spec"]["containers"].as_array().into_iter().flatten();
    listed.map(|container| Container { name: of(container, "name"), image: of(container, "image") }).collect()
}

fn condition(wire: &wire::Condition) -> Condition {
    Condition {
        kind: text(&wire.kind),
        status: wire.status == "True",
        reason: text(&wire.reason),
        message: text(&wire.message),
        updated: wire.last_update_time.or(wire.last_transition_time),
    }
}

pub(super) fn replica_set(wire: wire::Workload) -> ReplicaSet {
    let wire::Workload { metadata, spec, status } = wire;
    let note = |name: &str| metadata.annotations.get(name).filter(|value| !value.is_empty());
    let revision = note("deployment.kubernetes.io/revision");
    ReplicaSet {
        meta: meta(&metadata),
        revision: revision.and_then(|number| number.parse().ok()).unwrap_or(0),
        returned: note("deployment.kubernetes.io/revision-history").is_some(),
        template: template::hash(&spec.template),
        containers: containers(&spec.template),
        desired: spec.replicas.unwrap_or(1),
        replicas: status.replicas,
        ready: status.ready_replicas,
        available: status.available_replicas,
        conditions: status.conditions.iter().map(condition).collect(),
    }
}

pub(super) fn pod(wire: wire::Pod) -> Pod {
    let wire::Pod { metadata, spec, status } = wire;
    let is = |kind: &str, value: &str| {
        status.conditions.iter().find(|condition| condition.kind == kind && condition.status == value)
    };
    let revision = metadata.labels.get("controller-revision-hash").or_else(|| metadata.labels.get("pod-template-hash"));
    let init = status.init_container_statuses.iter().map(|container| {
        let asked = spec.init_containers.iter().find(|it| it.name == container.name);
        let stays = asked.is_some_and(|it| it.restart_policy.as_deref() == Some("Always"));
        container_status(container, asked, !stays)
    });
    let others = status.container_statuses.iter().map(|container| {
        container_status(container, spec.containers.iter().find(|it| it.name == container.name), false)
    });
    let claims = spec.volumes.iter().filter_map(|volume| match (&volume.persistent_volume_claim, &volume.ephemeral) {
        (Some(claim), _) => Some(text(&claim.claim_name)),
        (None, Some(_)) => Some(text(&format!("{}-{}", metadata.name, volume.name))),
        (None, None) => None,
    });
    Pod {
        meta: meta(&metadata),
        revision: given(revision),
        phase: phase(&status.phase),
        reason: given(status.reason.as_ref()),
        message: given(status.message.as_ref()),
        ready: is("Ready", "True").is_some(),
        unscheduled: is("PodScheduled", "False").map(condition),
        node: given(spec.node_name.as_ref()),
        claims: claims.collect(),
        containers: init.chain(others).collect(),
    }
}

fn phase(phase: &str) -> Phase {
    match phase {
        "Running" => Phase::Running,
        "Succeeded" => Phase::Succeeded,
        "Failed" => Phase::Failed,
        "Pending" | "" => Phase::Pending,
        _ => Phase::Unknown,
    }
}

fn container_status(wire: &wire::ContainerStatus, asked: Option<&wire::PodContainer>, init: bool) -> ContainerStatus {
    ContainerStatus {
        name: text(&wire.name),
        image: text(&wire.image),
        digest: digest(&wire.image_id),
        init,
        memory: given(asked.and_then(|it| it.resources.limits.memory.as_ref())),
        ready: wire.ready,
        restarts: wire.restart_count,
        state: state(&wire.state),
        last: wire.last_state.terminated.as_ref().map(terminated),
    }
}

/// The digest of `REPOSITORY@sha256:…`. A bare `sha256:…` is the id of the image's configuration: another number.
fn digest(image_id: &str) -> Option<Arc<str>> {
    let (_, digest) = image_id.rsplit_once('@')?;
    digest.starts_with("sha256:").then(|| text(digest))
}

fn state(wire: &wire::ContainerState) -> ContainerState {
    if let Some(waiting) = &wire.waiting {
        ContainerState::Waiting { reason: text(&waiting.reason), message: text(&waiting.message) }
    } else if let Some(running) = &wire.running {
        ContainerState::Running { since: running.started_at }
    } else if let Some(ended) = &wire.terminated {
        ContainerState::Terminated(terminated(ended))
    } else {
        ContainerState::Unknown
    }
}

fn terminated(wire: &wire::Terminated) -> Terminated {
    Terminated {
        exit_code: wire.exit_code,
        reason: text(&wire.reason),
        message: text(&wire.message),
        finished: wire.finished_at,
    }
}

fn job(wire: &wire::Job) -> Job {
    Job {
        meta: meta(&wire.metadata),
        active: wire.status.active,
        succeeded: wire.status.succeeded,
        failed: wire.status.failed,
        ttl: wire.spec.ttl_seconds_after_finished.is_some(),
        suspended: wire.spec.suspend,
        wanted: wire.spec.completions.unwrap_or(1),
        containers: containers(&wire.spec.template),
        conditions: wire.status.conditions.iter().map(condition).collect(),
    }
}

pub(super) fn event(wire: wire::Event) -> Event {
    let series = wire.series.unwrap_or_default();
    let times = [series.last_observed_time, wire.last_timestamp, wire.event_time, wire.first_timestamp];
    let last_seen: Option<Timestamp> = times.into_iter().flatten().max().or(wire.metadata.creation_timestamp);
    Event {
        meta: meta(&wire.metadata),
        about_kind: text(&wire.involved_object.kind),
        about: Uid::new(clean(&wire.involved_object.uid)),
        about_name: text(&wire.involved_object.name),
        warning: wire.sort.as_deref() == Some("Warning"),
        reason: text(wire.reason.as_deref().unwrap_or_default()),
        message: text(wire.message.as_deref().unwrap_or_default()),
        count: wire.count.unwrap_or(0).max(series.count).max(1),
        last_seen: last_seen.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_is_read_with_its_digest_and_its_words_are_cleaned() {
        let pod = json!({ "metadata": { "name": "web-1", "managedFields": [{}] }, "status": {
            "phase": "Running",
            "conditions": [{ "type": "Ready", "status": "True" }],
            "initContainerStatuses": null,
            "containerStatuses": [{ "name": "web", "image": "r/web:v1", "imageID": "r/web@sha256:ab", "restartCount": 2,
                "state": { "waiting": { "reason": "CrashLoopBackOff", "message": "\u{1b}[31mback-off" } },
                "lastState": { "terminated": { "exitCode": 137, "reason": "OOMKilled" } } }],
        } });
        let pod = pod_of(&pod);
        let container = &pod.containers[0];
        assert!(pod.ready && container.restarts == 2 && !container.init);
        assert_eq!(container.digest.as_deref(), Some("sha256:ab"));
        let message = "back-off".into();
        assert_eq!(container.state, ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message });
        assert_eq!(container.last.as_ref().map(|last| last.exit_code), Some(137));
    }

    #[test]
    fn a_pod_is_read_with_its_claims_and_limits_and_a_sidecar_is_no_init_container() {
        let status = |name: &str| json!({ "name": name, "restartCount": 1 });
        let pod = pod_of(&json!({ "metadata": { "name": "web-1" },
            "spec": {
                "volumes": [{ "name": "data", "persistentVolumeClaim": { "claimName": "web-data" } },
                    { "name": "scratch", "ephemeral": { "volumeClaimTemplate": {} } }, { "name": "cfg", "configMap": {} }],
                "initContainers": [{ "name": "migrate" }, { "name": "proxy", "restartPolicy": "Always" }],
                "containers": [{ "name": "web", "resources": { "limits": { "memory": "64Mi" } } }],
            },
            "status": {
                "initContainerStatuses": [status("migrate"), status("proxy")],
                "containerStatuses": [status("web")],
                "ephemeralContainerStatuses": [status("debugger")],
            } }));
        let read: Vec<_> = pod.containers.iter().map(|it| (&*it.name, it.init, it.memory.as_deref())).collect();
        assert_eq!(read, [("migrate", true, None), ("proxy", false, None), ("web", false, Some("64Mi"))]);
        assert_eq!(pod.claims.iter().map(|it| &**it).collect::<Vec<_>>(), ["web-data", "web-1-scratch"]);
    }

    fn pod_of(json: &Value) -> Pod {
        pod(serde_json::from_value(json.clone()).unwrap())
    }

    #[test]
    fn the_sort_of_a_line_is_found_wherever_it_is_written() {
        for line in
            [r#"{"type":"ADDED","object":{"type":"no"}}"#, r#"{ "object": {"type":"no"}, "type": "\u0041DDED" }"#]
        {
            assert_eq!(sort_of(line.as_bytes()).unwrap(), "ADDED");
        }
        assert!(sort_of(b"{}").is_err());
    }

    #[test]
    fn a_bare_digest_is_the_id_of_a_configuration() {
        assert_eq!(digest("sha256:ab"), None);
    }
}
