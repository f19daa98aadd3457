//! Objects to create, as JSON that a test may change first. The image's tag says how the pods behave.

use serde_json::{Value, json};

/// The pod template of the workloads: one container, called as the workload.
fn template(name: &str, image: &str) -> Value {
    json!({
        "metadata": { "labels": { "app": name } },
        "spec": { "terminationGracePeriodSeconds": 1, "containers": [{ "name": name, "image": image }] },
    })
}

pub(crate) fn deployment(name: &str, image: &str, replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": name, "labels": { "app": name } },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": { "app": name } },
            "template": template(name, image),
        },
    })
}

/// A Service that sends traffic to pods with this label `app`.
pub(crate) fn service(name: &str, app: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": { "name": name },
        "spec": { "selector": { "app": app }, "ports": [{ "port": 80, "targetPort": 8080 }] },
    })
}

pub(crate) fn stateful_set(name: &str, image: &str, replicas: u32) -> Value {
    let mut object = deployment(name, image, replicas);
    object["kind"] = "StatefulSet".into();
    object["spec"]["serviceName"] = name.into();
    object
}

/// One pod on every node; the planes have three.
pub(crate) fn daemon_set(name: &str, image: &str) -> Value {
    let mut object = deployment(name, image, 0);
    object["kind"] = "DaemonSet".into();
    object["spec"].as_object_mut().unwrap().remove("replicas");
    object
}

/// A Job that is not tried again when its pod fails.
pub(crate) fn job(name: &str, image: &str) -> Value {
    let mut template = template(name, image);
    template["spec"]["restartPolicy"] = "Never".into();
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": { "name": name, "labels": { "app": name } },
        "spec": { "backoffLimit": 0, "template": template },
    })
}

/// A pod that no controller owns.
pub(crate) fn pod(name: &str, image: &str) -> Value {
    let mut object = template(name, image);
    object["apiVersion"] = "v1".into();
    object["kind"] = "Pod".into();
    object["metadata"]["name"] = name.into();
    object
}

/// Adds a container to a bare pod.
pub(crate) fn add_container(pod: &mut Value, name: &str, image: &str) {
    let containers = pod["spec"]["containers"].as_array_mut().unwrap();
    containers.push(json!({ "name": name, "image": image }));
}
