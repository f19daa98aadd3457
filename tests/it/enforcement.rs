//! Freezes that hold for every tool, on a real API server to which `shipdeck print admission-policy` was applied: what
//! kubectl is told, what passes, and who lifts it.

use std::process::Command;
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use serde_json::{Value, json};

use crate::harness::commands::succeeds;
use crate::harness::shop::{config, shop};
use crate::harness::{Answer, ControlPlane, Headless, Namespace, eventually};

/// Runs it, whatever it comes to.
fn answer(mut command: Command) -> Answer {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Answer { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

/// shipdeck, with words that have spaces.
fn shipdeck(shipdeck: &Headless, line: &str, words: &[&str]) -> Answer {
    let mut command = shipdeck.command(line);
    command.args(words).env("USER", "ana");
    answer(command)
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.is(0, "").out).unwrap_or_else(|_| panic!("{answer:#?}"))
}

/// Another tool sets an image.
fn set_image(space: &Namespace<'_>, name: &str, version: &str, more: &[&str]) -> Answer {
    let (of, image) = (format!("deployment/{name}"), format!("{name}=shop/{name}:{version}"));
    answer(space.kubectl(&[&["set", "image", &of, &image], more].concat()))
}

async fn install(space: &Namespace<'_>, shipdeck: &Headless) {
    let path = shipdeck.home.path().join("policy.yaml");
    std::fs::write(&path, shipdeck.run("print admission-policy").await.is(0, "").out.clone()).unwrap();
    succeeds(space.kubectl(&["apply", "-f", &path.display().to_string()]));
    succeeds(space.kubectl(&["wait", "--for=condition=Established", "crd/freezes.shipdeck.dev", "--timeout=30s"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enforced_freeze_refuses_every_tool_and_lets_pass_what_shipdeck_may() {
    let Some(plane) = ControlPlane::private().await else { return };
    let space = plane.namespace("enforced").await;
    shop(&space).await;
    let admin = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    install(&space, &admin).await;

    let frozen = shipdeck(&admin, "freeze --env staging auth --json --reason", &["Black Friday"]);
    let frozen = json_of(&frozen);
    assert_eq!((&frozen["enforced"], &frozen["advisory"]), (&json!(true), &Value::Null), "{frozen}");
    let id = frozen["id"].as_str().unwrap().to_owned();

    // kubectl is told who and why, whether it means it or only tries.
    for more in [&[][..], &["--dry-run=server"]] {
        let refused = set_image(&space, "auth", "v2", more);
        refused.is(1, "frozen by ana@").is(1, "Black Friday").is(1, &id).is(1, "refused: auth=shop/auth:v2");
    }
    // What is not covered, and what changes no image, goes on.
    set_image(&space, "cart", "v2", &[]).is(0, "image updated");
    for line in [["scale", "deployment/auth", "--replicas=2"], ["rollout", "restart", "deployment/auth"]] {
        succeeds(space.kubectl(&line));
    }

    // shipdeck refuses by itself, in words; and passes by a reason that was recorded, and back again.
    let deploy = "deploy --env staging auth=v2 --yes";
    admin.run(deploy).await.is(3, "frozen by ana@").is(3, "Black Friday").is(3, &format!("shipdeck unlock {id}"));
    shipdeck(&admin, &format!("{deploy} --override"), &["the fix for the fire"]).is(0, "auth succeeded");
    admin.run("rollback --env staging auth --yes").await.is(0, "auth succeeded");
    set_image(&space, "auth", "v3", &[]).is(1, "Black Friday");
    let locks = json_of(&admin.run("locks --json").await);
    // Beside it stands what the roll back holds, which only shipdeck heeds.
    let freeze = locks["locks"].as_array().unwrap().iter().find(|it| it["kind"] == "freeze").unwrap();
    assert_eq!(freeze["enforced"], true, "{locks}");
    admin.run("locks").await.is(0, "enforced: the cluster refuses it to every tool");

    // Released, it is over for every tool at once.
    admin.run(&format!("unlock {id}")).await.is(0, "released in staging");
    eventually("kubectl passes", Duration::from_secs(5), async || {
        (set_image(&space, "auth", "v3", &[]).code == 0).then_some(())
    })
    .await;

    // The number of the last operation never falls, whoever writes it.
    let fence = space.get::<Deployment>("auth").await.unwrap().metadata.labels.unwrap()["shipdeck.dev/fence"].clone();
    let lower = answer(space.kubectl(&["label", "deployment/auth", "shipdeck.dev/fence=0", "--overwrite"]));
    lower.is(1, &format!("operation 0 was superseded by {fence}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enforced_freeze_ends_with_its_time_and_with_its_record_by_whatever_hand() {
    let Some(plane) = ControlPlane::private().await else { return };
    let space = plane.namespace("ends").await;
    shop(&space).await;
    let admin = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    install(&space, &admin).await;

    // By the server's own clock: nobody removes anything.
    shipdeck(&admin, "freeze --env staging --until 8s --reason", &["short"]).is(0, "enforced");
    set_image(&space, "auth", "v2", &[]).is(1, "short");
    eventually("its time is over", Duration::from_secs(30), async || {
        (set_image(&space, "auth", "v2", &[]).code == 0).then_some(())
    })
    .await;
    let still = succeeds(space.kubectl(&["get", "freezes.shipdeck.dev", "-o", "name"]));
    assert_eq!(still.lines().count(), 1, "{still}");

    // Several stand at once; whoever deletes the record of one ends that one.
    let one = json_of(&shipdeck(&admin, "freeze --env staging --json --reason", &["one"]));
    let two = json_of(&shipdeck(&admin, "lock --env staging auth --json --reason", &["two"]));
    let of = |lock: &Value| format!("shipdeck-lock-{}", lock["id"].as_str().unwrap());
    succeeds(space.kubectl(&["delete", "configmap", &of(&one)]));
    eventually("only the lock is left", Duration::from_secs(30), async || {
        let passes = set_image(&space, "cart", "v2", &[]).code == 0;
        passes.then(|| set_image(&space, "auth", "v3", &[]).is(1, "locked by ana@").is(1, "two").code)
    })
    .await;
    succeeds(space.kubectl(&["delete", "configmap", &of(&two)]));
    eventually("nothing is left", Duration::from_secs(30), async || {
        (set_image(&space, "auth", "v3", &[]).code == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lacks_the_right_is_told_that_a_freeze_is_advisory_or_that_the_cluster_refuses() {
    let Some(plane) = ControlPlane::private().await else { return };
    let space = plane.namespace("rights").await;
    shop(&space).await;
    let admin = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let rules = json!([
        { "apiGroups": ["apps"], "resources": ["*"], "verbs": ["*"] },
        { "apiGroups": ["", "batch", "coordination.k8s.io"], "resources": ["*"], "verbs": ["*"] },
    ]);
    let deployer = Headless::new(&space.user("deployer", rules).await, &config(&space.name));

    // Nothing is installed yet.
    let freeze = "freeze --env staging --json --reason";
    let frozen = json_of(&shipdeck(&admin, freeze, &["early"]));
    assert_eq!(frozen["enforced"], false);
    assert!(frozen["advisory"].as_str().unwrap().contains("shipdeck print admission-policy"), "{frozen}");
    admin.run(&format!("unlock {}", frozen["id"].as_str().unwrap())).await.is(0, "released");

    install(&space, &admin).await;
    let frozen = json_of(&shipdeck(&deployer, freeze, &["mine"]));
    assert!(frozen["advisory"].as_str().unwrap().contains("no right to create freezes"), "{frozen}");
    // Freshly installed, the policy refuses everything until the API server has read the kind that it names.
    eventually("the policy lets pass what is not frozen", Duration::from_secs(30), async || {
        (set_image(&space, "auth", "v2", &[]).code == 0).then_some(())
    })
    .await;
    deployer.run(&format!("unlock {}", frozen["id"].as_str().unwrap())).await.is(0, "released");
    let weekends =
        shipdeck(&admin, "freeze --env staging --window", &["daily 00:00 - 00:01 UTC", "--reason", "nights"]);
    weekends.is(0, "advisory").is(0, "times that come again");

    shipdeck(&admin, "freeze --env staging --reason", &["audit"]).is(0, "enforced");
    let refused = shipdeck(&deployer, "deploy --env staging auth=v3 --yes --override", &["the fix"]);
    refused.is(3, "a policy forbids it: frozen by ana@").is(3, "audit");
    let image = space.get::<Deployment>("auth").await.unwrap().spec.unwrap().template.spec.unwrap();
    assert_eq!(image.containers[0].image.as_deref(), Some("shop/auth:v2"));
}
