//! The log pane on the real control plane, in the real binary: what pods write is seen, found, kept and saved.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;

use crate::harness::shop::{config, shop};
use crate::harness::terminal::Terminal;
use crate::harness::{ContainerLog, ControlPlane, Headless, Namespace, eventually, workloads};

const SOON: Duration = Duration::from_secs(30);
const ESC: &str = "\x1b";
const SAVE: &str = "\x13";

/// A Deployment whose pods run.
async fn deploy(space: &Namespace<'_>, name: &str, image: &str, replicas: u32) -> Vec<String> {
    space.create::<Deployment>(workloads::deployment(name, image, replicas)).await;
    eventually("its pods run", SOON, async || {
        let pods = space.pods(name).await;
        let runs = |pod: &&Pod| pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Running"));
        let names: Vec<String> = pods.iter().filter(runs).filter_map(|pod| pod.metadata.name.clone()).collect();
        (names.len() == replicas as usize).then_some(names)
    })
    .await
}

/// shipdeck on the log of the only service, which fills the screen.
fn open(plane: &ControlPlane, space: &Namespace<'_>, service: &str) -> Terminal {
    let config = format!(
        "[[environment]]\nname = \"staging\"\nnamespace = \"{}\"\n\
         [[service]]\nname = \"{service}\"\nimage = \"shop/{service}\"\n",
        space.name
    );
    let path = format!("{}/{}.toml", env!("CARGO_TARGET_TMPDIR"), space.name);
    std::fs::write(&path, config).unwrap();
    let kubeconfig = plane.kubeconfig_path().display().to_string();
    let mut terminal = Terminal::open(&["--config", &path], &[("KUBECONFIG", &kubeconfig)], (120, 36));
    terminal.shows(&["live", service]);
    terminal.press("4");
    terminal.press("+");
    terminal.shows(&["following"]);
    terminal
}

/// What was saved.
async fn saved(terminal: &Terminal) -> String {
    eventually("a log is saved", SOON, async || {
        let file = std::fs::read_dir(terminal.home().data())
            .ok()?
            .flatten()
            .find(|it| it.path().extension().is_some_and(|it| it == "log"))?;
        std::fs::read_to_string(file.path()).ok().filter(|text| !text.is_empty())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_pods_write_is_seen_in_order_filtered_held_copied_and_saved() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("logs").await;
    let pods = deploy(&space, "web", "shop/web:v1", 2).await;
    let mut logs: Vec<ContainerLog> = Vec::new();
    for pod in &pods {
        logs.push(space.log_of(pod).await);
    }
    let write = |pod: usize, text: &str| {
        logs[pod].write(text);
        std::thread::sleep(Duration::from_millis(5));
    };
    write(0, "one of a");
    write(1, "two of b");
    write(0, r#"{"level":"warn","zone":"x","msg":"slow query","ms":842}"#);
    write(1, "evil \x1b[2J\x1b]0;title\x07\u{202e}tail");
    tokio::time::sleep(Duration::from_secs(2)).await;

    let mut terminal = open(plane, &space, "web");
    terminal.shows(&["2 pods", "joined · v1", "one of a", "WARN  slow query  zone=x  ms=842", "evil tail"]);
    terminal.becomes("lines in the order of their times", |text| {
        let at = |part: &str| text.find(part).unwrap_or(usize::MAX);
        at("one of a") < at("two of b") && at("two of b") < at("slow query") && at("slow query") < at("evil tail")
    });
    write(0, "three of a, live");
    terminal.shows(&["three of a, live"]);

    terminal.press("/");
    terminal.press("ms=8\\d+");
    terminal.press("\r");
    terminal.becomes("only lines that match", |text| text.contains("slow query") && !text.contains("three of a"));
    write(1, r#"{"msg":"slower still","ms":899}"#);
    write(1, "hidden by the filter");
    terminal.becomes("the filter holds for new lines", |text| {
        text.contains("slower still") && !text.contains("hidden by the filter")
    });
    terminal.press("/");
    terminal.press("(");
    terminal.shows(&["unclosed group"]);
    terminal.press(ESC);
    std::thread::sleep(Duration::from_millis(300));
    terminal.shows(&["hidden by the filter"]);

    write(1, "copy me");
    terminal.shows(&["copy me"]);
    terminal.press("k");
    terminal.shows(&["held, 0 new"]);
    terminal.press("j");
    write(0, "after the pause");
    terminal.shows(&["held, 1 new"]);
    assert!(!terminal.text().contains("after the pause"), "the view stands still");
    terminal.press("y");
    let copied = b"\x1b]52;c;Y29weSBtZQ==";
    terminal.becomes("a copy", |_| terminal.written().windows(copied.len()).any(|part| part == copied));
    terminal.press("f");
    terminal.shows(&["following", "after the pause"]);

    terminal.press(SAVE);
    terminal.shows(&["saved"]);
    let text = saved(&terminal).await;
    for line in ["web -- joined", "one of a", r#""zone":"x","msg":"slow query""#, "evil tail", "after the pause"] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    terminal.press("q");
    terminal.ends_with(0);
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_joins_new_pods_and_marks_those_that_end() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("logs-rollout").await;
    let pods = deploy(&space, "web", "shop/web:v1", 1).await;
    space.log_of(&pods[0]).await.write("the old pod");
    let mut terminal = open(plane, &space, "web");
    terminal.shows(&["joined · v1"]);
    space.set_image::<Deployment>("web", "shop/web:v2").await;
    terminal.shows(&["joined · v1", "joined · v2", "ended · the pod is gone", "1 pod"]);
    // What the new one writes: the log that every pod of the control plane has.
    terminal.shows(&["listening on 0.0.0.0:8080"]);
    terminal.press("q");
    terminal.ends_with(0);
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_is_told_and_the_run_before_can_be_read() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("logs-crash").await;
    space.create::<Deployment>(workloads::deployment("web", "shop/web:crash", 1)).await;
    let mut terminal = open(plane, &space, "web");
    terminal.shows(&["exited 101 · restart", "warning: cache is cold"]);
    terminal.press("p");
    terminal.shows(&["the run before", "missing environment variable DATABASE_URL"]);
    assert!(!terminal.text().contains("cache is cold"));
    terminal.press("p");
    terminal.shows(&["warning: cache is cold"]);
    let data = terminal.home().data();
    std::fs::create_dir_all(data.parent().unwrap()).unwrap();
    std::fs::write(data, "a file where the folder should be").unwrap();
    terminal.press(SAVE);
    terminal.shows(&["was not saved", "is no folder"]);
    terminal.press("q");
    terminal.ends_with(0);
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_goes_and_comes_costs_no_line_and_repeats_none() {
    let Some(plane) = ControlPlane::private().await else { return };
    let space = plane.namespace("logs-lost").await;
    let pods = deploy(&space, "web", "shop/web:v1", 1).await;
    let log = space.log_of(&pods[0]).await;
    log.write("line 0");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut terminal = open(&plane, &space, "web");
    terminal.shows(&["line 0"]);
    for number in 1..20 {
        log.write(&format!("line {number}"));
    }
    terminal.shows(&["line 19"]);
    plane.kill_apiserver();
    terminal.shows(&["offline since"]);
    for number in 20..40 {
        log.write(&format!("line {number}"));
    }
    plane.restart_apiserver().await;
    terminal.shows(&["line 39"]);
    log.write("line 40");
    terminal.shows(&["line 40"]);
    terminal.becomes("no trouble", |text| !text.contains("offline since"));
    terminal.press(SAVE);
    terminal.shows(&["saved"]);
    let text = saved(&terminal).await;
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains(" -- ")).collect();
    let numbers: Vec<Option<&str>> = lines.iter().map(|line| line.rsplit(' ').next()).collect();
    let wanted: Vec<String> = (0..=40).map(|number| number.to_string()).collect();
    assert_eq!(numbers, wanted.iter().map(|number| Some(number.as_str())).collect::<Vec<_>>(), "{text}");
    terminal.press("q");
    terminal.ends_with(0);
}

/// Whatever is in trouble meanwhile: who follows one service reads of that one.
#[tokio::test(flavor = "multi_thread")]
async fn a_follow_of_one_service_never_prints_another_that_fails_meanwhile() {
    use rustix::process::{Pid, Signal, kill_process};
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("logs-alone").await;
    shop(&space).await;
    let pod = space.pods("auth").await[0].metadata.name.clone().unwrap();
    let log = space.log_of(&pod).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let mut following = shipdeck.command("logs --env staging auth --follow");
    let child = following.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    space.set_image::<Deployment>("cart", "shop/cart:crash").await;
    eventually("cart crashes", SOON, async || {
        let pods = space.pods("cart").await;
        let status = |pod: &Pod| pod.status.clone()?.container_statuses?.first().cloned();
        pods.iter().filter_map(status).any(|status| status.restart_count > 0).then_some(())
    })
    .await;
    log.write("still here");
    tokio::time::sleep(Duration::from_secs(2)).await;
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::INT).unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(out.contains("still here") && err.matches("joined").count() == 1, "{out}\n{err}");
    assert!(!out.contains("cart") && !err.contains("cart"), "{out}\n{err}");
    space.delete().await;
}
