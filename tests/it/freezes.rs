//! Locks and freezes before the real API server, through the real binary: who is refused, by whom and why, and how it is
//! opened again.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::{Value, json};

use crate::harness::shop::{config, shop};
use crate::harness::terminal::Terminal;
use crate::harness::{ControlPlane, Headless, Namespace, eventually};

async fn image(space: &Namespace<'_>, name: &str) -> String {
    let found: Deployment = space.get(name).await.unwrap();
    found.spec.unwrap().template.spec.unwrap().containers[0].image.clone().unwrap()
}

/// The arguments with reasons of several words.
async fn run(shipdeck: &Headless, line: &str, reason: &[&str]) -> crate::harness::Answer {
    let mut command = shipdeck.command(line);
    command.args(reason).env("USER", "ana");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    crate::harness::Answer {
        code: output.status.code().unwrap_or(-1),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

fn json(answer: &crate::harness::Answer) -> Value {
    serde_json::from_str(&answer.is(0, "").out).unwrap_or_else(|_| panic!("{answer:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_freeze_refuses_a_deploy_until_it_is_overridden_by_a_reason_or_released_by_its_id() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("freeze").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    shipdeck.run("why --env staging auth").await.is(0, "nothing stands in the way of auth in staging");

    let frozen = run(&shipdeck, "freeze --env staging auth --until 2h --json --reason", &["Black Friday"]).await;
    let id = json(&frozen)["id"].as_str().unwrap().to_owned();
    let refused = shipdeck.run("deploy --env staging auth=v2 --yes").await;
    refused.is(3, "frozen by ana@").is(3, "Black Friday").is(3, &format!("shipdeck unlock {id}")).is(3, "--override");
    assert_eq!(image(&space, "auth").await, "shop/auth:v1", "nothing was written");
    // What it does not cover goes out.
    shipdeck.run("deploy --env staging cart=v2 --yes").await.is(0, "cart succeeded");
    shipdeck.run("why --env staging auth").await.is(0, "Black Friday");
    shipdeck.run("why --env staging auth --exit-code").await.is(3, "Black Friday");
    shipdeck.run("why --env staging cart --exit-code").await.is(0, "nothing stands in the way");
    let why = json(&shipdeck.run("why --env staging auth --json").await);
    assert_eq!((&why["open"], &why["causes"][0]["code"]), (&json!(false), &json!("frozen")), "{why}");
    assert!(why["causes"][0]["opens"].is_string(), "{why}");

    run(&shipdeck, "deploy --env staging auth=v2 --yes --override", &["  "]).await.is(2, "needs a reason");
    let over = run(&shipdeck, "deploy --env staging auth=v2 --yes --override", &["the fix for the fire"]).await;
    over.is(0, "auth succeeded").is(0, &format!("overrides lock {id}"));
    let locks = json(&shipdeck.run("locks --json").await);
    let over = &locks["locks"][0]["overrides"][0];
    assert_eq!(over["reason"], "the fix for the fire", "{locks}");
    assert_eq!(over["what"], "deploy of auth to staging", "{locks}");
    // It still stands, and lets a roll back pass.
    shipdeck.run("deploy --env staging auth=v3 --yes").await.is(3, "Black Friday");
    shipdeck.run("rollback --env staging auth --yes").await.is(0, "auth succeeded");

    shipdeck.run("unlock nobody").await.is(3, "there is no lock nobody");
    shipdeck.run(&format!("unlock {id}")).await.is(0, "released in staging: frozen by ana@");
    let left = shipdeck.run("locks").await;
    assert!(left.is(0, "auth v2 taken back").out.lines().count() <= 2, "only what the roll back holds: {left:#?}");
    shipdeck.run("deploy --env staging auth=v3 --yes").await.is(0, "auth succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_freeze_that_begins_while_a_run_is_under_way_stops_its_next_write() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("late-freeze").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    // auth keeps the run waiting for 8 s after its write.
    let mut command = shipdeck.command("deploy --env staging auth=slow cart=v2 --yes");
    let running = tokio::task::spawn_blocking(move || command.output());
    eventually("auth is written", Duration::from_secs(30), async || {
        (image(&space, "auth").await == "shop/auth:slow").then_some(())
    })
    .await;
    run(&shipdeck, "freeze --env staging cart --reason", &["audit"]).await.is(0, "staging frozen");
    let ended = running.await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(3), "{told}");
    assert!(told.contains("not written: frozen by ana@") && told.contains("audit"), "{told}");
    assert_eq!(image(&space, "cart").await, "shop/cart:v1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_edited_by_hand_or_by_a_newer_version_is_told_in_words_and_never_taken_for_open() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("odd-freeze").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let odd = json!({
        "metadata": { "name": "by-hand", "labels": {
            "app.kubernetes.io/managed-by": "shipdeck", "shipdeck.dev/kind": "lock" } },
        "data": { "format": "7", "kind": "glacier" },
    });
    space.create::<ConfigMap>(odd).await;
    for line in ["deploy --env staging auth=v2 --yes", "rollback --env staging auth --yes"] {
        let refused = shipdeck.run(line).await;
        assert_eq!(refused.code, 3, "{refused:#?}");
    }
    let refused = shipdeck.run("deploy --env staging auth=v2 --yes").await;
    refused.is(3, "lock by-hand cannot be read").is(3, "newer version of shipdeck (format 7)");
    let why = json(&shipdeck.run("why --env staging auth --json").await);
    assert_eq!(why["causes"][0]["code"], "unreadable-lock", "{why}");
    // The way out works for it as well: its reason is recorded, and nothing else of it is touched.
    run(&shipdeck, "deploy --env staging auth=v2 --yes --override", &["known"]).await.is(0, "auth succeeded");
    let kept: ConfigMap = space.get("by-hand").await.unwrap();
    let data = kept.data.unwrap();
    assert_eq!((data["format"].as_str(), data["kind"].as_str()), ("7", "glacier"));
    assert!(data["override.00"].ends_with("known"), "{data:?}");
    shipdeck.run("unlock by-hand").await.is(0, "released in staging");
    shipdeck.run("locks").await.is(0, "nothing is locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_write_documents_is_told_which_right_is_missing() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("no-freeze").await;
    let rules = json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"] }]);
    let reader = space.user("reader", rules).await;
    let admin = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let shipdeck = Headless::new(&reader, &config(&space.name));
    run(&shipdeck, "freeze --env staging --reason", &["audit"]).await.is(3, "no right to create configmaps");
    let lock =
        run(&admin, "lock --env staging --json --reason", &["mine", "--until-condition", "its author releases it"]);
    let id = json(&lock.await)["id"].as_str().unwrap().to_owned();
    let mut stranger = admin.command(&format!("unlock {id}"));
    stranger.env("USER", "petra");
    let stranger = stranger.output().unwrap();
    assert_eq!(stranger.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&stranger.stderr).contains("only ana@"), "{stranger:?}");
    run(&shipdeck, &format!("unlock {id}"), &[]).await.is(3, "no right to update configmaps");
    run(&admin, &format!("unlock {id}"), &[]).await.is(0, "released in staging");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cockpit_sees_a_freeze_live_says_why_and_goes_on_only_by_a_recorded_reason() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("seen-freeze").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let (path, kubeconfig) = (shipdeck.config.display().to_string(), plane.kubeconfig_path().display().to_string());
    let mut terminal = Terminal::open(&["--config", &path], &[("KUBECONFIG", &kubeconfig)], (120, 36));
    terminal.shows(&["live", "auth", "v1"]);
    let id = json(&run(&shipdeck, "freeze --env staging --json --reason", &["Black Friday"]).await)["id"].clone();
    terminal.shows(&["frozen by ana@"]);
    terminal.press("b");
    terminal.shows(&["Why can auth not be deployed to staging?", "Black Friday", "shipdeck unlock"]);
    terminal.press("\x1b");
    for keys in ["d", "v2", "\r"] {
        terminal.press(keys);
    }
    terminal.shows(&["wave 1", "Black Friday"]);
    terminal.press("\r");
    terminal.shows(&["Why in spite of it?"]);
    assert_eq!(image(&space, "auth").await, "shop/auth:v1");
    terminal.press("the fix");
    terminal.shows(&["the fix"]);
    terminal.press("\r");
    eventually("auth is written", Duration::from_secs(30), async || {
        (image(&space, "auth").await == "shop/auth:v2").then_some(())
    })
    .await;
    let locks = json(&shipdeck.run("locks --json").await);
    assert_eq!(locks["locks"][0]["overrides"][0]["reason"], "the fix", "{locks}");
    // Released by somebody else, it is gone from the screen as well.
    terminal.press("q");
    terminal.shows(&["frozen by ana@"]);
    shipdeck.run(&format!("unlock {}", id.as_str().unwrap())).await.is(0, "released in staging");
    terminal.shows(&["idle"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_freeze_that_waits_for_a_group_is_lifted_for_good_once_the_group_has_arrived() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (staging, production) = (plane.namespace("lift-staging").await, plane.namespace("lift-prod").await);
    shop(&staging).await;
    shop(&production).await;
    // Something of the group is still missing.
    staging.set_image::<Deployment>("cart", "shop/cart:v2").await;
    let text = config(&staging.name).replace(
        "[[service]]\nname = \"auth\"",
        &format!(
            "[[environment]]\nname = \"production\"\nnamespace = \"{}\"\nafter = [\"staging\"]\n\
             [[service]]\nname = \"auth\"",
            production.name
        ),
    );
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &text);
    let condition = ["the shop goes first", "--until-condition", "group shop is in production"];
    let frozen = run(&shipdeck, "freeze --env staging --group shop --json --reason", &condition).await;
    assert_eq!(json(&frozen)["groups"], json!(["shop"]));
    shipdeck.run("deploy --env staging auth=v2 --yes").await.is(3, "the shop goes first");

    production.set_image::<Deployment>("cart", "shop/cart:v2").await;
    eventually("the group has arrived", Duration::from_mins(1), async || {
        (shipdeck.run("deploy --env staging auth=v2 --yes").await.code == 0).then_some(())
    })
    .await;
    // Production lags behind again, and nobody is frozen by that.
    assert_eq!(image(&production, "auth").await, "shop/auth:v1");
    let locks = json(&shipdeck.run("locks --json").await);
    assert!(locks["locks"][0]["lifted"].is_string(), "{locks}");
    shipdeck.run("locks").await.is(0, "open since");
    shipdeck.run("deploy --env staging auth=v3 --yes").await.is(0, "auth succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_back_is_not_deployed_again_unawares_and_whatever_mends_it_is() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("taken-back").await;
    shop(&space).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    shipdeck.run("deploy --env staging auth=missing --yes").await.is(1, "image not found");
    let back = shipdeck.run("rollback --env staging auth --yes").await;
    back.is(0, "auth succeeded").is(0, "auth missing is held for 14 days");
    let again = shipdeck.run("deploy --env staging auth=missing --yes").await;
    again
        .is(3, "held by")
        .is(3, "auth missing taken back: image not found")
        .is(3, "another version of auth goes out as ever");
    let locks: Value = serde_json::from_str(&shipdeck.run("locks --json").await.out).unwrap();
    let hold = &locks["locks"][0];
    assert_eq!((&hold["kind"], &hold["images"]), (&json!("hold"), &json!(["shop/auth:missing"])), "{locks}");
    assert!(hold["until"].is_string() && !hold["enforced"].as_bool().unwrap(), "{locks}");
    // It is in nobody's way otherwise.
    let why = shipdeck.run("why --env staging auth").await;
    why.is(0, "nothing stands in the way").is(0, "shop/auth:missing alone is held by");
    shipdeck.run("deploy --env staging auth=v2 --yes").await.is(0, "auth succeeded");
    shipdeck.run(&format!("unlock {} --env staging", hold["id"].as_str().unwrap())).await.is(0, "");
    let again = shipdeck.run("deploy --env staging auth=missing --dry-run").await;
    again.is(0, "missing failed in staging the last time: image not found");
    // Whoever takes it back may want it free, and that is said.
    shipdeck.run("deploy --env staging auth=missing --yes").await.is(1, "image not found");
    let back = shipdeck.run("rollback --env staging auth --no-hold --yes").await;
    back.is(0, "auth succeeded").is(0, "auth missing is not held");
    let locks: Value = serde_json::from_str(&shipdeck.run("locks --json").await.out).unwrap();
    assert_eq!(locks["locks"], json!([]), "{locks}");
}
