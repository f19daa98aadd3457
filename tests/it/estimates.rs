//! How long a service takes, learned on the real API server from the runs that it keeps: by whoever comes next, in a
//! pipeline and in a cockpit, and told of whatever takes longer.

use std::time::Duration;

use k8s_openapi::api::apps::v1::StatefulSet;
use serde_json::Value;

use crate::harness::terminal::Terminal;
use crate::harness::{ControlPlane, Headless, Namespace, eventually, workloads};

const SOON: Duration = Duration::from_mins(1);

/// StatefulSets: of their last rollout the cluster itself does not say how long that took.
async fn shop(plane: &ControlPlane, space: &Namespace<'_>) -> Headless {
    for name in ["db", "queue"] {
        space.create::<StatefulSet>(workloads::stateful_set(name, &format!("shop/{name}:v1"), 3)).await;
    }
    for name in ["db", "queue"] {
        eventually("all are ready", SOON, async || {
            space.get::<StatefulSet>(name).await?.status?.ready_replicas.filter(|ready| *ready == 3)
        })
        .await;
    }
    let config = format!(
        "[[environment]]\nname = \"staging\"\nnamespace = \"{}\"\n\
         [[service]]\nname = \"db\"\nimage = \"shop/db\"\nworkload = \"statefulset/db\"\n\
         [[service]]\nname = \"queue\"\nimage = \"shop/queue\"\nworkload = \"statefulset/queue\"\n",
        space.name
    );
    Headless::new(&plane.kubeconfig_path(), &config)
}

/// What a plan says of its whole: half of the times, and nine of ten.
async fn planned(shipdeck: &Headless) -> (Option<i64>, Option<i64>) {
    let answer = shipdeck.run("plan --env staging db=v9 --json").await;
    let plan: Value = serde_json::from_str(&answer.is(0, "waves").out).unwrap();
    assert_eq!(plan["waves"][0][0]["estimate_seconds"], plan["estimate_seconds"], "it has one step");
    (plan["estimate_seconds"].as_i64(), plan["p90_seconds"].as_i64())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_next_knows_from_the_runs_of_others_how_long_it_takes_and_what_is_slower_than_usual() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("pace").await;
    let shipdeck = shop(plane, &space).await;
    assert_eq!(planned(&shipdeck).await, (None, None), "nobody has deployed it yet");
    for version in ["v2", "v3"] {
        let line = format!("deploy --env staging db={version} queue={version} --yes");
        shipdeck.run(&line).await.is(0, "db succeeded").is(0, "queue succeeded");
    }
    let (Some(usual), None) = planned(&shipdeck).await else {
        panic!("two times are known, and not how much they differ")
    };
    assert!((1..=20).contains(&usual), "three pods that are ready at once, one after another: {usual} s");
    let third = shipdeck.run("deploy --env staging db=v4 queue=v4 --yes").await;
    third.is(0, "db succeeded").is(0, "takes").is(0, "about ");
    assert!(!third.err.contains("slower"), "it is as fast as the others: {third:?}");
    let (Some(usual), Some(p90)) = planned(&shipdeck).await else { panic!("three times are known") };
    assert!(usual <= p90, "{usual} s, and {p90} s");

    // A cockpit that was started afresh has seen none of it.
    let (path, kubeconfig) = (shipdeck.config.display().to_string(), shipdeck.kubeconfig.display().to_string());
    let mut ana = Terminal::open(&["--config", &path], &[("KUBECONFIG", &kubeconfig), ("USER", "ana")], (120, 36));
    ana.shows(&["live", "db", "v4", "2 of 2 ready"]);
    for keys in ["d", "slow", "\r"] {
        ana.press(keys);
    }
    ana.shows(&["Deploy db to staging", "wave 1", "slow", &format!("1 wave  about {usual}s")]);
    // A pipeline begins with the other one at the same time.
    let pipeline = shipdeck.run("deploy --env staging queue=slow --yes");
    ana.press("\r");
    let (pipeline, ()) =
        tokio::join!(pipeline, async { tokio::task::block_in_place(|| is_told_to_be_slow(&ana, usual)) });
    pipeline.is(0, "queue is slower than usual (").is(0, "queue succeeded");
    ana.press("q");
    ana.press("q");

    // One slow time among four changes little.
    let (Some(usual), Some(_)) = planned(&shipdeck).await else { panic!("four times are known") };
    assert!((1..=20).contains(&usual), "{usual} s");
    space.delete().await;
}

/// On the page of the run, while its pods need 8 s each and one after another.
fn is_told_to_be_slow(ana: &Terminal, usual: i64) {
    ana.shows(&["1 moving", &format!("of about {usual}s")]);
    ana.shows(&[&format!("now, db is slower than usual ({usual}s)"), "· slower than usual"]);
    ana.shows(&["1 of 1 deployed"]);
}
