//! Conditions that are leftovers of another rollout, stale for a moment or for ever, and such that come true late.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;
use shipdeck::domain::observed::Workload;
use shipdeck::domain::verdict::{Cause, State};

use super::{Observed, alone, cause};
use crate::harness::{ControlPlane, Process, eventually};

pub(super) fn short(object: &mut serde_json::Value) {
    alone(object);
    object["spec"]["progressDeadlineSeconds"] = 3.into();
}

/// The controller says of what it has seen that the deadline is over.
fn is_overdue(workload: &Workload) -> bool {
    let overdue = workload.status.conditions.iter().any(|it| &*it.reason == "ProgressDeadlineExceeded");
    overdue && workload.observed_generation >= workload.generation
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

/// N1: the first state at our generation is the old failure, with the old time.
#[tokio::test]
async fn a_deadline_that_is_over_since_before_the_way_back_is_not_its_failure() {
    let Some(plane) = ControlPlane::private().await else { return };
    let mut web = Observed::deployment(&plane, "stale", short).await;
    web.set_image("unready").await;
    web.says(State::Failed, "no progress for 3s").await;
    plane.pause(Process::ControllerManager);
    web.set_image("v1").await;
    assert_eq!(web.verdict_after(0).state, State::Progressing);
    plane.resume(Process::ControllerManager);
    web.succeeds().await;
    let template = web.seen.lock().unwrap().baseline.as_ref().unwrap().template;
    assert!(web.has_shown(|it| it.template == template && is_overdue(it)), "the server has shown what misleads");
}

/// N1b: the old failure stays, at our own generation, until somebody resumes it.
#[tokio::test]
async fn a_deadline_that_was_over_when_it_was_paused_is_called_paused_and_after_the_resume_a_success() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "stale-paused", short).await;
    web.set_image("unready").await;
    web.says(State::Failed, "no progress for 3s").await;
    web.space.patch::<Deployment>("web", json!({ "spec": { "paused": true } })).await;
    web.set_image("v3").await;
    let verdict = web.says(State::Paused, "is paused in the cluster").await;
    assert!(verdict.evidence.unwrap().remedy.contains("kubectl rollout resume deployment/web"));
    eventually("the old failure stands at our generation", super::SOON, async || {
        web.has_shown(|it| it.paused && is_overdue(it)).then_some(())
    })
    .await;
    assert_eq!(web.verdict_after(300).state, State::Paused, "nothing ends it but a person");
    web.space.patch::<Deployment>("web", json!({ "spec": { "paused": false } })).await;
    web.leaves(State::Paused).await;
    web.succeeds().await;
}

/// N1c: times are whole seconds, so that of the old failure may be the very one of our patch.
#[tokio::test]
async fn a_way_back_in_the_second_of_the_deadline_is_no_failure() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "same-second", |object| {
        short(object);
        // The way back has the same deadline, and a machine may be busy.
        object["spec"]["progressDeadlineSeconds"] = 6.into();
    })
    .await;
    for bad in ["unready", "unready-2", "unready-3"] {
        web.set_image(bad).await;
        web.says(State::Failed, "no progress for 6s").await;
        web.set_image("v1").await;
        web.succeeds().await;
    }
}

/// With a second writer the condition names the former ReplicaSet for ever.
#[tokio::test]
async fn recreate_succeeds_by_its_counts_while_somebody_writes_all_the_time() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web =
        Observed::deployment(plane, "busy", |object| object["spec"]["strategy"] = json!({ "type": "Recreate" })).await;
    web.set_image("v2").await;
    let noise = async {
        for number in 0_u64.. {
            let label = json!({ "metadata": { "labels": { "noise": number.to_string() } } });
            web.space.patch::<Deployment>("web", label).await;
            tokio::time::sleep(std::time::Duration::from_millis(4)).await;
        }
    };
    tokio::select! {
        () = web.succeeds() => {}
        () = noise => {}
    }
    assert_eq!(web.images().await, ["shop/web:v2", "shop/web:v2"]);
}

#[tokio::test]
async fn what_becomes_ready_after_its_deadline_is_a_late_success() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "late", short).await;
    web.set_image("unready").await;
    let verdict = web.says(State::Failed, "no progress for 3s").await;
    assert_eq!(*cause(&verdict), Cause::Deadline);
    let pods = web.space.pods("web").await;
    let pod = pods.iter().find(|pod| pod.metadata.deletion_timestamp.is_none()).unwrap();
    let mut status = serde_json::to_value(pod.status.as_ref().unwrap()).unwrap();
    for condition in status["conditions"].as_array_mut().unwrap() {
        condition["status"] = "True".into();
    }
    status["containerStatuses"][0]["ready"] = true.into();
    web.space.patch_status::<Pod>(pod.metadata.name.as_ref().unwrap(), status).await;
    web.says(State::Done, "").await;
}
