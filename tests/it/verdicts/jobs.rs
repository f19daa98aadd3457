//! Jobs, which say by conditions how they end, some time before they have ended.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use serde_json::{Value, json};
use shipdeck::domain::observed::WorkloadKind;
use shipdeck::domain::rollout;
use shipdeck::domain::verdict::{Cause, State, Verdict};

use super::{Observed, SOON, cause, env};
use crate::harness::{ControlPlane, Headless, workloads};

impl Observed<'_> {
    async fn job(plane: &'static ControlPlane, name: &str, image: &str, change: impl FnOnce(&mut Value)) -> Self {
        let web = Observed::on(plane, name, WorkloadKind::Job).await;
        let mut object = workloads::job("web", image);
        change(&mut object);
        web.space.create::<Job>(object).await;
        web
    }

    fn job_verdict(&self) -> Option<Verdict> {
        let seen = self.seen.lock().unwrap();
        let world = seen.world.env(&env())?;
        Some(rollout::of_job(world, world.job("web")?, Timestamp::now()))
    }

    /// Waits until the Job is judged so; whatever comes before has to be progress.
    async fn job_says(&self, state: State, words: &str) -> Verdict {
        let started = std::time::Instant::now();
        loop {
            match self.job_verdict() {
                Some(verdict) if verdict.state == state => {
                    let said = verdict.evidence.as_ref().map_or("", |evidence| &evidence.headline);
                    assert!(said.contains(words), "{verdict:#?}");
                    return verdict;
                }
                Some(verdict) if verdict.state != State::Progressing => panic!("{verdict:#?}"),
                found => assert!(started.elapsed() < SOON, "wanted {state:?}: {found:#?}"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn job_shows(&self, condition: &str) -> bool {
        let seen = self.seen.lock().unwrap();
        let job = seen.world.env(&env()).and_then(|world| world.job("web"));
        job.is_some_and(|job| job.conditions.iter().any(|it| &*it.kind == condition && it.status))
    }
}

#[tokio::test]
async fn a_job_that_does_its_work_is_done() {
    let Some(plane) = ControlPlane::shared() else { return };
    let web = Observed::job(plane, "job", "shop/web:v1", |_| {}).await;
    let verdict = web.job_says(State::Done, "").await;
    assert_eq!((verdict.progress.ready, verdict.progress.wanted), (1, 1));
}

/// Others fail it at the first poll, since no failure is as many as none.
#[tokio::test]
async fn a_job_that_may_not_fail_at_all_is_progress_until_it_has_failed() {
    let Some(plane) = ControlPlane::shared() else { return };
    let web = Observed::job(plane, "job-fails", "shop/web:fail", |_| {}).await;
    let verdict = web.job_says(State::Failed, "it failed as often as it may: exit code 1").await;
    assert_eq!(*cause(&verdict), Cause::Crash { exit_code: 1, restarts: 0 });
    assert!(verdict.evidence.unwrap().pod.is_some(), "its log tells more");
}

#[tokio::test]
async fn a_job_past_its_deadline_has_failed_long_before_its_pod_is_gone() {
    let Some(plane) = ControlPlane::shared() else { return };
    let web = Observed::job(plane, "job-late", "shop/web:hang", |object| {
        object["spec"]["activeDeadlineSeconds"] = 3.into();
        object["spec"]["template"]["metadata"]["labels"]["linger"] = "15s".into();
        object["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 30.into();
    })
    .await;
    let verdict = web.job_says(State::Failed, "it was not done within its deadline").await;
    assert_eq!(*cause(&verdict), Cause::Deadline);
    assert!(web.job_shows("FailureTarget") && !web.job_shows("Failed"));
}

#[tokio::test]
async fn a_suspended_job_is_paused_and_is_done_once_somebody_resumes_it() {
    let Some(plane) = ControlPlane::shared() else { return };
    let web = Observed::job(plane, "job-paused", "shop/web:v1", |object| object["spec"]["suspend"] = true.into()).await;
    web.job_says(State::Paused, "job/web is suspended in the cluster").await;
    web.space.patch::<Job>("web", json!({ "spec": { "suspend": false } })).await;
    web.leaves_pause().await;
    web.job_says(State::Done, "").await;
}

impl Observed<'_> {
    async fn leaves_pause(&self) {
        let left = || self.job_verdict().filter(|verdict| verdict.state != State::Paused);
        crate::harness::eventually("it is resumed", SOON, async || left()).await;
    }
}

#[tokio::test]
async fn a_job_whose_image_does_not_exist_fails_though_its_controller_waits_for_ever() {
    let Some(plane) = ControlPlane::shared() else { return };
    let web = Observed::job(plane, "job-missing", "shop/web:missing", |_| {}).await;
    web.job_says(State::Failed, "image not found: shop/web:missing").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!web.job_shows("Failed") && !web.job_shows("FailureTarget"));
}

#[tokio::test]
async fn a_job_among_the_services_is_shown_and_a_plan_says_that_it_cannot_be_changed_or_rolled_back() {
    let Some(plane) = ControlPlane::shared() else { return };
    let web = Observed::job(plane, "job-service", "shop/web:v1", |_| {}).await;
    web.job_says(State::Done, "").await;
    let config = format!(
        "[[environment]]\nname = \"staging\"\nnamespace = \"{}\"\n[[service]]\nname = \"migrate\"\nworkload = \"job/web\"\n",
        web.space.name
    );
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config);
    let status: Value = serde_json::from_str(&shipdeck.run("status --json").await.is(0, "").out).unwrap();
    let cell = &status["services"][0]["environments"][0];
    assert_eq!((&cell["state"], &cell["version"]), (&json!("done"), &json!("v1")), "{status}");
    shipdeck.run("plan --env staging migrate=v2").await.is(0, "is a Job: its image cannot be changed");
    shipdeck.run("rollback --env staging migrate --yes").await.is(3, "migrate is a Job").is(3, "cannot be rolled back");
}
