//! Runs on the real control plane, watched from beside by a client of our own: what was written, when, and by whom.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{ListParams, WatchEvent, WatchParams};
use serde_json::Value;

use crate::harness::terminal::Terminal;
use crate::harness::{ControlPlane, Headless, Namespace, eventually, workloads};

const SOON: Duration = Duration::from_secs(30);
const DIGEST: &str = "sha256:6ac01a4f0cf2ac4c5a1d0d1e2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e";

/// `web` needs both others, so that they are the first wave and it is the second.
fn config(namespace: &str) -> String {
    format!(
        "[[environment]]\nname = \"staging\"\nnamespace = \"{namespace}\"\n\
         [[service]]\nname = \"auth\"\nimage = \"shop/auth\"\n\
         [[service]]\nname = \"ledger\"\nimage = \"shop/ledger\"\n\
         [[service]]\nname = \"web\"\nimage = \"shop/web\"\nneeds = [\"auth\", \"ledger\"]\n"
    )
}

async fn shop(space: &Namespace<'_>, images: [(&str, &str); 3]) {
    for (name, image) in images {
        space.create::<Deployment>(workloads::deployment(name, image, 2)).await;
    }
    eventually("all are available", SOON, async || {
        let all = space.api::<Deployment>().list(&ListParams::default()).await.unwrap().items;
        all.iter().all(is_complete).then_some(())
    })
    .await;
    // Kubernetes tells revisions apart by whole seconds.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
}

const V1: [(&str, &str); 3] = [("auth", "shop/auth:v1"), ("ledger", "shop/ledger:v1"), ("web", "shop/web:v1")];

fn image(of: &Deployment) -> &str {
    let pod = of.spec.as_ref().unwrap().template.spec.as_ref().unwrap();
    pod.containers[0].image.as_deref().unwrap()
}

fn generation(of: &Deployment) -> i64 {
    of.metadata.generation.unwrap()
}

/// Every pod is of the wanted template, ready, and no other is left: as `kubectl rollout status` has it.
fn is_complete(of: &Deployment) -> bool {
    let wanted = of.spec.as_ref().unwrap().replicas;
    let Some(status) = &of.status else { return false };
    status.observed_generation >= of.metadata.generation
        && [status.updated_replicas, status.replicas, status.available_replicas].iter().all(|count| *count == wanted)
}

/// Every state that the Deployments have gone through since `version`, in the order of the cluster, up to the first that
/// `last` accepts.
async fn history(space: &Namespace<'_>, version: &str, last: impl Fn(&Deployment) -> bool) -> Vec<Deployment> {
    let api = space.api::<Deployment>();
    let mut events = api.watch(&WatchParams::default(), version).await.unwrap().boxed();
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        let WatchEvent::Modified(found) = event.unwrap() else { continue };
        let is_last = last(&found);
        seen.push(found);
        if is_last {
            return seen;
        }
    }
    panic!("the watch ended after {} changes", seen.len());
}

async fn images(space: &Namespace<'_>) -> Vec<String> {
    let all = space.api::<Deployment>().list(&ListParams::default()).await.unwrap().items;
    all.iter().map(|it| image(it).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_wave_is_written_only_when_all_of_the_first_is_complete() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("waves").await;
    shop(&space, V1).await;
    let before = space.api::<Deployment>().list(&ListParams::default()).await.unwrap().metadata.resource_version;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let answer = shipdeck.run("deploy --env staging web=v2 auth=slow ledger=v2 --yes").await;
    answer.is(0, "web succeeded");

    let wanted = BTreeMap::from([("auth", "shop/auth:slow"), ("ledger", "shop/ledger:v2"), ("web", "shop/web:v2")]);
    let name = |of: &Deployment| of.metadata.name.clone().unwrap();
    let done = |of: &Deployment| image(of) == wanted[name(of).as_str()] && is_complete(of);
    let seen = history(&space, &before.unwrap(), |it| name(it) == "web" && done(it)).await;
    let first = |of: &str, is: &dyn Fn(&Deployment) -> bool| {
        seen.iter().position(|it| name(it) == of && is(it)).unwrap_or_else(|| panic!("{of}: {answer:#?}"))
    };
    let written = |of: &str| first(of, &|it| image(it) == wanted[of]);
    assert!(
        written("auth") < first("ledger", &done) && written("ledger") < first("auth", &done),
        "a wave goes at once"
    );
    assert!(first("ledger", &done) < first("auth", &done), "the slow one is what the second wave waits for");
    assert!(first("auth", &done) < written("web"), "{answer:#?}");

    for last in ["auth", "ledger", "web"].map(|of| seen.iter().rfind(|it| name(it) == of).unwrap()) {
        assert_eq!((generation(last), image(last)), (2, wanted[name(last).as_str()]), "written once");
        let template = last.spec.as_ref().unwrap().template.metadata.as_ref().unwrap();
        assert_eq!(template.annotations, None, "nothing of ours is on the pods");
        assert_eq!(template.labels.as_ref().unwrap().len(), 1);
        let ours = last.metadata.managed_fields.iter().flatten().filter(|it| it.manager.as_deref() == Some("shipdeck"));
        let fields: Vec<_> = ours.map(|entry| serde_json::to_string(&entry.fields_v1).unwrap()).collect();
        assert!(fields.len() == 1 && fields[0].contains("f:image") && !fields[0].contains("f:replicas"), "{fields:?}");
    }
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_halts_the_later_wave_and_the_way_back_restores_the_exact_images() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("way-back").await;
    let pinned = format!("shop/ledger:v1@{DIGEST}");
    // Three ways to write an image; what is restored is what was written, letter by letter.
    let exact = [("auth", "registry.example:5000/shop/auth:v1"), ("ledger", &pinned), ("web", "shop/web:v1")];
    shop(&space, exact).await;
    let config = config(&space.name).replace("\"shop/auth\"", "\"registry.example:5000/shop/auth\"");
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config);

    let answer = shipdeck.run("deploy --env staging auth=v2 ledger=crash web=v2 --yes").await;
    answer.is(1, "ledger failed").is(1, "exit code 101");
    assert_eq!(images(&space).await, ["registry.example:5000/shop/auth:v2", "shop/ledger:crash", "shop/web:v1"]);
    let web: Deployment = space.get("web").await.unwrap();
    assert_eq!(generation(&web), 1, "the second wave was never begun");

    shipdeck.run("rollback --env staging auth ledger --yes").await.is(0, "ledger succeeded").is(0, "auth succeeded");
    assert_eq!(images(&space).await, exact.map(|(_, image)| image));
    let all = space.api::<Deployment>().list(&ListParams::default()).await.unwrap().items;
    assert!(all.iter().all(is_complete), "exit code 0 is said when it runs, not when it was written");
    assert_eq!(all.iter().map(generation).collect::<Vec<_>>(), [3, 3, 1], "there and back, each once");
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_deploys_at_once_the_second_changes_nothing_and_is_told_of_the_first() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("two-deploys").await;
    shop(&space, V1).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let (path, kubeconfig) = (shipdeck.config.display().to_string(), plane.kubeconfig_path().display().to_string());
    let arguments = ["--config", &path, "deploy", "--env", "staging", "auth=v3", "web=v3"];
    let mut second = Terminal::open(&arguments, &[("KUBECONFIG", &kubeconfig)], (120, 36));
    second.shows(&["Type yes to run it"]);
    shipdeck.run("deploy --env staging auth=v2 --yes").await.is(0, "auth succeeded");
    second.press("yes\r");
    second.shows(&["auth was refused", "changed to shop/auth:v2 by shipdeck", "wanted to replace shop/auth:v1"]);
    second.ends_with(3);
    assert_eq!(images(&space).await, ["shop/auth:v2", "shop/ledger:v1", "shop/web:v1"]);
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_deploy_knows_from_the_cluster_how_long_it_takes() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("estimate").await;
    shop(&space, [("auth", "shop/auth:slow"), ("ledger", "shop/ledger:slow"), ("web", "shop/web:slow")]).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    // Nobody has deployed by shipdeck yet: what the cluster says of the first creation is known already.
    let plan = async || {
        let answer = shipdeck.run("deploy --env staging auth=v2 web=v2 --dry-run --json").await;
        serde_json::from_str::<Value>(&answer.is(0, "waves").out).unwrap()
    };
    let first = plan().await;
    let seconds = |of: &Value| of["estimate_seconds"].as_i64().unwrap_or_else(|| panic!("not known: {of}"));
    let (auth, web) = (&first["waves"][0][0], &first["waves"][1][0]);
    assert!((8..=30).contains(&seconds(auth)) && (8..=30).contains(&seconds(web)), "its pods need 8 s: {first}");
    assert_eq!(seconds(&first), seconds(auth) + seconds(web), "wave after wave");

    let answer = shipdeck.run("deploy --env staging auth=slow-2 --yes").await;
    answer.is(0, "about ").is(0, "auth succeeded");
    let second = plan().await;
    assert!((8..=60).contains(&seconds(&second["waves"][0][0])), "as long as that rollout took: {second}");
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_that_was_deployed_again_goes_back_to_what_ran_directly_before_it() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("again-older").await;
    shop(&space, V1).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    for version in ["v2", "v3", "v2"] {
        shipdeck.run(&format!("deploy --env staging auth={version} --yes")).await.is(0, "auth succeeded");
    }
    // The ReplicaSet of v2 is older than that of v3: the cluster alone would lead back to v1.
    shipdeck.run("rollback --env staging auth --no-hold --yes").await.is(0, "auth succeeded");
    assert_eq!(images(&space).await[0], "shop/auth:v3");
    // What was fled from is not gone back to.
    shipdeck.run("rollback --env staging auth --dry-run").await.is(0, "v3 → v1");
}
