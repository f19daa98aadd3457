//! The API server itself refuses what a former holder of a lease had sent, and the simulated cluster refuses the same.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use shipdeck::adapters::kubernetes::KubernetesCluster;
use shipdeck::adapters::simulated::SimulatedCluster;
use shipdeck::domain::catalog::{Catalog, Environment, Service};
use shipdeck::domain::fault::FaultKind;
use shipdeck::domain::ids::{ClusterId, EnvId, ServiceId, Uid};
use shipdeck::domain::lease::{
    Answer, Command, Ending, Fence, LifeSign, Loss, Mono, Next, Patience, Standing, Tenure, name_of,
};
use shipdeck::domain::observed::{WorkloadKind, WorkloadRef};
use shipdeck::ports::cluster::{Cluster, ImageChange};
use shipdeck::ports::lease::Target;

use crate::harness::commands::succeeds;
use crate::harness::{ControlPlane, Namespace, eventually, workloads};

const SOON: Duration = Duration::from_secs(30);

/// A holder whose clock is the test's.
struct Holder {
    tenure: Tenure,
    target: Target,
}

impl Holder {
    async fn of(cluster: &dyn Cluster, namespace: &str, kind: WorkloadKind, who: &str, patience: Patience) -> Self {
        let workload = WorkloadRef::new(kind, "web");
        let uid = cluster.workload(namespace, &workload).await.unwrap().meta.uid;
        let target = Target { namespace: namespace.into(), lease: name_of(&ServiceId::new("web")), workload, uid };
        Self { tenure: Tenure::new(format!("{who}/1/test"), patience), target }
    }

    /// Does everything that is due at this time.
    async fn settle(&mut self, cluster: &dyn Cluster, now: Mono) {
        while let Next::Do(command) = self.tenure.next(now, wall()) {
            let answer = match command {
                Command::Look => Answer::Look(cluster.look(&self.target).await),
                Command::Put(put) => Answer::Put(cluster.put(&self.target, &put).await),
                Command::Stamp(token) => Answer::Stamp(cluster.stamp(&self.target, token).await),
            };
            self.tenure.take(answer, now, now);
        }
    }

    fn token(&self) -> u32 {
        match self.tenure.standing() {
            Standing::Held { token, .. } => token,
            other => panic!("not held: {other:?}"),
        }
    }

    /// The write that it may make.
    fn change(&self, from: &str, to: &str) -> ImageChange {
        ImageChange {
            namespace: Arc::clone(&self.target.namespace),
            workload: self.target.workload.clone(),
            uid: self.target.uid.clone(),
            container_index: 0,
            container: "web".into(),
            from: from.into(),
            to: to.into(),
            fence: Some(Fence { token: self.token(), lease: Arc::clone(&self.target.lease) }),
            dry_run: false,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a lease bears the time of the machine that writes it")]
fn wall() -> Timestamp {
    Timestamp::now()
}

fn seconds(number: u64) -> Mono {
    Duration::from_secs(number)
}

/// The contract of leases and fences: the real API server and the simulated cluster behave alike.
async fn contract(cluster: &dyn Cluster, namespace: &str, kind: WorkloadKind) {
    let holder = async |who, patience| Holder::of(cluster, namespace, kind, who, patience).await;
    let image = async || {
        let found = cluster.workload(namespace, &WorkloadRef::new(kind, "web")).await.unwrap();
        found.containers[0].image.to_string()
    };
    let first = image().await;
    let version = |number: u32| format!("shop/web:v{number}");
    let mut ana = holder("ana@mac", Patience::None).await;
    ana.settle(cluster, seconds(100)).await;
    let mut bob = holder("bob@pc", Patience::None).await;
    bob.settle(cluster, seconds(100)).await;
    let Standing::Ended(Ending::Theirs { by, sign }) = bob.tenure.standing() else { panic!("it is hers") };
    assert_eq!(&*by, "ana@mac");
    assert!(matches!(sign, LifeSign::Unknown { .. }), "one look does not tell whether she is alive");
    cluster.set_image(&ana.change(&first, &version(2))).await.unwrap();

    // Ana is stopped with a write in her hands; Bob takes over after a whole duration.
    let in_her_hands = ana.change(&version(2), &version(3));
    let mut bob = holder("bob@pc", Patience::TakeOver).await;
    bob.settle(cluster, seconds(200)).await;
    assert_eq!(bob.tenure.standing(), Standing::Waiting(Some("ana@mac".into())));
    for second in 201..=230 {
        bob.settle(cluster, seconds(second)).await;
    }
    assert_eq!(bob.token(), ana.token() + 1);
    let refused = cluster.set_image(&in_her_hands).await.unwrap_err();
    assert_eq!(refused.kind, FaultKind::Conflict);
    assert_eq!(refused.message, format!("web: superseded by operation {} of bob@pc", bob.token()));
    assert_eq!(image().await, version(2), "what was refused changed nothing");
    cluster.set_image(&bob.change(&version(2), &version(4))).await.unwrap();

    // She is told by whom, also when he is done; and her name does not come back.
    bob.tenure.release();
    bob.settle(cluster, seconds(231)).await;
    let refused = cluster.set_image(&in_her_hands).await.unwrap_err();
    assert!(refused.message.ends_with(&format!("operation {} of bob@pc", ana.token() + 1)), "{refused}");
    ana.settle(cluster, seconds(240)).await;
    assert_eq!(ana.tenure.standing(), Standing::Ended(Ending::Lost(Loss::TakenBy("bob@pc".into()))));
    let mut eve = holder("eve@box", Patience::None).await;
    eve.settle(cluster, seconds(240)).await;
    assert_eq!(eve.token(), ana_token(&in_her_hands) + 2);
}

fn ana_token(change: &ImageChange) -> u32 {
    change.fence.as_ref().unwrap().token
}

#[tokio::test]
async fn the_api_server_refuses_a_former_holder_on_every_kind_of_workload() {
    let Some(plane) = ControlPlane::shared() else { return };
    let cluster = KubernetesCluster::new("admin", Some(plane.kubeconfig_path()));
    for kind in WorkloadKind::ALL {
        let space = plane.namespace("fence").await;
        match kind {
            WorkloadKind::Deployment => {
                // Without any label: the first one has to be made.
                let mut object = workloads::deployment("web", "shop/web:v1", 1);
                object["metadata"].as_object_mut().unwrap().remove("labels");
                space.create::<Deployment>(object).await;
            }
            WorkloadKind::StatefulSet => {
                space.create::<StatefulSet>(workloads::stateful_set("web", "shop/web:v1", 1)).await;
            }
            WorkloadKind::DaemonSet => {
                space.create::<DaemonSet>(workloads::daemon_set("web", "shop/web:v1")).await;
            }
            // Nothing is ever written to one.
            WorkloadKind::Job => continue,
        }
        contract(&cluster, &space.name, kind).await;
    }
}

#[tokio::test]
async fn the_simulated_cluster_refuses_the_same() {
    let service = Service {
        name: ServiceId::new("web"),
        repository: None,
        image: Some("shop/web".into()),
        workload: WorkloadRef::deployment("web"),
        container: None,
        needs: Vec::new(),
        team: None,
    };
    let env = Environment {
        name: EnvId::new("staging"),
        cluster: ClusterId::new("test"),
        namespace: "shop".into(),
        after: Vec::new(),
        protected: false,
        soak: shipdeck::domain::catalog::usual_soak(false),
    };
    let catalog = Catalog { environments: vec![env], services: vec![service], ..Catalog::default() };
    let cluster = SimulatedCluster::new(&catalog, 1, wall);
    contract(&cluster, "shop", WorkloadKind::Deployment).await;
}

async fn fence(space: &Namespace<'_>) -> Option<String> {
    space.get::<Deployment>("web").await.unwrap().metadata.labels?.get("shipdeck.dev/fence").cloned()
}

#[tokio::test]
async fn undo_scaling_and_status_keep_the_fence_and_what_others_changed_is_named() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("keep").await;
    let cluster = KubernetesCluster::new("admin", Some(plane.kubeconfig_path()));
    space.create::<Deployment>(workloads::deployment("web", "shop/web:v1", 1)).await;
    let mut ana = Holder::of(&cluster, &space.name, WorkloadKind::Deployment, "ana@mac", Patience::None).await;
    ana.settle(&cluster, seconds(100)).await;
    let before = space.get::<Deployment>("web").await.unwrap();
    assert_eq!((fence(&space).await.as_deref(), before.metadata.generation), (Some("1"), Some(1)));
    cluster.set_image(&ana.change("shop/web:v1", "shop/web:v2")).await.unwrap();
    eventually("it is rolled out", SOON, async || {
        let status = space.get::<Deployment>("web").await?.status?;
        (status.observed_generation == Some(2) && status.updated_replicas == Some(1)).then_some(())
    })
    .await;
    succeeds(space.kubectl(&["rollout", "undo", "deployment/web"]));
    succeeds(space.kubectl(&["scale", "deployment/web", "--replicas=3"]));
    assert_eq!(fence(&space).await.as_deref(), Some("1"));
    let undone = cluster.set_image(&ana.change("shop/web:v2", "shop/web:v3")).await.unwrap_err();
    assert!(undone.message.starts_with("web: changed to shop/web:v1 by kubectl"), "{undone}");
    cluster.set_image(&ana.change("shop/web:v1", "shop/web:v3")).await.unwrap();
    // A tool that replaces the object drops the label: refused, which is safe, and said.
    succeeds(space.kubectl(&["label", "deployment/web", "shipdeck.dev/fence-"]));
    let gone = cluster.set_image(&ana.change("shop/web:v3", "shop/web:v4")).await.unwrap_err();
    assert_eq!(gone.message, "web: its fence is gone, so another tool replaced it");
    let other = ImageChange { uid: Uid::new("another"), ..ana.change("shop/web:v3", "shop/web:v4") };
    assert!(cluster.set_image(&other).await.unwrap_err().message.contains("replaced by another object"));
}
