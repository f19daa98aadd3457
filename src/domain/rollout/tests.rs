//! The verdicts, by situation.

mod sets;

use super::*;
use crate::domain::fixtures::{START, TestWorld, condition, later, set_name, template};
use crate::domain::ids::Uid;
use crate::domain::observed::{Condition, ContainerState, Pod, Terminated, WorkloadRef, Writer};

const OLD: &str = "r/auth:v1";
const NEW: &str = "r/auth:v2";

/// A rollout from v1 (two ready pods) to v2 whose first new pod is as told.
pub(super) fn rolling(change: impl FnOnce(&mut Pod)) -> TestWorld {
    let mut cluster = TestWorld::new("staging");
    cluster.rolled_out("auth", OLD, 2);
    cluster.deployment("auth", NEW, 2, |workload| {
        workload.generation = 2;
        workload.observed_generation = 2;
        workload.status.updated = 1;
        workload.status.replicas = 3;
    });
    cluster.replica_set("auth", NEW, 1);
    cluster.pod("auth", NEW, 0, |pod| {
        pod.ready = false;
        pod.containers[0].ready = false;
        change(pod);
    });
    cluster
}

pub(super) fn baseline() -> Baseline {
    Baseline {
        uid: Uid::new("uid-auth"),
        generation: 2,
        template: template(NEW),
        images: vec![NEW.into()],
        progressing: None,
        changed: true,
        at: START,
        progress_deadline: Some(600),
        reached: crate::domain::run::Reached { created: 0, ready: 0, at: START, drained: None },
    }
}

pub(super) fn judged(cluster: &TestWorld, baseline: &Baseline, seconds: i64) -> Verdict {
    let env = cluster.world.env(&cluster.env).unwrap();
    let workload = env.workload(&WorkloadRef::deployment("auth")).unwrap();
    judge(&View::new(env, workload), baseline, later(seconds))
}

pub(super) fn waiting(reason: &str, message: &str) -> impl FnOnce(&mut Pod) {
    let state = ContainerState::Waiting { reason: reason.into(), message: message.into() };
    move |pod| pod.containers[0].state = state
}

pub(super) fn cause(verdict: &Verdict) -> Option<&Cause> {
    verdict.evidence.as_ref().map(|evidence| &evidence.cause)
}

#[test]
fn new_pods_that_come_are_progress() {
    let verdict = judged(&rolling(|_| {}), &baseline(), 5);
    assert_eq!((verdict.state, verdict.progress.ready, verdict.progress.old), (State::Progressing, 0, 2));
}

#[test]
fn what_ran_before_is_never_blamed_on_a_change_that_the_watch_has_not_shown_yet() {
    let mut cluster = TestWorld::new("staging");
    cluster.rolled_out("auth", OLD, 1);
    cluster.deployment("auth", OLD, 1, |workload| workload.status.available = 0);
    cluster.pod("auth", OLD, 0, |pod| {
        waiting("CrashLoopBackOff", "back-off")(pod);
        pod.ready = false;
        pod.containers[0].restarts = 4;
    });
    let verdict = judged(&cluster, &baseline(), 1);
    assert_eq!((verdict.state, verdict.progress.created, verdict.progress.old), (State::Progressing, 0, 1));
}

#[test]
fn success_is_when_every_counter_says_so_at_our_generation() {
    let mut cluster = TestWorld::new("staging");
    cluster.rolled_out("auth", NEW, 2);
    cluster.deployment("auth", NEW, 2, |workload| (workload.generation, workload.observed_generation) = (2, 2));
    assert_eq!(judged(&cluster, &baseline(), 5).state, State::Done);
    cluster.deployment("auth", NEW, 2, |workload| (workload.generation, workload.observed_generation) = (2, 1));
    assert_eq!(judged(&cluster, &baseline(), 5).state, State::Progressing);
    assert_eq!(cause(&judged(&cluster, &baseline(), 40)), Some(&Cause::ControllerSilent));
}

#[test]
fn a_missing_image_fails_at_once_and_says_which_and_what_still_serves() {
    let cluster = rolling(waiting("ErrImagePull", "rpc error: manifest unknown: not found"));
    let verdict = judged(&cluster, &baseline(), 1);
    let evidence = verdict.evidence.unwrap();
    assert_eq!((verdict.state, &evidence.cause), (State::Failed, &Cause::ImageNotFound));
    assert_eq!(evidence.headline, "image not found: r/auth:v2 (registry says manifest unknown)");
    assert!(evidence.details.contains(&"2 old v1 still ready".to_owned()), "{:?}", evidence.details);
}

#[test]
fn only_old_pods_that_are_ready_are_counted_as_serving() {
    let mut cluster = rolling(waiting("ErrImagePull", "rpc error: manifest unknown: not found"));
    cluster.pod("auth", OLD, 1, |pod| pod.ready = false);
    let progress = judged(&cluster, &baseline(), 1).progress;
    assert_eq!((progress.old, progress.serving), (2, 1));
}

#[test]
fn a_registry_that_is_busy_is_shown_and_is_no_failure() {
    let verdict = judged(&rolling(waiting("ImagePullBackOff", "429 toomanyrequests")), &baseline(), 60);
    assert_eq!((verdict.state, cause(&verdict)), (State::Progressing, Some(&Cause::ImagePull)));
}

#[test]
fn a_crash_loop_fails_with_the_exit_code_and_points_to_the_previous_log() {
    let cluster = rolling(|pod| {
        pod.containers[0].restarts = 3;
        pod.containers[0].state = ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: "".into() };
        pod.containers[0].last =
            Some(Terminated { exit_code: 101, reason: "Error".into(), message: "".into(), finished: Some(START) });
    });
    let verdict = judged(&cluster, &baseline(), 40);
    assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::Crash { exit_code: 101, restarts: 3 })));
    assert!(verdict.evidence.unwrap().pod.unwrap().previous);
}

#[test]
fn what_ends_without_an_error_again_and_again_does_not_stay_either() {
    let cluster = rolling(|pod| {
        pod.containers[0].restarts = 3;
        pod.containers[0].state = ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: "".into() };
        pod.containers[0].last =
            Some(Terminated { exit_code: 0, reason: "Completed".into(), message: "".into(), finished: Some(START) });
    });
    let verdict = judged(&cluster, &baseline(), 40);
    assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::Crash { exit_code: 0, restarts: 3 })));
    assert!(verdict.evidence.unwrap().headline.starts_with("ends by itself: exit code 0"));
}

#[test]
fn a_service_in_a_crash_loop_is_called_so_while_it_runs_in_between_and_until_it_has_stayed() {
    let stands = |state: ContainerState, ready: bool, seconds: i64| {
        let mut cluster = TestWorld::new("staging");
        cluster.deployment("auth", NEW, 1, |workload| workload.status.available = u32::from(ready));
        cluster.replica_set("auth", NEW, 1);
        cluster.pod("auth", NEW, 0, |pod| {
            let (exit_code, reason, finished) = (101, "Error".into(), Some(START));
            let last = Some(Terminated { exit_code, reason, message: "".into(), finished });
            pod.ready = ready;
            let status = &mut pod.containers[0];
            (status.ready, status.restarts, status.state, status.last) = (ready, 3, state, last);
        });
        let env = cluster.world.env(&cluster.env).unwrap();
        let view = View::new(env, env.workload(&WorkloadRef::deployment("auth")).unwrap());
        let verdict = health(&view, later(seconds));
        (verdict.state, matches!(cause(&verdict), Some(Cause::Crash { .. })), on_trial(&view, later(seconds)))
    };
    let running = || ContainerState::Running { since: Some(later(1)) };
    let waits = ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: "".into() };
    assert_eq!(stands(waits, false, 5), (State::Failed, true, false));
    assert_eq!(stands(running(), false, 5), (State::Failed, true, true));
    assert_eq!(stands(running(), true, 5), (State::Failed, true, true), "without a probe it is ready at once");
    assert_eq!(stands(running(), true, 31), (State::Ok, false, false));
    assert_eq!(stands(running(), false, 601), (State::Progressing, false, false));
}

#[test]
fn a_version_that_was_returned_to_is_as_old_as_the_return_and_not_as_its_replica_set() {
    let mut cluster = TestWorld::new("staging");
    let writer = Some(Writer { manager: "shipdeck".into(), at: Some(later(500)) });
    for (returned, changed) in [(false, START), (true, later(500))] {
        cluster.deployment("auth", OLD, 1, |workload| workload.writer = writer.clone());
        cluster.replica_set("auth", OLD, 1);
        let env = cluster.env.clone();
        let set = cluster.world.env(&env).unwrap().replica_sets_of(&Uid::new("uid-auth")).next().unwrap().clone();
        cluster.put(crate::domain::observed::Object::ReplicaSet(Box::new(crate::domain::observed::ReplicaSet {
            returned,
            ..set
        })));
        let world = cluster.world.env(&env).unwrap();
        let view = View::new(world, world.workload(&WorkloadRef::deployment("auth")).unwrap());
        assert_eq!(view.changed_at(), Some(changed), "returned: {returned}");
    }
}

#[test]
fn a_return_is_no_younger_than_its_completion_whatever_its_writer_writes_later_and_no_older_than_any_other_version() {
    let message = format!("ReplicaSet \"{}\" has successfully progressed.", set_name("auth", OLD));
    let complete =
        Condition { updated: Some(later(520)), ..condition("Progressing", "NewReplicaSetAvailable", &message) };
    // When the template was written last as far as is known, when another version came, and what follows.
    let cases = [(Some(500), 100, 500), (Some(9_000), 100, 520), (None, 100, 520), (Some(50), 100, 100)];
    // What is called complete before another version came is not this return.
    for (written, other, changed) in cases.into_iter().chain([(Some(9_000), 600, 9_000), (None, 600, 600)]) {
        let mut cluster = TestWorld::new("staging");
        let writer = Some(Writer { manager: "shipdeck".into(), at: written.map(later) });
        cluster.deployment("auth", OLD, 1, |it| (it.writer, it.status.conditions) = (writer, vec![complete.clone()]));
        for image in [OLD, NEW] {
            cluster.replica_set("auth", image, 1);
        }
        let sets: Vec<_> =
            cluster.world.env(&cluster.env).unwrap().replica_sets_of(&Uid::new("uid-auth")).cloned().collect();
        for mut set in sets {
            set.returned = set.template == template(OLD);
            set.meta.created = if set.returned { START } else { later(other) };
            cluster.put(crate::domain::observed::Object::ReplicaSet(Box::new(set)));
        }
        let world = cluster.world.env(&cluster.env).unwrap();
        let view = View::new(world, world.workload(&WorkloadRef::deployment("auth")).unwrap());
        assert_eq!(view.changed_at(), Some(later(changed)), "{written:?} {other}");
    }
}

#[test]
fn one_restart_is_no_crash_loop() {
    let cluster = rolling(|pod| {
        pod.containers[0].restarts = 1;
        pod.containers[0].last =
            Some(Terminated { exit_code: 1, reason: "Error".into(), message: "".into(), finished: Some(START) });
    });
    assert_eq!(judged(&cluster, &baseline(), 20).state, State::Progressing);
}

#[test]
fn a_configuration_error_gets_its_grace() {
    let cluster = rolling(waiting("CreateContainerConfigError", "configmap \"x\" not found"));
    assert_eq!(judged(&cluster, &baseline(), 10).state, State::Progressing);
    assert_eq!(judged(&cluster, &baseline(), 31).state, State::Failed);
}

#[test]
fn a_pod_without_a_node_is_progress_with_the_reason() {
    let message = "0/3 nodes are available: 3 Insufficient cpu. preemption: not helpful";
    let cluster = rolling(|pod| {
        pod.unscheduled = Some(condition("PodScheduled", "Unschedulable", message));
        pod.containers.clear();
    });
    let verdict = judged(&cluster, &baseline(), 90);
    assert_eq!(verdict.state, State::Progressing);
    assert_eq!(
        verdict.evidence.unwrap().headline,
        "no node takes the pod: 0/3 nodes are available: 3 Insufficient cpu"
    );
}

#[test]
fn a_deadline_that_was_there_before_or_names_another_set_is_not_ours() {
    let mut cluster = rolling(|_| {});
    let mut exceeded = |set: &str| {
        let message = format!("ReplicaSet \"{set}\" has timed out progressing.");
        let condition = condition("Progressing", "ProgressDeadlineExceeded", &message);
        let kept = condition.clone();
        cluster.deployment("auth", NEW, 2, |workload| {
            (workload.generation, workload.observed_generation) = (2, 2);
            workload.status.updated = 1;
            workload.status.conditions = vec![condition];
        });
        (judged(&cluster, &baseline(), 5), kept)
    };
    let ours = set_name("auth", NEW);
    assert_eq!(exceeded(&set_name("auth", OLD)).0.state, State::Progressing);
    let (verdict, kept) = exceeded(&ours);
    assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::Deadline)));
    let stale = Baseline { progressing: Some(kept), ..baseline() };
    assert_eq!(judged(&cluster, &stale, 5).state, State::Progressing);
}

#[test]
fn quota_fails_after_its_grace() {
    let mut cluster = rolling(|_| {});
    let mut set = {
        let env = cluster.world.env(&cluster.env).unwrap();
        env.replica_set(&set_name("auth", NEW)).unwrap().clone()
    };
    set.conditions =
        vec![condition("ReplicaFailure", "FailedCreate", "pods \"auth\" is forbidden: exceeded quota: pods")];
    cluster.put(crate::domain::observed::Object::ReplicaSet(Box::new(set)));
    assert_eq!(judged(&cluster, &baseline(), 10).state, State::Progressing);
    let verdict = judged(&cluster, &baseline(), 31);
    assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::Quota)));
}

#[test]
fn another_writer_supersedes_us_and_another_object_replaces_ours() {
    let mut cluster = rolling(|_| {});
    cluster.deployment("auth", "r/auth:v3", 2, |workload| {
        workload.generation = 3;
        workload.writer = Some(Writer { manager: "helm".into(), at: Some(later(3)) });
    });
    let verdict = judged(&cluster, &baseline(), 5);
    assert_eq!((verdict.state, cause(&verdict)), (State::Superseded, Some(&Cause::SupersededBy(Some("helm".into())))));
    let evidence = verdict.evidence.unwrap();
    assert_eq!(
        (&*evidence.headline, evidence.since),
        ("helm changed it meanwhile: it now wants r/auth:v3", Some(later(3)))
    );
    let other = Baseline { uid: Uid::new("another"), ..baseline() };
    assert_eq!(cause(&judged(&cluster, &other, 5)), Some(&Cause::Replaced));
}

#[test]
fn a_restart_or_other_settings_with_the_same_image_supersede_us_and_are_not_called_another_image() {
    let mut cluster = rolling(|_| {});
    let mut said = |writer: Option<&str>| {
        let writer = writer.map(|manager| Writer { manager: manager.into(), at: None });
        cluster.deployment("auth", NEW, 2, |workload| {
            (workload.generation, workload.template, workload.writer) = (3, template("restarted"), writer);
        });
        let verdict = judged(&cluster, &baseline(), 5);
        assert_eq!(verdict.state, State::Superseded);
        verdict.evidence.unwrap().headline
    };
    let same =
        "changed its settings meanwhile: the same image, but a restart or another environment, command or resources";
    assert_eq!(said(Some("kubectl-rollout")), format!("kubectl-rollout {same}"));
    assert_eq!(said(None), format!("somebody else {same}"), "who is not always known");
    assert_eq!(said(Some("shipdeck")), format!("another shipdeck {same}"));
}

#[test]
fn paused_and_scaled_to_zero_are_told_apart_from_success() {
    let mut cluster = rolling(|_| {});
    cluster.deployment("auth", NEW, 2, |workload| {
        workload.generation = 2;
        workload.paused = true;
    });
    assert_eq!(judged(&cluster, &baseline(), 5).state, State::Paused);
    cluster.deployment("auth", NEW, 0, |workload| (workload.generation, workload.observed_generation) = (2, 2));
    assert_eq!(cause(&judged(&cluster, &baseline(), 5)), Some(&Cause::ScaledToZero));
}

#[test]
fn our_own_limit_ends_what_no_deadline_ends() {
    let verdict = judged(&rolling(|_| {}), &baseline(), 700);
    assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::TimedOut)));
}

#[test]
fn a_service_that_loses_a_pod_is_degraded_and_not_rolling_out() {
    let mut cluster = TestWorld::new("staging");
    cluster.rolled_out("auth", OLD, 2);
    let message = format!("ReplicaSet \"{}\" has successfully progressed.", set_name("auth", OLD));
    cluster.deployment("auth", OLD, 2, |workload| {
        workload.status.available = 1;
        workload.status.conditions = vec![condition("Progressing", "NewReplicaSetAvailable", &message)];
    });
    let env = cluster.world.env(&cluster.env).unwrap();
    let workload = env.workload(&WorkloadRef::deployment("auth")).unwrap();
    assert_eq!(health(&View::new(env, workload), later(5)).state, State::Degraded);
}

#[test]
fn a_refusal_to_create_the_set_that_was_there_before_is_not_ours() {
    let refused = condition("Progressing", "ReplicaSetCreateError", "exceeded quota: count/replicasets.apps");
    let mut cluster = TestWorld::new("staging");
    let conditions = vec![refused.clone()];
    cluster.deployment("auth", NEW, 2, |workload| {
        (workload.generation, workload.observed_generation) = (2, 1);
        workload.status.conditions = conditions;
    });
    let before = Baseline { progressing: Some(refused), ..baseline() };
    assert_eq!(judged(&cluster, &before, 31).state, State::Progressing);
    assert_eq!(cause(&judged(&cluster, &baseline(), 31)), Some(&Cause::Quota));
}

#[test]
fn a_pod_that_comes_again_does_not_put_the_end_off() {
    let mut cluster = rolling(|_| {});
    let mut known = baseline();
    known.reach(judged(&cluster, &known, 1).progress, later(1));
    cluster.pod("auth", NEW, 0, |pod| (pod.ready, pod.meta.created) = (false, later(600)));
    known.reach(judged(&cluster, &known, 600).progress, later(600));
    assert_eq!(cause(&judged(&cluster, &known, 662)), Some(&Cause::TimedOut));
    cluster.pod("auth", NEW, 1, |pod| pod.ready = false);
    known.reach(judged(&cluster, &known, 662).progress, later(662));
    assert_eq!(judged(&cluster, &known, 662).state, State::Progressing);
}

#[test]
fn a_scale_that_hides_the_moment_of_success_does_not_hide_success() {
    let mut cluster = TestWorld::new("staging");
    cluster.replica_set("auth", NEW, 2);
    let message = format!("ReplicaSet \"{}\" has successfully progressed.", set_name("auth", NEW));
    let done = condition("Progressing", "NewReplicaSetAvailable", &message);
    let conditions = vec![done.clone()];
    cluster.deployment("auth", NEW, 9, |workload| {
        (workload.generation, workload.observed_generation) = (3, 3);
        (workload.status.updated, workload.status.available) = (4, 2);
        workload.status.conditions = conditions;
    });
    assert_eq!(judged(&cluster, &baseline(), 5).state, State::Done);
    let leftover = Baseline { progressing: Some(done), ..baseline() };
    assert_eq!(judged(&cluster, &leftover, 5).state, State::Progressing);
}
