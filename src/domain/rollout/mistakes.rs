//! The table of mistakes that others make (`rollout-verdict.md` 2.9): each row a test with a name that says our rule.
//! Rows that are told elsewhere: what was there before (`super::tests`), graces (`super::causes`), and Jobs, which are no
//! services.

use super::tests::{baseline, cause, judged, rolling, waiting};
use super::*;
use crate::domain::fixtures::{START, TestWorld, condition, later, set_name, template};
use crate::domain::ids::Uid;
use crate::domain::observed::{ContainerState, Owner, Terminated};

const OLD: &str = "r/auth:v1";
const NEW: &str = "r/auth:v2";

/// Two ready pods of v2 at our generation, complete unless it is changed.
fn complete(change: impl FnOnce(&mut Workload)) -> TestWorld {
    let mut cluster = TestWorld::new("staging");
    cluster.rolled_out("auth", NEW, 2);
    cluster.deployment("auth", NEW, 2, |workload| {
        (workload.generation, workload.observed_generation) = (2, 2);
        change(workload);
    });
    cluster
}

fn progressing(reason: &str, set: &str) -> Condition {
    condition("Progressing", reason, &format!("ReplicaSet \"{set}\" has progressed."))
}

#[test]
fn a_change_that_the_controller_never_sees_is_told_after_half_a_minute_and_is_no_failure() {
    let cluster = complete(|workload| workload.observed_generation = 1);
    assert_eq!(cause(&judged(&cluster, &baseline(), 30)), None);
    let verdict = judged(&cluster, &baseline(), 3_600);
    assert_eq!((verdict.state, cause(&verdict)), (State::Progressing, Some(&Cause::ControllerSilent)));
    assert_eq!(verdict.evidence.unwrap().headline, "the controller manager does not react to the change");
}

#[test]
fn counts_decide_though_the_condition_names_the_former_set_for_ever() {
    let frozen = progressing("NewReplicaSetAvailable", &set_name("auth", OLD));
    let known = Baseline { progressing: Some(frozen.clone()), ..baseline() };
    assert_eq!(judged(&complete(|it| it.status.conditions = vec![frozen]), &known, 5).state, State::Done);
}

#[test]
fn a_deadline_is_not_final_what_is_complete_afterwards_is_done() {
    let passed = progressing("ProgressDeadlineExceeded", &set_name("auth", NEW));
    let late = |available| {
        let passed = passed.clone();
        complete(move |it| (it.status.available, it.status.conditions) = (available, vec![passed]))
    };
    assert_eq!(cause(&judged(&late(1), &baseline(), 5)), Some(&Cause::Deadline));
    assert_eq!(judged(&late(2), &baseline(), 5).state, State::Done);
}

#[test]
fn a_deadline_that_passed_before_counts_where_our_patch_changed_nothing() {
    let passed = progressing("ProgressDeadlineExceeded", &set_name("auth", NEW));
    let known = Baseline { progressing: Some(passed.clone()), changed: false, ..baseline() };
    let cluster = complete(|it| (it.status.available, it.status.conditions) = (1, vec![passed]));
    assert_eq!(cause(&judged(&cluster, &known, 5)), Some(&Cause::Deadline));
}

#[test]
fn old_pods_that_crash_or_find_no_image_are_not_blamed_on_the_new_version() {
    let mut cluster = rolling(|_| {});
    cluster.pod("auth", OLD, 0, waiting("ErrImagePull", "not found"));
    cluster.pod("auth", OLD, 1, |pod| {
        waiting("CrashLoopBackOff", "")(pod);
        (pod.ready, pod.containers[0].restarts) = (false, 30);
    });
    let verdict = judged(&cluster, &baseline(), 60);
    assert_eq!((verdict.state, cause(&verdict)), (State::Progressing, None));
}

#[test]
fn a_pod_belongs_to_the_set_that_owns_it_whatever_its_image_or_labels() {
    let mut cluster = rolling(|_| {});
    // A pod with the new image and a crash, made by somebody else's set.
    cluster.pod("auth", NEW, 7, |pod| {
        waiting("ErrImagePull", "not found")(pod);
        let uid = Uid::new("uid-of-another-set");
        pod.meta.owner = Some(Owner { kind: "ReplicaSet".into(), name: "other".into(), uid });
    });
    assert_eq!(judged(&cluster, &baseline(), 60).state, State::Progressing);
}

/// Under Recreate, with the same image: the old revision, all pods available, and the condition says complete.
#[test]
fn a_restart_is_not_complete_while_only_the_set_of_the_former_template_is_there() {
    let mut cluster = TestWorld::new("staging");
    cluster.rolled_out("auth", NEW, 2);
    let said = progressing("NewReplicaSetAvailable", &set_name("auth", NEW));
    cluster.deployment("auth", NEW, 2, |workload| {
        (workload.generation, workload.observed_generation) = (2, 2);
        (workload.template, workload.strategy) = (template("restarted"), crate::domain::observed::Strategy::Recreate);
        (workload.status.updated, workload.status.conditions) = (0, vec![said]);
    });
    let restarted = Baseline { template: template("restarted"), ..baseline() };
    let verdict = judged(&cluster, &restarted, 5);
    assert_eq!((verdict.state, verdict.progress.created, verdict.progress.old), (State::Progressing, 0, 2));
}

#[test]
fn pods_that_are_available_in_sum_are_no_success_while_old_ones_are_among_them() {
    let surge = complete(|it| (it.status.updated, it.status.replicas, it.status.available) = (2, 3, 2));
    assert_eq!(judged(&surge, &baseline(), 5).state, State::Progressing);
    let behind = complete(|it| (it.status.updated, it.status.replicas, it.status.available) = (1, 2, 2));
    assert_eq!(judged(&behind, &baseline(), 5).state, State::Progressing);
}

#[test]
fn without_any_pod_it_is_no_success_whatever_the_condition_available_says() {
    let cluster = complete(|it| {
        it.status.available = 0;
        it.status.conditions = vec![condition("Available", "MinimumReplicasAvailable", "has minimum availability")];
    });
    assert_eq!(judged(&cluster, &baseline(), 5).state, State::Progressing);
}

#[test]
fn at_zero_replicas_it_is_said_that_nothing_was_verified() {
    let cluster = complete(|it| it.desired = 0);
    let evidence = judged(&cluster, &baseline(), 5).evidence.unwrap();
    assert_eq!(evidence.headline, "scaled to zero: nothing runs, so nothing was verified");
}

#[test]
fn a_paused_workload_is_neither_failed_nor_waited_for_in_silence() {
    let verdict = judged(&complete(|it| (it.paused, it.status.updated) = (true, 0)), &baseline(), 3_600);
    let evidence = verdict.evidence.unwrap();
    assert_eq!((verdict.state, &*evidence.headline), (State::Paused, "deployment/auth is paused in the cluster"));
    assert_eq!(evidence.remedy, "Resume it: kubectl rollout resume deployment/auth.");
}

#[test]
fn a_scale_in_the_middle_moves_the_goal_and_is_not_somebody_elses_version() {
    let scaled = |available: u32| {
        complete(move |it| {
            (it.generation, it.observed_generation, it.desired) = (3, 3, 5);
            (it.status.updated, it.status.replicas, it.status.available) = (5, 5, available);
        })
    };
    assert_eq!(judged(&scaled(2), &baseline(), 5).state, State::Progressing);
    assert_eq!(judged(&scaled(5), &baseline(), 5).state, State::Done);
}

#[test]
fn old_pods_that_still_end_are_counted_also_after_success() {
    let mut cluster = complete(|_| {});
    cluster.replica_set("auth", OLD, 0);
    for number in 0..3 {
        cluster.pod("auth", OLD, number, |pod| pod.meta.deleting = Some(later(30)));
    }
    let verdict = judged(&cluster, &baseline(), 5);
    assert_eq!((verdict.state, verdict.progress.draining, verdict.progress.old), (State::Done, 3, 0));
}

/// A StatefulSet of two at our generation, with the revision that its pods come from and the one they shall have.
fn stateful(current: &str, update: &str, change: impl FnOnce(&mut Workload)) -> Verdict {
    let mut cluster = TestWorld::new("staging");
    let (current, update) = (current.into(), update.into());
    cluster.deployment("auth", NEW, 2, |workload| {
        workload.kind = WorkloadKind::StatefulSet;
        (workload.generation, workload.observed_generation) = (2, 2);
        (workload.status.current_revision, workload.status.update_revision) = (Some(current), Some(update));
        change(workload);
    });
    let env = cluster.world.env(&cluster.env).unwrap();
    let workload = env.workload(&WorkloadRef::new(WorkloadKind::StatefulSet, "auth")).unwrap();
    judge(&View::new(env, workload), &baseline(), later(5))
}

#[test]
fn equal_revisions_of_a_stateful_set_are_no_success_while_pods_are_of_another_or_not_available() {
    assert_eq!(stateful("b", "b", |it| it.status.updated = 1).state, State::Progressing);
    assert_eq!(stateful("b", "b", |it| it.status.available = 1).state, State::Progressing);
    assert_eq!(stateful("b", "b", |_| {}).state, State::Done);
    assert_eq!(stateful("a", "b", |_| {}).state, State::Progressing, "and counts without them are none either");
}

#[test]
fn a_stateful_set_that_waits_for_its_pods_to_be_deleted_says_how_many_are_left_and_is_done_by_counts() {
    let on_delete = |updated| {
        stateful("a", "b", move |it| {
            it.strategy = crate::domain::observed::Strategy::OnDelete;
            it.status.updated = updated;
        })
    };
    let said = |updated| on_delete(updated).evidence.unwrap().headline;
    assert!(said(0).contains("2 pods keep the old version until somebody deletes them"), "{}", said(0));
    assert!(said(1).contains("1 pod keeps the old version until somebody deletes it"), "{}", said(1));
    assert_eq!(on_delete(2).state, State::Done, "its current revision never moves");
}

#[test]
fn an_init_container_that_fails_counts_like_any_other() {
    let cluster = rolling(|pod| {
        let mut init = pod.containers[0].clone();
        (init.init, init.name, init.restarts) = (true, "migrate".into(), 3);
        init.state = ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: "".into() };
        let ended = Terminated { exit_code: 2, reason: "Error".into(), message: "".into(), finished: Some(START) };
        init.last = Some(ended);
        waiting("PodInitializing", "")(pod);
        pod.containers.insert(0, init);
    });
    let verdict = judged(&cluster, &baseline(), 5);
    let evidence = verdict.evidence.unwrap();
    let said = "the init container fails on start: exit code 2, 3 times";
    assert_eq!((verdict.state, &*evidence.headline), (State::Failed, said));
    assert_eq!(&*evidence.pod.unwrap().container, "migrate");
}
