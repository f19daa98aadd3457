//! The judge against a real control plane: what it says of rollouts that go well, badly or not at all.
//!
//! Facts come by the adapter's own watch, the baseline from the answer to our own patch; nothing is made up. Every state
//! that the watch shows is judged and kept, so that a wrong word is found that stood for milliseconds only. Recipes are
//! those of `rollout-verdict.md` 2.12.

mod afterwards;
mod causes;
mod compared;
mod creation;
mod jobs;
mod leftovers;
mod others;
mod sets;
mod volumes;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Patch, PatchParams};
use serde_json::Value;
use shipdeck::adapters::kubernetes::KubernetesCluster;
use shipdeck::domain::ids::EnvId;
use shipdeck::domain::observed::{Change, Workload, WorkloadKind, WorkloadRef};
use shipdeck::domain::rollout::{self, View};
use shipdeck::domain::run::Baseline;
use shipdeck::domain::verdict::{Cause, State, Verdict};
use shipdeck::domain::world::World;
use shipdeck::ports::cluster::{ChangeSink, Cluster, ImageChange, Scope};

use crate::harness::{ControlPlane, Namespace, eventually, workloads};

const SOON: Duration = Duration::from_secs(30);

/// What the watch has shown, and what was said of it.
#[derive(Default)]
struct Seen {
    world: World,
    baseline: Option<Baseline>,
    /// Every state of the workload since the last patch of ours, with its verdict.
    said: Vec<(Workload, Verdict)>,
}

impl Seen {
    fn take(&mut self, change: Change, workload: &WorkloadRef) {
        self.world.apply(&env(), change, Timestamp::now());
        self.judge(workload);
    }

    fn judge(&mut self, workload: &WorkloadRef) {
        let now = Timestamp::now();
        let (Some(env), Some(baseline)) = (self.world.env(&env()), &mut self.baseline) else { return };
        let Some(found) = env.workload(workload) else { return };
        let verdict = rollout::judge(&View::new(env, found), baseline, now);
        baseline.reach(verdict.progress, now);
        self.said.push((found.clone(), verdict));
    }
}

/// A namespace that is watched, and one workload in it whose image we set.
struct Observed<'plane> {
    space: Namespace<'plane>,
    cluster: Arc<KubernetesCluster>,
    seen: Arc<Mutex<Seen>>,
    workload: WorkloadRef,
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
        let workload = WorkloadRef::new(kind, "web");
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let (into, of) = (Arc::clone(&seen), workload.clone());
        let sink: ChangeSink = Arc::new(move |_env, change| {
            into.lock().unwrap().take(change, &of);
            Box::pin(async { true })
        });
        let scope = Scope { env: env(), namespace: space.name.as_str().into() };
        let watching = Arc::clone(&cluster);
        let watch = tokio::spawn(async move { watching.watch(scope, sink).await });
        Self { space, cluster, seen, workload, watch }
    }

    /// A Deployment that runs two pods of `shop/web:v1`, changed first as told, complete and observed.
    async fn deployment(plane: &'plane ControlPlane, name: &str, change: impl FnOnce(&mut Value)) -> Self {
        let observed = Self::on(plane, name, WorkloadKind::Deployment).await;
        let mut object = workloads::deployment("web", "shop/web:v1", 2);
        change(&mut object);
        observed.space.create::<Deployment>(object).await;
        observed.stands(State::Ok).await;
        observed
    }

    /// The same as a StatefulSet.
    async fn stateful_set(plane: &'plane ControlPlane, name: &str, change: impl FnOnce(&mut Value)) -> Self {
        let observed = Self::on(plane, name, WorkloadKind::StatefulSet).await;
        let mut object = workloads::stateful_set("web", "shop/web:v1", 2);
        change(&mut object);
        observed.space.create::<StatefulSet>(object).await;
        observed.stands(State::Ok).await;
        observed
    }

    async fn stands(&self, state: State) {
        let now = || {
            let seen = self.seen.lock().unwrap();
            let env = seen.world.env(&env()).filter(|env| env.freshness().is_live())?;
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
            fence: None,
            dry_run: false,
        };
        let answer = self.cluster.set_image(&change).await.unwrap();
        let mut seen = self.seen.lock().unwrap();
        seen.baseline = Some(Baseline::of(&answer, true, Timestamp::now()));
        seen.said.clear();
        seen.judge(&self.workload);
    }

    /// Somebody else sets the image: from then on we follow it as if we had.
    async fn adopt(&mut self, tag: &str) {
        let wanted = format!("shop/web:{tag}");
        let found = eventually("somebody sets the image", SOON, async || {
            let found = self.cluster.workload(&self.space.name, &self.workload).await.ok()?;
            (*found.containers[0].image == *wanted).then_some(found)
        })
        .await;
        let mut seen = self.seen.lock().unwrap();
        seen.baseline = Some(Baseline::of(&found, true, Timestamp::now()));
        seen.said.clear();
        seen.judge(&self.workload);
    }

    /// Somebody else changes the workload, under a name of their own.
    async fn somebody_patches(&self, manager: &str, patch: Value) {
        let params = PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
        self.space.api::<Deployment>().patch("web", &params, &Patch::Strategic(patch)).await.unwrap();
    }

    /// The verdict as it would be if what is seen now lasted for so many seconds more.
    fn verdict_after(&self, seconds: i64) -> Verdict {
        let seen = self.seen.lock().unwrap();
        let env = seen.world.env(&env()).unwrap();
        let now = Timestamp::now() + SignedDuration::from_secs(seconds);
        let baseline = seen.baseline.as_ref().unwrap();
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

    /// Nothing that was shown since our patch was called a failure.
    fn never_failed(&self) {
        let seen = self.seen.lock().unwrap();
        let failed = seen.said.iter().find(|(_, verdict)| matches!(verdict.state, State::Failed | State::Superseded));
        assert!(failed.is_none(), "{failed:#?}");
    }

    /// Whether some state of the workload since our patch was so.
    fn has_shown(&self, what: impl Fn(&Workload) -> bool) -> bool {
        self.seen.lock().unwrap().said.iter().any(|(workload, _)| what(workload))
    }

    /// Follows the rollout to its success; nothing but progress may be said on the way, however shortly.
    async fn succeeds(&self) {
        let started = std::time::Instant::now();
        loop {
            let verdict = self.verdict_after(0);
            match verdict.state {
                State::Done => break,
                State::Progressing if started.elapsed() < SOON => {}
                _ => panic!("{verdict:#?}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.never_failed();
    }

    /// The images of its pods that nobody deletes.
    async fn images(&self) -> Vec<String> {
        let pods = self.space.pods("web").await;
        let lives = |pod: &&Pod| pod.metadata.deletion_timestamp.is_none();
        pods.iter().filter(lives).map(|pod| pod.spec.as_ref().unwrap().containers[0].image.clone().unwrap()).collect()
    }
}

fn cause(verdict: &Verdict) -> &Cause {
    &verdict.evidence.as_ref().unwrap().cause
}

/// One pod, which may be missing while the next one comes.
fn alone(object: &mut Value) {
    object["spec"]["replicas"] = 1.into();
    object["spec"]["strategy"] = serde_json::json!({ "rollingUpdate": { "maxUnavailable": 1, "maxSurge": 0 } });
}
