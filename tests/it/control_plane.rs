//! The harness itself: planes start and stop, pods behave as their image's tag says, users may what they may.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;

use crate::harness::{ControlPlane, eventually, workloads};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_deployment_becomes_ready() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("ready").await;
    space.create::<Deployment>(workloads::deployment("web", "shop/web:v1", 2)).await;
    eventually("both replicas are available", SOON, async || {
        let web: Deployment = space.get("web").await?;
        web.status?.available_replicas.filter(|available| *available == 2)
    })
    .await;
}
