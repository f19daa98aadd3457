//! Pods that do not come: for want of an image, by their own fault, for want of a node.

use k8s_openapi::api::apps::v1::Deployment;
use serde_json::json;
use shipdeck::domain::observed::WorkloadKind;
use shipdeck::domain::verdict::State;

use super::{Observed, alone};
use crate::harness::{ControlPlane, workloads};

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

/// N2: `Available` is true without any pod, and `helm --wait` is content with that.
#[tokio::test]
async fn a_crash_fails_though_no_pod_is_left_and_the_deployment_calls_itself_available() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "nothing-left", alone).await;
    web.set_image("crash").await;
    let verdict = web.says(State::Failed, "crashes on start: exit code 101").await;
    assert_eq!(verdict.progress.ready, 0);
    let found: Deployment = web.space.get("web").await.unwrap();
    let conditions = found.status.unwrap().conditions.unwrap();
    assert!(conditions.iter().any(|it| it.type_ == "Available" && it.status == "True"), "{conditions:?}");
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

/// N3.
#[tokio::test]
async fn a_node_that_comes_late_is_waited_for_with_the_reason_and_then_it_succeeds() {
    let Some(plane) = ControlPlane::private().await else { return };
    let mut web = Observed::on(&plane, "late-node", WorkloadKind::Deployment).await;
    let mut object = workloads::deployment("web", "shop/web:v1", 1);
    object["spec"]["template"]["spec"]["nodeSelector"] = json!({ "topology.kubernetes.io/zone": "zone-new" });
    web.space.create::<Deployment>(object).await;
    web.stands(State::Progressing).await;
    web.set_image("v2").await;
    web.says_after(200, State::Progressing, "no node takes the pod: 0/3 nodes are available").await;
    plane.add_node("node-new", "zone-new").await;
    web.succeeds().await;
}

/// Every flap is progress to the controller, so its deadline never comes.
#[tokio::test]
async fn readiness_that_comes_and_goes_meets_no_deadline_of_the_server_and_is_ended_by_our_own_limit() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "flaps", |object| {
        alone(object);
        object["spec"]["minReadySeconds"] = 5.into();
        object["spec"]["progressDeadlineSeconds"] = 8.into();
    })
    .await;
    web.set_image("flaps").await;
    tokio::time::sleep(std::time::Duration::from_secs(18)).await;
    web.never_failed();
    assert_eq!(web.verdict_after(0).state, State::Progressing, "the deadline is over twice");
    web.says_after(65, State::Failed, "not done after").await;
}
