//! Documents of runs that are long over are forgotten when a run ends, on the real API server: the last 20, all of the last
//! 14 days, what is not over, and what runs now with what it would go back to are kept.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::ListParams;
use serde_json::json;

use crate::harness::shop::{config, shop};
use crate::harness::{ControlPlane, Headless, Namespace};

/// The document of a run of one service, which ended so many days ago.
async fn kept(space: &Namespace<'_>, name: &str, service: &str, state: &str, days: i64) {
    let then = now() - jiff::SignedDuration::from_hours(24 * days);
    let baseline = json!({ "generation": 1, "uid": "u", "template": 1, "images": [], "changed": true, "at": then });
    let step = json!({
        "service": service, "workload": format!("deployment/{service}"), "uid": "u", "index": 0, "container": service,
        "from": format!("shop/{service}:v0"), "to": format!("shop/{service}:v1"), "from_version": "v0",
        "to_version": "v1", "state": "succeeded", "baseline": baseline,
    });
    let run = json!({
        "env": "staging", "protected": false, "purpose": "deploy", "title": service, "by": "ana", "state": state,
        "wave": 1, "started": then, "waves": [[step]],
    });
    space
        .create::<ConfigMap>(json!({
            "metadata": { "name": format!("shipdeck-run-{name}"), "labels": {
                "app.kubernetes.io/managed-by": "shipdeck", "shipdeck.dev/kind": "run" } },
            "data": { "format": "1", "owner": "ana@mac/1/x", "updated": then.to_string(), "run": run.to_string() },
        }))
        .await;
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

async fn names(space: &Namespace<'_>) -> BTreeSet<String> {
    let all = space.api::<ConfigMap>().list(&ListParams::default()).await.unwrap().items;
    let name = |it: ConfigMap| it.metadata.name.unwrap().strip_prefix("shipdeck-run-").map(str::to_owned);
    all.into_iter().filter_map(name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn old_runs_are_forgotten_and_what_is_still_needed_is_kept() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("pruned").await;
    shop(&space).await;
    // cart was deployed three times long ago, and auth again and again since.
    for number in 1..=3 {
        kept(&space, &format!("cart{number}"), "cart", "succeeded", 200 - number).await;
    }
    kept(&space, "left", "auth", "paused", 150).await;
    for number in 1..=30 {
        kept(&space, &format!("auth{number:02}"), "auth", "succeeded", 100 - number).await;
    }
    kept(&space, "young", "auth", "ended", 13).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    shipdeck.run("deploy --env staging auth=v2 --yes").await.is(0, "auth succeeded");
    let left = names(&space).await;
    // With the run of just now and the young one, the newest 18 of those of auth are among the last 20.
    let expected: BTreeSet<String> = (13..=30).map(|number| format!("auth{number:02}")).collect();
    let auth: BTreeSet<String> = left.iter().filter(|name| name.starts_with("auth")).cloned().collect();
    assert_eq!(auth, expected);
    for (name, is_kept) in [("cart1", false), ("cart2", true), ("cart3", true), ("left", true), ("young", true)] {
        assert_eq!(left.contains(name), is_kept, "{name}: {left:?}");
    }
    assert_eq!(left.len(), 18 + 4 + 1, "and the run itself: {left:?}");
}
