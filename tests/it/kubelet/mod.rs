//! What kwok, the kubelet of the test planes, does with each image tag: see `tests/control-plane/stages/`.

mod misbehaviour;
mod ordinary;

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod, PodStatus};
use kube::api::ListParams;

use crate::harness::{Namespace, eventually, workloads};

const SOON: Duration = Duration::from_secs(30);

/// Creates a bare pod `web` with this image and waits until its status is as wanted.
async fn pod_shows(space: &Namespace<'_>, image: &str, what: impl Fn(&PodStatus) -> bool) -> PodStatus {
    space.create::<Pod>(workloads::pod("web", image)).await;
    pod_becomes(space, image, what).await
}

async fn pod_becomes(space: &Namespace<'_>, image: &str, what: impl Fn(&PodStatus) -> bool) -> PodStatus {
    let mut last = None;
    let found = async || {
        last = space.get::<Pod>("web").await?.status;
        last.clone().filter(|status| what(status))
    };
    eventually(&format!("the pod with {image} shows what its tag promises"), SOON, found).await
}

fn container(status: &PodStatus) -> Option<&ContainerStatus> {
    status.container_statuses.as_ref()?.first()
}

fn is_ready(status: &PodStatus) -> bool {
    container(status).is_some_and(|container| container.ready)
        && status.conditions.iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn waits_for(status: &PodStatus, reason: &str) -> Option<String> {
    let waiting = container(status)?.state.as_ref()?.waiting.as_ref()?;
    (waiting.reason.as_deref() == Some(reason)).then(|| waiting.message.clone().unwrap_or_default())
}

async fn has_event(space: &Namespace<'_>, reason: &str, text: &str) {
    eventually(&format!("an event {reason} with {text:?}"), SOON, async || {
        let events = space.api::<Event>().list(&ListParams::default()).await.unwrap().items;
        let told = |event: &Event| {
            event.reason.as_deref() == Some(reason)
                && event.message.as_ref().is_some_and(|message| message.contains(text))
        };
        events.iter().any(told).then_some(())
    })
    .await;
}
