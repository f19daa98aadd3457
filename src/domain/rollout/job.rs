//! How a Job stands: by its conditions alone, which the controller writes last and means; never by counts of pods that
//! failed, among which are bystanders.
//!
//! `FailureTarget` and `SuccessCriteriaMet` come first, `Failed` and `Complete` only when the last pod is gone. A condition
//! that is not true says nothing: after a resume `Suspended` stays, false.

use jiff::Timestamp;

use super::causes::{self, Asked};
use super::{View, plain, with};
use crate::domain::observed::{
    Condition, ContainerState, Job, Phase, Pod, Strategy, TemplateHash, Workload, WorkloadKind, WorkloadStatus,
};
use crate::domain::verdict::{Cause, Evidence, PodContainer, Progress, State, Verdict};
use crate::domain::world::EnvWorld;

/// Why a Job is left alone, as a clause.
pub const LEFT_ALONE: &str = "is a Job: its image cannot be changed and it cannot be rolled back; make it anew instead";

/// Whether it has done its work, is at it, or will not.
pub fn of_job(world: &EnvWorld, job: &Job, now: Timestamp) -> Verdict {
    let workload = as_workload(job);
    let view = View::new(world, &workload);
    let draining = view.pods.iter().filter(|pod| pod.meta.deleting.is_some()).count() as u32;
    let ready = job.succeeded.min(job.wanted);
    let progress = Progress { wanted: job.wanted, ready, created: ready + job.active, draining, ..Progress::default() };
    let is = |kind: &str| job.conditions.iter().find(|it| &*it.kind == kind && it.status);
    if let Some(failed) = is("FailureTarget").or_else(|| is("Failed")) {
        return Verdict::new(State::Failed, Progress { failed: 1, ..progress }).because(failure(&view, failed));
    }
    if is("SuccessCriteriaMet").or_else(|| is("Complete")).is_some() {
        // The counter of what succeeded is written later than that it suffices.
        return Verdict::new(State::Done, Progress { ready: job.wanted, ..progress });
    }
    if job.meta.deleting.is_some() {
        let deleted = plain(Cause::Deleted, "it is being deleted", "Find out who removes it.");
        return Verdict::new(State::Failed, progress).because(deleted);
    }
    if job.suspended {
        let name = &job.meta.name;
        let remedy =
            format!("Resume it: kubectl patch job/{name} --type=merge -p '{{\"spec\":{{\"suspend\":false}}}}'.");
        let paused = plain(Cause::Paused, &format!("job/{name} is suspended in the cluster"), &remedy);
        return Verdict::new(State::Paused, progress).because(paused);
    }
    let asked = Asked { view: &view, baseline: None, now };
    match causes::doom(&asked) {
        // No other pod of it would fare better, and a limit that ends it may be hours away or not there at all.
        Some(doom) if doom.fatal => doom.verdict(State::Failed, &view, progress),
        Some(doom) => with(Verdict::new(State::Progressing, progress), Some(doom.evidence)),
        None => with(Verdict::new(State::Progressing, progress), causes::hint(&asked)),
    }
}

/// What the taxonomy of causes asks about: a workload all of whose pods are new.
fn as_workload(job: &Job) -> Workload {
    Workload {
        kind: WorkloadKind::Job,
        meta: job.meta.clone(),
        generation: 0,
        observed_generation: 0,
        desired: job.wanted,
        paused: job.suspended,
        strategy: Strategy::RollingUpdate,
        progress_deadline: None,
        template: TemplateHash::default(),
        containers: job.containers.clone(),
        writer: None,
        steward: None,
        status: WorkloadStatus::default(),
    }
}

fn failure(view: &View<'_>, condition: &Condition) -> Evidence {
    let (pod, exit_code) = ended(view).map_or((None, None), |(pod, code)| (Some(pod), Some(code)));
    let with_code = |words: &str| match exit_code {
        Some(code) => format!("{words}: exit code {code}"),
        None => words.to_owned(),
    };
    let crashed = exit_code.map_or(Cause::PodFailed, |exit_code| Cause::Crash { exit_code, restarts: 0 });
    let (cause, headline, remedy) = match &*condition.reason {
        "BackoffLimitExceeded" => {
            (crashed, with_code("it failed as often as it may"), "Read its last lines, then make it anew.")
        }
        "DeadlineExceeded" => {
            let remedy = "Find out why it takes so long, or raise activeDeadlineSeconds, then make it anew.";
            (Cause::Deadline, "it was not done within its deadline".to_owned(), remedy)
        }
        "PodFailurePolicy" => {
            (crashed, with_code("its pod failure policy ended it"), "The policy says what it ends for.")
        }
        "FailedIndexes" | "MaxFailedIndexesExceeded" => {
            (crashed, with_code("some of its indexes failed"), "Read the last lines of one, then make it anew.")
        }
        other => (crashed, with_code(&format!("it failed ({other})")), "Read its last lines, then make it anew."),
    };
    let said = causes::first_line(&condition.message);
    let details = pod.iter().map(|place| format!("pod {}, container {}", place.pod, place.container));
    Evidence {
        details: details.chain(Some(said.to_string()).filter(|said| !said.is_empty())).collect(),
        pod,
        since: condition.updated,
        ..plain(cause, &headline, remedy)
    }
}

/// The newest pod of which a container ended badly, and with which code.
fn ended(view: &View<'_>) -> Option<(PodContainer, i32)> {
    let mut pods: Vec<&Pod> = view.pods.clone();
    pods.sort_by_key(|pod| std::cmp::Reverse((pod.phase == Phase::Failed, pod.meta.created)));
    pods.into_iter().find_map(|pod| {
        pod.containers.iter().find_map(|status| {
            let (ended, previous) = match &status.state {
                ContainerState::Terminated(ended) => (ended, false),
                _ => (status.last.as_ref()?, true),
            };
            let place = PodContainer { pod: pod.meta.name.clone(), container: status.name.clone(), previous };
            (ended.exit_code != 0).then_some((place, ended.exit_code))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{cause, waiting};
    use super::*;
    use crate::domain::fixtures::{START, TestWorld, condition, later, meta};
    use crate::domain::observed::{Container, Object, Owner, Terminated};

    fn job(change: impl FnOnce(&mut Job)) -> TestWorld {
        let mut cluster = TestWorld::new("staging");
        let containers = vec![Container { name: "auth".into(), image: "r/migrate:v2".into() }];
        let mut job = Job {
            meta: meta("migrate", None),
            active: 1,
            succeeded: 0,
            failed: 0,
            ttl: false,
            suspended: false,
            wanted: 1,
            containers,
            conditions: Vec::new(),
        };
        change(&mut job);
        cluster.put(Object::Job(Box::new(job)));
        cluster
    }

    fn with_pod(mut cluster: TestWorld, change: impl FnOnce(&mut Pod)) -> TestWorld {
        cluster.pod("auth", "r/migrate:v2", 0, |pod| {
            let uid = crate::domain::ids::Uid::new("uid-migrate");
            pod.meta.owner = Some(Owner { kind: "Job".into(), name: "migrate".into(), uid });
            pod.ready = false;
            change(pod);
        });
        cluster
    }

    fn judged(cluster: &TestWorld, seconds: i64) -> Verdict {
        let world = cluster.world.env(&cluster.env).unwrap();
        of_job(world, world.job("migrate").unwrap(), later(seconds))
    }

    fn said(verdict: &Verdict) -> &str {
        verdict.evidence.as_ref().map_or("", |evidence| &evidence.headline)
    }

    fn says(kind: &str, reason: &str, status: bool) -> Condition {
        Condition { status, ..condition(kind, reason, "the controller's words") }
    }

    fn ended(exit_code: i32) -> impl FnOnce(&mut Pod) {
        move |pod| {
            let ended = Terminated { exit_code, reason: "Error".into(), message: "".into(), finished: Some(START) };
            (pod.phase, pod.containers[0].state) = (Phase::Failed, ContainerState::Terminated(ended));
        }
    }

    #[test]
    fn it_has_failed_at_failure_target_long_before_its_last_pod_is_gone() {
        let target = says("FailureTarget", "BackoffLimitExceeded", true);
        let verdict = judged(&with_pod(job(|it| it.conditions = vec![target]), ended(3)), 0);
        assert_eq!(
            (verdict.state, cause(&verdict)),
            (State::Failed, Some(&Cause::Crash { exit_code: 3, restarts: 0 }))
        );
        assert_eq!(said(&verdict), "it failed as often as it may: exit code 3");
    }

    #[test]
    fn every_reason_to_fail_is_told_in_words_of_its_own() {
        let reasons = [
            ("BackoffLimitExceeded", "it failed as often as it may"),
            ("DeadlineExceeded", "it was not done within its deadline"),
            ("PodFailurePolicy", "its pod failure policy ended it"),
            ("FailedIndexes", "some of its indexes failed"),
            ("SomethingNew", "it failed (SomethingNew)"),
        ];
        for (reason, words) in reasons {
            let verdict = judged(&job(|it| it.conditions = vec![says("Failed", reason, true)]), 0);
            assert_eq!((verdict.state, said(&verdict)), (State::Failed, words));
            assert!(verdict.evidence.unwrap().details.contains(&"the controller's words".to_owned()));
        }
    }

    #[test]
    fn pods_that_failed_are_no_failure_of_the_job_as_long_as_no_condition_says_so() {
        let verdict = judged(&with_pod(job(|it| it.failed = 2), ended(1)), 600);
        assert_eq!((verdict.state, cause(&verdict)), (State::Progressing, None));
    }

    #[test]
    fn it_has_succeeded_as_soon_as_that_is_settled_though_a_pod_of_it_still_ends() {
        for kind in ["SuccessCriteriaMet", "Complete"] {
            let met = says(kind, "CompletionsReached", true);
            let verdict = judged(&job(|it| (it.succeeded, it.conditions) = (0, vec![met])), 0);
            assert_eq!((verdict.state, verdict.progress.ready), (State::Done, 1), "{kind}");
        }
    }

    #[test]
    fn a_condition_that_is_not_true_says_nothing() {
        let conditions = ["Suspended", "Complete", "Failed"].map(|kind| says(kind, "JobResumed", false)).to_vec();
        assert_eq!(judged(&job(|it| it.conditions = conditions), 0).state, State::Progressing);
    }

    #[test]
    fn a_suspended_job_is_paused_and_says_how_to_go_on() {
        let verdict = judged(&job(|it| it.suspended = true), 0);
        assert_eq!((verdict.state, said(&verdict)), (State::Paused, "job/migrate is suspended in the cluster"));
        assert!(verdict.evidence.unwrap().remedy.starts_with("Resume it: kubectl patch job/migrate"));
    }

    #[test]
    fn what_every_pod_of_it_would_meet_fails_it_though_its_controller_waits_for_ever() {
        let cluster = with_pod(job(|_| {}), waiting("ErrImagePull", "manifest unknown"));
        let verdict = judged(&cluster, 0);
        assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::ImageNotFound)));
    }

    #[test]
    fn a_container_that_crashes_is_shown_and_the_number_of_tries_is_left_to_the_job() {
        let cluster = with_pod(job(|_| {}), |pod| {
            waiting("CrashLoopBackOff", "")(pod);
            let ended = Terminated { exit_code: 7, reason: "Error".into(), message: "".into(), finished: Some(START) };
            (pod.containers[0].restarts, pod.containers[0].last) = (4, Some(ended));
        });
        let verdict = judged(&cluster, 60);
        assert_eq!((verdict.state, said(&verdict)), (State::Progressing, "crashes on start: exit code 7, 4 times"));
    }
}
