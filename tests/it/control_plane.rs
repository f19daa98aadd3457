//! The harness itself: planes start, break, recover and stop; users may do what they may. `kubelet` tests the pods.

use std::process::Command;
use std::time::Duration;

use futures::TryStreamExt;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::Api;
use kube::api::{ListParams, PostParams, WatchEvent, WatchParams};
use serde_json::json;

use crate::harness::commands::succeeds;
use crate::harness::{ControlPlane, Process, eventually, workloads};

const SOON: Duration = Duration::from_secs(30);

/// Names the file that [`holds_a_plane_for_another_test`] reports in.
const REPORT: &str = "SHIPDECK_TEST_PLANE_REPORT";

#[tokio::test]
async fn a_deployment_becomes_ready() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("ready").await;
    space.create::<Deployment>(workloads::deployment("web", "shop/web:v1", 2)).await;
    eventually("both replicas are available", SOON, async || {
        let web: Deployment = space.get("web").await?;
        web.status?.available_replicas.filter(|available| *available == 2)
    })
    .await;
    space.delete().await;
}

#[tokio::test]
async fn users_may_do_what_their_roles_say() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("rights").await;
    let map = serde_json::from_value::<ConfigMap>(json!({ "metadata": { "name": "made" } })).unwrap();
    let rules = json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"] }]);
    space.user("maker", rules).await;
    let maker = format!("{}-maker", space.name);
    for (user, may_list, may_create) in
        [("viewer", true, false), ("nobody", false, false), (maker.as_str(), false, true)]
    {
        let client = plane.client_for(user).await;
        let maps = Api::<ConfigMap>::namespaced(client, &space.name);
        let listed = maps.list(&ListParams::default()).await;
        let created = maps.create(&PostParams::default(), &map).await;
        assert_eq!((listed.is_ok(), created.is_ok()), (may_list, may_create), "{user}: {listed:?}, {created:?}");
    }
}

#[tokio::test]
async fn an_api_server_that_was_killed_comes_back_with_its_data() {
    let Some(plane) = ControlPlane::private().await else { return };
    let space = plane.namespace("killed").await;
    space.create::<Deployment>(workloads::deployment("web", "shop/web:v1", 1)).await;
    plane.kill_apiserver();
    let refused = space.api::<Deployment>().get("web").await;
    assert!(refused.is_err(), "{refused:?}");
    plane.restart_apiserver().await;
    space.api::<Deployment>().get("web").await.unwrap();
    space.create::<Pod>(workloads::pod("later", "shop/web:v1")).await;
    eventually("kwok and the scheduler found the new API server", SOON, async || {
        let pod: Pod = space.get("later").await?;
        pod.status?.phase.filter(|phase| phase == "Running")
    })
    .await;
}

#[tokio::test]
async fn forgotten_history_is_gone_for_watchers() {
    let Some(plane) = ControlPlane::private().await else { return };
    let space = plane.namespace("history").await;
    let maps = space.api::<ConfigMap>();
    let before = maps.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    space.create::<ConfigMap>(json!({ "metadata": { "name": "newer" } })).await;
    plane.forget_history().await;
    let mut events = Box::pin(maps.watch(&WatchParams::default(), &before).await.unwrap());
    let first = events.try_next().await.unwrap().unwrap();
    assert!(matches!(&first, WatchEvent::Error(status) if status.code == 410), "{first:?}");
}

#[tokio::test]
async fn kubectl_and_helm_see_what_is_there() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("tools").await;
    space.create::<Deployment>(workloads::deployment("web", "shop/web:v1", 1)).await;
    let told = succeeds(space.kubectl(&["rollout", "status", "deployment/web", "--timeout=30s"]));
    assert!(told.contains("successfully rolled out"), "{told}");
    assert_eq!(succeeds(space.helm(&["list", "--short"])), "");
}

#[tokio::test]
async fn a_paused_controller_manager_does_nothing_until_it_is_resumed() {
    let Some(plane) = ControlPlane::private().await else { return };
    let space = plane.namespace("paused").await;
    plane.pause(Process::ControllerManager);
    space.create::<Deployment>(workloads::deployment("web", "shop/web:v1", 1)).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let web: Deployment = space.get("web").await.unwrap();
    assert_eq!(web.status.unwrap().observed_generation, None);
    plane.resume(Process::ControllerManager);
    eventually("the Deployment was observed", SOON, async || {
        space.get::<Deployment>("web").await?.status?.observed_generation
    })
    .await;
}

#[tokio::test]
#[ignore = "the other half of a_killed_test_process_leaves_nothing_behind, which runs it"]
async fn holds_a_plane_for_another_test() {
    let Some(report) = std::env::var_os(REPORT) else { return };
    let Some(plane) = ControlPlane::private().await else { return };
    std::fs::write(report, plane.process_group().to_string()).unwrap();
    tokio::time::sleep(Duration::from_mins(10)).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_killed_test_process_leaves_nothing_behind() {
    if ControlPlane::shared().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "control_plane::holds_a_plane_for_another_test"])
        .env(REPORT, &report)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let group: u32 = eventually("the other process has started its plane", Duration::from_mins(2), async || {
        std::fs::read_to_string(&report).ok()?.parse().ok()
    })
    .await;
    assert_eq!(alive_in(group).len(), 6, "{:?}", alive_in(group));
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("all its processes are gone", SOON, async || alive_in(group).is_empty().then_some(())).await;
}

/// The names of the processes in a group, without those that only wait for their parent to look.
#[cfg(target_os = "linux")]
fn alive_in(group: u32) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok());
    let in_group = lines.filter_map(|line| {
        // `pid (name) state parent group …`; the name may hold anything.
        let (name, rest) = line.split_once('(')?.1.rsplit_once(')')?;
        let mut fields = rest.split_whitespace();
        let state = fields.next()?;
        (state != "Z" && fields.nth(1)? == group.to_string()).then(|| name.to_owned())
    });
    in_group.collect()
}
