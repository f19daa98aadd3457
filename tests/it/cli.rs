//! The commands for pipelines on the real control plane: what they do, what they print, and how they end.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use serde_json::{Value, json};

use crate::harness::shop::{config, shop};
use crate::harness::{ControlPlane, Headless, Home, Namespace, eventually, workloads};

const SOON: Duration = Duration::from_secs(30);

async fn image(space: &Namespace<'_>, name: &str) -> String {
    let found: Deployment = space.get(name).await.unwrap();
    found.spec.unwrap().template.spec.unwrap().containers[0].image.clone().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_hour_without_a_screen_from_init_to_the_way_back() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (staging, live) = (plane.namespace("hour-staging").await, plane.namespace("hour-prod").await);
    shop(&staging).await;
    shop(&live).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), "");
    std::fs::remove_file(&shipdeck.config).unwrap();

    shipdeck.run("init").await.is(0, "wrote ");
    let written = std::fs::read_to_string(&shipdeck.config).unwrap();
    let (staging_at, live_at) = (written.find(&staging.name).unwrap(), written.find(&live.name).unwrap());
    assert!(staging_at < live_at, "staging comes before production:\n{written}");
    shipdeck.run("init").await.is(3, "--force");
    shipdeck.run("check").await.is(0, "no problems");

    std::fs::write(&shipdeck.config, config(&staging.name)).unwrap();
    shipdeck.run("init --force").await.is(0, "the old one is ");
    std::fs::write(&shipdeck.config, config(&staging.name)).unwrap();
    shipdeck.run("check --live").await.is(0, "no problems");
    shipdeck.run("status").await.is(0, "v1 ok");
    let answer = shipdeck.run("deploy --env staging auth=v2 cart=v2 --yes").await;
    assert!(answer.is(0, "cart succeeded").out.ends_with(" to staging: 2 of 2 done\n"), "the result: {answer:#?}");
    shipdeck.run("deploy --env staging auth=v2 --yes").await.is(0, "runs v2 already");
    let answer = shipdeck.run("rollback --env staging --json").await;
    answer.is(0, "nothing is failing");
    assert!(answer.out.contains("\"waves\": []"), "a pipeline gets a shape also then: {}", answer.out);
    shipdeck.run("rollback --env staging auth cart --dry-run").await.is(0, "v2 → v1");
    assert_eq!(image(&staging, "auth").await, "shop/auth:v2", "a dry run changes nothing");

    // Kubernetes tells revisions apart by whole seconds.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    shipdeck.run("deploy --env staging auth=missing cart=v3 --yes").await.is(1, "image not found: shop/auth:missing");
    assert_eq!(image(&staging, "cart").await, "shop/cart:v2", "the later wave has not begun");
    shipdeck.run("rollback --env staging --yes").await.is(0, "auth succeeded");
    assert_eq!(image(&staging, "auth").await, "shop/auth:v2", "only what fails goes back, to exactly what ran");
    let answer = shipdeck.run("rollback --env staging auth --yes --json").await;
    let shape: Value = serde_json::from_str(&answer.out).unwrap_or_else(|_| panic!("{answer:#?}"));
    assert_eq!((&shape["outcome"], &shape["plan"]["purpose"]), (&json!("succeeded"), &json!("rollback")));
    for space in [staging, live] {
        space.delete().await;
    }
}

/// The kubeconfig has two clusters, of which one is away; the workloads say what they are part of.
#[tokio::test(flavor = "multi_thread")]
async fn init_looks_in_every_context_that_answers_and_suggests_groups() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("init-staging").await;
    for name in ["auth", "cart", "tool"] {
        let mut object = workloads::deployment(name, &format!("shop/{name}:v1"), 1);
        if name != "tool" {
            object["metadata"]["labels"]["app.kubernetes.io/part-of"] = "the-shop".into();
        }
        space.create::<Deployment>(object).await;
    }
    let mut file: Value =
        serde_json::to_value(kube::config::Kubeconfig::read_from(plane.kubeconfig_path()).unwrap()).unwrap();
    let current = file["current-context"].as_str().unwrap().to_owned();
    let mut away = file["clusters"][0].clone();
    away["name"] = "away".into();
    away["cluster"]["server"] = "https://127.0.0.1:1".into();
    file["clusters"].as_array_mut().unwrap().push(away);
    for (name, cluster) in [("away", "away"), ("twin", file["clusters"][0]["name"].clone().as_str().unwrap())] {
        let mut context = file["contexts"][0].clone();
        (context["name"], context["context"]["cluster"]) = (name.into(), cluster.into());
        file["contexts"].as_array_mut().unwrap().push(context);
    }
    let kubeconfig = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(kubeconfig.path(), file.to_string()).unwrap();
    let shipdeck = Headless::new(kubeconfig.path(), "");
    shipdeck.run("init --force").await.is(0, "left out away: ").is(0, "wrote ");
    let written = std::fs::read_to_string(&shipdeck.config).unwrap();
    assert_eq!(
        written.matches(&format!("namespace = \"{}\"", space.name)).count(),
        1,
        "one cluster, seen twice:\n{written}"
    );
    assert!(written.contains(&format!("context = \"{current}\"")), "the current context comes first:\n{written}");
    let group = written.split("name = \"the-shop\"\n").nth(1).unwrap_or_else(|| panic!("no group:\n{written}"));
    assert!(group.starts_with("services = [\"auth\", \"cart\"]"), "{written}");
    shipdeck.run("check").await.is(0, "no problems");
    shipdeck.run("init --force --context away").await.is(4, "cannot look around in away");
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_of_a_paused_workload_ends_and_says_how_to_go_on_and_the_next_one_follows_what_is_set() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("cli-paused").await;
    shop(&space).await;
    space.patch::<Deployment>("auth", json!({ "spec": { "paused": true } })).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let answer = shipdeck.run("deploy --env staging auth=v2 cart=v2 --yes --json").await;
    answer.is(3, "auth is paused in the cluster").is(3, "kubectl rollout resume deployment/auth");
    answer.is(3, "auth is written, and waits").is(3, "cart was not begun").is(3, "\"outcome\": \"blocked\"");
    assert_eq!(image(&space, "cart").await, "shop/cart:v1");
    shipdeck.run("deploy --env staging auth=v2 --yes").await.is(3, "is set to v2 already and is not up");
    space.patch::<Deployment>("auth", json!({ "spec": { "paused": false } })).await;
    let answer = shipdeck.run("deploy --env staging auth=v2 cart=v2 --yes").await;
    // It is followed to its end, unless it has come there before the plan was made.
    let done = ["auth succeeded", "skipped  auth  runs v2 already"].iter().any(|words| answer.err.contains(words));
    assert!(done, "{answer:?}");
    answer.is(0, "cart succeeded");

    shipdeck.run("deploy --env staging auth=crash --yes").await.is(1, "auth failed");
    shipdeck.run("deploy --env staging auth=crash --yes").await.is(1, "auth failed");
    let auth: Deployment = space.get("auth").await.unwrap();
    assert_eq!(auth.metadata.generation, Some(5), "what is set already is not set again");
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leftovers_are_listed_and_only_with_yes_deleted_each_saved_first() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("leftovers").await;
    shop(&space).await;
    for name in ["migrate", "import"] {
        space.create::<Job>(workloads::job(name, "shop/tool:fail")).await;
    }
    eventually("both have failed", SOON, async || {
        for name in ["migrate", "import"] {
            let conditions = space.get::<Job>(name).await?.status?.conditions?;
            conditions.iter().find(|condition| condition.type_ == "Failed")?;
        }
        Some(())
    })
    .await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    shipdeck.run("cleanup --env staging").await.is(0, "2 younger than 10m left alone");
    tokio::time::sleep(Duration::from_secs(1)).await;
    shipdeck.run("cleanup --env staging --older-than 1s").await.is(0, "--cascade=background");
    assert!(space.get::<Job>("migrate").await.is_some(), "a list deletes nothing");
    shipdeck.run("cleanup --env staging --older-than soon").await.is(2, "no duration");
    let answer = shipdeck.run("cleanup --env staging --older-than 1s --yes --json").await;
    answer.is(0, "deleted, saved as");
    let shape: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(shape["leftovers"].as_array().unwrap().len(), 2);
    let saved = shape["leftovers"][0]["result"].as_str().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert!(std::fs::read_to_string(saved).unwrap().contains("\"kind\": \"Job\""));
    eventually("both are gone, pods too", SOON, async || {
        let gone = space.get::<Job>("migrate").await.is_none() && space.pods("migrate").await.is_empty();
        gone.then_some(())
    })
    .await;
    assert_eq!(image(&space, "auth").await, "shop/auth:v1");
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_has_its_exit_code_and_says_what_to_do() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("refusals").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    shipdeck.run("deploy --env stagin auth=v2 --yes").await.is(2, "stagin");
    shipdeck.run("rollback --env staging auht").await.is(2, "Did you mean auth?");
    shipdeck.run("cleanup --env nowhere").await.is(2, "nowhere");
    shipdeck.run("deploy --env staging auth=v2 --read-only --yes").await.is(3, "read-only");
    shipdeck.run("deploy --env staging auth=v2").await.is(2, "--yes");
    assert_eq!(image(&space, "auth").await, "shop/auth:v1");

    let viewer = Headless::new(&plane.kubeconfig_for("viewer"), &config(&space.name));
    viewer.run("deploy --env staging auth=v2 --yes").await.is(3, "no right to patch deployments");
    let strict = config(&space.name).replace("namespace =", "context = \"elsewhere\"\nnamespace =");
    Headless::new(&plane.kubeconfig_path(), &strict).run("check").await.is(2, "no context elsewhere");
    // What is wrong with one cluster hides nothing of what is wrong in another.
    let two = "[[environment]]\nname = \"lab\"\nnamespace = \"no-such-lab\"\n".to_owned() + &strict;
    let answer = Headless::new(&plane.kubeconfig_path(), &two).run("check --live").await;
    answer.is(2, "no context elsewhere").is(2, "the namespace no-such-lab");
    let empty = config("no-such-namespace");
    let answer = Headless::new(&plane.kubeconfig_path(), &empty).run("check --live").await;
    answer.is(2, "shipdeck.toml:3:13: environment staging: the namespace no-such-namespace");
    let bare = Headless::new(&plane.kubeconfig_path(), &empty);
    for line in ["status", "status --json", "cleanup --env staging", "cleanup --env staging --json"] {
        bare.run(line).await.is(2, "staging: the namespace no-such-namespace of ").is(2, "has no workloads");
    }
    let strange = Headless::new(&plane.kubeconfig_path(), &strict);
    strange.run("status").await.is(2, "no context elsewhere");
    shipdeck.run("deploy --env staging nope=v3 atuh=v3 --yes").await.is(2, "nope").is(2, "Did you mean auth?");
    shipdeck.run("plan --help").await.is(0, "SERVICE=VERSION").is(0, "--hotfix");
    let help = shipdeck.run("plan --help").await.out;
    assert!(!help.contains("--yes") && !help.contains("--soak"), "a plan changes nothing: {help}");
    shipdeck.run("promote --help").await.is(0, "none means all that differ");
    let missing = config(&space.name).replace("image = \"shop/cart\"", "workload = \"statefulset/cart\"");
    let answer = Headless::new(&plane.kubeconfig_path(), &missing).run("check --live").await;
    answer.is(2, "shipdeck.toml:9:12: service cart: statefulset/cart is in no environment");
    let down = std::fs::read_to_string(plane.kubeconfig_path()).unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let port = down.split("127.0.0.1:").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect::<String>();
    let nowhere = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(nowhere.path(), down.replace(&port, &nobody.to_string())).unwrap();
    let lost = Headless::new(nowhere.path(), &config(&space.name));
    lost.run("deploy --env staging auth=v2 --yes").await.is(4, "staging");
    lost.run("init --force").await.is(4, "cannot look around");
    lost.run("init --force --context elsewhere").await.is(2, "the kubeconfig has no context elsewhere");
    lost.run("plan --env staging auth=v2 --context elsewhere").await.is(2, "no context elsewhere").is(2, "known are: ");
    for line in ["status", "runs", "history", "locks"] {
        let answer = lost.run(&format!("{line} --context elsewhere")).await;
        answer.is(2, "the kubeconfig has no context elsewhere");
    }
    // The same where only the file names it.
    let text = config(&space.name).replace("namespace =", "context = \"elsewhere\"\nnamespace =");
    let strange = Headless::new(&plane.kubeconfig_path(), &text);
    for line in ["status", "runs", "history", "locks", "resume 01k5abcd", "unlock a1"] {
        strange.run(line).await.is(2, "the kubeconfig has no context elsewhere");
    }
    lost.run("check --context elsewhere").await.is(2, "the kubeconfig has no context elsewhere").is(2, "known are:");
    lost.run("status --context a --context b").await.is(2, "--context is given twice");
    lost.run("status").await.is(4, "could not be read");
    let stranger = space.user("stranger", json!([])).await;
    let stranger = Headless::new(&stranger, &config(&space.name));
    stranger.run("status").await.is(3, "may not be read");
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_printed_once_or_followed_and_a_failed_deploy_shows_the_last_words() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("cli-logs").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    shipdeck.run("logs --env staging auth").await.is(0, "listening on");
    // Also where nothing is configured: then a namespace is an environment.
    let bare = Headless::new(&plane.kubeconfig_path(), "");
    bare.run(&format!("logs --env {} auth", space.name)).await.is(0, "listening on");
    let status = bare.run(&format!("status --env {}", space.name)).await;
    let names: Vec<&str> = status.is(0, "v1 ok").out.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["SERVICE", "auth", "cart"], "{status:#?}");
    bare.run("status --env nowhere").await.is(2, "nowhere");
    bare.run("deploy --env nowhere auth=v2 --yes").await.is(2, "there is no configuration here");
    let answer = shipdeck.run("logs --env staging auth --tail 1 --json").await;
    let line: Value = serde_json::from_str(answer.out.trim()).unwrap_or_else(|_| panic!("{answer:#?}"));
    assert!(line["pod"].as_str().unwrap().starts_with("auth-") && line["container"] == "auth", "{line}");
    shipdeck.run("logs --env staging auth --container proxy").await.is(2, "known are: auth");
    shipdeck.run("logs --env staging auht").await.is(2, "Did you mean auth?");
    shipdeck.run("logs --env staging auth --previous").await.is(0, "no container of auth was restarted");
    nothing_to_print_is_said_at_once(&space, &shipdeck).await;
    a_reader_that_goes_away_ends_it(&shipdeck).await;

    let mut following = shipdeck.command("logs --env staging auth --follow --tail 1");
    let child = following.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    shipdeck.run("deploy --env staging auth=v2 --yes").await.is(0, "auth succeeded");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let id = i32::try_from(child.id()).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), rustix::process::Signal::INT).unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(err.contains("joined · v1") && err.contains("joined · v2"), "new pods join: {err}");
    assert!(out.lines().count() >= 2, "{out}");

    shipdeck.run("deploy --env staging auth=crash --yes").await.is(1, "last lines of auth-");
    space.delete().await;
}

async fn nothing_to_print_is_said_at_once(space: &Namespace<'_>, shipdeck: &Headless) {
    let pod = space.pods("cart").await[0].metadata.name.clone().unwrap();
    let _log = space.log_of(&pod).await;
    let started = std::time::Instant::now();
    eventually("its log is empty", SOON, async || {
        let answer = shipdeck.run("logs --env staging cart").await;
        (answer.code == 0 && answer.out.is_empty() && answer.err.contains("cart has logged nothing")).then_some(())
    })
    .await;
    assert!(started.elapsed() < Duration::from_secs(20));
    shipdeck.run("deploy --env staging cart=missing --yes").await.is(1, "image not found");
    space
        .patch::<Deployment>("cart", json!({ "spec": { "strategy": { "type": "Recreate", "rollingUpdate": null } } }))
        .await;
    eventually("the old pod is gone", SOON, async || (space.pods("cart").await.len() == 1).then_some(())).await;
    let started = std::time::Instant::now();
    let answer = shipdeck.run("logs --env staging cart").await;
    answer.is(0, "no container of cart has started in staging yet: image not found: shop/cart:missing");
    space.patch::<Deployment>("cart", json!({ "spec": { "replicas": 0 } })).await;
    eventually("no pod is left", SOON, async || space.pods("cart").await.is_empty().then_some(())).await;
    shipdeck.run("logs --env staging cart").await.is(0, "cart has no pods in staging");
    assert!(started.elapsed() < Duration::from_secs(15));
}

/// As in `shipdeck logs --follow | head -n 1`.
async fn a_reader_that_goes_away_ends_it(shipdeck: &Headless) {
    let mut command = shipdeck.command("logs --env staging auth --follow");
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    let status = eventually("it ends by itself", SOON, async || child.try_wait().unwrap()).await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_deploy_says_what_goes_on_without_it() {
    use rustix::process::Signal;
    let Some(plane) = ControlPlane::shared() else { return };
    // By a person, and by a pipeline that is cancelled.
    for signal in [Signal::INT, Signal::TERM] {
        interrupted(&plane.namespace("interrupt").await, &plane.kubeconfig_path(), signal).await;
    }
}

async fn interrupted(space: &Namespace<'_>, kubeconfig: &std::path::Path, signal: rustix::process::Signal) {
    use rustix::process::{Pid, kill_process};
    shop(space).await;
    let shipdeck = Headless::new(kubeconfig, &config(&space.name));
    let mut command = shipdeck.command("deploy --env staging auth=unready cart=v2 --yes");
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    eventually("auth was written", SOON, async || (image(space, "auth").await == "shop/auth:unready").then_some(()))
        .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.contains("auth goes on in the cluster") && told.contains("cart was not begun"), "{told}");
    assert_eq!(image(space, "cart").await, "shop/cart:v1");
    // Its name is told when it begins, and at the end what can be done with it.
    let begun = told.lines().find_map(|line| line.strip_prefix("run ")).unwrap_or_else(|| panic!("{told}"));
    let run = begun.split(':').next().unwrap();
    assert!(told.contains(&format!("shipdeck resume {run} ")), "{told}");
    assert!(told.contains(&format!("shipdeck abort {run} --rollback  takes back")), "{told}");
    shipdeck.run("history").await.is(0, "not over");
    shipdeck.run(&format!("abort {run} --rollback --yes")).await.is(0, "auth succeeded").is(0, "left behind");
    assert_eq!(image(space, "auth").await, "shop/auth:v1");
}

#[test]
fn what_the_program_prints_of_itself_is_whole() {
    let home = Home::new();
    let print = |arguments: &[&str]| {
        let output = home.shipdeck().args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(print(&["print", "config"]), include_str!("../../config.example.toml"));
    assert!(print(&["print", "json"]).contains("leftovers"));
    assert!(print(&["man"]).contains(".TH shipdeck"));
    for page in [["completions", "bash"].as_slice(), &["man"], &["print", "json"], &["check"]] {
        let mut command = home.shipdeck();
        command.args(page);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.stdout(writer).stderr(std::process::Stdio::piped()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{page:?} to a reader that went away: {output:?}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(print(&["completions", shell]).contains("rollback"), "{shell}");
    }
}
