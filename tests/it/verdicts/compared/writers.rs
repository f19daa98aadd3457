//! Writes that should not take effect: one that comes too late, and one that is forbidden for now.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::Deployment;
use shipdeck::domain::lease::Fence;
use shipdeck::ports::cluster::{Cluster, ImageChange};

use super::super::{Observed, SOON};
use super::Row;
use crate::harness::commands::succeeds;
use crate::harness::{ControlPlane, Headless, Namespace, eventually, workloads};

async fn image(space: &Namespace<'_>, name: &str) -> String {
    let found: Deployment = space.get(name).await.unwrap();
    found.spec.unwrap().template.spec.unwrap().containers[0].image.clone().unwrap()
}

async fn kubectl(space: &Namespace<'_>, arguments: &[&str]) {
    let command = space.kubectl(arguments);
    tokio::task::spawn_blocking(move || succeeds(command)).await.unwrap();
}

/// The whole story, with SIGSTOP, is told in `tests/it/locks.rs`; here it is the late write alone.
pub(super) async fn frozen_past_its_lease(plane: &ControlPlane) -> Row {
    let web = Observed::deployment(plane, "c-fence", |_| {}).await;
    let space = &web.space;
    let found = web.cluster.workload(&space.name, &web.workload).await.unwrap();
    let late = ImageChange {
        namespace: space.name.as_str().into(),
        workload: web.workload.clone(),
        uid: found.meta.uid.clone(),
        container_index: 0,
        container: "web".into(),
        from: Arc::clone(&found.containers[0].image),
        to: "shop/web:v2".into(),
        fence: Some(Fence { token: 1, lease: "shipdeck-web".into() }),
        dry_run: false,
    };
    // Somebody took over while it slept.
    kubectl(space, &["label", "deployment/web", "shipdeck.dev/fence=2"]).await;
    let refused = web.cluster.set_image(&late).await.unwrap_err();
    assert_eq!(image(space, "web").await, "shop/web:v1", "nothing was written");
    kubectl(space, &["set", "image", "deployment/web", "web=shop/web:v2"]).await;
    assert_eq!(image(space, "web").await, "shop/web:v2");
    Row {
        situation: "a write that comes after somebody else took over",
        others: "kubectl set image: written, a second deploy".into(),
        ours: format!("refused by the API server: {}", refused.message),
    }
}

/// The freeze begins while an earlier wave is under way: the plan was made without it, and the write comes after it.
pub(super) async fn frozen_environment(plane: &ControlPlane) -> Row {
    let web = Observed::deployment(plane, "c-freeze", |_| {}).await;
    let space = &web.space;
    space.create::<Deployment>(workloads::deployment("auth", "shop/auth:v1", 1)).await;
    let config = format!(
        "[[environment]]\nname = \"staging\"\nnamespace = \"{}\"\n[[service]]\nname = \"auth\"\nimage = \"shop/auth\"\n\
         [[service]]\nname = \"web\"\nimage = \"shop/web\"\nneeds = [\"auth\"]\n",
        space.name
    );
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config);
    let mut command = shipdeck.command("deploy --env staging auth=slow web=v2 --yes");
    let running = tokio::task::spawn_blocking(move || command.output());
    eventually("the first wave is written", SOON, async || {
        (image(space, "auth").await == "shop/auth:slow").then_some(())
    })
    .await;
    shipdeck.run("freeze --env staging web --reason audit").await.is(0, "");
    let ended = running.await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.code() == Some(3) && told.contains("not written: frozen by"), "{told}");
    assert_eq!(image(space, "web").await, "shop/web:v1", "nothing was written");
    kubectl(space, &["set", "image", "deployment/web", "web=shop/web:v2"]).await;
    assert_eq!(image(space, "web").await, "shop/web:v2");
    Row {
        situation: "a freeze that begins between the plan and the write",
        others: "kubectl set image: written".into(),
        ours: "not written; said by whom, why and until when it is frozen".into(),
    }
}
