//! A small shop on the test control plane, to try shipdeck by hand on a real Kubernetes API:
//!
//! ```sh
//! cargo test --test it -- --ignored --nocapture playground
//! ```

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::ListParams;
use serde_json::json;

use crate::harness::{ContainerLog, ControlPlane, Namespace, Process, eventually, workloads};

/// Name, replicas, and what each needs.
const SERVICES: &[(&str, u32, &str)] = &[
    ("auth", 2, ""),
    ("ledger", 1, ""),
    ("cart", 3, "auth"),
    ("mailer", 1, "auth"),
    ("checkout-api", 2, "cart, ledger"),
    ("checkout-web", 2, "checkout-api"),
];

/// How long what was killed stays away.
const AWAY: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "for people: it serves until it is stopped"]
async fn playground() {
    let Some(plane) = ControlPlane::private().await else { return };
    let (staging, production) = (plane.namespace("shop-staging").await, plane.namespace("shop-production").await);
    fill(&staging, "v2").await;
    fill(&production, "v1").await;
    staging.set_image::<Deployment>("mailer", "shop/mailer:crash").await;
    let config = configuration(&staging.name, &production.name);
    let mut out = std::io::stdout();
    let told = writeln!(
        out,
        "\nA shop runs. In another terminal:\n\n  KUBECONFIG={} target/debug/shipdeck --config {}\n\n\
         Tags say how pods behave: v3 is fine, missing, crash, badconfig, unready and slow are what they say.\n\
         {}\n\
         ctrl-c ends it.",
        plane.kubeconfig_path().display(),
        config.display(),
        outage(&plane)
    );
    told.and_then(|()| out.flush()).unwrap();
    tokio::select! {
        () = speak([&staging, &production]) => {}
        () = revive(&plane) => {}
        ended = tokio::signal::ctrl_c() => ended.unwrap(),
    }
}

/// How the API server is made to fail. Asked to end, it would go on for a minute for whoever is connected.
fn outage(plane: &ControlPlane) -> String {
    let id = plane.id_of(Process::ApiServer).unwrap_or_default();
    format!(
        "kill -9 {id} ends the API server, and after {} s it starts again; kill -STOP {id} makes it silent, and \
         kill -CONT {id} answer again.",
        AWAY.as_secs()
    )
}

/// Starts again what a person has killed, after a while in which they can look at the outage.
async fn revive(plane: &ControlPlane) {
    let mut out = std::io::stdout();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let down: Vec<&str> = plane.down().into_iter().map(Process::program).collect();
        if down.is_empty() {
            continue;
        }
        let down = down.join(", ");
        writeln!(out, "{down} is away; it starts again in {} s", AWAY.as_secs()).unwrap();
        tokio::time::sleep(AWAY).await;
        plane.revive().await;
        writeln!(out, "{down} is there again. {}", outage(plane)).unwrap();
    }
}

/// Gives what crashes last words of its own, once for each time that it starts.
async fn speak(spaces: [&Namespace<'_>; 2]) {
    let mut logs: BTreeMap<(&str, String), (ContainerLog, i32)> = BTreeMap::new();
    loop {
        for space in spaces {
            // Somebody may have killed the API server, to see what that looks like.
            let Ok(pods) = space.api::<Pod>().list(&ListParams::default()).await else { continue };
            let pods = pods.items;
            for pod in pods.iter().filter(|pod| image(pod).ends_with(":crash")) {
                let status = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref()?.first());
                let (name, restarts) = (pod.name_any(), status.map_or(0, |status| status.restart_count));
                let key = (space.name.as_str(), name.clone());
                let (log, told) = match logs.entry(key) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => match space.try_log_of(&name).await {
                        Ok(log) => new.insert((log, -1)),
                        Err(_) => continue,
                    },
                };
                if *told < restarts {
                    *told = restarts;
                    log.write(&format!("INFO  {} starting", image(pod)));
                    log.write("ERROR DATABASE_URL must be set, see deploy/values.yaml");
                    log.write("ERROR thread 'main' panicked at src/boot.rs:41:9");
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn image(pod: &Pod) -> &str {
    let container = pod.spec.as_ref().and_then(|spec| spec.containers.first());
    container.and_then(|container| container.image.as_deref()).unwrap_or_default()
}

async fn fill(space: &Namespace<'_>, version: &str) {
    for (name, replicas, _) in SERVICES {
        let image = format!("shop/{name}:{version}");
        space.create::<Deployment>(workloads::deployment(name, &image, *replicas)).await;
    }
    space.create::<StatefulSet>(workloads::stateful_set("queue", &format!("shop/queue:{version}"), 2)).await;
    space.create::<DaemonSet>(workloads::daemon_set("agent", &format!("shop/agent:{version}"))).await;
    space.create::<Job>(workloads::job("migrate-orders", "shop/migrate:fail")).await;
    for (name, tag) in [("one-off", "fail"), ("import-orders", "v1")] {
        let mut pod = workloads::pod(name, &format!("shop/tool:{tag}"));
        pod["spec"]["restartPolicy"] = "Never".into();
        space.create::<Pod>(pod).await;
    }
    space.create::<Pod>(workloads::pod("report", "shop/report:v1")).await;
    let runs = async || (space.get::<Pod>("report").await?.status?.phase? == "Running").then_some(());
    eventually("the pod that is to be evicted runs", Duration::from_secs(30), runs).await;
    let message = "The node was low on resource: memory.";
    space.patch_status::<Pod>("report", json!({ "phase": "Failed", "reason": "Evicted", "message": message })).await;
}

fn configuration(staging: &str, production: &str) -> PathBuf {
    let mut text = format!(
        "[[environment]]\nname = \"staging\"\nnamespace = \"{staging}\"\n\n\
         [[environment]]\nname = \"production\"\nnamespace = \"{production}\"\nafter = [\"staging\"]\nprotected = true\n"
    );
    for (name, _, needs) in SERVICES {
        let needs: Vec<String> =
            needs.split(", ").filter(|need| !need.is_empty()).map(|it| format!("\"{it}\"")).collect();
        let needs = needs.join(", ");
        text.push_str(&format!("\n[[service]]\nname = \"{name}\"\nimage = \"shop/{name}\"\nneeds = [{needs}]\n"));
    }
    text.push_str("\n[[service]]\nname = \"queue\"\nimage = \"shop/queue\"\nworkload = \"statefulset/queue\"\n");
    text.push_str("\n[[service]]\nname = \"agent\"\nimage = \"shop/agent\"\nworkload = \"daemonset/agent\"\n");
    text.push_str(
        "\n[[group]]\nname = \"checkout\"\nservices = [\"auth\", \"cart\", \"checkout-api\", \"checkout-web\"]\n",
    );
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("playground.toml");
    std::fs::write(&path, text).unwrap();
    path
}
