//! What every plane holds from the start: nodes, the rights of the user `viewer`, and a kind that kwok needs.

use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use super::eventually;

/// The nodes, each in a zone of its own.
const NODES: [(&str, &str); 3] = [("node-a", "zone-a"), ("node-b", "zone-b"), ("node-c", "zone-c")];

/// Creates all that kwok expects to find.
///
/// # Panics
/// When the API server refuses one.
pub(crate) async fn create(client: &Client) {
    create_logs_definition(client).await;
    let nodes: Api<Node> = Api::all(client.clone());
    for (name, zone) in NODES {
        nodes.create(&PostParams::default(), &serde_json::from_value(node(name, zone)).unwrap()).await.unwrap();
    }
    let role = json!({
        "metadata": { "name": "viewer" },
        "rules": [{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"] }],
    });
    let roles: Api<ClusterRole> = Api::all(client.clone());
    roles.create(&PostParams::default(), &serde_json::from_value(role).unwrap()).await.unwrap();
    let binding = json!({
        "metadata": { "name": "viewer" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "viewer" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "viewer" }],
    });
    let bindings: Api<ClusterRoleBinding> = Api::all(client.clone());
    bindings.create(&PostParams::default(), &serde_json::from_value(binding).unwrap()).await.unwrap();
}

/// The kind by which kwok is told which file holds the logs of a pod: `Namespace::log_of` makes such objects.
async fn create_logs_definition(client: &Client) {
    let definition = json!({
        "metadata": { "name": "logs.kwok.x-k8s.io" },
        "spec": {
            "group": "kwok.x-k8s.io",
            "names": { "kind": "Logs", "listKind": "LogsList", "plural": "logs", "singular": "logs" },
            "scope": "Namespaced",
            "versions": [{
                "name": "v1alpha1",
                "served": true,
                "storage": true,
                "schema": {
                    "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true }
                },
            }],
        },
    });
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    definitions.create(&PostParams::default(), &serde_json::from_value(definition).unwrap()).await.unwrap();
    eventually("the kind Logs is served", Duration::from_secs(30), async || {
        let made = definitions.get("logs.kwok.x-k8s.io").await.unwrap();
        let conditions = made.status?.conditions?;
        conditions.into_iter().find(|condition| condition.type_ == "Established" && condition.status == "True")
    })
    .await;
}

/// A node as it registers itself; kwok completes its status.
pub(crate) fn node(name: &str, zone: &str) -> Value {
    let size = json!({ "cpu": "10000", "memory": "10Ti", "pods": "20000" });
    json!({
        "metadata": {
            "name": name,
            "labels": { "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone },
        },
        "status": { "allocatable": size, "capacity": size },
    })
}

pub(crate) async fn nodes_ready(client: &Client) -> bool {
    let nodes: Api<Node> = Api::all(client.clone());
    let Ok(nodes) = nodes.list(&ListParams::default()).await else { return false };
    let is_ready = |node: &Node| {
        let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
        conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
            // The taint goes a moment after the node is ready; until then nothing is scheduled on it.
            && node.spec.as_ref().is_none_or(|spec| spec.taints.as_ref().is_none_or(Vec::is_empty))
    };
    nodes.items.len() == NODES.len() && nodes.items.iter().all(is_ready)
}
