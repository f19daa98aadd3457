//! A cluster that fails in the middle of things: the real binary, the real control plane, real outages.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use serde_json::{Value, json};

use crate::harness::shop::{config, shop};
use crate::harness::terminal::{DOWN, Terminal};
use crate::harness::{ControlPlane, Headless, Namespace, Process, eventually, workloads};

const SOON: Duration = Duration::from_secs(40);

async fn runs(space: &Namespace<'_>, name: &str, wanted: &str) {
    eventually(&format!("{wanted} was written"), SOON, async || {
        let found: Deployment = space.get(name).await.unwrap();
        let image = found.spec.unwrap().template.spec.unwrap().containers[0].image.clone();
        (image.as_deref() == Some(wanted)).then_some(())
    })
    .await;
}

/// How often its specification was written, its creation included.
async fn writes(space: &Namespace<'_>, name: &str) -> i64 {
    space.get::<Deployment>(name).await.unwrap().metadata.generation.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_survives_an_api_server_that_is_killed_and_started_again() {
    let Some(plane) = ControlPlane::private().await else { return };
    let space = plane.namespace("killed-run").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let mut command = shipdeck.command("deploy --env staging auth=slow cart=v2 --yes");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    runs(&space, "auth", "shop/auth:slow").await;
    plane.kill_apiserver();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(child.try_wait().unwrap().is_none(), "an outage ends no run");
    plane.restart_apiserver().await;
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let offset = |text: &str| told.find(text).unwrap_or_else(|| panic!("never told {text:?}: {told}"));
    assert!(offset("auth succeeded") < offset("cart writing"), "{told}");
    assert_eq!((writes(&space, "auth").await, writes(&space, "cart").await), (2, 2), "written once each");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_survives_a_frozen_api_server_and_the_screen_says_so_meanwhile() {
    let Some(plane) = ControlPlane::private().await else { return };
    let space = plane.namespace("frozen-run").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let (path, kubeconfig) = (shipdeck.config.display().to_string(), plane.kubeconfig_path().display().to_string());
    let mut terminal = Terminal::open(&["--config", &path], &[("KUBECONFIG", &kubeconfig)], (120, 36));
    terminal.shows(&["live", "auth", "v1", "2 of 2 ready"]);
    for keys in ["g", "\r", "d", "slow", DOWN, "v2", "\r"] {
        terminal.press(keys);
    }
    terminal.shows(&["wave 1", "wave 2"]);
    terminal.press("\r");
    runs(&space, "auth", "shop/auth:slow").await;
    let frozen = Instant::now();
    plane.pause(Process::ApiServer);
    terminal.shows(&["offline"]);
    assert!(frozen.elapsed() < Duration::from_secs(15), "noticed after {:?}", frozen.elapsed());
    tokio::time::sleep(Duration::from_secs(20).saturating_sub(frozen.elapsed())).await;
    assert!(terminal.text().contains("offline"), "{}", terminal.text());
    plane.resume(Process::ApiServer);
    terminal.shows(&["2 of 2 deployed", "live"]);
    assert_eq!((writes(&space, "auth").await, writes(&space, "cart").await), (2, 2), "written once each");
    // What the screen said meanwhile is in the log afterwards, with how long it took.
    terminal.press("!");
    terminal.shows(&["shown as last seen", "is seen again, after"]);
}

/// The kubeconfig at `path` as JSON, changed and written elsewhere.
fn changed(path: &Path, folder: &Path, change: impl FnOnce(&mut Value)) -> PathBuf {
    let mut file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    change(&mut file);
    let path = folder.join("changed.kubeconfig");
    std::fs::write(&path, file.to_string()).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_that_are_down_slow_no_other() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("several").await;
    space.create::<Deployment>(workloads::deployment("auth", "shop/auth:v1", 1)).await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // Takes connections and never says a word.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = mute.local_addr().unwrap();
    let home = tempfile::tempdir().unwrap();
    let kubeconfig = changed(&plane.kubeconfig_path(), home.path(), |file| {
        for (name, address) in [("closed", closed), ("silent", silent)] {
            let mut cluster = file["clusters"][0].clone();
            cluster["name"] = name.into();
            cluster["cluster"]["server"] = format!("https://{address}").into();
            file["clusters"].as_array_mut().unwrap().push(cluster);
            let context = json!({ "name": name, "context": { "cluster": name, "user": "admin" } });
            file["contexts"].as_array_mut().unwrap().push(context);
        }
    });
    let environment = |name: &str, context: &str| {
        format!("[[environment]]\nname = \"{name}\"\ncontext = \"{context}\"\nnamespace = \"{}\"\n", space.name)
    };
    let service = "[[service]]\nname = \"auth\"\nimage = \"shop/auth\"\n";
    let all = [environment("one", "closed"), environment("two", "silent"), environment("three", "admin")].concat();
    let shipdeck = Headless::new(&kubeconfig, &(all + service));
    let path = shipdeck.config.display().to_string();
    let kubeconfig = kubeconfig.display().to_string();
    let began = Instant::now();
    let terminal = Terminal::open(&["--config", &path], &[("KUBECONFIG", &kubeconfig)], (120, 36));
    terminal.shows(&["v1", "live"]);
    assert!(began.elapsed() < Duration::from_secs(7), "a cluster that is down was waited for: {:?}", began.elapsed());
    terminal.becomes("both as offline", |text| text.matches("offline").count() >= 2);
    drop(mute);
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_token_is_refused_is_told_to_log_in_and_sees_all_as_soon_as_that_is_mended() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("token").await;
    shop(&space).await;
    for in_a_file in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let token = home.path().join("token");
        let user = |token_file: bool, word: &str| {
            std::fs::write(&token, word).unwrap();
            if token_file { json!({ "tokenFile": &token }) } else { json!({ "token": word }) }
        };
        let login = |word: &str| {
            let user = user(in_a_file, word);
            changed(&plane.kubeconfig_path(), home.path(), |file| file["users"][0]["user"] = user)
        };
        let kubeconfig = login("expired");
        let shipdeck = Headless::new(&kubeconfig, &config(&space.name));
        for line in ["deploy --env staging auth=v2 --yes", "locks", "runs", "history", "unlock a1"] {
            shipdeck.run(line).await.is(3, "Log in again, for example with your cloud's command, then try again.");
        }
        let (path, kubeconfig) = (shipdeck.config.display().to_string(), kubeconfig.display().to_string());
        let mut terminal = Terminal::open(&["--config", &path], &[("KUBECONFIG", &kubeconfig)], (140, 40));
        terminal.shows(&["not logged in", "Log in again, for example with your cloud"]);
        terminal.press("d");
        terminal.shows(&["what is known of staging is not current"]);
        login("admin");
        terminal.shows(&["live", "auth", "v1", "2 of 2 ready"]);
        assert!(!terminal.text().contains("not logged in"), "{}", terminal.text());
        shipdeck.run("why --env staging auth").await.is(0, "nothing stands in the way");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_plugin_that_fails_is_quoted_and_one_that_hangs_is_given_up() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("plugin").await;
    let home = tempfile::tempdir().unwrap();
    let plugin = home.path().join("login");
    let kubeconfig = changed(&plane.kubeconfig_path(), home.path(), |file| {
        let exec = json!({
            "apiVersion": "client.authentication.k8s.io/v1", "command": plugin, "interactiveMode": "IfAvailable",
        });
        file["users"][0]["user"] = json!({ "exec": exec });
    });
    let write = |body: &str| {
        std::fs::write(&plugin, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let shipdeck = Headless::new(&kubeconfig, &config(&space.name));
    write("echo 'session expired: run corp-login' >&2; exit 1");
    shipdeck.run("deploy --env staging auth=v2 --yes").await.is(3, "session expired: run corp-login");
    write("exec sleep 120");
    let began = Instant::now();
    shipdeck.run("deploy --env staging auth=v2 --yes").await.is(3, "did not end within 20 s");
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    let credential = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": { "token": "admin" },
    });
    write(&format!("echo '{credential}'"));
    // Logged in, it sees that nothing is there.
    shipdeck.run("status").await.is(2, "has no workloads");
}
