//! 500 services on 5,000 pods of a real control plane. A binary of its own, so that cargo runs it when the other tests
//! are over: it takes both cores of a small machine for a minute.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first thing that is not as it should be")]
#![allow(clippy::disallowed_methods, reason = "tests wait for real processes on the real clock")]

#[path = "../it/harness/mod.rs"]
mod harness;

use std::fmt::Write;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use harness::terminal::Terminal;
use harness::{ControlPlane, Headless, Namespace, eventually, workloads};
use k8s_openapi::api::apps::v1::Deployment;
use serde_json::Value;

const SERVICES: usize = 500;
const PODS_EACH: u32 = 10;
/// Requests under way at once while the shop is built.
const BUILDERS: usize = 16;
/// On two cores the controllers and kwok bring 5,000 pods up in less than a minute; a busy machine takes longer.
const PATIENCE: Duration = Duration::from_mins(6);

fn name(number: usize) -> String {
    format!("service-{number:03}")
}

fn config(namespace: &str) -> String {
    let mut text = format!("[[environment]]\nname = \"staging\"\nnamespace = \"{namespace}\"\n");
    for name in (0..SERVICES).map(name) {
        writeln!(text, "[[service]]\nname = \"{name}\"\nimage = \"shop/{name}\"").unwrap();
    }
    text
}

async fn build(space: &Namespace<'_>) {
    let made = stream::iter((0..SERVICES).map(name)).map(async |name| {
        let image = format!("shop/{name}:v1");
        space.create::<Deployment>(workloads::deployment(&name, &image, PODS_EACH)).await;
    });
    made.buffer_unordered(BUILDERS).count().await;
    eventually("every pod of every service is ready", PATIENCE, async || {
        // A list of 500 is itself work for the plane that is being waited for.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let all = space.api::<Deployment>().list(&kube::api::ListParams::default()).await.unwrap().items;
        let ready = |it: &Deployment| it.status.as_ref().and_then(|status| status.ready_replicas) == Some(10);
        all.iter().all(ready).then_some(())
    })
    .await;
}

/// What `status --json` says of every service: name, version, state, ready and wanted pods.
async fn status(shipdeck: &Headless) -> Vec<(String, String, String, u64, u64)> {
    let answer = shipdeck.run("status --json").await;
    assert_eq!(answer.code, 0, "{}", answer.err);
    let found: Value = serde_json::from_str(&answer.out).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let services = found["services"].as_array().unwrap().iter().map(|service| {
        let cell = &service["environments"][0];
        assert_eq!(cell["stale"], false, "{service}");
        let number = |key: &str| cell[key].as_u64().unwrap();
        (text(&service["name"]), text(&cell["version"]), text(&cell["state"]), number("ready"), number("wanted"))
    });
    services.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_services_are_seen_one_is_deployed_and_the_broken_one_is_found() {
    let Some(plane) = ControlPlane::private().await else { return };
    let space = plane.namespace("scale").await;
    let started = Instant::now();
    build(&space).await;
    told("5,000 pods are ready", started);

    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let started = Instant::now();
    let seen = status(&shipdeck).await;
    told("status of 500 services", started);
    assert_eq!(seen.len(), SERVICES);
    for (number, service) in seen.iter().enumerate() {
        assert_eq!(*service, (name(number), "v1".to_owned(), "ok".to_owned(), 10, 10));
    }

    let started = Instant::now();
    shipdeck.run("deploy --env staging service-250=v2 --yes").await.is(0, "service-250");
    told("one deploy among them", started);

    space.set_image::<Deployment>("service-417", "shop/service-417:missing").await;
    let broken = eventually("the broken one is found", Duration::from_mins(1), async || {
        let others = status(&shipdeck).await.into_iter().filter(|it| it.2 != "ok").collect::<Vec<_>>();
        let failed = others.iter().any(|it| it.2 == "failed");
        failed.then_some(others)
    })
    .await;
    let [(broken, ..)] = &broken[..] else { panic!("one is broken: {broken:?}") };
    assert_eq!(broken, "service-417");
    let seen = status(&shipdeck).await;
    assert_eq!((&*seen[250].1, &*seen[250].2, seen[250].3), ("v2", "ok", 10));

    let (path, kubeconfig) = (shipdeck.config.display().to_string(), shipdeck.kubeconfig.display().to_string());
    let started = Instant::now();
    let mut cockpit = Terminal::open(&["--config", &path], &[("KUBECONFIG", &kubeconfig)], (120, 36));
    cockpit.shows(&["live", "no image"]);
    told("the broken one is on the screen", started);
    cockpit.press("/");
    cockpit.press("service-250");
    cockpit.press("\r");
    cockpit.becomes("the one that was deployed, and no other", |text| {
        text.contains("service-250") && text.contains("v2") && !text.contains("service-001")
    });
    cockpit.press("q");
    cockpit.ends_with(0);
}

/// How long it took, for those who look: `cargo test --test scale -- --nocapture`.
fn told(what: &str, started: Instant) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{what}: {:.1} s", started.elapsed().as_secs_f64());
}
