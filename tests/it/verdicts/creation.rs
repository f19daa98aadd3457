//! Pods, or their ReplicaSet, that may not be created.

use k8s_openapi::api::core::v1::{Pod, ResourceQuota};
use kube::api::DeleteParams;
use serde_json::json;
use shipdeck::domain::verdict::{Cause, State};

use super::{Observed, SOON, cause};
use crate::harness::{ControlPlane, Refused, eventually};

#[tokio::test]
async fn quota_is_shown_at_once_and_fails_long_before_the_deadline() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "quota", |_| {}).await;
    web.space.at_most(2).await;
    web.set_image("v2").await;
    web.says(State::Progressing, "no quota for new pods: pods \"web-").await;
    let verdict = web.says_after(35, State::Failed, "exceeded quota: small").await;
    assert_eq!(*cause(&verdict), Cause::Quota);
}

#[tokio::test]
async fn a_replica_set_that_is_refused_is_a_quota_on_replica_sets() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "sets", |_| {}).await;
    let hard = json!({ "count/replicasets.apps": "1" });
    web.space.create::<ResourceQuota>(json!({ "metadata": { "name": "sets" }, "spec": { "hard": hard } })).await;
    eventually("the quota counts", SOON, async || {
        let used = web.space.get::<ResourceQuota>("sets").await?.status?.used?;
        used.get("count/replicasets.apps").filter(|it| it.0 == "1").map(|_| ())
    })
    .await;
    web.set_image("v2").await;
    web.says_after(35, State::Failed, "no quota for ReplicaSets").await;
}

/// It has no deadline at all: the condition goes on naming the other ReplicaSet as a success.
#[tokio::test]
async fn a_way_back_to_a_replica_set_that_may_create_no_pod_fails_by_quota() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "quota-back", |_| {}).await;
    web.set_image("v2").await;
    web.succeeds().await;
    eventually("the old pods are gone", SOON, async || (web.space.pods("web").await.len() == 2).then_some(())).await;
    web.space.at_most(2).await;
    web.set_image("v1").await;
    let verdict = web.says_after(35, State::Failed, "exceeded quota: small").await;
    assert_eq!(*cause(&verdict), Cause::Quota);
}

#[tokio::test]
async fn a_quota_that_keeps_an_old_pod_from_coming_again_is_not_blamed_on_the_new_version() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "quota-old", |_| {}).await;
    web.set_image("unready").await;
    eventually("a new pod is there", SOON, async || (web.space.pods("web").await.len() == 3).then_some(())).await;
    web.space.at_most(2).await;
    let pods = web.space.pods("web").await;
    let is_old = |pod: &&Pod| pod.spec.as_ref().unwrap().containers[0].image.as_deref() == Some("shop/web:v1");
    let old = pods.iter().find(is_old).unwrap().metadata.name.clone().unwrap();
    web.space.api::<Pod>().delete(&old, &DeleteParams::default()).await.unwrap();
    let refused = |it: &shipdeck::domain::observed::Condition| &*it.kind == "ReplicaFailure" && it.status;
    eventually("the Deployment repeats what its old set was told", SOON, async || {
        web.has_shown(|it| it.status.conditions.iter().any(refused)).then_some(())
    })
    .await;
    let verdict = web.verdict_after(60);
    assert_ne!(verdict.state, State::Failed, "{verdict:#?}");
    assert!(verdict.evidence.is_none_or(|evidence| evidence.cause != Cause::Quota));
    web.never_failed();
}

#[tokio::test]
async fn a_policy_that_refuses_the_pods_fails_within_seconds_in_the_words_of_the_policy() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "policy", |_| {}).await;
    web.space.deny(Refused::Pods).await;
    web.set_image("denied").await;
    web.says(State::Progressing, "new pods are denied: ").await;
    let verdict = web.says(State::Failed, "new pods are denied: ").await;
    let words = &verdict.evidence.as_ref().unwrap().headline;
    assert!(words.contains("denied request: images must be signed"), "{words}");
    assert_eq!(*cause(&verdict), Cause::PolicyDenied);
    web.set_image("v2").await;
    web.succeeds().await;
}
