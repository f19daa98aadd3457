//! Images whose tag makes their containers misbehave.

use k8s_openapi::api::core::v1::{Pod, PodStatus};
use serde_json::json;

use super::{container, has_event, is_ready, pod_becomes, pod_shows, waits_for};
use crate::harness::{ControlPlane, workloads};

#[tokio::test]
async fn an_image_that_is_missing_is_not_pulled() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("missing").await;
    let status = pod_shows(&space, "shop/web:missing", |pod| waits_for(pod, "ErrImagePull").is_some()).await;
    let message = waits_for(&status, "ErrImagePull").unwrap();
    assert!(message.contains("manifest unknown") && message.contains("not found"), "{message}");
    assert_eq!(status.phase.as_deref(), Some("Pending"));
    let status = pod_becomes(&space, ":missing", |pod| waits_for(pod, "ImagePullBackOff").is_some()).await;
    assert!(waits_for(&status, "ImagePullBackOff").unwrap().contains("shop/web:missing"));
    has_event(&space, "Failed", "not found").await;
}

#[tokio::test]
async fn a_crashing_container_is_restarted_again_and_again() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("crash").await;
    let crashed = |pod: &PodStatus| {
        waits_for(pod, "CrashLoopBackOff").is_some() && container(pod).is_some_and(|it| it.restart_count >= 2)
    };
    let status = pod_shows(&space, "shop/web:crash", crashed).await;
    let last = container(&status).unwrap().last_state.clone().unwrap().terminated.unwrap();
    assert_eq!((last.exit_code, last.reason.as_deref()), (101, Some("Error")));
    assert!(!is_ready(&status));
    has_event(&space, "BackOff", "restarting failed container").await;
}

#[tokio::test]
async fn a_container_out_of_memory_is_killed() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("oom").await;
    let status = pod_shows(&space, "shop/web:oom", |pod| waits_for(pod, "CrashLoopBackOff").is_some()).await;
    let last = container(&status).unwrap().last_state.clone().unwrap().terminated.unwrap();
    assert_eq!((last.exit_code, last.reason.as_deref()), (137, Some("OOMKilled")));
}

#[tokio::test]
async fn a_container_that_dies_late_was_ready_before() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("dies").await;
    pod_shows(&space, "shop/web:dies", is_ready).await;
    let status = pod_becomes(&space, ":dies", |pod| waits_for(pod, "CrashLoopBackOff").is_some()).await;
    assert!(!is_ready(&status));
    pod_becomes(&space, ":dies", |pod| is_ready(pod) && container(pod).is_some_and(|it| it.restart_count == 1)).await;
}

#[tokio::test]
async fn a_missing_config_map_keeps_a_container_from_starting() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("badconfig").await;
    let reason = "CreateContainerConfigError";
    let status = pod_shows(&space, "shop/web:badconfig", |pod| waits_for(pod, reason).is_some()).await;
    assert_eq!(waits_for(&status, reason).unwrap(), "configmap \"web-config\" not found");
}

#[tokio::test]
async fn an_unready_container_runs_and_fails_its_probe() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("unready").await;
    let status = pod_shows(&space, "shop/web:unready", |pod| pod.phase.as_deref() == Some("Running")).await;
    assert!(!is_ready(&status));
    has_event(&space, "Unhealthy", "Readiness probe failed").await;
    let pod: Pod = space.get("web").await.unwrap();
    assert!(!is_ready(&pod.status.unwrap()));
}

#[tokio::test]
async fn a_slow_container_is_ready_after_a_while() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("slow").await;
    let status = pod_shows(&space, "shop/web:slow", |pod| pod.phase.as_deref() == Some("Running")).await;
    assert!(!is_ready(&status));
    pod_becomes(&space, ":slow", is_ready).await;
}

#[tokio::test]
async fn a_flapping_container_is_ready_and_not_ready_in_turn() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("flaps").await;
    pod_shows(&space, "shop/web:flaps", is_ready).await;
    pod_becomes(&space, ":flaps", |pod| !is_ready(pod)).await;
    pod_becomes(&space, ":flaps", is_ready).await;
}

#[tokio::test]
async fn one_bad_container_leaves_its_neighbour_alone() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("sidecar").await;
    let mut pod = workloads::pod("web", "shop/web:missing");
    workloads::add_container(&mut pod, "proxy", "shop/proxy:v1");
    pod["spec"]["initContainers"] = json!([{ "name": "migrate", "image": "shop/migrate:v1" }]);
    space.create::<Pod>(pod).await;
    let status = pod_becomes(&space, ":missing", |pod| waits_for(pod, "ImagePullBackOff").is_some()).await;
    let ready: Vec<bool> = status.container_statuses.iter().flatten().map(|container| container.ready).collect();
    assert_eq!(ready, [false, true]);
    assert!(status.init_container_statuses.unwrap()[0].state.as_ref().unwrap().terminated.is_some());
}

#[tokio::test]
async fn a_crashing_init_container_holds_up_the_pod() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("init").await;
    let mut pod = workloads::pod("web", "shop/web:v1");
    pod["spec"]["initContainers"] = json!([{ "name": "migrate", "image": "shop/migrate:crash" }]);
    space.create::<Pod>(pod).await;
    let status = pod_becomes(&space, "init :crash", |pod| {
        let init = pod.init_container_statuses.iter().flatten().next();
        init.and_then(|init| init.state.as_ref()?.waiting.as_ref()?.reason.as_deref()) == Some("CrashLoopBackOff")
    })
    .await;
    assert_eq!(status.phase.as_deref(), Some("Pending"));
    assert!(waits_for(&status, "PodInitializing").is_some());
}
