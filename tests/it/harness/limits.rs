//! What a cluster may not take: quotas, and policies that refuse images with the tag `:denied`.

use std::time::Duration;

use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Pod, ResourceQuota};
use kube::Api;
use kube::api::PostParams;
use serde_json::json;

use super::{Namespace, eventually, workloads};

const SOON: Duration = Duration::from_secs(30);

/// Where a policy looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The Deployment is written, and its pods are refused.
    Pods,
    /// The write itself is refused.
    Deployments,
}

impl Namespace<'_> {
    /// So many pods and no more, counted by the server already.
    pub(crate) async fn at_most(&self, pods: u32) {
        let quota = json!({ "metadata": { "name": "small" }, "spec": { "hard": { "pods": pods.to_string() } } });
        self.create::<ResourceQuota>(quota).await;
        eventually("the quota counts", SOON, async || {
            self.get::<ResourceQuota>("small").await?.status?.used.filter(|used| used.contains_key("pods"))
        })
        .await;
    }

    /// Images `:denied` are refused in this namespace with "images must be signed", and the server knows it.
    pub(crate) async fn deny(&self, what: Refused) {
        let name = &self.name;
        let (group, resource, spec, operations) = match what {
            Refused::Pods => ("", "pods", "object.spec", json!(["CREATE"])),
            Refused::Deployments => ("apps", "deployments", "object.spec.template.spec", json!(["CREATE", "UPDATE"])),
        };
        let policy = json!({
            "metadata": { "name": name },
            "spec": {
                "matchConstraints": { "resourceRules": [{
                    "apiGroups": [group], "apiVersions": ["v1"], "operations": operations, "resources": [resource],
                }] },
                "validations": [{
                    "expression": format!("{spec}.containers.all(c, !c.image.endsWith(':denied'))"),
                    "message": "images must be signed",
                }],
            },
        });
        let binding = json!({
            "metadata": { "name": name },
            "spec": {
                "policyName": name,
                "validationActions": ["Deny"],
                "matchResources": { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": name } } },
            },
        });
        let policies: Api<ValidatingAdmissionPolicy> = Api::all(self.client.clone());
        let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(self.client.clone());
        policies.create(&PostParams::default(), &serde_json::from_value(policy).unwrap()).await.unwrap();
        bindings.create(&PostParams::default(), &serde_json::from_value(binding).unwrap()).await.unwrap();
        let try_only = PostParams { dry_run: true, ..PostParams::default() };
        let pod: Pod = serde_json::from_value(workloads::pod("probe", "shop/web:denied")).unwrap();
        let web: Deployment = serde_json::from_value(workloads::deployment("probe", "shop/web:denied", 1)).unwrap();
        eventually("the policy holds", SOON, async || match what {
            Refused::Pods => self.api::<Pod>().create(&try_only, &pod).await.err(),
            Refused::Deployments => self.api::<Deployment>().create(&try_only, &web).await.err(),
        })
        .await;
    }
}
