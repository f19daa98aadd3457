//! What kwok, the kubelet of the test planes, does with each image tag: see `tests/control-plane/stages/`.

use std::time::Duration;

use futures::{AsyncBufReadExt, TryStreamExt};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod, PodStatus};
use kube::api::{ListParams, LogParams};
use serde_json::json;

use crate::harness::{ControlPlane, Namespace, eventually, workloads};

const SOON: Duration = Duration::from_secs(30);

/// Creates a bare pod `web` with this image and waits until its status is as wanted.
async fn pod_shows(space: &Namespace<'_>, image: &str, what: impl Fn(&PodStatus) -> bool) -> PodStatus {
    space.create::<Pod>(workloads::pod("web", image)).await;
    pod_becomes(space, image, what).await
}

async fn pod_becomes(space: &Namespace<'_>, image: &str, what: impl Fn(&PodStatus) -> bool) -> PodStatus {
    let mut last = None;
    let found = async || {
        last = space.get::<Pod>("web").await?.status;
        last.clone().filter(|status| what(status))
    };
    eventually(&format!("the pod with {image} shows what its tag promises"), SOON, found).await
}

fn container(status: &PodStatus) -> Option<&ContainerStatus> {
    status.container_statuses.as_ref()?.first()
}

fn is_ready(status: &PodStatus) -> bool {
    container(status).is_some_and(|container| container.ready)
        && status.conditions.iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn waits_for(status: &PodStatus, reason: &str) -> Option<String> {
    let waiting = container(status)?.state.as_ref()?.waiting.as_ref()?;
    (waiting.reason.as_deref() == Some(reason)).then(|| waiting.message.clone().unwrap_or_default())
}

async fn has_event(space: &Namespace<'_>, reason: &str, text: &str) {
    eventually(&format!("an event {reason} with {text:?}"), SOON, async || {
        let events = space.api::<Event>().list(&ListParams::default()).await.unwrap().items;
        let told = |event: &Event| {
            event.reason.as_deref() == Some(reason)
                && event.message.as_ref().is_some_and(|message| message.contains(text))
        };
        events.iter().any(told).then_some(())
    })
    .await;
}

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
    space.api::<Pod>().delete("web", &kube::api::DeleteParams::default()).await.unwrap();
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
