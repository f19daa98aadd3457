//! StatefulSets and DaemonSets, which have no conditions: only their counters and their pods.

use k8s_openapi::api::apps::v1::{DaemonSet, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use kube::api::DeleteParams;
use serde_json::json;
use shipdeck::domain::observed::WorkloadKind;
use shipdeck::domain::verdict::{Cause, State};

use super::{Observed, SOON, cause};
use crate::harness::{ControlPlane, eventually, workloads};

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

/// Its revisions are equal at once, with pods that still run the other version.
#[tokio::test]
async fn a_stateful_set_that_goes_back_half_way_is_done_when_its_pods_are_back_and_not_before() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::stateful_set(plane, "half-way", |_| {}).await;
    web.set_image("slow").await;
    eventually("one pod is of the other version", SOON, async || {
        web.images().await.contains(&"shop/web:slow".to_owned()).then_some(())
    })
    .await;
    web.set_image("v1").await;
    web.succeeds().await;
    assert_eq!(web.images().await, ["shop/web:v1", "shop/web:v1"]);
    let equal_too_soon = web.has_shown(|it| {
        it.observed_generation >= it.generation
            && it.status.current_revision == it.status.update_revision
            && it.status.updated < it.desired
    });
    assert!(equal_too_soon, "the server has shown what misleads");
}

#[tokio::test]
async fn a_stateful_set_that_updates_on_delete_says_how_many_pods_are_left_to_delete_and_is_then_done() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::stateful_set(plane, "on-delete", |object| {
        object["spec"]["updateStrategy"] = json!({ "type": "OnDelete" });
    })
    .await;
    web.set_image("v2").await;
    let verdict = web.says(State::Failed, "OnDelete: 2 pods keep the old version until somebody deletes them").await;
    assert_eq!(*cause(&verdict), Cause::NeedsManualDelete);
    web.space.api::<Pod>().delete("web-1", &DeleteParams::default()).await.unwrap();
    web.says(State::Failed, "OnDelete: 1 pod keeps the old version").await;
    web.space.api::<Pod>().delete("web-0", &DeleteParams::default()).await.unwrap();
    web.says(State::Done, "").await;
    assert_eq!(web.images().await, ["shop/web:v2", "shop/web:v2"]);
}

#[tokio::test]
async fn a_partition_above_every_pod_holds_everything_and_one_below_lets_the_others_succeed() {
    let Some(plane) = ControlPlane::shared() else { return };
    let partition = |from: u32| json!({ "spec": { "updateStrategy": { "rollingUpdate": { "partition": from } } } });
    let mut web = Observed::stateful_set(plane, "partition", |object| {
        object["spec"]["updateStrategy"] = partition(2)["spec"]["updateStrategy"].clone();
    })
    .await;
    web.set_image("v2").await;
    let verdict = web.says(State::Failed, "held by partition 2: nothing is rolled out").await;
    assert_eq!(*cause(&verdict), Cause::HeldByPartition);
    assert_eq!(web.images().await, ["shop/web:v1", "shop/web:v1"]);
    web.space.patch::<StatefulSet>("web", partition(1)).await;
    web.says(State::Done, "").await;
    assert_eq!(web.images().await, ["shop/web:v1", "shop/web:v2"], "the part that was to be rolled out");
    web.space.patch::<StatefulSet>("web", partition(0)).await;
    eventually("the rest follows", SOON, async || (web.images().await == ["shop/web:v2"; 2]).then_some(())).await;
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
