//! After success: pods that crash or lose their readiness later, old ones that take their time to end, and images that are
//! not the one that was asked for.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::ListParams;
use serde_json::json;
use shipdeck::domain::rollout::{After, View};
use shipdeck::domain::verdict::{Cause, State};

use super::{Observed, SOON, cause, env};
use crate::harness::{ControlPlane, Headless, Namespace, eventually, shop, workloads};

const SOAK: SignedDuration = SignedDuration::from_mins(2);

impl Observed<'_> {
    /// What is seen of it now, after what was seen before.
    fn look(&self, before: Option<&After>) -> After {
        let seen = self.seen.lock().unwrap();
        let world = seen.world.env(&env()).unwrap();
        let view = View::new(world, world.workload(&self.workload).unwrap());
        let now = Timestamp::now();
        match before {
            Some(after) => after.look(&view, seen.baseline.as_ref().unwrap(), now),
            None => After::begin(&view, now, SOAK, now),
        }
    }

    /// Looks again and again until something is so.
    pub(super) async fn looks_until(&self, what: &str, is: impl Fn(&After) -> bool) -> After {
        let mut after = self.look(None);
        eventually(what, SOON, async || {
            after = self.look(Some(&after));
            is(&after).then(|| after.clone())
        })
        .await
    }
}

#[tokio::test]
async fn a_version_that_dies_soon_after_its_success_is_degraded_with_its_exit_code() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "dies-later", |_| {}).await;
    web.set_image("dies").await;
    web.says(State::Done, "").await;
    let after = web.looks_until("it is degraded by its crash", |after| {
        matches!(after.trouble.as_ref().map(|it| &it.cause), Some(Cause::Crash { exit_code: 101, .. }))
    });
    let trouble = after.await.trouble.unwrap();
    assert!(trouble.headline.starts_with("degraded after success: container web ended"), "{}", trouble.headline);
    assert!(trouble.pod.unwrap().previous);
}

/// The flapping of 2.12: without minReadySeconds kubectl calls it a success, and so do we, for as long as it lasts.
#[tokio::test]
async fn readiness_that_is_lost_after_success_degrades_it_though_it_comes_back() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "flaps-later", |_| {}).await;
    web.set_image("flaps").await;
    web.says(State::Done, "").await;
    let after = web.looks_until("readiness is lost", |after| after.trouble.is_some()).await;
    assert_eq!(after.trouble.unwrap().cause, Cause::NotReady);
}

#[tokio::test]
async fn what_goes_well_after_success_stays_a_success() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "stays-well", |_| {}).await;
    web.set_image("v2").await;
    web.succeeds().await;
    let begun = web.look(None);
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    let after = web.look(Some(&begun));
    assert!(after.trouble.is_none() && !after.over, "{after:#?}");
}

#[tokio::test]
async fn success_comes_while_old_pods_still_end_and_they_are_counted_until_the_last_is_gone() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "draining", |object| {
        object["spec"]["template"]["metadata"]["labels"]["linger"] = "5s".into();
        object["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 30.into();
    })
    .await;
    web.set_image("v2").await;
    web.says(State::Done, "").await;
    let begun = web.looks_until("old pods end", |after| after.draining > 0).await;
    assert!(begun.trouble.is_none());
    web.looks_until("the last is gone", |after| after.draining == 0).await;
}

#[tokio::test]
async fn pods_that_run_another_digest_than_was_asked_for_are_done_and_it_is_said() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::deployment(plane, "digest-other", |_| {}).await;
    let asked = format!("v2@sha256:{}", "5e".repeat(32));
    web.set_image(&asked).await;
    web.succeeds().await;
    assert!(web.verdict_after(0).evidence.is_none(), "it runs what was asked for");
    let pods = web.space.pods("web").await;
    let is_new = |pod: &&Pod| pod.metadata.deletion_timestamp.is_none();
    let pod = pods.iter().find(is_new).unwrap();
    let mut status = serde_json::to_value(pod.status.as_ref().unwrap()).unwrap();
    status["containerStatuses"][0]["imageID"] = format!("shop/web@sha256:{}", "ab".repeat(32)).into();
    web.space.patch_status::<Pod>(pod.metadata.name.as_ref().unwrap(), status).await;
    let verdict =
        web.says(State::Done, "container web runs sha256:abab…abab, and sha256:5e5e…5e5e was asked for").await;
    assert_eq!(*cause(&verdict), Cause::OtherImage);
}

/// The shop, whose success is watched for as long as this.
async fn soaking(plane: &'static ControlPlane, prefix: &str, soak: &str) -> (Namespace<'static>, Headless) {
    let space = plane.namespace(prefix).await;
    shop::shop(&space).await;
    let soak = format!("name = \"staging\"\nsoak = \"{soak}\"\n");
    let config = shop::config(&space.name).replacen("name = \"staging\"\n", &soak, 1);
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config);
    (space, shipdeck)
}

#[tokio::test]
async fn a_pipeline_that_asks_for_it_waits_and_ends_with_one_where_success_does_not_last() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (_space, shipdeck) = soaking(plane, "soak", "20s").await;
    let answer = shipdeck.run("deploy --env staging auth=dies --yes --soak --json").await;
    answer
        .is(1, "degraded after success")
        .is(1, "\"outcome\": \"degraded\"")
        .is(1, "shipdeck rollback --env staging auth");
    // Others read it too, when this process is long gone.
    shipdeck.run("runs --json").await.is(0, "\"after\": \"degraded\"");
    shipdeck.run("deploy --env staging auth=v3 --yes").await.is(0, "");
}

#[tokio::test]
async fn a_pipeline_waits_for_as_long_as_the_environment_says_and_without_the_flag_not_at_all() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, shipdeck) = soaking(plane, "soaks-well", "8s").await;
    space.create::<Service>(workloads::service("auth", "auth")).await;
    let started = std::time::Instant::now();
    let answer = shipdeck.run("deploy --env staging auth=v2 --yes --soak").await;
    answer.is(0, "watching the new pods for").is(0, "the new pods stayed well");
    assert!(started.elapsed().as_secs() >= 8, "{:?}", started.elapsed());
    shipdeck.run("runs --json").await.is(0, "\"after\": \"well\"");
    let answer = shipdeck.run("deploy --env staging auth=v3 --yes").await;
    assert!(!answer.is(0, "").err.contains("watching the new pods"), "{answer:?}");
}

#[tokio::test]
async fn a_success_that_no_traffic_reaches_is_degraded_and_the_service_in_front_is_named() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, shipdeck) = soaking(plane, "no-traffic", "30s").await;
    space.create::<Service>(workloads::service("auth", "somebody-else")).await;
    let answer = shipdeck.run("deploy --env staging auth=v2 --yes --soak").await;
    answer.is(1, "degraded after success: service/auth has no ready address").is(1, "Compare its selector");
}

#[tokio::test]
async fn a_service_of_another_name_that_loses_the_pods_it_had_is_noticed() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (space, shipdeck) = soaking(plane, "lost-traffic", "40s").await;
    space.create::<Service>(workloads::service("front-door", "auth")).await;
    eventually("traffic reaches it", SOON, async || {
        let slices = space.api::<EndpointSlice>().list(&ListParams::default()).await.unwrap();
        slices.items.iter().any(|slice| slice.endpoints.as_ref().is_some_and(|it| !it.is_empty())).then_some(())
    })
    .await;
    let somebody = async {
        eventually("v2 is out", SOON, async || {
            let deployment = space.get::<Deployment>("auth").await?.status?;
            (deployment.observed_generation == Some(2) && deployment.updated_replicas == Some(1)).then_some(())
        })
        .await;
        space.patch::<Service>("front-door", json!({ "spec": { "selector": { "app": "gone" } } })).await;
    };
    let (answer, ()) = tokio::join!(shipdeck.run("deploy --env staging auth=v2 --yes --soak"), somebody);
    answer.is(1, "degraded after success: service/front-door has no ready address");
}
