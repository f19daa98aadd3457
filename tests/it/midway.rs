//! What others do to the cluster while a run is under way: whatever it is, it is told in words, later waves wait, nothing of
//! somebody else's is touched, and the program ends in its ordinary way.

use std::process::Stdio;
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace as Space, ResourceQuota};
use kube::Api;
use kube::api::DeleteParams;
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::shop::{config, shop};
use crate::harness::terminal::{DOWN, Terminal};
use crate::harness::{Answer, ControlPlane, Headless, Namespace, Refused, eventually, workloads};

const SOON: Duration = Duration::from_secs(40);

/// The image that it wants, and how often it was written, its creation included.
async fn stands(space: &Namespace<'_>, name: &str) -> (String, i64) {
    let found = space.get::<Deployment>(name).await.unwrap();
    let image = found.spec.unwrap().template.spec.unwrap().containers[0].image.clone().unwrap();
    (image, found.metadata.generation.unwrap())
}

async fn writes(space: &Namespace<'_>, name: &str, image: &str) {
    eventually(&format!("{image} was written"), SOON, async || (stands(space, name).await.0 == image).then_some(()))
        .await;
}

/// Deploys auth, which takes its time, and then cart; `meanwhile` happens when auth was written.
async fn deploy(space: &Namespace<'_>, shipdeck: &Headless, meanwhile: impl AsyncFnOnce()) -> Answer {
    let mut command = shipdeck.command("deploy --env staging auth=slow cart=v2 --yes");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writes(space, "auth", "shop/auth:slow").await;
    meanwhile().await;
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let answer =
        Answer { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) };
    assert!(!answer.err.contains("panicked"), "{answer:#?}");
    answer
}

async fn delete(space: &Namespace<'_>, name: &str) {
    space.api::<Deployment>().delete(name, &DeleteParams::default()).await.unwrap();
    eventually("it is gone", SOON, async || space.get::<Deployment>(name).await.is_none().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_that_is_deleted_and_made_anew_is_told_and_the_new_one_is_left_alone() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("made-anew").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let answer = deploy(&space, &shipdeck, async || {
        delete(&space, "auth").await;
        space.create::<Deployment>(workloads::deployment("auth", "shop/auth:v1", 1)).await;
    })
    .await;
    answer.is(1, "auth failed: ");
    let said = ["deleted while it rolled out", "deleted and created again", "being deleted"];
    assert!(said.iter().any(|words| answer.err.contains(words)), "{answer:#?}");
    assert!(!answer.err.contains("shipdeck rollback"), "there is nothing of ours to take back: {answer:#?}");
    assert_eq!(stands(&space, "auth").await, ("shop/auth:v1".to_owned(), 1), "another object is not ours to write");
    assert_eq!(stands(&space, "cart").await, ("shop/cart:v1".to_owned(), 1));
    // It is looked at afresh by the next command, which goes through.
    shipdeck.run("deploy --env staging auth=v2 cart=v2 --yes").await.is(0, "cart succeeded");
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_comes_in_between_fails_the_next_wave_by_its_name_and_the_way_on_is_open() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("quota-midway").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    // The new pod of auth is there already; that of cart is one too many.
    let answer = deploy(&space, &shipdeck, async || {
        eventually("its new pod", SOON, async || (space.pods("auth").await.len() == 2).then_some(())).await;
        space.at_most(2).await;
    })
    .await;
    answer.is(1, "auth succeeded").is(1, "cart failed: no quota for new pods").is(1, "exceeded quota: small");
    answer.is(1, "Free or raise the quota");
    space.api::<ResourceQuota>().delete("small", &DeleteParams::default()).await.unwrap();
    shipdeck.run("rollback --env staging cart --yes").await.is(0, "cart succeeded");
    assert_eq!(stands(&space, "cart").await.0, "shop/cart:v1");
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_refuses_the_write_is_quoted_and_nothing_was_changed_by_it() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("write-denied").await;
    shop(&space).await;
    space.deny(Refused::Deployments).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let answer = shipdeck.run("deploy --env staging auth=v2 cart=denied --yes --json").await;
    answer.is(3, "auth succeeded").is(3, "cart was refused").is(3, "images must be signed");
    answer.is(3, "\"outcome\": \"refused\"");
    assert_eq!(stands(&space, "cart").await, ("shop/cart:v1".to_owned(), 1));
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_refuses_the_pods_fails_the_run_in_its_words_and_the_way_back_is_open() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("pods-denied").await;
    shop(&space).await;
    space.deny(Refused::Pods).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let answer = shipdeck.run("deploy --env staging auth=denied cart=v2 --yes").await;
    answer.is(1, "auth failed: new pods are denied").is(1, "images must be signed");
    assert_eq!(stands(&space, "cart").await, ("shop/cart:v1".to_owned(), 1), "a later wave waits");
    shipdeck.run("rollback --env staging --yes").await.is(0, "auth succeeded");
    assert_eq!(stands(&space, "auth").await.0, "shop/auth:v1");
    space.delete().await;
}

async fn delete_namespace(space: &Namespace<'_>) {
    let spaces: Api<Space> = Api::all(space.client.clone());
    spaces.delete(&space.name, &DeleteParams::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_deleted_under_a_run_ends_it_in_words() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("gone-midway").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let answer = deploy(&space, &shipdeck, async || delete_namespace(&space).await).await;
    // Leases and workloads go in no order that is known.
    if answer.code == 3 {
        answer.is(3, "its lease was removed by somebody; nothing more was written");
    } else {
        answer.is(1, "auth failed: ").is(1, "deleted");
    }
    assert!(!answer.err.contains("cart writing"), "a later wave is not begun: {answer:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cockpit_goes_on_when_the_namespace_of_its_run_is_deleted_and_says_so() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("gone-cockpit").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let (path, kubeconfig) = (shipdeck.config.display().to_string(), plane.kubeconfig_path().display().to_string());
    let mut terminal = Terminal::open(&["--config", &path], &[("KUBECONFIG", &kubeconfig)], (120, 36));
    terminal.shows(&["live", "auth", "v1"]);
    for keys in ["g", "\r", "d", "slow", DOWN, "v2", "\r"] {
        terminal.press(keys);
    }
    terminal.shows(&["wave 1", "wave 2"]);
    terminal.press("\r");
    writes(&space, "auth", "shop/auth:slow").await;
    delete_namespace(&space).await;
    terminal.shows(&["1 failed", "deleted", "not begun"]);
    // The page of the run is left, and home says what is there: nothing.
    terminal.press("\x1b");
    terminal.shows(&["Services", "auth"]);
    kill_process(Pid::from_raw(terminal.pid().cast_signed()).unwrap(), Signal::TERM).unwrap();
    terminal.ends_with(143);
}
