//! A small shop on the test control plane, to try shipdeck by hand on a real Kubernetes API:
//!
//! ```sh
//! cargo test --test it -- --ignored --nocapture playground
//! ```

use std::io::Write;
use std::path::{Path, PathBuf};

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;

use crate::harness::{ControlPlane, Namespace, workloads};

/// Name, replicas, and what each needs.
const SERVICES: &[(&str, u32, &str)] = &[
    ("auth", 2, ""),
    ("ledger", 1, ""),
    ("cart", 3, "auth"),
    ("mailer", 1, "auth"),
    ("checkout-api", 2, "cart, ledger"),
    ("checkout-web", 2, "checkout-api"),
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "for people: it serves until it is stopped"]
async fn playground() {
    let Some(plane) = ControlPlane::private().await else { return };
    let (staging, production) = (plane.namespace("shop-staging").await, plane.namespace("shop-production").await);
    fill(&staging, "v2").await;
    fill(&production, "v1").await;
    let config = configuration(&staging.name, &production.name);
    let mut out = std::io::stdout();
    let told = writeln!(
        out,
        "\nA shop runs. In another terminal:\n\n  KUBECONFIG={} target/debug/shipdeck --config {}\n\n\
         Tags say how pods behave: v3 is fine, missing, crash, badconfig, unready and slow are what they say.\n\
         ctrl-c ends it.",
        plane.kubeconfig_path().display(),
        config.display()
    );
    told.and_then(|()| out.flush()).unwrap();
    tokio::signal::ctrl_c().await.unwrap();
}

async fn fill(space: &Namespace<'_>, version: &str) {
    for (name, replicas, _) in SERVICES {
        let image = format!("shop/{name}:{version}");
        space.create::<Deployment>(workloads::deployment(name, &image, *replicas)).await;
    }
    space.create::<StatefulSet>(workloads::stateful_set("queue", &format!("shop/queue:{version}"), 2)).await;
    space.create::<DaemonSet>(workloads::daemon_set("agent", &format!("shop/agent:{version}"))).await;
    space.create::<Job>(workloads::job("migrate-orders", "shop/migrate:fail")).await;
    space.create::<Pod>(workloads::pod("one-off", "shop/tool:fail")).await;
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
