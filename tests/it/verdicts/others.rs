//! What others do meanwhile: pause, scale, change, delete, and a controller manager that sleeps.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use shipdeck::domain::rollout::View;
use shipdeck::domain::verdict::State;

use super::{Observed, SOON, env};
use crate::harness::{ControlPlane, Process, eventually, workloads};

#[tokio::test]
async fn paused_and_scaled_to_zero_are_no_success_of_ours() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "held", |_| {}).await;
    web.space.patch::<Deployment>("web", json!({ "spec": { "paused": true } })).await;
    web.set_image("v2").await;
    web.says(State::Paused, "deployment/web is paused in the cluster").await;
    web.space.patch::<Deployment>("web", json!({ "spec": { "paused": false } })).await;
    web.leaves(State::Paused).await;
    web.succeeds().await;
    web.set_image("v3").await;
    web.space.patch::<Deployment>("web", json!({ "spec": { "replicas": 0 } })).await;
    web.says(State::Done, "scaled to zero: nothing runs, so nothing was verified").await;
}

/// At zero every version is complete, and the condition goes on saying so of our own ReplicaSet.
#[tokio::test]
async fn a_version_that_was_set_at_zero_is_no_success_when_it_is_scaled_up_and_does_not_come() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "from-zero", |_| {}).await;
    web.space.patch::<Deployment>("web", json!({ "spec": { "replicas": 0 } })).await;
    for version in ["unready", "v1", "unready"] {
        web.set_image(version).await;
        web.says(State::Done, "scaled to zero: nothing runs, so nothing was verified").await;
    }
    web.space.patch::<Deployment>("web", json!({ "spec": { "replicas": 3 } })).await;
    web.says(State::Progressing, "").await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(web.verdict_after(0).state, State::Progressing);
    web.says_after(700, State::Failed, "not done after").await;
}

/// Another image for the container `web`.
fn image(version: &str) -> Value {
    let container = json!({ "name": "web", "image": format!("shop/web:{version}") });
    json!({ "spec": { "template": { "spec": { "containers": [container] } } } })
}

#[tokio::test]
async fn another_image_or_a_restart_by_somebody_else_supersedes_us_and_is_told_with_their_name() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "superseded", |_| {}).await;
    web.set_image("slow").await;
    web.somebody_patches("kubectl-edit", image("v9")).await;
    let verdict = web.says(State::Superseded, "kubectl-edit changed it meanwhile: it now wants shop/web:v9").await;
    assert!(verdict.evidence.unwrap().since.is_some());
    web.set_image("slow").await;
    let notes = json!({ "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z" });
    let restart = json!({ "spec": { "template": { "metadata": { "annotations": notes } } } });
    web.somebody_patches("kubectl-rollout", restart).await;
    web.says(State::Superseded, "kubectl-rollout changed its settings meanwhile: the same image").await;
    // A scale and a note are no new version.
    web.set_image("slow-2").await;
    web.somebody_patches("autoscaler", json!({ "spec": { "replicas": 3 } })).await;
    web.somebody_patches("notes", json!({ "metadata": { "annotations": { "note": "hello" } } })).await;
    web.succeeds().await;
}

#[tokio::test]
async fn a_version_that_was_returned_to_is_as_old_as_the_return_whatever_its_writer_writes_later() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "returned", |_| {}).await;
    web.set_image("v2").await;
    web.succeeds().await;
    let whole = |time: Timestamp| time.round(jiff::Unit::Second).unwrap();
    let before = whole(Timestamp::now()) - SignedDuration::from_secs(1);
    web.set_image("v1").await;
    web.succeeds().await;
    let told = || {
        let seen = web.seen.lock().unwrap();
        let env = seen.world.env(&env()).unwrap();
        let view = View::new(env, env.workload(&web.workload).unwrap());
        (view.workload.writer.as_ref().and_then(|writer| writer.at), view.changed_at())
    };
    // The controller calls it complete a moment after it is.
    let after = whole(Timestamp::now()) + SignedDuration::from_secs(2);
    // Times are whole seconds.
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    web.somebody_patches("shipdeck", json!({ "metadata": { "labels": { "shipdeck.dev/fence": "7" } } })).await;
    eventually("what the server notes of the writer has moved", SOON, async || told().0.filter(|at| *at > after)).await;
    let changed = told().1.unwrap();
    assert!((before..=after).contains(&changed), "{before} {changed} {after}");
}

#[tokio::test]
async fn a_change_that_the_controller_never_saw_because_the_next_one_came_first_is_superseded() {
    let Some(plane) = ControlPlane::private().await else { return };
    let mut web = Observed::deployment(&plane, "unseen", |_| {}).await;
    plane.pause(Process::ControllerManager);
    web.set_image("v2").await;
    web.somebody_patches("helm", image("v3")).await;
    web.says(State::Superseded, "helm changed it meanwhile: it now wants shop/web:v3").await;
    plane.resume(Process::ControllerManager);
    web.stands(State::Ok).await;
    web.says(State::Superseded, "shop/web:v3").await;
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
