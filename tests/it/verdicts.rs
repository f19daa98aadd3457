//! The judge against a real control plane: what it says of rollouts that go well, badly or not at all.
//!
//! Facts come by the adapter's own watch, the baseline from the answer to our own patch; nothing is made up. Recipes are
//! those of `rollout-verdict.md` 2.12.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{Pod, ResourceQuota};
use kube::api::DeleteParams;
use serde_json::{Value, json};
use shipdeck::adapters::kubernetes::KubernetesCluster;
use shipdeck::domain::ids::EnvId;
use shipdeck::domain::observed::{WorkloadKind, WorkloadRef};
use shipdeck::domain::rollout::{self, View};
use shipdeck::domain::run::Baseline;
use shipdeck::domain::verdict::{Cause, State, Verdict};
use shipdeck::domain::world::World;
use shipdeck::ports::cluster::{ChangeSink, Cluster, ImageChange, Scope};

use crate::harness::{ControlPlane, Namespace, Process, eventually, workloads};

const SOON: Duration = Duration::from_secs(30);

/// A namespace that is watched, and one workload in it whose image we set.
struct Observed<'plane> {
    space: Namespace<'plane>,
    cluster: Arc<KubernetesCluster>,
    world: Arc<Mutex<World>>,
    workload: WorkloadRef,
    baseline: Option<Baseline>,
    watch: tokio::task::JoinHandle<()>,
}

impl Drop for Observed<'_> {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

fn env() -> EnvId {
    EnvId::new("test")
}

impl<'plane> Observed<'plane> {
    async fn on(plane: &'plane ControlPlane, name: &str, kind: WorkloadKind) -> Self {
        let space = plane.namespace(name).await;
        let cluster = Arc::new(KubernetesCluster::new("admin", Some(plane.kubeconfig_path())));
        let world: Arc<Mutex<World>> = Arc::default();
        let into = Arc::clone(&world);
        let sink: ChangeSink = Arc::new(move |env, change| {
            into.lock().unwrap().apply(&env, change, Timestamp::now());
            Box::pin(async { true })
        });
        let scope = Scope { env: env(), namespace: space.name.as_str().into() };
        let watching = Arc::clone(&cluster);
        let watch = tokio::spawn(async move { watching.watch(scope, sink).await });
        Self { space, cluster, world, workload: WorkloadRef::new(kind, "web"), baseline: None, watch }
    }

    /// A Deployment that runs `shop/web:v1`, changed first as told, complete and observed.
    async fn deployment(plane: &'plane ControlPlane, name: &str, change: impl FnOnce(&mut Value)) -> Self {
        let observed = Self::on(plane, name, WorkloadKind::Deployment).await;
        let mut object = workloads::deployment("web", "shop/web:v1", 2);
        change(&mut object);
        observed.space.create::<Deployment>(object).await;
        observed.stands(State::Ok).await;
        observed
    }

    async fn stands(&self, state: State) {
        let now = || {
            let world = self.world.lock().unwrap();
            let env = world.env(&env()).filter(|env| env.freshness().is_live())?;
            let view = View::new(env, env.workload(&self.workload)?);
            (rollout::health(&view, Timestamp::now()).state == state).then_some(())
        };
        eventually(&format!("web is {state:?}"), SOON, async || now()).await;
    }

    /// Sets the image as shipdeck does, and keeps what the answer says.
    async fn set_image(&mut self, tag: &str) {
        let found = self.cluster.workload(&self.space.name, &self.workload).await.unwrap();
        let change = ImageChange {
            namespace: self.space.name.as_str().into(),
            workload: self.workload.clone(),
            uid: found.meta.uid.clone(),
            container_index: 0,
            container: "web".into(),
            from: Arc::clone(&found.containers[0].image),
            to: format!("shop/web:{tag}").into(),
            dry_run: false,
        };
        let answer = self.cluster.set_image(&change).await.unwrap();
        self.baseline = Some(Baseline::of(&answer, true, Timestamp::now()));
    }

    /// The verdict as it would be if what is seen now lasted for so many seconds more.
    fn verdict_after(&self, seconds: i64) -> Verdict {
        let world = self.world.lock().unwrap();
        let env = world.env(&env()).unwrap();
        let now = Timestamp::now() + SignedDuration::from_secs(seconds);
        let baseline = self.baseline.as_ref().unwrap();
        env.workload(&self.workload)
            .map_or_else(|| rollout::gone(&self.workload), |it| rollout::judge(&View::new(env, it), baseline, now))
    }

    /// Waits until the verdict (so many seconds later) is of this state and its words contain this.
    async fn says_after(&self, seconds: i64, state: State, words: &str) -> Verdict {
        let mut last = None;
        let started = std::time::Instant::now();
        while started.elapsed() < SOON {
            let verdict = self.verdict_after(seconds);
            let said = verdict.evidence.as_ref().map_or("", |evidence| &evidence.headline);
            if verdict.state == state && said.contains(words) {
                return verdict;
            }
            last = Some(verdict);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("wanted {state:?} {words:?}, got {last:#?}");
    }

    async fn says(&self, state: State, words: &str) -> Verdict {
        self.says_after(0, state, words).await
    }

    /// Waits until the watch shows that it is no longer so.
    async fn leaves(&self, state: State) {
        eventually("the state is left", SOON, async || (self.verdict_after(0).state != state).then_some(())).await;
    }

    /// Follows the rollout to its success; nothing but progress may be said on the way.
    async fn succeeds(&self) {
        let started = std::time::Instant::now();
        loop {
            let verdict = self.verdict_after(0);
            match verdict.state {
                State::Done => return,
                State::Progressing if started.elapsed() < SOON => {}
                _ => panic!("{verdict:#?}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn cause(verdict: &Verdict) -> &Cause {
    &verdict.evidence.as_ref().unwrap().cause
}

#[tokio::test]
async fn an_image_that_does_not_exist_fails_by_name_and_the_next_one_succeeds() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "missing", |_| {}).await;
    web.set_image("missing").await;
    let verdict = web.says(State::Failed, "image not found: shop/web:missing").await;
    assert!(verdict.evidence.unwrap().details.contains(&"2 old v1 still ready".to_owned()));
    web.set_image("v2").await;
    web.succeeds().await;
}

#[tokio::test]
async fn a_crash_loop_fails_with_its_exit_code_and_old_pods_that_crash_do_not_matter() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "crash", |_| {}).await;
    web.set_image("crash").await;
    web.says(State::Failed, "crashes on start: exit code 101").await;
    web.set_image("v3").await;
    web.succeeds().await;
}

#[tokio::test]
async fn a_configuration_error_is_shown_at_once_and_fails_after_its_grace() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "config", |_| {}).await;
    web.set_image("badconfig").await;
    web.says(State::Progressing, "configuration error: configmap \"web-config\" not found").await;
    web.says_after(40, State::Failed, "configuration error").await;
}

#[tokio::test]
async fn what_is_never_ready_is_progress_until_the_deadline_and_the_way_back_is_not_blamed_for_it() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web =
        Observed::deployment(plane, "unready", |object| object["spec"]["progressDeadlineSeconds"] = 3.into()).await;
    web.set_image("unready").await;
    assert_eq!(web.verdict_after(0).state, State::Progressing);
    let verdict = web.says(State::Failed, "no progress for 3s").await;
    assert_eq!(*cause(&verdict), Cause::Deadline);
    // The way back meets the old condition, which is not about it.
    web.set_image("v1").await;
    web.succeeds().await;
}

#[tokio::test]
async fn a_pod_without_a_node_is_progress_with_the_reason() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::on(plane, "node", WorkloadKind::Deployment).await;
    let mut object = workloads::deployment("web", "shop/web:v1", 1);
    object["spec"]["template"]["spec"]["nodeSelector"] = json!({ "zone": "nowhere" });
    web.space.create::<Deployment>(object).await;
    web.stands(State::Progressing).await;
    web.set_image("v2").await;
    web.says(State::Progressing, "no node takes the pod: 0/").await;
    web.says_after(310, State::Failed, "no node takes the pod: 0/").await;
}

#[tokio::test]
async fn quota_is_shown_at_once_and_fails_long_before_the_deadline() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "quota", |_| {}).await;
    let quota = json!({ "metadata": { "name": "small" }, "spec": { "hard": { "pods": "2" } } });
    web.space.create::<ResourceQuota>(quota).await;
    eventually("the quota counts", SOON, async || {
        web.space.get::<ResourceQuota>("small").await?.status?.used.filter(|used| used.contains_key("pods"))
    })
    .await;
    web.set_image("v2").await;
    web.says(State::Progressing, "no quota for new pods: pods \"web-").await;
    let verdict = web.says_after(35, State::Failed, "exceeded quota: small").await;
    assert_eq!(*cause(&verdict), Cause::Quota);
}

#[tokio::test]
async fn a_replica_set_that_is_refused_is_a_quota_on_replica_sets() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "sets", |_| {}).await;
    let hard = json!({ "count/replicasets.apps": "1" });
    web.space.create::<ResourceQuota>(json!({ "metadata": { "name": "sets" }, "spec": { "hard": hard } })).await;
    eventually("the quota counts", SOON, async || {
        let used = web.space.get::<ResourceQuota>("sets").await?.status?.used?;
        used.get("count/replicasets.apps").filter(|it| it.0 == "1").map(|_| ())
    })
    .await;
    web.set_image("v2").await;
    web.says_after(35, State::Failed, "no quota for ReplicaSets").await;
}

#[tokio::test]
async fn paused_scaled_to_zero_and_superseded_are_no_success_of_ours() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "held", |_| {}).await;
    web.space.patch::<Deployment>("web", json!({ "spec": { "paused": true } })).await;
    web.set_image("v2").await;
    web.says(State::Paused, "deployment/web is paused in the cluster").await;
    web.space.patch::<Deployment>("web", json!({ "spec": { "paused": false } })).await;
    web.leaves(State::Paused).await;
    web.succeeds().await;
    web.set_image("slow").await;
    web.space.set_image::<Deployment>("web", "shop/web:v9").await;
    web.says(State::Superseded, "it now wants shop/web:v9").await;
    web.set_image("v3").await;
    web.space.patch::<Deployment>("web", json!({ "spec": { "replicas": 0 } })).await;
    web.says(State::Done, "scaled to zero: nothing runs, so nothing was verified").await;
}

#[tokio::test]
async fn a_scale_in_the_middle_of_a_rollout_does_not_disturb_it() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "scale", |_| {}).await;
    web.set_image("slow").await;
    web.space.patch::<Deployment>("web", json!({ "spec": { "replicas": 5 } })).await;
    web.succeeds().await;
}

#[tokio::test]
async fn a_deployment_that_is_deleted_or_made_anew_is_not_ours_any_more() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "anew", |_| {}).await;
    web.set_image("slow").await;
    web.space.api::<Deployment>().delete("web", &DeleteParams::default()).await.unwrap();
    web.says(State::Failed, "deleted").await;
    web.space.create::<Deployment>(workloads::deployment("web", "shop/web:slow", 1)).await;
    web.says(State::Superseded, "it was deleted and created again").await;
}

#[tokio::test]
async fn recreate_waits_for_old_pods_that_take_their_time_and_raises_no_alarm() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "drain", |object| {
        object["spec"]["strategy"] = json!({ "type": "Recreate" });
        object["spec"]["template"]["metadata"]["labels"]["linger"] = "3s".into();
        object["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 30.into();
    })
    .await;
    web.set_image("v2").await;
    web.says(State::Progressing, "waits for 2 old pods to end").await;
    web.succeeds().await;
}

#[tokio::test]
async fn a_controller_manager_that_sleeps_is_named_and_no_failure() {
    let Some(plane) = ControlPlane::private().await else { return };
    let mut web = Observed::deployment(&plane, "asleep", |_| {}).await;
    plane.pause(Process::ControllerManager);
    web.set_image("v2").await;
    web.says_after(40, State::Progressing, "the controller manager does not react to the change").await;
    plane.resume(Process::ControllerManager);
    web.succeeds().await;
}

#[tokio::test]
async fn a_stateful_set_that_is_stuck_on_a_bad_pod_says_which() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::on(plane, "stuck", WorkloadKind::StatefulSet).await;
    web.space.create::<StatefulSet>(workloads::stateful_set("web", "shop/web:v1", 2)).await;
    web.stands(State::Ok).await;
    web.set_image("unready").await;
    eventually("the bad pod runs", SOON, async || {
        let pod = web.space.get::<Pod>("web-1").await?;
        let is_bad = pod.spec?.containers[0].image.as_deref() == Some("shop/web:unready");
        pod.status?.phase.filter(|phase| is_bad && phase == "Running")
    })
    .await;
    web.set_image("v3").await;
    let verdict = web.says_after(40, State::Failed, "stuck on the old pod web-1").await;
    assert_eq!(*cause(&verdict), Cause::StuckOnOldPod);
    web.space.api::<Pod>().delete("web-1", &DeleteParams::default()).await.unwrap();
    web.says(State::Done, "").await;
}

#[tokio::test]
async fn a_daemon_set_succeeds_on_every_node_and_fails_on_a_missing_image() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::on(plane, "daemon", WorkloadKind::DaemonSet).await;
    web.space.create::<DaemonSet>(workloads::daemon_set("web", "shop/web:v1")).await;
    web.stands(State::Ok).await;
    web.set_image("v2").await;
    web.succeeds().await;
    web.set_image("missing").await;
    web.says(State::Failed, "image not found: shop/web:missing").await;
}
