//! Objects as the API's JSON, as far as the simulation knows them.

use serde_json::{Value, json};

use crate::domain::lease::Record;
use crate::domain::observed::{
    Condition, Container, ContainerState, ContainerStatus, Job, Meta, Object, Phase, Pod, ReplicaSet, Workload,
};

/// The object as text, to be saved before it is deleted.
pub(super) fn of(namespace: &str, object: &Object) -> String {
    let (group, kind, spec, status) = match object {
        Object::Workload(it) => ("apps/v1", it.kind.api_kind(), workload_spec(it), workload_status(it)),
        Object::ReplicaSet(it) => ("apps/v1", "ReplicaSet", set_spec(it), json!({ "replicas": it.replicas })),
        Object::Pod(it) => ("v1", "Pod", pod_spec(it), pod_status(it)),
        Object::Job(it) => ("batch/v1", "Job", json!({}), job_status(it)),
        Object::Document(it) => ("v1", "ConfigMap", json!({}), json!({ "about": &*it.about })),
        Object::Lease(it) => ("coordination.k8s.io/v1", "Lease", lease_spec(&it.record), json!({})),
        Object::Event(it) => ("v1", "Event", json!({}), json!({ "reason": &*it.reason, "message": &*it.message })),
    };
    let metadata = metadata(namespace, object.meta());
    let whole = json!({ "apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec, "status": status });
    format!("{whole:#}")
}

fn metadata(namespace: &str, meta: &Meta) -> Value {
    let mut value = json!({
        "name": &*meta.name,
        "namespace": namespace,
        "uid": meta.uid.as_str(),
        "resourceVersion": &*meta.resource_version,
        "creationTimestamp": meta.created.to_string(),
    });
    if let Some(owner) = &meta.owner {
        let reference =
            json!({ "kind": &*owner.kind, "name": &*owner.name, "uid": owner.uid.as_str(), "controller": true });
        value["ownerReferences"] = json!([reference]);
    }
    value
}

fn template(containers: &[Container]) -> Value {
    let containers: Vec<_> = containers.iter().map(|it| json!({ "name": &*it.name, "image": &*it.image })).collect();
    json!({ "spec": { "containers": containers } })
}

fn workload_spec(it: &Workload) -> Value {
    json!({ "replicas": it.desired, "template": template(&it.containers) })
}

fn workload_status(it: &Workload) -> Value {
    let status = &it.status;
    json!({
        "replicas": status.replicas,
        "updatedReplicas": status.updated,
        "readyReplicas": status.ready,
        "availableReplicas": status.available,
        "conditions": conditions(&status.conditions),
    })
}

fn lease_spec(it: &Record) -> Value {
    json!({
        "holderIdentity": &*it.holder,
        "leaseDurationSeconds": it.duration.as_secs(),
        "leaseTransitions": it.token,
        "renewTime": it.renewed.map(|at| at.to_string()),
    })
}

fn set_spec(it: &ReplicaSet) -> Value {
    json!({ "replicas": it.desired, "template": template(&it.containers) })
}

fn pod_spec(it: &Pod) -> Value {
    let containers = it.containers.iter().map(|it| json!({ "name": &*it.name, "image": &*it.image }));
    json!({ "nodeName": it.node.as_deref(), "containers": containers.collect::<Vec<_>>() })
}

fn pod_status(it: &Pod) -> Value {
    let phase = match it.phase {
        Phase::Pending => "Pending",
        Phase::Running => "Running",
        Phase::Succeeded => "Succeeded",
        Phase::Failed => "Failed",
        Phase::Unknown => "Unknown",
    };
    let containers: Vec<_> = it.containers.iter().map(container_status).collect();
    json!({
        "phase": phase,
        "reason": it.reason.as_deref(),
        "message": it.message.as_deref(),
        "containerStatuses": containers,
    })
}

fn container_status(it: &ContainerStatus) -> Value {
    let state = match &it.state {
        ContainerState::Waiting { reason, message } => {
            json!({ "waiting": { "reason": &**reason, "message": &**message } })
        }
        ContainerState::Running { since } => {
            json!({ "running": { "startedAt": since.map(|time| time.to_string()) } })
        }
        ContainerState::Terminated(end) => json!({ "terminated": {
            "exitCode": end.exit_code,
            "reason": &*end.reason,
            "finishedAt": end.finished.map(|time| time.to_string()),
        } }),
        ContainerState::Unknown => json!({}),
    };
    json!({ "name": &*it.name, "image": &*it.image, "ready": it.ready, "restartCount": it.restarts, "state": state })
}

fn job_status(it: &Job) -> Value {
    let conditions = conditions(&it.conditions);
    json!({ "active": it.active, "succeeded": it.succeeded, "failed": it.failed, "conditions": conditions })
}

fn conditions(of: &[Condition]) -> Vec<Value> {
    let condition = |it: &Condition| {
        let status = if it.status { "True" } else { "False" };
        json!({ "type": &*it.kind, "status": status, "reason": &*it.reason, "message": &*it.message })
    };
    of.iter().map(condition).collect()
}
