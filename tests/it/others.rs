//! Runs of others in the cockpit, on the real API server: what one cockpit leaves behind another one sees and goes on
//! with, what somebody else ends stops at once, and of several who want one run exactly one gets it.

use std::process::Command;
use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ListParams};
use serde_json::Value;

use crate::harness::shop::{config, shop};
use crate::harness::terminal::{DOWN, Terminal};
use crate::harness::{ControlPlane, Headless, Namespace, eventually};

const SOON: Duration = Duration::from_mins(1);

/// A cockpit of this person.
fn cockpit(shipdeck: &Headless, person: &str) -> Terminal {
    let (path, kubeconfig) = (shipdeck.config.display().to_string(), shipdeck.kubeconfig.display().to_string());
    let terminal = Terminal::open(&["--config", &path], &[("KUBECONFIG", &kubeconfig), ("USER", person)], (120, 36));
    terminal.shows(&["live", "auth", "cart", "v1"]);
    terminal
}

/// Ana's cockpit, in which auth and then cart are being deployed: auth is written.
async fn deploying(shipdeck: &Headless, space: &Namespace<'_>) -> Terminal {
    let mut ana = cockpit(shipdeck, "ana");
    for keys in ["g", "\r", "d", "slow", DOWN, "slow", "\r"] {
        ana.press(keys);
    }
    ana.shows(&["wave 1", "wave 2", "auth", "slow"]);
    ana.press("\r");
    eventually("auth is written", SOON, async || (stands(space, "auth").await.1 == 2).then_some(())).await;
    ana
}

async fn stands(space: &Namespace<'_>, name: &str) -> (String, i64) {
    let found = space.get::<Deployment>(name).await.unwrap();
    let image = found.spec.unwrap().template.spec.unwrap().containers[0].image.clone().unwrap();
    (image, found.metadata.generation.unwrap())
}

/// The one document of a run: its name and what it says.
async fn document(space: &Namespace<'_>) -> Option<(String, Value)> {
    let all = space.api::<ConfigMap>().list(&ListParams::default()).await.unwrap();
    let name = |it: &ConfigMap| it.metadata.name.clone().unwrap();
    let found = all.items.into_iter().find(|it| name(it).starts_with("shipdeck-run-"))?;
    let run = serde_json::from_str(&found.data.as_ref()?["run"]).unwrap();
    Some((name(&found), run))
}

/// What the command line calls it.
async fn run(space: &Namespace<'_>) -> String {
    let found = eventually("the run is kept", SOON, async || document(space).await).await;
    found.0.trim_start_matches("shipdeck-run-").to_owned()
}

async fn written_once(space: &Namespace<'_>) {
    for name in ["auth", "cart"] {
        assert_eq!(stands(space, name).await, (format!("shop/{name}:slow"), 2), "written once");
    }
}

fn kill(cockpit: &Terminal) {
    assert!(Command::new("kill").args(["-9", &cockpit.pid().to_string()]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_cockpit_leaves_behind_another_one_sees_and_brings_to_its_end() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("left-behind").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let mut bob = cockpit(&shipdeck, "bob");
    let ana = deploying(&shipdeck, &space).await;
    // Followed live, without a key.
    bob.shows(&["shop by ana@"]);
    kill(&ana);
    bob.shows(&["was left behind by ana@", "R opens it"]);
    bob.press("R");
    bob.shows(&["Run by ana@", "resume", "nothing more begins until somebody resumes it"]);
    assert_eq!(stands(&space, "cart").await, ("shop/cart:v1".to_owned(), 1), "nobody goes on by himself");
    bob.press("t");
    bob.shows(&["Resume the deploy of shop to staging", "ana@"]);
    bob.press("\r");
    bob.shows(&["What happens by itself", "Done."]);
    written_once(&space).await;
    let (_, kept) = document(&space).await.unwrap();
    assert_eq!((&kept["state"], &kept["by"]), (&"succeeded".into(), &"ana".into()));
    let taken_up = &kept["taken_up"][0];
    assert!(taken_up["by"].as_str().unwrap().starts_with("bob@"), "{kept}");
    assert!(taken_up["from"].as_str().unwrap().starts_with("ana@"), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_ends_stops_at_once_and_the_cockpit_says_by_whom() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("ended-by").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let ana = deploying(&shipdeck, &space).await;
    let mut abort = shipdeck.command(&format!("abort {} --yes", run(&space).await));
    abort.env("USER", "bob");
    let ended = tokio::task::spawn_blocking(move || abort.output()).await.unwrap().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    ana.shows(&["Ended by bob@", "left to Kubernetes"]);
    // Long enough for auth to become ready, after which cart would have begun.
    eventually("auth runs", SOON, async || {
        space.get::<Deployment>("auth").await?.status?.available_replicas.filter(|number| *number == 1)
    })
    .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(stands(&space, "cart").await, ("shop/cart:v1".to_owned(), 1));
    let (_, kept) = document(&space).await.unwrap();
    assert_eq!((&kept["state"], &kept["waves"][1][0]["state"]), (&"ended".into(), &"skipped".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_run_is_taken_over_and_its_owner_is_told_by_whom_and_writes_nothing_more() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("taken-over").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let mut bob = cockpit(&shipdeck, "bob");
    let ana = deploying(&shipdeck, &space).await;
    bob.shows(&["shop by ana@"]);
    bob.press("R");
    bob.shows(&["Run by ana@", "take over"]);
    bob.press("t");
    bob.shows(&["Take over the deploy of shop to staging from ana@"]);
    bob.press("\r");
    ana.shows(&["bob@", "took it over and goes on with it"]);
    bob.shows(&["What happens by itself", "Done."]);
    written_once(&space).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_deleted_or_spoilt_by_hand_is_written_again_and_the_run_goes_on() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("record-gone").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let ana = deploying(&shipdeck, &space).await;
    let name = format!("shipdeck-run-{}", run(&space).await);
    let documents = space.api::<ConfigMap>();
    let first = documents.get(&name).await.unwrap();
    documents.delete(&name, &DeleteParams::default()).await.unwrap();
    eventually("it is there again", SOON, async || {
        let found = documents.get_opt(&name).await.unwrap()?;
        (found.metadata.uid != first.metadata.uid).then_some(())
    })
    .await;
    let patch = ["patch", "configmap", &name, "--type=merge", "-p", r#"{"data":{"run":"{]"}}"#];
    crate::harness::commands::succeeds(space.kubectl(&patch));
    ana.shows(&["What happens by itself", "Done."]);
    written_once(&space).await;
    eventually("it says how it ended", SOON, async || {
        let found = documents.get(&name).await.unwrap();
        let run: Value = serde_json::from_str(&found.data?["run"]).ok()?;
        (run["state"] == "succeeded").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_resume_a_run_at_once_exactly_one_gets_it_and_the_other_is_told_by_whom() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("two-resumes").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let ana = deploying(&shipdeck, &space).await;
    kill(&ana);
    let name = run(&space).await;
    let resume = |person: &'static str| {
        let mut command = shipdeck.command(&format!("resume {name} --yes"));
        command.env("USER", person);
        async move { (person, tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()) }
    };
    let ended = join_all(["bob", "carol"].map(resume)).await;
    let (won, lost): (Vec<_>, Vec<_>) = ended.iter().partition(|(_, output)| output.status.success());
    let ([(winner, _)], [(_, loser)]) = (&won[..], &lost[..]) else { panic!("exactly one: {ended:#?}") };
    assert_eq!(loser.status.code(), Some(3), "{ended:#?}");
    let told = String::from_utf8_lossy(&loser.stderr);
    assert!(told.contains(&format!("{winner}@")), "{told}");
    written_once(&space).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_under_somebody_elses_hands_stays_one_when_it_is_taken_over_and_is_tried_again_only_when_asked() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("failed-over").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let mut bob = cockpit(&shipdeck, "bob");
    let mut ana = cockpit(&shipdeck, "ana");
    for keys in ["g", "\r", "d", "missing", DOWN, "v2", "\r"] {
        ana.press(keys);
    }
    ana.shows(&["wave 2", "auth", "missing"]);
    ana.press("\r");
    ana.shows(&["image not found", "Nothing more begins"]);
    bob.shows(&["shop by ana@", "halted", "1 failed"]);
    bob.press("R");
    bob.shows(&["Run by ana@", "image not found", "0 of 1 ready", "It waits for ana@"]);
    bob.press("t");
    bob.shows(&["you try again, go on without it, or roll back: auth", "once you have decided: cart"]);
    bob.press("\r");
    ana.shows(&["bob@", "took it over and goes on with it"]);
    bob.shows(&["taken up by bob@", "image not found", "Nothing more begins", "try again"]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    bob.shows(&["image not found", "Nothing more begins"]);
    ana.press("r");
    ana.shows(&["goes on with this run"]);

    // A pipeline tries again at once; what comes of it is recorded.
    kill(&bob);
    let mut resume = shipdeck.command(&format!("resume {} --yes", run(&space).await));
    resume.env("USER", "carol");
    let ended = tokio::task::spawn_blocking(move || resume.output()).await.unwrap().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let (_, kept) = document(&space).await.unwrap();
    let who = kept["taken_up"][1]["by"].as_str().unwrap();
    assert!(who.starts_with("carol@") && kept["waves"][0][0]["state"] == "failed", "{kept}");
    assert_eq!(stands(&space, "cart").await, ("shop/cart:v1".to_owned(), 1));
}
