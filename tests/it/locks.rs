//! Two people never deploy one service at once: real processes that are stopped and killed, on the real API server.

use std::process::{Child, Stdio};
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::ListParams;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::harness::terminal::Terminal;
use crate::harness::{Answer as Ended, ControlPlane, Headless, Namespace, eventually, workloads};

const SOON: Duration = Duration::from_secs(30);

/// auth, cart which needs it, and ledger, in one environment.
async fn shop<'a>(plane: &'a ControlPlane, prefix: &str) -> (Namespace<'a>, Headless) {
    let space = plane.namespace(prefix).await;
    for name in ["auth", "cart", "ledger"] {
        space.create::<Deployment>(workloads::deployment(name, &format!("shop/{name}:v1"), 1)).await;
    }
    let headless = Headless::new(&plane.kubeconfig_path(), &config(&space));
    (space, headless)
}

fn config(space: &Namespace<'_>) -> String {
    format!(
        "[[environment]]\nname = \"staging\"\nnamespace = \"{}\"\n\
         [[service]]\nname = \"auth\"\nimage = \"shop/auth\"\n\
         [[service]]\nname = \"cart\"\nimage = \"shop/cart\"\nneeds = [\"auth\"]\n\
         [[service]]\nname = \"ledger\"\nimage = \"shop/ledger\"\n",
        space.name
    )
}

/// Ana's deploy, which is left running.
fn begin(headless: &Headless, line: &str) -> Child {
    let mut command = headless.command(line);
    command.env("USER", "ana").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

async fn finish(child: Child) -> Ended {
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

async fn image(space: &Namespace<'_>, name: &str) -> String {
    let found = space.get::<Deployment>(name).await.unwrap();
    found.spec.unwrap().template.spec.unwrap().containers[0].image.clone().unwrap()
}

async fn is_written(space: &Namespace<'_>, name: &str, wanted: &str) {
    eventually(&format!("{name} is {wanted}"), SOON, async || (image(space, name).await == wanted).then_some(())).await;
}

async fn holder(space: &Namespace<'_>, name: &str) -> String {
    let lease = space.get::<Lease>(&format!("shipdeck-{name}")).await.unwrap();
    lease.spec.unwrap().holder_identity.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_deploys_at_once_one_is_told_who_holds_it_and_one_that_waits_comes_next() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "twice").await;
    let ana = begin(&headless, "deploy --env staging auth=slow --yes");
    is_written(&space, "auth", "shop/auth:slow").await;
    let refused = headless.run("deploy --env staging auth=v3 --yes").await;
    refused.is(3, "auth in staging: ana@").is(3, "by its own clock").is(3, "--wait-for-lock");
    assert_eq!(image(&space, "auth").await, "shop/auth:slow");
    let json = headless.run("deploy --env staging auth=v3 --yes --json").await;
    json.is(3, "\"outcome\": \"refused\"");
    // Another service is nobody's business.
    headless.run("deploy --env staging ledger=v2 --yes").await.is(0, "");
    let waited = headless.run("deploy --env staging auth=v3 --yes --wait-for-lock").await;
    waited.is(0, "1st in line for auth: ana@").is(0, " deploys auth slow, begun ").is(0, ", then you");
    finish(ana).await.is(0, "auth");
    assert_eq!(image(&space, "auth").await, "shop/auth:v3");
    assert_eq!(holder(&space, "auth").await, "", "it was given back, and not deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_deploy_held_is_taken_over_after_a_whole_duration() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "killed").await;
    let mut ana = begin(&headless, "deploy --env staging auth=slow --yes");
    is_written(&space, "auth", "shop/auth:slow").await;
    ana.kill().unwrap();
    ana.wait().unwrap();
    let began = std::time::Instant::now();
    headless.run("deploy --env staging auth=v3 --yes").await.is(3, "auth in staging: ana@");
    headless.run("deploy --env staging auth=v3 --yes --wait-for-lock").await.is(0, "took over auth from ana@");
    assert!(began.elapsed() > Duration::from_secs(19), "not before she has been silent for 30 s");
    assert_eq!(image(&space, "auth").await, "shop/auth:v3");
    let lease = space.get::<Lease>("shipdeck-auth").await.unwrap();
    assert!(lease.metadata.annotations.unwrap()["shipdeck.dev/taken-over-from"].starts_with("ana@"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_killed_deploy_no_other_process_says_that_it_is_alive_or_deploying() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "dead").await;
    let mut ana = begin(&headless, "deploy --env staging auth=slow cart=v2 --yes");
    is_written(&space, "auth", "shop/auth:slow").await;
    ana.kill().unwrap();
    ana.wait().unwrap();
    let killed = std::time::Instant::now();
    let looks = async || {
        let [runs, why, json] = ["runs", "why --env staging auth", "runs --json"].map(|line| headless.run(line));
        let deploy = headless.run("deploy --env staging auth=v3 --yes");
        tokio::join!(runs, why, json, deploy)
    };
    let (runs, why, json, deploy) = looks().await;
    runs.is(0, "last renewed ").is(0, "s ago by its own clock");
    why.is(0, "it is held by ana@").is(0, "not seen alive yet, last renewed ");
    json.is(0, "\"life\": \"recent\"").is(0, "\"renewed\": ");
    deploy.is(3, "holds it, last renewed ");
    headless.run("why --env staging auth --json").await.is(0, "\"code\": \"holder-unsure\"");
    tokio::time::sleep(Duration::from_secs(31).saturating_sub(killed.elapsed())).await;
    let (runs, why, json, deploy) = looks().await;
    runs.is(0, "not renewed  ").is(0, "not known to be alive, last renewed ");
    why.is(0, "not seen alive yet, last renewed ");
    json.is(0, "\"life\": \"silent\"");
    deploy.is(3, "holds it, last renewed ");
    for answer in [runs, why, json, deploy] {
        let told = format!("{}{}", answer.out, answer.err);
        assert!(!["right now", "seen alive 0 s", "being deployed"].iter().any(|lie| told.contains(lie)), "{told}");
    }
    // Whoever ends it needs no lease: then nobody holds anything, and nothing is left to be told.
    let listed: serde_json::Value = serde_json::from_str(&headless.run("runs --json").await.out).unwrap();
    let run = listed["runs"][0]["run"].as_str().unwrap();
    headless.run(&format!("abort {run} --yes")).await.is(0, "");
    headless.run("runs --json").await.is(0, "\"life\": \"over\"");
    let why = headless.run("why --env staging auth").await;
    assert!(!why.is(0, "").out.contains("ana@"), "{why:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cockpit_asks_before_it_takes_over_from_somebody_who_is_silent() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "asks").await;
    let (config, kubeconfig) = (headless.config.display().to_string(), headless.kubeconfig.display().to_string());
    let environment = [("KUBECONFIG", kubeconfig.as_str()), ("USER", "bob")];
    let mut cockpit = Terminal::open(&["--config", &config], &environment, (140, 36));
    cockpit.shows(&["live", "3 of 3 ready"]);
    let mut ana = begin(&headless, "deploy --env staging auth=slow --yes");
    cockpit.shows(&["auth by ana@"]);
    is_written(&space, "auth", "shop/auth:slow").await;
    ana.kill().unwrap();
    ana.wait().unwrap();
    cockpit.shows(&["auth → staging left behind by ana@", "! auth left behind"]);
    cockpit.press("d");
    cockpit.press("v3");
    cockpit.press("\r");
    cockpit.shows(&["wave 1"]);
    cockpit.press("\r");
    cockpit.shows(&["Take over from ana@", "not seen alive for"]);
    assert_eq!(image(&space, "auth").await, "shop/auth:slow");
    cockpit.press("\r");
    // At once: what was seen while looking counts.
    is_written(&space, "auth", "shop/auth:v3").await;
    cockpit.shows(&["1 of 1 deployed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_that_was_stopped_past_its_lease_writes_nothing_more_and_says_by_whom_it_was_superseded() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "stopped").await;
    let ana = begin(&headless, "deploy --env staging auth=slow cart=v2 --yes");
    is_written(&space, "auth", "shop/auth:slow").await;
    signal(&ana, Signal::STOP);
    eventually("what she had begun is rolled out by Kubernetes", SOON, async || {
        let status = space.get::<Deployment>("auth").await?.status?;
        let counts = [status.replicas, status.updated_replicas, status.ready_replicas];
        (status.observed_generation == Some(2) && counts == [Some(1); 3]).then_some(())
    })
    .await;
    let mut bob = headless.command("deploy --env staging cart=v9 --yes --wait-for-lock");
    let bob = bob.env("USER", "bob").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    finish(bob).await.is(0, "took over cart from ana@");
    signal(&ana, Signal::CONT);
    let ana = finish(ana).await;
    ana.is(3, "superseded by bob@");
    assert_eq!(image(&space, "cart").await, "shop/cart:v9", "no second deploy");
}

/// Ana deploys both to what never becomes ready, is stopped when that is written, and goes on when bob, who does this, has
/// taken over what is asked for.
async fn overtaken(
    space: &Namespace<'_>,
    headless: &Headless,
    line: impl AsyncFnOnce() -> String,
    taken: impl AsyncFn() -> Option<()>,
) -> Ended {
    let ana = begin(headless, "deploy --env staging auth=unready ledger=unready --yes");
    for name in ["auth", "ledger"] {
        is_written(space, name, &format!("shop/{name}:unready")).await;
    }
    eventually("that it was written is noted", SOON, async || {
        let run = document(space).await?["run"].clone();
        (run.matches("\"watching\"").count() == 2).then_some(())
    })
    .await;
    signal(&ana, Signal::STOP);
    let mut bob = headless.command(&line().await);
    let bob = bob.env("USER", "bob").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    eventually("it is taken over", Duration::from_mins(2), taken).await;
    signal(&ana, Signal::CONT);
    let told = tokio::time::timeout(Duration::from_mins(1), finish(ana))
        .await
        .expect("she waits for nothing that is not hers");
    signal(&bob, Signal::INT);
    finish(bob).await;
    told
}

/// What the cluster keeps of the one run that began here first.
async fn document(space: &Namespace<'_>) -> Option<std::collections::BTreeMap<String, String>> {
    let all = space.api::<ConfigMap>().list(&ListParams::default()).await.unwrap();
    let name = |it: &ConfigMap| it.metadata.name.clone().unwrap_or_default();
    let runs = all.items.into_iter().filter(|it| name(it).starts_with("shipdeck-run-"));
    runs.min_by_key(name)?.data
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_that_loses_a_service_ends_at_once_and_says_to_whom_and_how_to_go_on() {
    let Some(plane) = ControlPlane::shared() else { return };
    // In one only the lease is another's by then, in the other the service runs another version too.
    let cases = ["auth=unready", "auth=v9"].into_iter().enumerate().map(async |(number, change)| {
        let (space, headless) = shop(plane, &format!("overtaken-{number}")).await;
        let line = format!("deploy --env staging {change} --yes --wait-for-lock");
        let taken = async || {
            let lease = space.get::<Lease>("shipdeck-auth").await?;
            let from = lease.metadata.annotations?.remove("shipdeck.dev/taken-over-from")?;
            (from.starts_with("ana@") && image(&space, "auth").await.ends_with(&change[5..])).then_some(())
        };
        let told = overtaken(&space, &headless, async || line, taken).await;
        told.is(3, "auth in staging: superseded by bob@").is(3, "shipdeck runs shows who carries out what");
        told.is(3, "ledger goes on in the cluster, and nobody watches it");
        told.is(3, "shipdeck resume ").is(3, " --rollback  takes back what it changed");
        assert_eq!(holder(&space, "ledger").await, "", "what was still hers is given back");
    });
    futures::future::join_all(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_that_somebody_else_has_resumed_ends_at_once_and_says_that_they_go_on_with_it() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "resumed").await;
    let line = async || {
        let listed: serde_json::Value = serde_json::from_str(&headless.run("runs --json").await.out).unwrap();
        format!("resume {} --yes --wait-for-lock", listed["runs"][0]["run"].as_str().unwrap())
    };
    let told =
        overtaken(&space, &headless, line, async || document(&space).await?["owner"].starts_with("bob@").then_some(()))
            .await;
    told.is(3, "the run was taken over by bob@").is(3, "shipdeck runs shows how far it is");
    assert!(!told.err.contains("shipdeck resume "), "it is bob's now: {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_cockpits_that_press_enter_at_once_exactly_one_deploys_and_the_other_is_told_by_whom() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "race").await;
    let config = headless.config.display().to_string();
    let kubeconfig = headless.kubeconfig.display().to_string();
    let open = |user: &str| {
        let environment = [("KUBECONFIG", kubeconfig.as_str()), ("USER", user)];
        Terminal::open(&["--config", &config], &environment, (140, 36))
    };
    let mut cockpits = [open("ana"), open("bob")];
    for (cockpit, tag) in cockpits.iter_mut().zip(["slow-a", "slow-b"]) {
        cockpit.shows(&["live", "3 of 3 ready"]);
        // Which service is at the top before the first key depends on the order in which facts come in.
        cockpit.press("/auth\r");
        cockpit.press("d");
        cockpit.press(tag);
        cockpit.press("\r");
        cockpit.shows(&["wave 1   auth", &format!("→ {tag}")]);
    }
    for cockpit in &mut cockpits {
        cockpit.press_at_once("\r");
    }
    let words = ["holds it, last renewed", "is deploying it right now", "is being deployed by"];
    let told = |text: &str| words.iter().any(|word| text.contains(word));
    let end = std::time::Instant::now() + SOON;
    while !cockpits.iter().any(|it| told(&it.text())) {
        assert!(std::time::Instant::now() < end, "nobody is told:\n{}\n{}", cockpits[0].text(), cockpits[1].text());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let loser = usize::from(told(&cockpits[1].text()));
    let winner = 1 - loser;
    let (name, tag) = [("ana@", "slow-a"), ("bob@", "slow-b")][winner];
    assert!(cockpits[loser].text().contains(name), "{}", cockpits[loser].text());
    cockpits[winner].shows(&["1 of 1 deployed"]);
    assert_eq!(image(&space, "auth").await, format!("shop/auth:{tag}"));
    let found = space.get::<Deployment>("auth").await.unwrap();
    assert_eq!(found.metadata.generation, Some(2), "one write, and no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_deploys_what_is_shown_to_everybody_who_looks() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "shown").await;
    let (config, kubeconfig) = (headless.config.display().to_string(), headless.kubeconfig.display().to_string());
    let environment = [("KUBECONFIG", kubeconfig.as_str()), ("USER", "bob")];
    let cockpit = Terminal::open(&["--config", &config], &environment, (140, 36));
    cockpit.shows(&["live", "3 of 3 ready", "idle"]);
    // Whoever held it before the cockpit had read its leases is seen alive with the next renewal only.
    let ana = begin(&headless, "deploy --env staging auth=unready --yes");
    cockpit.shows(&["auth by ana@", "deploys to staging"]);
    // Its leases are held a moment before the run is written.
    let run = eventually("the run is kept", Duration::from_secs(30), async || {
        let listed: serde_json::Value = serde_json::from_str(&headless.run("runs --json").await.out).ok()?;
        listed["runs"][0]["run"].as_str().map(str::to_owned)
    })
    .await;
    headless.run(&format!("abort {run} --yes")).await.is(0, "");
    finish(ana).await.is(3, "the run was ended by");
    cockpit.becomes("idle again", |text| text.contains("idle") && !text.contains("ana@"));
    drop(space);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_leases_the_plan_says_so_and_everything_works_as_before() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, _) = shop(plane, "noleases").await;
    let rules = json!([
        { "apiGroups": ["apps", "batch", ""], "resources": ["*"], "verbs": ["get", "list", "watch"] },
        { "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"] },
    ]);
    let kubeconfig = space.user("deployer", rules).await;
    let headless = Headless::new(&kubeconfig, &config(&space));
    let plan = headless.run("plan --env staging auth=v2").await;
    plan.is(0, "no right to").is(0, "leases in namespace");
    let done = headless.run("deploy --env staging auth=v2 --yes").await;
    done.is(0, "goes on without a lease");
    assert_eq!(image(&space, "auth").await, "shop/auth:v2");
    headless.run("status").await.is(0, "v2");
}
