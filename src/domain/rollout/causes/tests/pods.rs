//! What is said of pods: volumes, nodes that throw them out, starts that fail; and pods that may not be created.

use super::*;
use crate::domain::observed::WorkloadKind;

fn kept_by(message: &str, claims: &[&'static str]) -> TestWorld {
    let (condition, claims) = (condition("PodScheduled", "Unschedulable", message), claims.to_vec());
    rolling(move |pod| {
        pod.unscheduled = Some(condition);
        pod.claims = claims.into_iter().map(Into::into).collect();
        pod.containers.clear();
    })
}

#[test]
fn a_claim_that_has_lost_its_volume_fails_at_once_by_name() {
    let message = "0/3 nodes are available: persistentvolumeclaim \"data\" bound to non-existent persistentvolume \"pv-7\". preemption: no";
    let verdict = judged(&kept_by(message, &["data"]), &baseline(), 0);
    assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::NoVolume)));
    assert_eq!(headline(&verdict), "the claim data has lost its volume pv-7");
}

#[test]
fn a_claim_that_does_not_exist_fails_after_half_a_minute() {
    let cluster = kept_by("0/3 nodes are available: persistentvolumeclaim \"data\" not found.", &["data"]);
    let shown = judged(&cluster, &baseline(), 29);
    assert_eq!((shown.state, headline(&shown)), (State::Progressing, "the claim data does not exist"));
    assert_eq!(judged(&cluster, &baseline(), 30).state, State::Failed);
}

#[test]
fn a_claim_without_a_volume_is_named_with_what_is_told_of_it_and_fails_after_five_minutes() {
    let message = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: no";
    let mut cluster = kept_by(message, &["cache", "data"]);
    let shown = judged(&cluster, &baseline(), 1);
    assert_eq!(headline(&shown), "claims have no volume yet, among these: cache, data");
    cluster.put(Object::Event(Box::new(Event {
        meta: meta("data.1", None),
        about_kind: "PersistentVolumeClaim".into(),
        about: Uid::new("uid-data"),
        about_name: "data".into(),
        warning: true,
        reason: "ProvisioningFailed".into(),
        message: "storageclass.storage.k8s.io \"fast\" not found".into(),
        count: 1,
        last_seen: START,
    })));
    let told = judged(&cluster, &baseline(), 299);
    let said = "the claim data has no volume yet: storageclass.storage.k8s.io \"fast\" not found";
    assert_eq!((told.state, headline(&told)), (State::Progressing, said));
    assert_eq!(judged(&cluster, &baseline(), 300).state, State::Failed);
}

#[test]
fn a_volume_that_cannot_be_attached_is_like_one_that_cannot_be_mounted() {
    let mut cluster = rolling(|pod| {
        waiting("ContainerCreating", "")(pod);
        pod.phase = Phase::Pending;
    });
    tell(&mut cluster, "FailedAttachVolume", "Multi-Attach error for volume \"pv-7\"");
    assert_eq!(cause(&judged(&cluster, &baseline(), 60)), Some(&Cause::NoVolume));
    assert_eq!(judged(&cluster, &baseline(), 300).state, State::Failed);
}

#[test]
fn every_way_a_node_throws_a_pod_out_is_left_to_kubernetes_and_told_from_the_third_on() {
    let reasons = ["Evicted", "NodeLost", "Shutdown", "Preempting", "UnexpectedAdmissionError"];
    for reason in reasons.into_iter().chain(["OutOfcpu", "OutOfmemory", "OutOfpods", "NodeAffinity"]) {
        let mut cluster = rolling(|_| {});
        for number in 1..=3 {
            cluster.pod("auth", NEW, number, |pod| {
                (pod.phase, pod.ready, pod.reason) = (Phase::Failed, false, Some(reason.into()));
            });
        }
        let verdict = judged(&cluster, &baseline(), 60);
        assert_eq!((verdict.state, cause(&verdict)), (State::Progressing, Some(&Cause::PodFailed)), "{reason}");
        assert_eq!(headline(&verdict), format!("3 pods were lost ({reason})"));
    }
}

#[test]
fn every_way_not_to_start_has_a_minute() {
    for reason in ["CreateContainerError", "RunContainerError", "StartError", "ContainerCannotRun"] {
        let cluster = rolling(waiting(reason, "exec: no such file"));
        assert_eq!(judged(&cluster, &baseline(), 59).state, State::Progressing, "{reason}");
        let verdict = judged(&cluster, &baseline(), 60);
        assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::CannotStart)), "{reason}");
    }
}

#[test]
fn a_kill_for_memory_tells_the_limit_where_there_is_one() {
    let cluster = rolling(|pod| {
        restarted(2, 137, "OOMKilled")(pod);
        pod.containers[0].memory = Some("64Mi".into());
    });
    assert_eq!(headline(&judged(&cluster, &baseline(), 5)), "out of memory: killed twice at its limit of 64Mi");
}

#[test]
fn an_init_container_may_fail_once() {
    let cluster = rolling(|pod| {
        restarted(1, 1, "Error")(pod);
        pod.containers[0].init = true;
    });
    assert_eq!(judged(&cluster, &baseline(), 60).state, State::Progressing);
}

#[test]
fn quota_is_given_half_a_minute_after_the_last_pod_has_left() {
    let mut cluster = refused("pods \"a\" is forbidden: exceeded quota: q");
    cluster.pod("auth", OLD, 0, |pod| pod.meta.deleting = Some(START));
    let mut known = baseline();
    known.reach(judged(&cluster, &known, 60).progress, later(60));
    let mut gone = refused("pods \"a\" is forbidden: exceeded quota: q");
    gone.pod("auth", OLD, 0, |_| {});
    assert_eq!(judged(&gone, &known, 89).state, State::Progressing);
    assert_eq!(cause(&judged(&gone, &known, 90)), Some(&Cause::Quota));
}

#[test]
fn pods_of_a_daemon_set_that_are_refused_are_known_by_the_event_too() {
    let mut cluster = TestWorld::new("staging");
    cluster.deployment("auth", NEW, 2, |workload| {
        workload.kind = WorkloadKind::DaemonSet;
        (workload.generation, workload.observed_generation) = (2, 2);
        (workload.status.updated, workload.status.available) = (0, 0);
    });
    cluster.put(Object::Event(Box::new(Event {
        meta: meta("auth.1", None),
        about_kind: "DaemonSet".into(),
        about: Uid::new("uid-auth"),
        about_name: "auth".into(),
        warning: true,
        reason: "FailedCreate".into(),
        message: "Error creating: pods \"auth-x\" is forbidden: violates PodSecurity \"baseline:latest\"".into(),
        count: 1,
        last_seen: START,
    })));
    let env = cluster.world.env(&cluster.env).unwrap();
    let set = crate::domain::observed::WorkloadRef::new(WorkloadKind::DaemonSet, "auth");
    let verdict = judge(&View::new(env, env.workload(&set).unwrap()), &baseline(), later(5));
    assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::PolicyDenied)));
}
