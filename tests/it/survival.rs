//! Runs survive the process that carries them out: on the real API server, with real processes that are killed after
//! every step that is noted, and taken up by others.

use std::process::{Child, Stdio};
use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, ResourceQuota};
use kube::api::{DeleteParams, ListParams};
use serde_json::Value;

use crate::harness::commands::succeeds;
use crate::harness::{ControlPlane, Headless, Namespace, eventually, workloads};

const SOON: Duration = Duration::from_mins(1);

/// auth, and cart which needs it, in one environment.
async fn shop<'a>(plane: &'a ControlPlane, prefix: &str) -> (Namespace<'a>, Headless) {
    let space = plane.namespace(prefix).await;
    for name in ["auth", "cart"] {
        space.create::<Deployment>(workloads::deployment(name, &format!("shop/{name}:v1"), 1)).await;
    }
    let config = format!(
        "[[environment]]\nname = \"staging\"\nnamespace = \"{}\"\n\
         [[service]]\nname = \"auth\"\nimage = \"shop/auth\"\n\
         [[service]]\nname = \"cart\"\nimage = \"shop/cart\"\nneeds = [\"auth\"]\n",
        space.name
    );
    let headless = Headless::new(&plane.kubeconfig_path(), &config);
    (space, headless)
}

fn begin(headless: &Headless, line: &str) -> Child {
    let mut command = headless.command(line);
    command.env("USER", "ana").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The one run of the environment, as `shipdeck runs --json` tells it.
async fn run(headless: &Headless) -> Option<Value> {
    let answer = headless.run("runs --json").await;
    let found: Value = serde_json::from_str(&answer.out).unwrap_or_else(|_| panic!("{answer:#?}"));
    found["runs"].as_array().unwrap().first().cloned()
}

fn name(run: &Value) -> String {
    run["run"].as_str().unwrap().to_owned()
}

/// The run of a deploy of both whose process was killed when it had written auth.
async fn left_behind(space: &Namespace<'_>, headless: &Headless, versions: &str) -> String {
    let ana = begin(headless, &format!("deploy --env staging {versions} --yes"));
    eventually("auth is written", SOON, async || (stands(space, "auth").await.1 == 2).then_some(())).await;
    kill(ana);
    name(&run(headless).await.unwrap())
}

/// What the document itself says of both services.
async fn noted(space: &Namespace<'_>) -> Option<[String; 2]> {
    let all = space.api::<ConfigMap>().list(&ListParams::default()).await.unwrap();
    let document =
        all.items.into_iter().find(|it| it.metadata.name.as_deref().unwrap().starts_with("shipdeck-run-"))?;
    let run: Value = serde_json::from_str(&document.data?["run"]).unwrap();
    Some([0, 1].map(|wave| run["waves"][wave][0]["state"].as_str().unwrap().to_owned()))
}

async fn stands(space: &Namespace<'_>, name: &str) -> (String, i64) {
    let found = space.get::<Deployment>(name).await.unwrap();
    let image = found.spec.unwrap().template.spec.unwrap().containers[0].image.clone().unwrap();
    (image, found.metadata.generation.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_that_is_killed_after_any_noted_step_is_resumed_to_its_end_and_nothing_is_written_twice() {
    let Some(plane) = ControlPlane::shared() else { return };
    let steps = [["writing", "waiting"], ["watching", "waiting"], ["succeeded", "writing"], ["succeeded", "watching"]];
    let sweep = steps.into_iter().enumerate().map(async |(number, wanted)| {
        let (space, headless) = shop(plane, &format!("killed-{number}")).await;
        let ana = begin(&headless, "deploy --env staging auth=slow cart=slow --yes");
        let reached = |now: &[String; 2]| {
            let order = ["waiting", "writing", "watching", "succeeded"];
            let rank = |word: &str| order.iter().position(|it| *it == word).unwrap();
            (0..2).all(|service| rank(&now[service]) >= rank(wanted[service]))
        };
        eventually(&format!("{wanted:?} is noted"), SOON, async || noted(&space).await.filter(reached)).await;
        kill(ana);
        if number < 2 {
            assert_eq!(stands(&space, "cart").await, ("shop/cart:v1".to_owned(), 1), "its turn has not come");
        }
        let left = run(&headless).await.unwrap();
        assert_eq!((&left["state"], &left["over"], &left["by"]), (&"running".into(), &false.into(), &"ana".into()));
        headless.run(&format!("resume {} --yes", name(&left))).await.is(0, if number < 2 { "took over" } else { "" });
        for name in ["auth", "cart"] {
            assert_eq!(stands(&space, name).await, (format!("shop/{name}:slow"), 2), "{wanted:?}: written once");
        }
        let ended = run(&headless).await.unwrap();
        assert_eq!((&ended["state"], name(&ended)), (&"succeeded".into(), name(&left)));
        headless.run(&format!("resume {} --yes", name(&left))).await.is(3, "is over: it succeeded");
        headless.run("history").await.is(0, ", taken up by ");
    });
    join_all(sweep).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_resume_a_run_at_once_one_carries_it_out_and_the_other_is_told_who() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "two-resume").await;
    let line = format!("resume {} --yes", left_behind(&space, &headless, "auth=slow cart=slow").await);
    let both = join_all([headless.run(&line), headless.run(&line)]).await;
    let mut codes: Vec<i32> = both.iter().map(|it| it.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 3], "{both:#?}");
    for name in ["auth", "cart"] {
        assert_eq!(stands(&space, name).await, (format!("shop/{name}:slow"), 2), "written once");
    }
    assert_eq!(run(&headless).await.unwrap()["state"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_somebody_who_is_gone_is_ended_and_taken_back_as_one_act() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "aborted").await;
    let left = left_behind(&space, &headless, "auth=slow cart=v2").await;
    headless.run(&format!("abort {left}")).await.is(2, "nobody can be asked here");
    // At once: what was held by the one who is gone is given back with the end of the run.
    let back = headless.run(&format!("abort {} --rollback --yes", &left[8..])).await;
    back.is(0, "the run is ended").is(0, "slow → v1");
    assert_eq!(stands(&space, "auth").await.0, "shop/auth:v1");
    assert_eq!(stands(&space, "cart").await, ("shop/cart:v1".to_owned(), 1), "it was never begun");
    headless.run(&format!("abort {left} --yes")).await.is(3, "is over: it ended");
    headless.run("resume nonsense --yes").await.is(2, "there is no run nonsense");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_left_behind_goes_on_without_a_service_and_says_who_wanted_that_and_why() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "without").await;
    let left = left_behind(&space, &headless, "auth=slow cart=v2").await;
    let resume = format!("resume {left} --yes --without");
    headless.run(&format!("{resume} cart")).await.is(2, "--reason");
    headless.run(&format!("{resume} nope --reason broken")).await.is(2, "it has auth, cart");
    headless.run(&format!("{resume} auth --reason broken")).await.is(3, "auth: it is under way");
    let done = headless.run(&format!("{resume} cart --reason broken --json")).await;
    let told: Value = serde_json::from_str(&done.is(0, "").out).unwrap();
    assert_eq!(told["outcome"], "partial", "{told}");
    assert!(told["steps"][1]["reason"].as_str().unwrap().ends_with(": broken"), "{told}");
    assert_eq!(stands(&space, "auth").await.0, "shop/auth:slow");
    assert_eq!(stands(&space, "cart").await, ("shop/cart:v1".to_owned(), 1), "it never begins");
    headless.run("history").await.is(0, ": broken");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_by_hand_or_is_newer_is_listed_with_why_and_not_followed() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "by-hand").await;
    for (name, format) in [("shipdeck-run-newer1", "7"), ("shipdeck-run-broken1", "1")] {
        space
            .create::<ConfigMap>(serde_json::json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": { "name": name, "labels": {
                    "app.kubernetes.io/managed-by": "shipdeck", "shipdeck.dev/kind": "run" } },
                "data": { "format": format, "run": "{]" },
            }))
            .await;
    }
    let listed = headless.run("runs").await;
    listed.is(0, "update this one").is(0, "it was changed by hand");
    headless.run("resume newer1 --yes").await.is(3, "newer shipdeck (format 7)");
    headless.run("abort broken1 --yes").await.is(3, "it was changed by hand");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_that_failed_is_over_tells_why_and_all_that_it_changed_is_taken_back_by_its_name() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "failed").await;
    let answer = headless.run("deploy --env staging auth=v2 cart=missing --yes --json").await;
    let told: Value = serde_json::from_str(&answer.is(1, "cart failed: image not found").out).unwrap();
    let failed = told["run"].as_str().unwrap();
    answer
        .is(1, &format!("run {failed}: deploy of "))
        .is(1, &format!("shipdeck abort {failed} --rollback  takes back"));
    answer.is(1, &format!("shipdeck resume {failed}            tries again what failed"));
    let kept = run(&headless).await.unwrap();
    assert_eq!((&kept["state"], &kept["over"], &kept["life"]), (&"ended".into(), &true.into(), &"over".into()));
    headless.run("runs").await.is(0, "failed").is(0, "cart: image not found");
    headless.run("history").await.is(0, "failed: cart: image not found: shop/cart:missing");
    headless.run(&format!("resume {failed} --yes")).await.is(1, "cart failed: image not found");
    // Also what of it had succeeded: it goes as it came.
    headless.run(&format!("abort {failed} --rollback --yes")).await.is(0, "cart succeeded").is(0, "auth succeeded");
    for name in ["auth", "cart"] {
        assert_eq!(stands(&space, name).await.0, format!("shop/{name}:v1"));
    }
    headless.run("locks").await.is(0, "cart missing taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_a_run_back_by_its_name_may_leave_free_what_failed_and_then_nobody_is_asked_why() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "unheld").await;
    headless.run("deploy --env staging auth=missing --yes").await.is(1, "image not found");
    let failed = run(&headless).await.unwrap()["run"].as_str().unwrap().to_owned();
    let back = headless.run(&format!("abort {failed} --rollback --no-hold --yes")).await;
    back.is(0, "auth succeeded").is(0, "auth missing is not held");
    assert_eq!(stands(&space, "auth").await.0, "shop/auth:v1");
    headless.run("locks").await.is(0, "nothing is locked");
    headless.run("deploy --env staging auth=missing --yes").await.is(1, "image not found");
}

/// What keeps auth from coming is mended elsewhere: nothing of the command line has to be written again for that.
#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_that_failed_is_gone_on_with_by_a_new_run_that_writes_only_what_was_not_written() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "again").await;
    eventually("both run", SOON, async || {
        (space.pods("auth").await.len() + space.pods("cart").await.len() == 2).then_some(())
    })
    .await;
    space.at_most(2).await;
    let answer = headless.run("deploy --env staging auth=v2 cart=v2 --yes --json").await;
    let told: Value = serde_json::from_str(&answer.is(1, "auth failed: no quota for new pods").out).unwrap();
    let failed = told["run"].as_str().unwrap().to_owned();
    answer.is(1, &format!("shipdeck resume {failed} "));
    assert_eq!(told["steps"][1]["state"], "skipped", "{told}");
    let written = stands(&space, "auth").await;
    space.api::<ResourceQuota>().delete("small", &DeleteParams::default()).await.unwrap();
    // Its controller looks again at once, and not after the minutes that it would let pass.
    succeeds(space.kubectl(&["annotate", "replicasets", "--all", "looked=again"]));

    // The same checks as a deploy has.
    let mut freeze = headless.command("freeze --env staging cart --reason audit --json");
    let frozen: Value = serde_json::from_slice(&freeze.output().unwrap().stdout).unwrap();
    headless.run(&format!("resume {failed} --yes")).await.is(3, "audit").is(3, "--override");
    headless.run(&format!("unlock {}", frozen["id"].as_str().unwrap())).await.is(0, "released");
    headless.run(&format!("resume {failed}")).await.is(2, "nobody can be asked here");

    let again = headless.run(&format!("resume {} --yes --json", &failed[8..])).await;
    let told: Value = serde_json::from_str(&again.is(0, &format!("goes on where {failed} stopped")).out).unwrap();
    assert_eq!(told["outcome"], "succeeded", "{told}");
    assert_eq!(stands(&space, "auth").await, written, "it is followed, and not written twice");
    assert_eq!(stands(&space, "cart").await, ("shop/cart:v2".to_owned(), 2));
    let listed: Value = serde_json::from_str(&headless.run("runs --json").await.out).unwrap();
    assert_eq!(listed["runs"][0]["follows"], failed.as_str(), "{listed}");
    headless.run(&format!("resume {failed} --yes")).await.is(0, "nothing of it is left to do");
    let done = told["run"].as_str().unwrap();
    headless.run(&format!("resume {done} --yes")).await.is(3, "is over: it succeeded");
    // What others did since is theirs.
    headless.run("deploy --env staging auth=v3 --yes").await.is(0, "auth succeeded");
    let refused = headless.run(&format!("resume {failed} --yes")).await;
    refused.is(3, "auth is set to v3 by now, and not by this run");
    refused.is(3, "shipdeck deploy --env staging auth=shop/auth:v2 cart=shop/cart:v2 brings all of it");
    assert_eq!(stands(&space, "auth").await.0, "shop/auth:v3");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_behind_is_superseded_once_a_later_run_has_brought_it_to_an_end() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, headless) = shop(plane, "superseded").await;
    let left = left_behind(&space, &headless, "auth=unready cart=v2").await;
    headless.run("deploy --env staging auth=v2 --yes --wait-for-lock").await.is(0, "auth succeeded");
    let found: Value = serde_json::from_str(&headless.run("runs --json").await.out).unwrap();
    let runs = found["runs"].as_array().unwrap();
    assert_eq!((runs.len(), &runs[1]["run"]), (2, &left.as_str().into()), "the newest comes first: {found}");
    assert_eq!((&runs[1]["life"], &runs[1]["over"]), (&"superseded".into(), &false.into()), "{found}");
    headless.run("history").await.is(0, "not over, and superseded by later runs");
}
