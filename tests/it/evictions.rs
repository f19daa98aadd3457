//! Rights that are taken away in mid-run, on the real API server: the run says which one is missing and writes nothing
//! more; with the right it goes on, and nothing is written twice. And a process that dies while the API server is away.

use std::process::{Child, Stdio};
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use serde_json::{Value, json};

use crate::harness::shop::{config, shop};
use crate::harness::{ControlPlane, Headless, Namespace, eventually, workloads};

const SOON: Duration = Duration::from_mins(1);

/// All that a deploy uses, without one verb on one resource.
fn all_but(verb: &str, resource: &str) -> Value {
    let needed = [
        ("apps", "deployments", "get list watch patch"),
        ("apps", "statefulsets", "get list watch"),
        ("apps", "daemonsets", "get list watch"),
        ("apps", "replicasets", "get list watch"),
        ("batch", "jobs", "get list watch"),
        ("", "pods", "get list watch"),
        ("", "pods/log", "get"),
        ("", "events", "get list watch"),
        ("", "configmaps", "get list watch create update delete"),
        ("coordination.k8s.io", "leases", "get list watch create update"),
    ];
    let rule = |(group, of, verbs): (&str, &str, &str)| {
        let verbs: Vec<&str> = verbs.split(' ').filter(|it| of != resource || *it != verb).collect();
        json!({ "apiGroups": [group], "resources": [of], "verbs": verbs })
    };
    needed.map(rule).into()
}

fn begin(shipdeck: &Headless) -> Child {
    let mut command = shipdeck.command("deploy --env staging auth=slow cart=v2 --yes");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// How it ended, and what it said.
async fn ended(child: Child) -> (i32, String) {
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

async fn generation(space: &Namespace<'_>, name: &str) -> i64 {
    space.get::<Deployment>(name).await.unwrap().metadata.generation.unwrap()
}

async fn written(space: &Namespace<'_>, name: &str) {
    eventually(&format!("{name} is written"), SOON, async || (generation(space, name).await == 2).then_some(())).await;
}

/// auth, one pod of it after the other, and cart which needs it.
async fn shop_of(space: &Namespace<'_>, pods: u32) {
    for (name, pods) in [("auth", pods), ("cart", 1)] {
        let mut wanted = workloads::deployment(name, &format!("shop/{name}:v1"), pods);
        wanted["spec"]["strategy"] = json!({ "rollingUpdate": { "maxSurge": 1, "maxUnavailable": 0 } });
        space.create::<Deployment>(wanted).await;
    }
    eventually("both are available", SOON, async || {
        let auth = space.get::<Deployment>("auth").await?.status?.available_replicas?;
        let cart = space.get::<Deployment>("cart").await?.status?.available_replicas?;
        (auth == pods.cast_signed() && cart == 1).then_some(())
    })
    .await;
}

/// auth, of so many pods, is written by a clerk who loses a right just then.
async fn evicted<'a>(
    plane: &'a ControlPlane,
    pods: u32,
    (verb, resource): (&str, &str),
) -> (Namespace<'a>, Headless, Child) {
    let space = plane.namespace(&format!("evicted-{resource}")).await;
    shop_of(&space, pods).await;
    let clerk = space.user("clerk", all_but("", "")).await;
    let shipdeck = Headless::new(&clerk, &config(&space.name));
    let child = begin(&shipdeck);
    written(&space, "auth").await;
    space.grant("clerk", all_but(verb, resource)).await;
    (space, shipdeck, child)
}

async fn only_run(shipdeck: &Headless) -> (String, String) {
    let listed = shipdeck.run("runs --json").await;
    let found: Value = serde_json::from_str(&listed.out).unwrap_or_else(|_| panic!("{listed:#?}"));
    let run = &found["runs"][0];
    (run["run"].as_str().unwrap().to_owned(), run["state"].as_str().unwrap().to_owned())
}

/// With the right again it is taken up to its end, each written once.
async fn resumed(space: &Namespace<'_>, shipdeck: &Headless) {
    space.grant("clerk", all_but("", "")).await;
    let (run, state) = only_run(shipdeck).await;
    assert_ne!(state, "succeeded");
    shipdeck.run(&format!("resume {run} --yes")).await.is(0, "");
    assert_eq!((generation(space, "auth").await, generation(space, "cart").await), (2, 2), "written once each");
    assert_eq!(only_run(shipdeck).await.1, "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_right_to_patch_in_mid_run_is_refused_by_name_and_can_go_on_later() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, shipdeck, child) = evicted(plane, 1, ("patch", "deployments")).await;
    let (code, told) = ended(child).await;
    assert!(code == 3 && told.contains("no right to patch deployments"), "{code}: {told}");
    assert_eq!(generation(&space, "cart").await, 1, "nothing more was written");
    resumed(&space, &shipdeck).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_right_to_leases_in_mid_run_stops_and_can_go_on_later() {
    let Some(plane) = ControlPlane::shared() else { return };
    // So many pods that the next renewal comes before the last of them is ready.
    let (space, shipdeck, child) = evicted(plane, 8, ("update", "leases")).await;
    let (code, told) = ended(child).await;
    assert!(code == 3 && told.contains("no right to update leases"), "{code}: {told}");
    assert_eq!(generation(&space, "cart").await, 1, "nothing more was written");
    resumed(&space, &shipdeck).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_may_not_be_noted_any_more_waits_and_goes_on_when_it_may() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, shipdeck, mut child) = evicted(plane, 1, ("update", "configmaps")).await;
    eventually("auth runs", SOON, async || {
        let status = space.get::<Deployment>("auth").await?.status?;
        (status.observed_generation == Some(2) && status.updated_replicas == Some(1) && status.replicas == Some(1))
            .then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(generation(&space, "cart").await, 1, "what cannot be noted is not written");
    assert!(child.try_wait().unwrap().is_none(), "it waits");
    space.grant("clerk", all_but("", "")).await;
    let (code, told) = ended(child).await;
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("could not be noted") && told.contains("no right to update configmaps"), "{told}");
    assert_eq!((generation(&space, "auth").await, generation(&space, "cart").await), (2, 2), "written once each");
    assert_eq!(only_run(&shipdeck).await.1, "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_while_the_api_server_is_away_leaves_a_run_that_can_be_resumed() {
    let Some(plane) = ControlPlane::private().await else { return };
    let space = plane.namespace("both-die").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let mut child = begin(&shipdeck);
    written(&space, "auth").await;
    plane.kill_apiserver();
    tokio::time::sleep(Duration::from_secs(2)).await;
    child.kill().unwrap();
    child.wait().unwrap();
    plane.restart_apiserver().await;
    let (run, _) = only_run(&shipdeck).await;
    shipdeck.run(&format!("resume {run} --yes")).await.is(0, "");
    assert_eq!((generation(&space, "auth").await, generation(&space, "cart").await), (2, 2), "written once each");
}
