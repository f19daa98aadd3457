//! The Kubernetes adapter against a real API server.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use shipdeck::adapters::kubernetes::KubernetesCluster;
use shipdeck::domain::fault::FaultKind;
use shipdeck::domain::ids::{EnvId, Uid};
use shipdeck::domain::observed::{Change, Kind, WorkloadRef};
use shipdeck::ports::cluster::{ChangeSink, Cluster, DeleteTarget, ImageChange, LogRequest, LogSink, Scope};

use crate::harness::{ControlPlane, Process, eventually, workloads};

const SOON: Duration = Duration::from_secs(30);

fn cluster(kubeconfig: PathBuf, context: &str) -> Arc<KubernetesCluster> {
    Arc::new(KubernetesCluster::new(context, Some(kubeconfig)))
}

/// Watches a namespace in the background and collects what is told.
fn collect(
    cluster: &Arc<KubernetesCluster>,
    namespace: &str,
) -> (Arc<Mutex<Vec<Change>>>, tokio::task::JoinHandle<()>) {
    let seen: Arc<Mutex<Vec<Change>>> = Arc::default();
    let into = Arc::clone(&seen);
    let sink: ChangeSink = Arc::new(move |_, change| {
        into.lock().unwrap().push(change);
        Box::pin(async { true })
    });
    let scope = Scope { env: EnvId::new("test"), namespace: namespace.into() };
    let cluster = Arc::clone(cluster);
    (seen, tokio::spawn(async move { cluster.watch(scope, sink).await }))
}

fn listed(changes: &[Change]) -> usize {
    changes.iter().filter(|change| matches!(change, Change::Listed(_))).count()
}

fn all_lost(changes: &[Change]) -> bool {
    Kind::ALL.iter().all(|kind| changes.iter().any(|change| matches!(change, Change::Lost(of, _) if of == kind)))
}

async fn image_change(cluster: &KubernetesCluster, namespace: &str, from: &str, to: &str) -> ImageChange {
    let workload = WorkloadRef::deployment("web");
    let found = cluster.workload(namespace, &workload).await.unwrap();
    ImageChange {
        namespace: namespace.into(),
        workload,
        uid: found.meta.uid,
        container_index: 0,
        container: "web".into(),
        from: from.into(),
        to: to.into(),
        fence: None,
        dry_run: false,
    }
}

#[tokio::test]
async fn a_watch_lists_every_kind_and_then_follows() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("watch").await;
    let cluster = cluster(plane.kubeconfig_path(), "admin");
    let (seen, task) = collect(&cluster, &space.name);
    eventually("all kinds are listed", SOON, async || (listed(&seen.lock().unwrap()) == Kind::ALL.len()).then_some(()))
        .await;
    space.create::<Deployment>(workloads::deployment("web", "shop/web:v1", 1)).await;
    eventually("the pod is seen to be ready", SOON, async || {
        let seen = seen.lock().unwrap();
        let ready = |change: &Change| {
            matches!(change, Change::Upsert(shipdeck::domain::observed::Object::Pod(pod)) if pod.ready)
        };
        seen.iter().any(ready).then_some(())
    })
    .await;
    task.abort();
}

#[tokio::test]
async fn an_image_is_set_once_and_a_stale_wish_is_refused_by_name() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("image").await;
    let cluster = cluster(plane.kubeconfig_path(), "admin");
    space.create::<Deployment>(workloads::deployment("web", "shop/web:v1", 1)).await;
    let change = image_change(&cluster, &space.name, "shop/web:v1", "shop/web:v2").await;
    let dry = cluster.set_image(&ImageChange { dry_run: true, ..change.clone() }).await.unwrap();
    assert_eq!(&*dry.containers[0].image, "shop/web:v2");
    let written = cluster.set_image(&change).await.unwrap();
    assert_eq!(&*written.containers[0].image, "shop/web:v2");
    // The same once more is no second deploy.
    assert_eq!(cluster.set_image(&change).await.unwrap().generation, written.generation);
    let stale = cluster.set_image(&ImageChange { to: "shop/web:v3".into(), ..change.clone() }).await.unwrap_err();
    assert_eq!(stale.kind, FaultKind::Conflict);
    assert!(stale.message.starts_with("web: changed to shop/web:v2 by shipdeck ("), "{stale}");
    let other = ImageChange { uid: Uid::new("another"), ..change.clone() };
    let other = cluster.set_image(&other).await.unwrap_err();
    assert!(other.kind == FaultKind::Conflict && other.message.contains("replaced"), "{other}");
    eventually("both revisions are listed", SOON, async || {
        let revisions = cluster.revisions(&space.name, &change.workload).await.unwrap();
        (revisions.len() == 2 && &*revisions[0].containers[0].1 == "shop/web:v2").then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_may_only_look_is_told_which_right_is_missing() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("viewer").await;
    let viewer = cluster(plane.kubeconfig_for("viewer"), "viewer");
    space.create::<Deployment>(workloads::deployment("web", "shop/web:v1", 1)).await;
    let change = image_change(&viewer, &space.name, "shop/web:v1", "shop/web:v2").await;
    let refused = viewer.set_image(&change).await.unwrap_err();
    assert_eq!(refused.kind, FaultKind::Forbidden);
    assert_eq!(refused.message, format!("viewer: no right to patch deployments in namespace {}", space.name));
}

#[tokio::test]
async fn a_pod_that_was_replaced_survives_the_deletion_of_its_predecessor() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("delete").await;
    let cluster = cluster(plane.kubeconfig_path(), "admin");
    let pod: Pod = space.create(workloads::pod("one", "shop/web:v1")).await;
    let meta = pod.metadata;
    let mut target = DeleteTarget {
        namespace: space.name.as_str().into(),
        resource: "pod",
        name: "one".into(),
        uid: Uid::new("another"),
        resource_version: meta.resource_version.unwrap().as_str().into(),
    };
    assert_eq!(cluster.delete(&target).await.unwrap_err().kind, FaultKind::Conflict);
    assert!(space.get::<Pod>("one").await.unwrap().metadata.deletion_timestamp.is_none());
    assert!(!cluster.manifest(&space.name, "pod", "one").await.unwrap().contains("managedFields"));
    target.name = "none".into();
    assert_eq!(cluster.delete(&target).await.unwrap_err().kind, FaultKind::NotFound);
}

#[tokio::test]
async fn a_log_is_followed() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("log").await;
    let cluster = cluster(plane.kubeconfig_path(), "admin");
    space.create::<Pod>(workloads::pod("one", "shop/web:v1")).await;
    eventually("the pod runs", SOON, async || {
        space.get::<Pod>("one").await?.status?.phase.filter(|phase| phase == "Running")
    })
    .await;
    let pod = space.get::<Pod>("one").await.unwrap();
    let request = LogRequest {
        namespace: space.name.as_str().into(),
        pod: "one".into(),
        container: pod.spec.unwrap().containers[0].name.as_str().into(),
        follow: true,
        previous: false,
        tail: Some(100),
        since: None,
        since_time: None,
    };
    let seen: Arc<Mutex<usize>> = Arc::default();
    let count = Arc::clone(&seen);
    // Refuses after the first batch with lines (an empty one says that the log is open): the stream ends then.
    let sink: LogSink = Arc::new(move |lines| {
        *count.lock().unwrap() += lines.iter().filter(|line| line.time.is_some()).count();
        let more = lines.is_empty();
        Box::pin(async move { more })
    });
    tokio::time::timeout(SOON, cluster.log(&request, sink)).await.unwrap().unwrap();
    assert!(*seen.lock().unwrap() > 0);
}

#[tokio::test]
async fn a_frozen_server_is_noticed_within_seconds_and_a_restarted_one_is_read_again() {
    let Some(plane) = ControlPlane::private().await else { return };
    let space = plane.namespace("frozen").await;
    let cluster = cluster(plane.kubeconfig_path(), "admin");
    cluster.attend(true);
    let (seen, task) = collect(&cluster, &space.name);
    eventually("all kinds are listed", SOON, async || (listed(&seen.lock().unwrap()) == Kind::ALL.len()).then_some(()))
        .await;
    seen.lock().unwrap().clear();
    plane.pause(Process::ApiServer);
    eventually("all are lost", Duration::from_secs(10), async || all_lost(&seen.lock().unwrap()).then_some(())).await;
    plane.resume(Process::ApiServer);
    let recovered = async || {
        let seen = seen.lock().unwrap();
        let back = |kind: &Kind| {
            seen.iter().any(|change| matches!(change, Change::Alive(of) | Change::Listed(of) if of == kind))
        };
        Kind::ALL.iter().all(back).then_some(())
    };
    eventually("all are back", SOON, recovered).await;
    seen.lock().unwrap().clear();
    plane.kill_apiserver();
    eventually("all are lost again", SOON, async || all_lost(&seen.lock().unwrap()).then_some(())).await;
    seen.lock().unwrap().clear();
    plane.restart_apiserver().await;
    eventually("all are back again", SOON, recovered).await;
    task.abort();
}
