//! A run on top of a run: who waits for a service stands in a line that everybody sees, on the real API server.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::ListParams;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::harness::terminal::Terminal;
use crate::harness::{Answer as Ended, ControlPlane, Headless, Namespace, eventually, workloads};

const SOON: Duration = Duration::from_mins(1);

async fn shop<'a>(plane: &'a ControlPlane, prefix: &str) -> (Namespace<'a>, Headless) {
    let space = plane.namespace(prefix).await;
    space.create::<Deployment>(workloads::deployment("auth", "shop/auth:v1", 1)).await;
    let headless = Headless::new(&plane.kubeconfig_path(), &config(&space));
    (space, headless)
}

fn config(space: &Namespace<'_>) -> String {
    format!(
        "[[environment]]\nname = \"staging\"\nnamespace = \"{}\"\n[[service]]\nname = \"auth\"\nimage = \"shop/auth\"\n",
        space.name
    )
}

/// Somebody's command, which is left running.
fn begin(headless: &Headless, user: &str, line: &str) -> Child {
    let mut command = headless.command(line);
    command.env("USER", user).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn waits(headless: &Headless, user: &str, tag: &str) -> Child {
    begin(headless, user, &format!("deploy --env staging auth={tag} --yes --wait-for-lock"))
}

async fn finish(child: Child) -> Ended {
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

async fn image(space: &Namespace<'_>) -> String {
    let found = space.get::<Deployment>("auth").await.unwrap();
    found.spec.unwrap().template.spec.unwrap().containers[0].image.clone().unwrap()
}

async fn is_written(space: &Namespace<'_>, tag: &str) {
    let wanted = format!("shop/auth:{tag}");
    eventually(&format!("auth is {tag}"), SOON, async || (image(space).await == wanted).then_some(())).await;
}

/// Who stands in line, in no order, as anybody reads it with kubectl.
async fn line(space: &Namespace<'_>) -> Vec<String> {
    let tickets = ListParams::default().labels("shipdeck.dev/kind=ticket");
    let found = space.api::<Lease>().list(&tickets).await.unwrap().items;
    let holder = |it: Lease| it.spec.and_then(|spec| spec.holder_identity).unwrap_or_default();
    found.into_iter().map(|it| holder(it).split('@').next().unwrap_or_default().to_owned()).collect()
}

async fn joins(space: &Namespace<'_>, user: &str) {
    eventually(&format!("{user} stands in line"), SOON, async || {
        line(space).await.iter().any(|it| it == user).then_some(())
    })
    .await;
    // An API server tells times apart by whole seconds.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
}

async fn nobody_waits(space: &Namespace<'_>) {
    eventually("no ticket is left", SOON, async || line(space).await.is_empty().then_some(())).await;
}

fn cockpit(headless: &Headless, user: &str) -> Terminal {
    let (config, kubeconfig) = (headless.config.display().to_string(), headless.kubeconfig.display().to_string());
    let environment = [("KUBECONFIG", kubeconfig.as_str()), ("USER", user)];
    Terminal::open(&["--config", &config], &environment, (140, 36))
}

/// Makes the plan that deploys auth.
fn plan(cockpit: &mut Terminal, tag: &str) {
    cockpit.press("d");
    cockpit.press(tag);
    cockpit.press("\r");
    cockpit.shows(&["wave 1   auth", &format!("→ {tag}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_who_wait_are_served_in_the_order_in_which_they_came_and_told_their_place() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "queue").await;
    let ana = begin(&headless, "ana", "deploy --env staging auth=slow --yes");
    is_written(&space, "slow").await;
    let mut waiting = Vec::new();
    for (user, tag) in [("zoe", "slow-3"), ("ben", "slow-4"), ("eve", "slow-5")] {
        waiting.push((user, tag, waits(&headless, user, tag)));
        joins(&space, user).await;
    }
    let why = headless.run("why --env staging auth").await;
    why.is(0, "zoe@").is(0, "deploys auth slow-3").is(0, "--wait-for-lock");
    let json = headless.run("why --env staging auth --json").await;
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let people = json["line"].as_array().unwrap().iter().map(|it| it["by"].as_str().unwrap()[..3].to_owned());
    assert_eq!(people.collect::<Vec<_>>(), ["zoe", "ben", "eve"]);
    let runs = headless.run("runs").await;
    runs.is(0, "in line for auth in staging").is(0, "2nd").is(0, "ben@").is(0, "deploys auth slow-4");
    let json = headless.run("runs --json").await;
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let people = json["waiting"].as_array().unwrap().iter();
    let people = people.map(|it| (it["position"].as_u64().unwrap(), it["by"].as_str().unwrap()[..3].to_owned()));
    assert_eq!(
        people.collect::<Vec<_>>(),
        [(1, "zoe".to_owned()), (2, "ben".to_owned()), (3, "eve".to_owned())],
        "{json}"
    );
    finish(ana).await.is(0, "1 of 1 done");
    let mut told = Vec::new();
    for (user, tag, child) in waiting {
        let answer = finish(child).await;
        answer.is(0, "1 of 1 done");
        told.push((user, tag, answer.err));
    }
    let says = |at: usize, words: &str| assert!(told[at].2.contains(words), "{words} in {}", told[at].2);
    says(0, "1st in line for auth: ana@");
    says(1, "2nd in line for auth: ana@");
    says(2, "3rd in line for auth: ana@");
    // Each next one hears of the one before that it deploys.
    says(1, "1st in line for auth: zoe@");
    says(2, "1st in line for auth: ben@");
    assert_eq!(image(&space).await, "shop/auth:slow-5", "whoever came last is served last");
    nobody_waits(&space).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_killed_in_the_line_is_passed_over_and_cleared_away() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "queuekill").await;
    let ana = begin(&headless, "ana", "deploy --env staging auth=unready --yes");
    is_written(&space, "unready").await;
    let mut zoe = waits(&headless, "zoe", "v3");
    joins(&space, "zoe").await;
    let ben = waits(&headless, "ben", "v4");
    joins(&space, "ben").await;
    zoe.kill().unwrap();
    zoe.wait().unwrap();
    kill_process(Pid::from_child(&ana), Signal::INT).unwrap();
    let began = Instant::now();
    finish(ana).await;
    finish(ben).await.is(0, "2nd in line for auth");
    assert!(began.elapsed() > Duration::from_secs(7), "whoever is first may be about to take it");
    assert_eq!(image(&space).await, "shop/auth:v4");
    // Whoever waits next and sees that she is gone removes what she has left.
    let dan = begin(&headless, "dan", "deploy --env staging auth=unready --yes");
    is_written(&space, "unready").await;
    let eve = waits(&headless, "eve", "v5");
    eventually("her ticket is cleared away", SOON, async || (line(&space).await == ["eve"]).then_some(())).await;
    kill_process(Pid::from_child(&dan), Signal::INT).unwrap();
    finish(dan).await;
    finish(eve).await.is(0, "1 of 1 done");
    nobody_waits(&space).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cockpit_joins_the_line_by_a_key_and_deploys_when_its_turn_comes() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "queuekey").await;
    let mut ben = cockpit(&headless, "ben");
    ben.shows(&["live", "1 of 1 ready"]);
    let ana = begin(&headless, "ana", "deploy --env staging auth=unready --yes");
    is_written(&space, "unready").await;
    ben.shows(&["auth by ana@"]);
    plan(&mut ben, "v4");
    ben.shows(&["wait in line"]);
    ben.press("w");
    ben.shows(&["1st in line for auth: ana@", "deploys auth unready", "then you"]);
    joins(&space, "ben").await;
    // Another cockpit sees who waits, is told who is next, and may join.
    let mut eve = cockpit(&headless, "eve");
    eve.shows(&["live"]);
    plan(&mut eve, "v5");
    eve.shows(&["ben@", "deploys auth v4"]);
    eve.press("w");
    eve.shows(&["2nd in line for auth", "then ben@", "then you"]);
    joins(&space, "eve").await;
    // Giving up gives the place up.
    eve.press("X");
    eve.shows(&["Its place in line for auth is given up"]);
    eve.press("\r");
    eventually("eve has left", SOON, async || (line(&space).await == ["ben"]).then_some(())).await;
    kill_process(Pid::from_child(&ana), Signal::INT).unwrap();
    finish(ana).await;
    ben.shows(&["1 of 1 deployed"]);
    assert_eq!(image(&space).await, "shop/auth:v4");
    nobody_waits(&space).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roll_back_of_a_failed_deploy_goes_before_all_who_wait() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "queueback").await;
    let mut ana = cockpit(&headless, "ana");
    ana.shows(&["live", "1 of 1 ready"]);
    plan(&mut ana, "crash");
    ana.press("\r");
    is_written(&space, "crash").await;
    let ben = waits(&headless, "ben", "v4");
    joins(&space, "ben").await;
    ana.shows(&["failed"]);
    ana.press("r");
    ana.shows(&["Roll back auth in staging", "→ v1", "1 waits for it: ben@"]);
    ana.press("\r");
    ana.shows(&["1 of 1"]);
    finish(ben).await.is(0, "1st in line for auth: ana@").is(0, "1 of 1 done");
    assert_eq!(image(&space).await, "shop/auth:v4");
    let found = space.get::<Deployment>("auth").await.unwrap();
    assert_eq!(found.metadata.generation, Some(4), "what failed, the way back, and what waited, in this order");
    nobody_waits(&space).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_stand_in_line_one_waits_as_ever_and_is_told_so_once() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "queueright").await;
    // The lease of the service is there already, and new ones may not be made.
    headless.run("deploy --env staging auth=v2 --yes").await.is(0, "1 of 1 done");
    let rules = json!([
        { "apiGroups": ["apps", "batch", ""], "resources": ["*"], "verbs": ["get", "list", "watch"] },
        { "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"] },
        { "apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"] },
        { "apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "list", "watch", "update"] },
    ]);
    let ben = Headless::new(&space.user("ben", rules).await, &config(&space));
    let ana = begin(&headless, "ana", "deploy --env staging auth=slow --yes");
    is_written(&space, "slow").await;
    let answer = ben.run("deploy --env staging auth=v3 --yes --wait-for-lock").await;
    answer.is(0, "others cannot see that you wait").is(0, "no right to create leases");
    assert_eq!(answer.err.matches("others cannot see").count(), 1, "{}", answer.err);
    finish(ana).await.is(0, "1 of 1 done");
    assert_eq!(image(&space).await, "shop/auth:v3");
}
