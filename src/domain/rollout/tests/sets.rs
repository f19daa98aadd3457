//! What is different of StatefulSets and DaemonSets.

use super::*;
use crate::domain::observed::Writer;

/// A StatefulSet at generation 2, whose pods crash, of which the controller has seen the given generation.
fn stateful(observed: i64, change: impl FnOnce(&mut crate::domain::observed::Workload)) -> TestWorld {
    let mut cluster = TestWorld::new("staging");
    cluster.deployment("auth", NEW, 2, |workload| {
        workload.kind = WorkloadKind::StatefulSet;
        (workload.generation, workload.observed_generation) = (2, observed);
        workload.status.current_revision = Some("auth-1".into());
        workload.status.update_revision = Some("auth-1".into());
        change(workload);
    });
    cluster.pod("auth", OLD, 0, |pod| {
        let owner = crate::domain::observed::Owner {
            kind: "StatefulSet".into(),
            name: "auth".into(),
            uid: Uid::new("uid-auth"),
        };
        pod.meta.owner = Some(owner);
        pod.revision = Some("auth-1".into());
        pod.ready = false;
        pod.containers[0].ready = false;
        pod.containers[0].restarts = 9;
        pod.containers[0].state = ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: "".into() };
        pod.containers[0].last =
            Some(Terminated { exit_code: 1, reason: "Error".into(), message: "".into(), finished: Some(START) });
    });
    cluster
}

fn judged_set(cluster: &TestWorld) -> Verdict {
    let env = cluster.world.env(&cluster.env).unwrap();
    let workload = env.workload(&WorkloadRef::new(WorkloadKind::StatefulSet, "auth")).unwrap();
    judge(&View::new(env, workload), &baseline(), later(5))
}

#[test]
fn old_pods_that_crash_are_not_blamed_on_a_change_that_the_controller_has_not_seen() {
    assert_eq!(judged_set(&stateful(1, |_| {})).state, State::Progressing);
    let seen = stateful(2, |workload| workload.status.updated = 0);
    assert_eq!(judged_set(&seen).state, State::Failed);
}

#[test]
fn a_partition_holds_a_new_revision_back_and_nothing_else() {
    let health_of = |update: &str| {
        let mut cluster = TestWorld::new("staging");
        cluster.deployment("auth", NEW, 2, |workload| {
            workload.kind = WorkloadKind::StatefulSet;
            workload.strategy = crate::domain::observed::Strategy::Partition(2);
            workload.status.current_revision = Some("auth-1".into());
            workload.status.update_revision = Some(update.into());
        });
        let env = cluster.world.env(&cluster.env).unwrap();
        let workload = env.workload(&WorkloadRef::new(WorkloadKind::StatefulSet, "auth")).unwrap();
        health(&View::new(env, workload), later(5)).state
    };
    assert_eq!(health_of("auth-1"), State::Ok);
    assert_eq!(health_of("auth-2"), State::Blocked);
}

#[test]
fn a_stateful_set_that_waits_for_an_old_pod_that_is_not_ready_is_stuck_and_says_on_which() {
    let cluster = stateful(2, |workload| {
        workload.status.updated = 0;
        workload.status.update_revision = Some("auth-2".into());
    });
    assert_eq!(judged_set(&cluster).state, State::Progressing);
    let env = cluster.world.env(&cluster.env).unwrap();
    let workload = env.workload(&WorkloadRef::new(WorkloadKind::StatefulSet, "auth")).unwrap();
    let verdict = judge(&View::new(env, workload), &baseline(), later(30));
    assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::StuckOnOldPod)));
    let evidence = verdict.evidence.unwrap();
    assert!(evidence.remedy.contains("kubectl delete pod auth-"), "{}", evidence.remedy);
}

#[test]
fn whoever_looks_at_a_stuck_stateful_set_without_having_changed_it_is_told_the_same_after_the_same_time() {
    let cluster = stateful(2, |workload| {
        workload.status.updated = 0;
        workload.status.update_revision = Some("auth-2".into());
        workload.writer = Some(Writer { manager: "shipdeck".into(), at: Some(later(0)) });
    });
    let env = cluster.world.env(&cluster.env).unwrap();
    let workload = env.workload(&WorkloadRef::new(WorkloadKind::StatefulSet, "auth")).unwrap();
    let view = View::new(env, workload);
    assert!(on_trial(&view, later(29)) && cause(&health(&view, later(29))) != Some(&Cause::StuckOnOldPod));
    assert_eq!(cause(&health(&view, later(30))), Some(&Cause::StuckOnOldPod));
    assert!(!on_trial(&view, later(30)), "nothing more comes by time alone");
}

#[test]
fn a_daemon_set_without_nodes_verifies_nothing() {
    let mut cluster = TestWorld::new("staging");
    cluster.deployment("auth", NEW, 0, |workload| {
        workload.kind = WorkloadKind::DaemonSet;
        (workload.generation, workload.observed_generation) = (2, 2);
    });
    let env = cluster.world.env(&cluster.env).unwrap();
    let workload = env.workload(&WorkloadRef::new(WorkloadKind::DaemonSet, "auth")).unwrap();
    let verdict = judge(&View::new(env, workload), &baseline(), later(5));
    assert_eq!((verdict.state, cause(&verdict)), (State::Done, Some(&Cause::NoNodeMeant)));
}

/// A workload of two at our generation, all of it available, changed as told.
fn seen(kind: WorkloadKind, change: impl FnOnce(&mut Workload)) -> Verdict {
    let mut cluster = TestWorld::new("staging");
    cluster.deployment("auth", NEW, 2, |workload| {
        workload.kind = kind;
        (workload.generation, workload.observed_generation) = (2, 2);
        change(workload);
    });
    let env = cluster.world.env(&cluster.env).unwrap();
    judge(&View::new(env, env.workload(&WorkloadRef::new(kind, "auth")).unwrap()), &baseline(), later(5))
}

fn partitioned(partition: u32, updated: u32) -> Verdict {
    seen(WorkloadKind::StatefulSet, move |it| {
        it.strategy = crate::domain::observed::Strategy::Partition(partition);
        (it.status.current_revision, it.status.update_revision) = (Some("auth-1".into()), Some("auth-2".into()));
        it.status.updated = updated;
    })
}

#[test]
fn a_partition_is_done_when_the_pods_that_it_lets_through_are_new_though_revisions_stay_different() {
    assert_eq!(partitioned(1, 0).state, State::Progressing);
    assert_eq!(partitioned(1, 1).state, State::Done);
}

#[test]
fn a_partition_that_lets_no_pod_through_is_no_success_of_ours_and_says_that_nothing_is_rolled_out() {
    let verdict = partitioned(2, 0);
    assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::HeldByPartition)));
    assert_eq!(verdict.evidence.unwrap().headline, "held by partition 2: nothing is rolled out");
}

#[test]
fn a_daemon_set_is_done_when_every_node_that_it_is_meant_for_has_a_new_pod_that_is_available() {
    let with = |updated, available| {
        seen(WorkloadKind::DaemonSet, move |it| (it.status.updated, it.status.available) = (updated, available)).state
    };
    assert_eq!((with(1, 2), with(2, 1)), (State::Progressing, State::Progressing));
    assert_eq!(with(2, 2), State::Done);
}
