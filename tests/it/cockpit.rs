//! The program as its users have it: the real binary in a terminal, real keys, the real control plane.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use crate::harness::terminal::{DOWN, Terminal};
use crate::harness::{ControlPlane, Headless, Home, eventually, workloads};

#[test]
fn the_demo_opens_without_a_cluster_and_gives_the_terminal_back() {
    for size in [(80, 24), (120, 36), (200, 50)] {
        let mut terminal = Terminal::open(&["demo"], &[], size);
        terminal.shows(&["shipdeck", "live", "staging", "production", "crash"]);
        terminal.press("?");
        terminal.shows(&["Keys"]);
        terminal.press("\x1b");
        std::thread::sleep(Duration::from_millis(200));
        terminal.press("q");
        terminal.ends_with(0);
    }
}

#[test]
fn without_a_terminal_it_says_so_and_without_a_kubeconfig_too() {
    let home = Home::new();
    let run = |arguments: &[&str]| home.shipdeck().args(arguments).output().unwrap();
    let refused = run(&["demo"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("needs a terminal"));
    let bad = home.path().join("bad.toml").display().to_string();
    std::fs::write(&bad, "[[service]]\nnam = \"x\"\n").unwrap();
    let refused = run(&["check", "--config", &bad]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("bad.toml:2:1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_deployed_in_waves_and_a_missing_image_is_named() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("cockpit").await;
    for name in ["auth", "cart"] {
        space.create::<Deployment>(workloads::deployment(name, &format!("shop/{name}:v1"), 1)).await;
    }
    let kubeconfig = plane.kubeconfig_path().display().to_string();
    let config = format!(
        "[[environment]]\nname = \"staging\"\nnamespace = \"{}\"\n\
         [[service]]\nname = \"auth\"\nimage = \"shop/auth\"\n\
         [[service]]\nname = \"cart\"\nimage = \"shop/cart\"\nneeds = [\"auth\"]\n\
         [[group]]\nname = \"shop\"\nservices = [\"auth\", \"cart\"]\n",
        space.name
    );
    let path = format!("{}/{}.toml", env!("CARGO_TARGET_TMPDIR"), space.name);
    std::fs::write(&path, config).unwrap();
    let mut terminal = Terminal::open(&["--config", &path], &[("KUBECONFIG", &kubeconfig)], (120, 36));
    terminal.shows(&["live", "auth", "v1", "2 of 2 ready"]);

    terminal.press("g");
    terminal.press("\r");
    terminal.press("d");
    terminal.shows(&["Deploy shop to staging", "Nothing has happened yet"]);
    terminal.press("v2");
    terminal.press(DOWN);
    terminal.press("v2");
    terminal.press("\r");
    terminal.shows(&["wave 1", "wave 2", "v2"]);
    let image = async |name: &str| {
        let found = space.get::<Deployment>(name).await.unwrap();
        found.spec.unwrap().template.spec.unwrap().containers[0].image.clone().unwrap()
    };
    assert_eq!(image("auth").await, "shop/auth:v1", "nothing may happen before Enter");
    terminal.press("\r");
    terminal.shows(&["2 of 2 deployed"]);
    assert_eq!((image("auth").await.as_str(), image("cart").await.as_str()), ("shop/auth:v2", "shop/cart:v2"));

    terminal.press("q");
    terminal.press("g");
    terminal.press("\r");
    terminal.press("d");
    terminal.press("missing");
    terminal.press(DOWN);
    terminal.press("v3");
    terminal.press("\r");
    terminal.shows(&["wave 2"]);
    terminal.press("\r");
    terminal.shows(&["image not found: shop/auth:missing"]);
    assert_eq!(image("cart").await, "shop/cart:v2", "a failure stops later waves");

    // Somebody takes it upon them to go on without it: the rest goes out, and all of it can be taken back.
    terminal.press("o");
    terminal.shows(&["Go on without auth", "Why?"]);
    terminal.press("the vendor is down\r");
    terminal.shows(&["1 of 2 deployed", "1 left out", "Done without auth"]);
    assert_eq!((image("auth").await.as_str(), image("cart").await.as_str()), ("shop/auth:missing", "shop/cart:v3"));
    terminal.press("r");
    terminal.shows(&["Roll back"]);
    terminal.press("\r");
    terminal.shows(&["2 of 2 put back"]);
    assert_eq!((image("auth").await.as_str(), image("cart").await.as_str()), ("shop/auth:v2", "shop/cart:v2"));

    // Who leaves in the middle finds on the shell's screen what goes on, and how to go on with it.
    terminal.press("q");
    terminal.press("d");
    terminal.press("missing\r");
    terminal.shows(&["Nothing has happened yet"]);
    terminal.press("\r");
    // It was taken back: whoever wants it again says why.
    terminal.shows(&["staging is barred", "auth missing taken back", "Why in spite of it?"]);
    terminal.press("it was pushed since\r");
    terminal.shows(&["Nothing more begins", "image not found: shop/auth:missing"]);
    terminal.press("q");
    terminal.press("q");
    terminal.shows(&["is under way", "stays as it is"]);
    terminal.press("\r");
    terminal.shows(&["is unfinished", "failed, stays as it is: auth", "shipdeck resume ", "--rollback"]);
    terminal.ends_with(0);
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_deploys_promotes_by_digest_and_is_told_by_exit_codes() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (staging, production) = (plane.namespace("pipe-a").await, plane.namespace("pipe-b").await);
    for space in [&staging, &production] {
        space.create::<Deployment>(workloads::deployment("auth", "shop/auth:v1", 1)).await;
    }
    let config = format!(
        "[[environment]]\nname = \"staging\"\nnamespace = \"{}\"\n\
         [[environment]]\nname = \"production\"\nnamespace = \"{}\"\nafter = [\"staging\"]\n\
         [[service]]\nname = \"auth\"\nimage = \"shop/auth\"\n",
        staging.name, production.name
    );
    let path = format!("{}/{}.toml", env!("CARGO_TARGET_TMPDIR"), staging.name);
    std::fs::write(&path, config).unwrap();
    let kubeconfig = plane.kubeconfig_path().display().to_string();
    let home = Home::new();
    let run = async |arguments: &[&str]| {
        let mut command = home.shipdeck();
        command.args(["--config", &path]).args(arguments).env("KUBECONFIG", &kubeconfig);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    };
    let (code, plan, _) = run(&["plan", "--env", "staging", "auth=v2", "--json"]).await;
    assert!(code == 0 && plan.contains("\"to\": \"shop/auth:v2\""), "{plan}");
    let (code, _, told) = run(&["deploy", "--env", "staging", "auth=v2"]).await;
    assert!(code == 2 && told.contains("--yes"), "{told}");
    let (code, result, told) = run(&["deploy", "--env", "staging", "auth=v2", "--yes", "--json"]).await;
    assert!(code == 0 && result.contains("succeeded"), "{result}{told}");
    let (code, _, told) = run(&["promote", "--env", "production", "--yes"]).await;
    assert_eq!(code, 0, "{told}");
    let image = |found: Deployment| found.spec.unwrap().template.spec.unwrap().containers[0].image.clone().unwrap();
    let promoted = image(production.get::<Deployment>("auth").await.unwrap());
    assert!(promoted.starts_with("shop/auth:v2@sha256:"), "{promoted}");
    let (code, _, told) = run(&["deploy", "--env", "staging", "auth=missing", "--yes"]).await;
    assert!(code == 1 && told.contains("image not found: shop/auth:missing"), "{code} {told}");
    let (code, _, told) = run(&["promote", "--env", "production", "--yes"]).await;
    assert!(code == 3 && told.contains("has not succeeded in staging"), "{code} {told}");
    let (code, _, told) = run(&["deploy", "--env", "staging", "auht=v2", "--yes"]).await;
    assert!(code == 2 && told.contains("Did you mean auth?"), "{code} {told}");
    let (code, status, _) = run(&["status", "--json"]).await;
    assert!(code == 0 && status.contains("\"freshness\": \"live\"") && status.contains("image not found"), "{status}");
    staging.delete().await;
    production.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_configuration_it_looks_only_and_writes_one_when_asked() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("first-start").await;
    space.create::<Deployment>(workloads::deployment("newcomer", "shop/newcomer:v7", 1)).await;
    let kubeconfig = plane.kubeconfig_path().display().to_string();
    let mut terminal = Terminal::open(&[], &[("KUBECONFIG", &kubeconfig)], (120, 36));
    terminal.shows(&["Welcome.", "read-only", "newcomer"]);
    terminal.press("/newcomer\r");
    terminal.shows(&["v7"]);
    terminal.press("d");
    terminal.shows(&["deploy: read-only"]);
    terminal.press("I");
    terminal.press("\r");
    terminal.shows(&["saved"]);
    let written = terminal.home().config();
    let text = std::fs::read_to_string(&written).unwrap();
    assert!(text.contains("newcomer") && text.contains(&space.name), "{text}");
    let mut check = terminal.home().shipdeck();
    assert!(check.args(["check", "--config"]).arg(&written).output().unwrap().status.success());
    terminal.press("q");
    terminal.ends_with(0);
    space.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_up_names_the_folder_before_and_after_it_has_saved_there() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("saved").await;
    space.create::<Deployment>(workloads::deployment("auth", "shop/auth:v1", 1)).await;
    let mut report = workloads::pod("report", "shop/report:v1");
    report["spec"]["restartPolicy"] = "Never".into();
    space.create::<Pod>(report).await;
    let runs = async || (space.get::<Pod>("report").await?.status?.phase? == "Running").then_some(());
    eventually("the pod that is to be evicted runs", Duration::from_secs(40), runs).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    // Long enough ago that nobody reads it any more; kwok writes over what it knows of a container by its own name.
    let status = json!({ "phase": "Failed", "reason": "Evicted", "containerStatuses": [{
        "name": "main", "image": "shop/report:v1", "imageID": "", "ready": false, "restartCount": 0,
        "state": { "terminated": { "exitCode": 137, "finishedAt": "2026-01-01T00:00:00Z" } },
    }] });
    space.patch_status::<Pod>("report", status).await;
    let headless = Headless::new(&plane.kubeconfig_path(), &crate::harness::shop::config(&space.name));
    let (path, kubeconfig) = (headless.config.display().to_string(), plane.kubeconfig_path().display().to_string());
    let mut terminal = Terminal::open(&["--config", &path], &[("KUBECONFIG", &kubeconfig)], (160, 40));
    let folder = terminal.home().data();
    terminal.shows(&["live", "auth"]);
    terminal.press("c");
    terminal.shows(&["report"]);
    terminal.press("D");
    terminal.shows(&["saved first", &folder.display().to_string()]);
    terminal.press("\r");
    terminal.shows(&["1 leftover deleted in staging", &folder.display().to_string()]);
    let saved = std::fs::read_dir(&folder).unwrap().filter_map(|it| std::fs::read_to_string(it.unwrap().path()).ok());
    assert!(saved.into_iter().any(|text| text.contains("\"kind\": \"Pod\"")), "the object as it was");
    eventually("it is gone", Duration::from_secs(40), async || {
        space.get::<Pod>("report").await.is_none().then_some(())
    })
    .await;
}
