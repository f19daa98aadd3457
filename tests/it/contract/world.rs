//! A cluster of either make, and what others do in it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod as KubePod, Service};
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;
use shipdeck::adapters::kubernetes::KubernetesCluster;
use shipdeck::adapters::simulated::SimulatedCluster;
use shipdeck::config::validate::parse;
use shipdeck::domain::ids::EnvId;
use shipdeck::domain::observed::{Change, Kind, Meta, Object, Phase, Pod, WorkloadKind, WorkloadRef};
use shipdeck::ports::cluster::{ChangeSink, Cluster, DeleteTarget, ImageChange, Scope};
use shipdeck::runtime::stage::clock;

use super::soon;
use crate::harness::{ContainerLog, ControlPlane, Namespace, workloads};

/// One namespace of a cluster, with the services `web`, `db` and `agent`: one of each kind, at v1, on two pods.
pub(crate) struct World {
    pub(super) cluster: Arc<dyn Cluster>,
    pub(super) namespace: Arc<str>,
    hands: Hands,
}

enum Hands {
    Simulated(Arc<SimulatedCluster>),
    Real(&'static ControlPlane, Box<Namespace<'static>>),
}

const SHOP: &str = r#"
[[environment]]
name = "test"
context = "simulated"
namespace = "shop-test"
[[service]]
name = "web"
image = "shop/web"
[[service]]
name = "db"
image = "shop/db"
workload = "statefulset/db"
[[service]]
name = "agent"
image = "shop/agent"
workload = "daemonset/agent"
"#;

pub(super) fn web() -> WorkloadRef {
    WorkloadRef::deployment("web")
}

/// The services, by kind.
pub(super) fn services() -> [WorkloadRef; 3] {
    [("web", WorkloadKind::Deployment), ("db", WorkloadKind::StatefulSet), ("agent", WorkloadKind::DaemonSet)]
        .map(|(name, kind)| WorkloadRef::new(kind, name))
}

impl World {
    pub(crate) fn simulated() -> Self {
        let catalog = parse("shop", SHOP).unwrap().catalog;
        let runs = BTreeMap::from([(EnvId::new("test"), "v1".to_owned())]);
        let cluster = Arc::new(SimulatedCluster::calm(&catalog, &runs, clock()));
        let hands = Hands::Simulated(Arc::clone(&cluster));
        Self { cluster, namespace: "shop-test".into(), hands }
    }

    pub(crate) async fn real(test: &str) -> Option<Self> {
        let plane = ControlPlane::shared()?;
        // Names of tests are longer than those of namespaces may be.
        let prefix: String = test.replace('_', "-").chars().take(40).collect();
        let space = plane.namespace(prefix.trim_end_matches('-')).await;
        space.create::<Deployment>(workloads::deployment("web", "shop/web:v1", 2)).await;
        space.create::<StatefulSet>(workloads::stateful_set("db", "shop/db:v1", 2)).await;
        space.create::<DaemonSet>(workloads::daemon_set("agent", "shop/agent:v1")).await;
        let cluster = Arc::new(KubernetesCluster::new("admin", Some(plane.kubeconfig_path())));
        let namespace = space.name.as_str().into();
        let world = Self { cluster, namespace, hands: Hands::Real(plane, Box::new(space)) };
        soon("every pod is ready", async || {
            let pods = world.pods("").await;
            (pods.len() == 7 && pods.iter().all(|pod| pod.ready)).then_some(())
        })
        .await;
        // Kubernetes tells times apart by whole seconds.
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        Some(world)
    }

    /// The same cluster as somebody sees it who may read and not write.
    pub(super) fn for_viewer(&self) -> Arc<dyn Cluster> {
        match &self.hands {
            Hands::Simulated(cluster) => {
                cluster.set_viewer("viewer");
                Arc::clone(&self.cluster)
            }
            Hands::Real(plane, _) => Arc::new(KubernetesCluster::new("viewer", Some(plane.kubeconfig_for("viewer")))),
        }
    }

    pub(super) fn scope(&self) -> Scope {
        Scope { env: EnvId::new("test"), namespace: Arc::clone(&self.namespace) }
    }

    /// Everything that a first read shows.
    pub(super) async fn first_read(&self) -> Vec<Change> {
        let seen: Arc<Mutex<Vec<Change>>> = Arc::default();
        let into = Arc::clone(&seen);
        let sink: ChangeSink = Arc::new(move |_, change| {
            let mut seen = into.lock().unwrap();
            seen.push(change);
            let listed = seen.iter().filter(|change| matches!(change, Change::Listed(_))).count();
            Box::pin(async move { listed < Kind::ALL.len() })
        });
        self.cluster.watch(self.scope(), sink).await;
        std::mem::take(&mut *seen.lock().unwrap())
    }

    pub(super) async fn objects(&self) -> Vec<Object> {
        let changes = self.first_read().await.into_iter();
        changes.filter_map(|change| if let Change::Upsert(object) = change { Some(object) } else { None }).collect()
    }

    /// Pods whose names begin like this.
    pub(super) async fn pods(&self, name: &str) -> Vec<Pod> {
        let pods = self.objects().await.into_iter().filter_map(|object| match object {
            Object::Pod(pod) if pod.meta.name.starts_with(name) && pod.meta.deleting.is_none() => Some(*pod),
            _ => None,
        });
        pods.collect()
    }

    /// The image of `web` changed from v1 to this.
    pub(super) async fn change(&self, to: &str) -> ImageChange {
        self.change_of(&web(), to).await
    }

    pub(super) async fn change_of(&self, workload: &WorkloadRef, to: &str) -> ImageChange {
        let found = self.cluster.workload(&self.namespace, workload).await.unwrap();
        ImageChange {
            namespace: Arc::clone(&self.namespace),
            workload: workload.clone(),
            uid: found.meta.uid,
            container_index: 0,
            container: Arc::clone(&workload.name),
            from: format!("shop/{}:v1", workload.name).into(),
            to: format!("shop/{}:{to}", workload.name).into(),
            fence: None,
            dry_run: false,
        }
    }

    /// Petra, at another terminal, gives `web` an image.
    pub(super) async fn colleague_sets(&self, tag: &str) {
        let image = format!("shop/web:{tag}");
        match &self.hands {
            Hands::Simulated(cluster) => assert!(cluster.colleague_sets("petra", &self.namespace, "web", &image)),
            Hands::Real(_, space) => {
                let patch =
                    json!([{ "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image }]);
                let patch = Patch::<()>::Json(serde_json::from_value(patch).unwrap());
                let params = PatchParams { field_manager: Some("petra".to_owned()), ..PatchParams::default() };
                space.api::<Deployment>().patch("web", &params, &patch).await.unwrap();
            }
        }
    }

    pub(super) async fn web_goes(&self) {
        match &self.hands {
            Hands::Simulated(cluster) => assert!(cluster.workload_goes(&self.namespace, "web")),
            Hands::Real(_, space) => {
                space.api::<Deployment>().delete("web", &DeleteParams::default()).await.unwrap();
            }
        }
    }

    /// `web` is deleted and created again under its name.
    pub(super) async fn web_is_replaced(&self) {
        match &self.hands {
            Hands::Simulated(cluster) => assert!(cluster.workload_is_replaced(&self.namespace, "web")),
            Hands::Real(_, space) => {
                self.web_goes().await;
                space.create::<Deployment>(workloads::deployment("web", "shop/web:v1", 2)).await;
            }
        }
    }

    /// A Service in front of a workload, of its name.
    pub(super) async fn front(&self, workload: &WorkloadRef) {
        if let Hands::Real(_, space) = &self.hands {
            space.create::<Service>(workloads::service(&workload.name, &workload.name)).await;
        }
    }

    /// A pod without an owner that has done its work, as it was seen.
    pub(super) async fn leftover_pod(&self) -> DeleteTarget {
        if let Hands::Real(_, space) = &self.hands {
            let mut pod = workloads::pod("debug-shell", "shop/tools:v1");
            pod["spec"]["restartPolicy"] = "Never".into();
            space.create::<KubePod>(pod).await;
        }
        self.settled("pod", "debug-shell", |object| matches!(object, Object::Pod(pod) if pod.phase == Phase::Succeeded))
            .await
    }

    /// A Job that has failed, as it was seen.
    pub(super) async fn failed_job(&self) -> DeleteTarget {
        if let Hands::Real(_, space) = &self.hands {
            space.create::<Job>(workloads::job("feed-rebuild", "shop/tools:fail")).await;
        }
        self.settled("job", "feed-rebuild", |object| {
            let failed = |job: &shipdeck::domain::observed::Job| job.conditions.iter().any(|it| &*it.kind == "Failed");
            matches!(object, Object::Job(job) if failed(job))
        })
        .await
    }

    async fn settled(&self, resource: &'static str, name: &str, is_settled: impl Fn(&Object) -> bool) -> DeleteTarget {
        let target = |meta: &Meta| DeleteTarget {
            namespace: Arc::clone(&self.namespace),
            resource,
            name: Arc::clone(&meta.name),
            uid: meta.uid.clone(),
            resource_version: Arc::clone(&meta.resource_version),
        };
        soon(&format!("{name} has ended"), async || {
            let objects = self.objects().await;
            let found = objects.iter().find(|it| it.meta().name.starts_with(name) && is_settled(it))?;
            Some(target(found.meta()))
        })
        .await
    }

    /// Somebody marks the leftover as one to be kept.
    pub(super) async fn is_marked(&self, target: &DeleteTarget) {
        match &self.hands {
            Hands::Simulated(cluster) => assert!(cluster.leftover_is_kept(&self.namespace, &target.name)),
            Hands::Real(_, space) => {
                let patch = json!({ "metadata": { "annotations": { "helm.sh/resource-policy": "keep" } } });
                space.patch::<KubePod>(&target.name, patch).await;
            }
        }
    }

    /// The leftover makes room for another object of its name.
    pub(super) async fn is_replaced(&self, target: &DeleteTarget) {
        match &self.hands {
            Hands::Simulated(cluster) => assert!(cluster.leftover_is_replaced(&self.namespace, &target.name)),
            Hands::Real(_, space) => {
                space.api::<KubePod>().delete(&target.name, &DeleteParams::default()).await.unwrap();
                self.leftover_pod().await;
            }
        }
    }

    /// A pod of `web` that has written for hours.
    pub(super) async fn talker(&self) -> Talker {
        let pod = Arc::clone(&self.pods("web-").await[0].meta.name);
        let log = match &self.hands {
            Hands::Simulated(_) => None,
            Hands::Real(_, space) => {
                let log = space.log_of(&pod).await;
                for minutes in [120, 90, 30, 4, 3, 2, 1] {
                    log.write_at(Timestamp::now() - SignedDuration::from_mins(minutes), &format!("{minutes} min ago"));
                }
                // kwok needs a moment to see that this pod has a log of its own.
                soon("the pod's own log is served", async || {
                    let log = space.api::<KubePod>().logs(&pod, &kube::api::LogParams::default()).await.ok()?;
                    log.contains("30 min ago").then_some(())
                })
                .await;
                Some(log)
            }
        };
        Talker { pod, log }
    }
}

/// A container that writes.
pub(super) struct Talker {
    pub(super) pod: Arc<str>,
    /// A simulated one writes by itself.
    log: Option<ContainerLog>,
}

impl Talker {
    pub(super) fn talk(&self) {
        if let Some(log) = &self.log {
            log.write("and one more");
        }
    }
}
