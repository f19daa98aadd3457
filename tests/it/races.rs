//! Somebody else is at work in the same cluster: the later one is refused and told, and what was replaced survives.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use kube::api::DeleteParams;
use shipdeck::adapters::kubernetes::KubernetesCluster;
use shipdeck::domain::fault::FaultKind;
use shipdeck::domain::ids::Uid;
use shipdeck::ports::cluster::{Cluster, DeleteTarget};

use crate::harness::terminal::Terminal;
use crate::harness::{ControlPlane, Headless, eventually, workloads};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_the_later_one_is_refused_and_told_by_whom() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("two-writers").await;
    space.create::<Deployment>(workloads::deployment("auth", "shop/auth:v1", 1)).await;
    let config = format!(
        "[[environment]]\nname = \"staging\"\nnamespace = \"{}\"\n[[service]]\nname = \"auth\"\nimage = \"shop/auth\"\n",
        space.name
    );
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config);
    let (path, kubeconfig) = (shipdeck.config.display().to_string(), plane.kubeconfig_path().display().to_string());
    let arguments = ["--config", &path, "deploy", "--env", "staging", "auth=v2"];
    let mut terminal = Terminal::open(&arguments, &[("KUBECONFIG", &kubeconfig)], (120, 36));
    terminal.shows(&["Type yes to run it"]);
    // While the plan is being read, a colleague is faster.
    crate::harness::commands::succeeds(space.kubectl(&["set", "image", "deployment/auth", "auth=shop/auth:v7"]));
    terminal.press("yes\r");
    terminal.shows(&["auth was refused", "changed to shop/auth:v7 by kubectl-set"]);
    let found: Deployment = space.get("auth").await.unwrap();
    assert_eq!(found.spec.unwrap().template.spec.unwrap().containers[0].image.as_deref(), Some("shop/auth:v7"));
}

#[tokio::test]
async fn a_pod_of_a_stateful_set_that_was_replaced_under_its_name_survives() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("replaced").await;
    space.create::<StatefulSet>(workloads::stateful_set("db", "shop/db:v1", 1)).await;
    let ready = async |not: Option<&str>| {
        eventually("db-0 runs", SOON, async || {
            let pod: Pod = space.get("db-0").await?;
            let runs = pod.status.as_ref()?.phase.as_deref() == Some("Running");
            (runs && pod.metadata.deletion_timestamp.is_none() && pod.metadata.uid.as_deref() != not).then_some(pod)
        })
        .await
    };
    let listed = ready(None).await.metadata;
    // Between listing and deleting, somebody deletes it and the controller makes another of the same name.
    space.api::<Pod>().delete("db-0", &DeleteParams::default()).await.unwrap();
    let successor = ready(listed.uid.as_deref()).await.metadata;
    let cluster = KubernetesCluster::new("admin", Some(plane.kubeconfig_path()));
    let mut target = DeleteTarget {
        namespace: space.name.as_str().into(),
        resource: "pod",
        name: "db-0".into(),
        uid: Uid::new(listed.uid.as_deref().unwrap()),
        resource_version: listed.resource_version.as_deref().unwrap().into(),
    };
    assert_eq!(cluster.delete(&target).await.unwrap_err().kind, FaultKind::Conflict);
    // The very object, but changed since: refused as well.
    target.uid = Uid::new(successor.uid.as_deref().unwrap());
    assert_eq!(cluster.delete(&target).await.unwrap_err().kind, FaultKind::Conflict);
    let alive = space.get::<Pod>("db-0").await.unwrap().metadata;
    assert_eq!((alive.uid, alive.deletion_timestamp), (successor.uid, None));
}
