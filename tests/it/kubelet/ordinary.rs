//! What pods do when nothing is wrong with them, and what is told about them.

use std::time::Duration;

use futures::{AsyncBufReadExt, TryStreamExt};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, LogParams};
use serde_json::json;

use super::{SOON, is_ready, pod_becomes, pod_shows, waits_for};
use crate::harness::{ControlPlane, eventually, workloads};

#[tokio::test]
async fn jobs_succeed_fail_or_hang() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("jobs").await;
    for tag in ["v1", "fail", "hang"] {
        space.create::<Job>(workloads::job(tag, &format!("shop/migrate:{tag}"))).await;
    }
    let ended = async |name: &str, condition: &str| {
        eventually(&format!("the job {name} shows {condition}"), SOON, async || {
            let conditions = space.get::<Job>(name).await?.status?.conditions?;
            conditions.into_iter().find(|it| it.type_ == condition && it.status == "True")
        })
        .await
    };
    ended("v1", "Complete").await;
    assert_eq!(ended("fail", "Failed").await.reason.as_deref(), Some("BackoffLimitExceeded"));
    let hanging = space.get::<Job>("hang").await.unwrap().status.unwrap();
    assert_eq!((hanging.active, hanging.conditions), (Some(1), None));
}

#[tokio::test]
async fn image_ids_are_digests_and_keep_the_one_that_was_asked_for() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("digest").await;
    let digest = format!("sha256:{}", "5e".repeat(32));
    let mut pod = workloads::pod("web", "localhost:5000/shop/web:v1");
    workloads::add_container(&mut pod, "by-digest", &format!("shop/api@{digest}"));
    workloads::add_container(&mut pod, "by-both", &format!("shop/api:v2@{digest}"));
    space.create::<Pod>(pod).await;
    let status = pod_becomes(&space, "digests", is_ready).await;
    let ids: Vec<String> = status.container_statuses.unwrap().into_iter().map(|it| it.image_id).collect();
    assert!(ids[0].starts_with("localhost:5000/shop/web@sha256:") && ids[0].len() == 31 + 64, "{}", ids[0]);
    assert_eq!(ids[1..], [format!("shop/api@{digest}"), format!("shop/api@{digest}")]);
}

#[tokio::test]
async fn a_pod_with_the_label_linger_takes_its_time_to_go() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("linger").await;
    let mut pod = workloads::pod("web", "shop/web:v1");
    pod["metadata"]["labels"]["linger"] = "4s".into();
    pod["spec"]["terminationGracePeriodSeconds"] = 30.into();
    space.create::<Pod>(pod).await;
    pod_becomes(&space, "v1", is_ready).await;
    space.api::<Pod>().delete("web", &DeleteParams::default()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(space.get::<Pod>("web").await.unwrap().metadata.deletion_timestamp.is_some());
    eventually("the pod is gone", SOON, async || space.get::<Pod>("web").await.is_none().then_some(())).await;
}

#[tokio::test]
async fn a_status_written_by_a_test_stays() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("evicted").await;
    pod_shows(&space, "shop/web:v1", is_ready).await;
    space.patch_status::<Pod>("web", json!({ "phase": "Failed", "reason": "Evicted" })).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let status = space.get::<Pod>("web").await.unwrap().status.unwrap();
    assert_eq!((status.phase.as_deref(), status.reason.as_deref()), (Some("Failed"), Some("Evicted")));
}

#[tokio::test]
async fn every_kind_of_workload_becomes_ready_and_rolls_out_a_bad_image() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("kinds").await;
    space.create::<Deployment>(workloads::deployment("web", "shop/web:v1", 2)).await;
    space.create::<StatefulSet>(workloads::stateful_set("db", "shop/db:v1", 2)).await;
    space.create::<DaemonSet>(workloads::daemon_set("agent", "shop/agent:v1")).await;
    eventually("all are ready", SOON, async || {
        let web = space.get::<Deployment>("web").await?.status?.ready_replicas? == 2;
        let db = space.get::<StatefulSet>("db").await?.status?.ready_replicas? == 2;
        let agent = space.get::<DaemonSet>("agent").await?.status?.number_ready == 3;
        (web && db && agent).then_some(())
    })
    .await;
    space.set_image::<Deployment>("web", "shop/web:missing").await;
    eventually("a new pod has ErrImagePull", SOON, async || {
        let pods = space.pods("web").await;
        let mut statuses = pods.iter().filter_map(|pod| pod.status.as_ref());
        statuses.find_map(|status| waits_for(status, "ErrImagePull"))
    })
    .await;
}

#[tokio::test]
async fn logs_are_served_also_those_before_a_crash() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("logs").await;
    pod_shows(&space, "shop/web:v1", is_ready).await;
    let pods = space.api::<Pod>();
    let tail = LogParams { tail_lines: Some(2), ..LogParams::default() };
    let logs = pods.logs("web", &tail).await.unwrap();
    assert_eq!(logs.lines().collect::<Vec<_>>(), ["warning: cache is cold", "GET /healthz 200"]);
    let previous = LogParams { previous: true, ..LogParams::default() };
    assert!(pods.logs("web", &previous).await.unwrap().contains("panicked at src/main.rs:42:10"));
}

#[tokio::test]
async fn a_pod_can_have_a_log_of_its_own_that_is_followed() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("follow").await;
    let log = space.log_of("web").await;
    log.write("first");
    pod_shows(&space, "shop/web:v1", is_ready).await;
    let pods = space.api::<Pod>();
    eventually("kwok serves the pod's own log", SOON, async || {
        (pods.logs("web", &LogParams::default()).await.ok()? == "first\n").then_some(())
    })
    .await;
    let follow = LogParams { follow: true, ..LogParams::default() };
    let mut lines = pods.log_stream("web", &follow).await.unwrap().lines();
    log.write("second");
    let mut next = async || tokio::time::timeout(SOON, lines.try_next()).await.unwrap().unwrap();
    assert_eq!((next().await.as_deref(), next().await.as_deref()), (Some("first"), Some("second")));
}
