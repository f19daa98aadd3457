//! A namespace of its own for every test, so that tests can share a control plane.

use std::fmt::Debug;
use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::{Pod, ServiceAccount};
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams,
};
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{ContainerLog, ControlPlane, eventually};

/// A fresh namespace, and shorthands for what tests do in it. It is deleted, without waiting, when dropped.
pub(crate) struct Namespace<'plane> {
    pub(crate) name: String,
    pub(crate) client: Client,
    pub(super) plane: &'plane ControlPlane,
}

impl<'plane> Namespace<'plane> {
    /// Creates it, and waits until pods can be created in it.
    pub(super) async fn create_on(plane: &'plane ControlPlane, prefix: &str) -> Self {
        let client = plane.client().await;
        let spaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client.clone());
        let wanted = json!({ "metadata": { "generateName": format!("{prefix}-") } });
        let made = spaces.create(&PostParams::default(), &serde_json::from_value(wanted).unwrap()).await.unwrap();
        let space = Self { name: made.metadata.name.unwrap(), client, plane };
        // Pods are refused until the controller manager has made the account they run as.
        eventually("the default service account", Duration::from_secs(30), async || {
            space.api::<ServiceAccount>().get_opt("default").await.unwrap()
        })
        .await;
        space
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.name)
    }

    /// Creates an object from JSON (see [`super::workloads`]).
    pub(crate) async fn create<K>(&self, object: Value) -> K
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned + Serialize,
    {
        let object = serde_json::from_value(object).unwrap();
        self.api::<K>().create(&PostParams::default(), &object).await.unwrap()
    }

    /// The object as it is now, if it exists.
    pub(crate) async fn get<K>(&self, name: &str) -> Option<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned,
    {
        self.api::<K>().get_opt(name).await.unwrap()
    }

    /// Changes the object by a JSON merge patch.
    pub(crate) async fn patch<K>(&self, name: &str, patch: Value) -> K
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned,
    {
        self.api::<K>().patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap()
    }

    /// Changes the object's status by a JSON merge patch: what a controller or kubelet would write.
    pub(crate) async fn patch_status<K>(&self, name: &str, status: Value) -> K
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned,
    {
        let patch = Patch::Merge(json!({ "status": status }));
        self.api::<K>().patch_status(name, &PatchParams::default(), &patch).await.unwrap()
    }

    /// Gives the first container of a workload another image: a rollout.
    pub(crate) async fn set_image<K>(&self, name: &str, image: &str) -> K
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned,
    {
        let patch: json_patch::Patch = serde_json::from_value(json!([
            { "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image }
        ]))
        .unwrap();
        self.api::<K>().patch(name, &PatchParams::default(), &Patch::<()>::Json(patch)).await.unwrap()
    }

    /// The pods with the label `app=NAME`, which every workload of [`super::workloads`] gives them.
    pub(crate) async fn pods(&self, app: &str) -> Vec<Pod> {
        let params = ListParams::default().labels(&format!("app={app}"));
        self.api::<Pod>().list(&params).await.unwrap().items
    }

    /// A kubeconfig for a new user who may do in this namespace what the rules of a Role say, for example
    /// `json!([{ "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "watch"] }])`.
    pub(crate) async fn user(&self, name: &str, rules: Value) -> PathBuf {
        use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
        self.create::<ServiceAccount>(json!({ "metadata": { "name": name } })).await;
        self.create::<Role>(json!({ "metadata": { "name": name }, "rules": rules })).await;
        self.create::<RoleBinding>(json!({
            "metadata": { "name": name },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name },
            "subjects": [{ "kind": "ServiceAccount", "name": name, "namespace": self.name }],
        }))
        .await;
        let asked: TokenRequest = serde_json::from_value(json!({ "spec": { "audiences": [] } })).unwrap();
        let accounts = self.api::<ServiceAccount>();
        let answer = accounts.create_token_request(name, &PostParams::default(), &asked).await.unwrap();
        self.plane.write_kubeconfig(&format!("{}-{name}", self.name), &answer.status.unwrap().token.unwrap())
    }

    /// Gives the user these rights in place of those that they had.
    pub(crate) async fn grant(&self, user: &str, rules: Value) {
        use k8s_openapi::api::rbac::v1::Role;
        let patch = Patch::Merge(json!({ "rules": rules }));
        self.api::<Role>().patch(user, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Gives the pod a log of its own, empty at first: write to it with [`ContainerLog::write`].
    ///
    /// To be called before anybody reads the pod's log; kwok needs a moment to see it.
    pub(crate) async fn log_of(&self, pod: &str) -> ContainerLog {
        self.try_log_of(pod).await.unwrap()
    }

    /// The same, where the API server may be away.
    pub(crate) async fn try_log_of(&self, pod: &str) -> Result<ContainerLog, kube::Error> {
        let log = ContainerLog::create(self.plane.folder(), &format!("{}-{pod}.log", self.name));
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("kwok.x-k8s.io", "v1alpha1", "Logs"));
        let kind = ApiResource { plural: "logs".into(), ..kind };
        let mut object = DynamicObject::new(pod, &kind);
        let file = json!({ "logsFile": log.path(), "previousLogsFile": log.path(), "follow": true });
        object.data = json!({ "spec": { "logs": [file] } });
        let logs = Api::<DynamicObject>::namespaced_with(self.client.clone(), &self.name, &kind);
        match logs.create(&PostParams::default(), &object).await {
            // An earlier answer was lost.
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(log),
            created => created.map(|_| log),
        }
    }

    /// Deletes it now, and waits until it is gone with all that is in it.
    pub(crate) async fn delete(self) {
        let spaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(self.client.clone());
        spaces.delete(&self.name, &DeleteParams::default()).await.unwrap();
        eventually("the namespace is gone", Duration::from_mins(2), async || {
            spaces.get_opt(&self.name).await.unwrap().is_none().then_some(())
        })
        .await;
    }
}

impl Drop for Namespace<'_> {
    fn drop(&mut self) {
        self.plane.delete_later(std::mem::take(&mut self.name));
    }
}
