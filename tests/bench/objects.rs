//! What the stand-in serves: objects of the size and shape that real clusters have, managed fields and all.

use serde_json::{Value, json};

pub(crate) const DEPLOYMENTS: usize = 500;
pub(crate) const PODS_EACH: usize = 10;

pub(crate) fn service(index: usize) -> String {
    format!("service-{index:03}")
}

fn template(name: &str) -> Value {
    let env: Vec<Value> =
        (0..10).map(|n| json!({ "name": format!("SETTING_{n}"), "value": format!("value-of-{name}-{n}") })).collect();
    json!({
        "metadata": { "labels": { "app": name } },
        "spec": {
            "containers": [{
                "name": name, "image": format!("shop/{name}:v7"), "env": env,
                "resources": { "requests": { "cpu": "100m", "memory": "128Mi" }, "limits": { "memory": "256Mi" } },
                "readinessProbe": { "httpGet": { "path": "/healthz", "port": 8080 }, "periodSeconds": 10 },
            }],
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
        },
    })
}

fn managed(name: &str) -> Value {
    json!([{ "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "time": "2026-11-01T10:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": { "f:metadata": { "f:labels": { ".": {}, "f:app": {}, "f:pod-template-hash": {} } },
            "f:spec": { "f:containers": { format!("k:{{\"name\":\"{name}\"}}"): { ".": {}, "f:env": {}, "f:image": {}, "f:name": {}, "f:resources": {} } } } } }])
}

/// The line of a watch that says how far it is, and nothing else.
pub(crate) fn bookmark() -> String {
    let object = json!({ "metadata": { "resourceVersion": "1000000" } });
    format!("{{\"type\":\"BOOKMARK\",\"object\":{object}}}\n")
}

pub(crate) fn deployment(index: usize) -> Value {
    let name = service(index);
    json!({
        "metadata": { "name": name, "namespace": "shop", "uid": format!("uid-{name}"), "resourceVersion": "1000", "generation": 3,
            "creationTimestamp": "2026-11-01T10:00:00Z", "labels": { "app": name }, "managedFields": managed(&name) },
        "spec": { "replicas": PODS_EACH, "selector": { "matchLabels": { "app": name } }, "progressDeadlineSeconds": 600,
            "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": "25%" } },
            "template": template(&name) },
        "status": { "observedGeneration": 3, "replicas": PODS_EACH, "updatedReplicas": PODS_EACH, "readyReplicas": PODS_EACH,
            "availableReplicas": PODS_EACH, "conditions": [{ "type": "Progressing", "status": "True",
                "reason": "NewReplicaSetAvailable", "message": format!("ReplicaSet \"{name}-6d9f7\" has successfully progressed."),
                "lastUpdateTime": "2026-11-01T10:01:00Z", "lastTransitionTime": "2026-11-01T10:00:00Z" }] },
    })
}

/// The same at a version, with all pods available or all but one.
pub(crate) fn deployment_with(index: usize, version: u64, whole: bool) -> Value {
    let mut object = deployment(index);
    object["metadata"]["resourceVersion"] = version.to_string().into();
    object["status"]["availableReplicas"] = (PODS_EACH - usize::from(!whole)).into();
    object
}

/// A pod that is ready, or waits for an image that there is not.
pub(crate) fn pod_that_pulls(number: usize, version: u64, whole: bool) -> Value {
    let mut object = pod(number, if whole { 2_000 } else { 2_001 });
    object["metadata"]["resourceVersion"] = version.to_string().into();
    if !whole {
        let message = "rpc error: code = NotFound desc = manifest unknown: not found";
        object["status"]["containerStatuses"][0]["state"] =
            json!({ "waiting": { "reason": "ErrImagePull", "message": message } });
    }
    object
}

pub(crate) fn replica_set(index: usize) -> Value {
    let name = service(index);
    let mut template = template(&name);
    template["metadata"]["labels"]["pod-template-hash"] = "6d9f7".into();
    json!({
        "metadata": { "name": format!("{name}-6d9f7"), "namespace": "shop", "uid": format!("uid-{name}-6d9f7"), "resourceVersion": "1000",
            "creationTimestamp": "2026-11-01T10:00:00Z", "annotations": { "deployment.kubernetes.io/revision": "3" },
            "ownerReferences": [{ "kind": "Deployment", "name": name, "uid": format!("uid-{name}"), "controller": true, "apiVersion": "apps/v1" }],
            "managedFields": managed(&name) },
        "spec": { "replicas": PODS_EACH, "template": template },
        "status": { "replicas": PODS_EACH, "readyReplicas": PODS_EACH, "availableReplicas": PODS_EACH, "observedGeneration": 1 },
    })
}

/// A pod; its version grows, and every second version of it is not ready, so that each event changes what is shown.
pub(crate) fn pod(number: usize, version: u64) -> Value {
    let name = service(number / PODS_EACH);
    let pod = format!("{name}-6d9f7-p{number:04}");
    let ready = version.is_multiple_of(2);
    let mut template = template(&name);
    template["spec"]["nodeName"] = format!("node-{}", number % 40).into();
    json!({
        "metadata": { "name": pod, "namespace": "shop", "uid": format!("uid-{pod}"), "resourceVersion": version.to_string(),
            "creationTimestamp": "2026-11-01T10:00:10Z", "labels": { "app": name, "pod-template-hash": "6d9f7" },
            "ownerReferences": [{ "kind": "ReplicaSet", "name": format!("{name}-6d9f7"), "uid": format!("uid-{name}-6d9f7"), "controller": true, "apiVersion": "apps/v1" }],
            "managedFields": managed(&name) },
        "spec": template["spec"],
        "status": { "phase": "Running", "startTime": "2026-11-01T10:00:10Z", "podIP": "10.0.0.7",
            "conditions": [{ "type": "Ready", "status": if ready { "True" } else { "False" }, "lastTransitionTime": "2026-11-01T10:00:20Z" }],
            "containerStatuses": [{ "name": name, "image": format!("shop/{name}:v7"), "ready": ready, "restartCount": 0, "started": true,
                "imageID": format!("shop/{name}@sha256:{:064x}", number / PODS_EACH),
                "containerID": format!("containerd://{number:064x}"), "state": { "running": { "startedAt": "2026-11-01T10:00:12Z" } } }] },
    })
}

/// The configuration with every service.
pub(crate) fn configuration() -> String {
    let mut text = "[[environment]]\nname = \"staging\"\nnamespace = \"shop\"\n".to_owned();
    for index in 0..DEPLOYMENTS {
        text.push_str(&format!("\n[[service]]\nname = \"{}\"\n", service(index)));
    }
    text
}

pub(crate) fn kubeconfig(port: u16) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: bench\nclusters:\n- name: bench\n  cluster: {{server: \"http://127.0.0.1:{port}\"}}\n\
         users:\n- name: bench\n  user: {{token: bench}}\ncontexts:\n- name: bench\n  context: {{cluster: bench, user: bench}}\n"
    )
}
