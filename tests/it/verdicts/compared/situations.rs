//! Situations of rollouts in which others are wrong, late or silent, and some in which all are right.

use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use serde_json::json;
use shipdeck::domain::observed::WorkloadKind;
use shipdeck::domain::verdict::State;

use super::super::leftovers::short;
use super::super::{Observed, alone};
use super::Row;
use super::others::{begin, rollout_status, span};
use super::writers;
use crate::harness::commands::succeeds;
use crate::harness::{ControlPlane, Namespace, Process, workloads};

/// Longer than anybody should have to wait for what is plain to see.
const PATIENCE: u32 = 20;

/// All rows in their order. None: there is no control plane here.
pub(super) async fn all() -> Option<Vec<Row>> {
    let plane = ControlPlane::shared()?;
    let private = ControlPlane::private().await?;
    let alone = async {
        let stale = stale_deadline(&private).await;
        (stale, late_node(&private).await)
    };
    let ((stale, node), crash, missing, old, scaled, frozen, freeze, later, superseded, paused, zero) = tokio::join!(
        alone,
        no_pod_left(plane),
        missing_image(plane),
        old_pods_crash(plane),
        scaled_meanwhile(plane),
        writers::frozen_past_its_lease(plane),
        writers::frozen_environment(plane),
        dies_later(plane),
        superseded(plane),
        paused(plane),
        at_zero(plane),
    );
    Some(vec![stale, crash, node, missing, old, scaled, frozen, freeze, later, superseded, paused, zero])
}

/// Our verdict once it is one, in words, and when it came.
async fn ours(web: &Observed<'_>) -> String {
    let began = Instant::now();
    loop {
        let verdict = web.verdict_after(0);
        let word = match verdict.state {
            State::Done => "success",
            State::Progressing | State::Degraded if began.elapsed() < Duration::from_mins(1) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
            other => other.as_str(),
        };
        let why = verdict.evidence.map_or_else(String::new, |evidence| format!(": {}", evidence.headline));
        return format!("{word} after {}{why}", span(began.elapsed()));
    }
}

/// Both wait for the same rollout, from the same moment on.
async fn both(situation: &'static str, web: &Observed<'_>, seconds: u32) -> Row {
    let theirs = rollout_status(&web.space, seconds);
    let ours = ours(web).await;
    Row { situation, others: format!("kubectl: {}", theirs.await.unwrap()), ours }
}

async fn stale_deadline(plane: &ControlPlane) -> Row {
    let mut web = Observed::deployment(plane, "c-stale", short).await;
    web.set_image("unready").await;
    web.says(State::Failed, "no progress for 3s").await;
    plane.pause(Process::ControllerManager);
    web.set_image("v1").await;
    let theirs = rollout_status(&web.space, PATIENCE);
    // It has to wait already when the first status of the way back comes, which still tells of the failure.
    tokio::time::sleep(Duration::from_secs(2)).await;
    plane.resume(Process::ControllerManager);
    let ours = ours(&web).await;
    web.never_failed();
    let others = theirs.await.unwrap();
    assert!(others.contains("exceeded its progress deadline") && ours.starts_with("success"), "{others}; {ours}");
    Row { situation: "the way back after a missed deadline", others: format!("kubectl: {others}"), ours }
}

/// A chart with the one Deployment; the image is a value.
fn chart(object: &serde_json::Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("templates")).unwrap();
    std::fs::write(folder.path().join("Chart.yaml"), "apiVersion: v2\nname: web\nversion: 0.1.0\n").unwrap();
    // JSON is YAML.
    std::fs::write(folder.path().join("templates/web.yaml"), object.to_string()).unwrap();
    folder
}

async fn no_pod_left(plane: &ControlPlane) -> Row {
    let mut web = Observed::on(plane, "c-helm", WorkloadKind::Deployment).await;
    let mut object = workloads::deployment("web", "{{ .Values.image }}", 1);
    alone(&mut object);
    let chart = chart(&object);
    let helm = |space: &Namespace<'_>, what: &str, tag: &str| {
        let folder = chart.path().to_string_lossy().into_owned();
        let image = format!("image=shop/web:{tag}");
        space.helm(&[what, "web", &folder, "--set", &image, "--wait", "--timeout", "20s"])
    };
    let install = helm(&web.space, "install", "v1");
    tokio::task::spawn_blocking(move || succeeds(install)).await.unwrap();
    web.stands(State::Ok).await;
    let upgrade = begin(helm(&web.space, "upgrade", "crash"));
    web.adopt("crash").await;
    let row = both("one replica that may be missing crashes", &web, PATIENCE).await;
    let helm = upgrade.await.unwrap();
    assert!(helm.starts_with("success") && row.others.contains("no answer"), "{helm}; {}", row.others);
    assert!(row.ours.starts_with("failed after") && row.ours.contains("exit code 101"), "{}", row.ours);
    Row { others: format!("helm: {helm}; {}", row.others), ..row }
}

async fn late_node(plane: &ControlPlane) -> Row {
    let mut web = Observed::on(plane, "c-node", WorkloadKind::Deployment).await;
    let mut object = workloads::deployment("web", "shop/web:v1", 1);
    object["spec"]["template"]["spec"]["nodeSelector"] = json!({ "topology.kubernetes.io/zone": "zone-new" });
    web.space.create::<Deployment>(object).await;
    web.stands(State::Progressing).await;
    web.set_image("v2").await;
    let theirs = rollout_status(&web.space, 60);
    let began = Instant::now();
    web.says(State::Progressing, "no node takes the pod").await;
    let told = span(began.elapsed());
    tokio::time::sleep(Duration::from_secs(u64::from(PATIENCE))).await;
    plane.add_node("node-new", "zone-new").await;
    let ours = ours(&web).await;
    assert!(ours.starts_with("success"), "{ours}");
    let ours = format!("\"no node takes the pod\" after {told}, success after {}", span(began.elapsed()));
    let others = format!("kubectl: {}", theirs.await.unwrap());
    Row { situation: "a node that comes 20 s later", others, ours }
}

async fn missing_image(plane: &ControlPlane) -> Row {
    let mut web = Observed::deployment(plane, "c-missing", |_| {}).await;
    web.set_image("missing").await;
    let row = both("an image that does not exist", &web, PATIENCE).await;
    assert!(row.others.contains("no answer") && row.ours.starts_with("failed"), "{}; {}", row.others, row.ours);
    row
}

async fn old_pods_crash(plane: &ControlPlane) -> Row {
    let mut web = Observed::deployment(plane, "c-old", |_| {}).await;
    web.set_image("crash").await;
    web.says(State::Failed, "crashes on start").await;
    web.set_image("v3").await;
    let row = both("old pods crash while the new version is fine", &web, PATIENCE).await;
    web.never_failed();
    assert!(row.ours.starts_with("success"), "{}", row.ours);
    row
}

async fn scaled_meanwhile(plane: &ControlPlane) -> Row {
    let mut web = Observed::deployment(plane, "c-scale", |object| object["spec"]["replicas"] = 3.into()).await;
    web.set_image("slow").await;
    let theirs = rollout_status(&web.space, 60);
    let scale = web.space.kubectl(&["scale", "deployment/web", "--replicas=9"]);
    tokio::task::spawn_blocking(move || succeeds(scale)).await.unwrap();
    let ours = ours(&web).await;
    web.never_failed();
    assert!(ours.starts_with("success"), "{ours}");
    let others = format!("kubectl: {}", theirs.await.unwrap());
    Row { situation: "scaled from 3 to 9 in the middle", others, ours }
}

async fn dies_later(plane: &ControlPlane) -> Row {
    let mut web = Observed::deployment(plane, "c-dies", alone).await;
    web.set_image("dies").await;
    let row = both("a version that dies 6 s after it was ready", &web, PATIENCE).await;
    assert!(row.others.contains("success") && row.ours.starts_with("success"), "{}; {}", row.others, row.ours);
    let began = Instant::now();
    let after = web.looks_until("it is degraded", |after| after.trouble.is_some()).await;
    let ours = format!("{}, then after {} {}", row.ours, span(began.elapsed()), after.trouble.unwrap().headline);
    Row { ours, ..row }
}

async fn superseded(plane: &ControlPlane) -> Row {
    let mut web = Observed::deployment(plane, "c-superseded", |_| {}).await;
    web.set_image("slow").await;
    let theirs = rollout_status(&web.space, 60);
    let set = web.space.kubectl(&["set", "image", "deployment/web", "web=shop/web:v9"]);
    tokio::task::spawn_blocking(move || succeeds(set)).await.unwrap();
    let ours = ours(&web).await;
    let others = theirs.await.unwrap();
    assert!(others.starts_with("success") && ours.starts_with("superseded"), "{others}; {ours}");
    Row { situation: "somebody else deploys another version", others: format!("kubectl: {others}"), ours }
}

async fn paused(plane: &ControlPlane) -> Row {
    let mut web = Observed::deployment(plane, "c-paused", |_| {}).await;
    web.space.patch::<Deployment>("web", json!({ "spec": { "paused": true } })).await;
    web.set_image("v2").await;
    let row = both("paused in the cluster", &web, PATIENCE).await;
    assert!(row.others.contains("no answer") && row.ours.starts_with("paused"), "{}; {}", row.others, row.ours);
    row
}

async fn at_zero(plane: &ControlPlane) -> Row {
    let mut web = Observed::deployment(plane, "c-zero", |_| {}).await;
    web.space.patch::<Deployment>("web", json!({ "spec": { "replicas": 0 } })).await;
    web.set_image("missing").await;
    let row = both("an image that does not exist, at zero replicas", &web, PATIENCE).await;
    assert!(
        row.others.contains("success") && row.ours.contains("nothing was verified"),
        "{}; {}",
        row.others,
        row.ours
    );
    row
}
