//! Every row of the table of causes, by the words of a cluster.

mod pods;
mod registry;

use super::super::tests::{baseline, cause, judged, rolling, waiting};
use super::super::{View, judge};
use crate::domain::fixtures::{START, TestWorld, condition, later, meta, set_name};
use crate::domain::ids::Uid;
use crate::domain::observed::{ContainerState, Event, Object, Phase, Pod, Terminated};
use crate::domain::verdict::{Cause, State, Verdict};

const NEW: &str = "r/auth:v2";
const OLD: &str = "r/auth:v1";

fn headline(verdict: &Verdict) -> &str {
    verdict.evidence.as_ref().map_or("", |evidence| &evidence.headline)
}

/// A warning about the new pod, seen at the beginning.
fn tell(cluster: &mut TestWorld, reason: &str, message: &str) {
    let pod = format!("{}-0", set_name("auth", NEW));
    cluster.put(Object::Event(Box::new(Event {
        meta: meta(&format!("{reason}-{}", message.len()), None),
        about_kind: "Pod".into(),
        about: Uid::new(format!("uid-{pod}")),
        about_name: pod.as_str().into(),
        warning: true,
        reason: reason.into(),
        message: message.into(),
        count: 1,
        last_seen: START,
    })));
}

fn ended(exit_code: i32, reason: &str) -> Terminated {
    Terminated { exit_code, reason: reason.into(), message: "".into(), finished: Some(START) }
}

fn restarted(restarts: u32, exit_code: i32, reason: &'static str) -> impl FnOnce(&mut Pod) {
    move |pod| {
        pod.containers[0].restarts = restarts;
        pod.containers[0].last = Some(ended(exit_code, reason));
        pod.containers[0].state = ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: "".into() };
    }
}

/// The new ReplicaSet may not create pods, for this reason.
fn refused(message: &str) -> TestWorld {
    let mut cluster = rolling(|_| {});
    let env = cluster.world.env(&cluster.env).unwrap();
    let mut set = env.replica_set(&set_name("auth", NEW)).unwrap().clone();
    set.conditions = vec![condition("ReplicaFailure", "FailedCreate", message)];
    cluster.put(Object::ReplicaSet(Box::new(set)));
    cluster
}

#[test]
fn an_image_name_that_cannot_be_used_fails_at_once() {
    let verdict = judged(&rolling(waiting("InvalidImageName", "couldn't parse image name")), &baseline(), 0);
    assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::ImageNameInvalid)));
}

#[test]
fn no_access_to_an_image_fails_after_the_second_attempt() {
    let cluster = rolling(waiting("ImagePullBackOff", "401 Unauthorized"));
    assert_eq!(judged(&cluster, &baseline(), 10).state, State::Progressing);
    let verdict = judged(&cluster, &baseline(), 15);
    assert_eq!((verdict.state, headline(&verdict)), (State::Failed, "no access to the image r/auth:v2"));
}

#[test]
fn a_cache_that_is_not_synced_yet_is_no_configuration_error() {
    let cluster = rolling(waiting("CreateContainerConfigError", "failed to sync secret cache: timed out"));
    assert_eq!(judged(&cluster, &baseline(), 120).state, State::Progressing);
}

#[test]
fn a_container_that_cannot_start_fails_after_a_minute_unless_the_runtime_was_busy() {
    let cluster = rolling(waiting("RunContainerError", "exec: no such file"));
    assert_eq!(judged(&cluster, &baseline(), 59).state, State::Progressing);
    assert_eq!(cause(&judged(&cluster, &baseline(), 60)), Some(&Cause::CannotStart));
    let busy = rolling(waiting("CreateContainerError", "context deadline exceeded"));
    assert_eq!(judged(&busy, &baseline(), 120).state, State::Progressing);
}

#[test]
fn one_kill_for_memory_is_enough() {
    let verdict = judged(&rolling(restarted(1, 137, "OOMKilled")), &baseline(), 5);
    assert_eq!((verdict.state, headline(&verdict)), (State::Failed, "out of memory: killed once"));
}

#[test]
fn an_init_container_that_fails_is_named_as_one() {
    let cluster = rolling(|pod| {
        restarted(2, 1, "Error")(pod);
        pod.containers[0].init = true;
    });
    let verdict = judged(&cluster, &baseline(), 5);
    assert_eq!(headline(&verdict), "the init container fails on start: exit code 1, twice");
}

#[test]
fn a_post_start_hook_fails_with_the_second_restart() {
    let with = |restarts| {
        rolling(move |pod| {
            waiting("PostStartHookError", "exit status 1")(pod);
            pod.containers[0].restarts = restarts;
        })
    };
    assert_eq!(judged(&with(1), &baseline(), 90).state, State::Progressing);
    assert_eq!(judged(&with(2), &baseline(), 5).state, State::Failed);
}

#[test]
fn what_a_liveness_probe_kills_is_told_apart_from_a_crash_even_while_it_runs_again() {
    let mut cluster = rolling(|pod| {
        pod.containers[0].restarts = 2;
        pod.containers[0].last = Some(ended(137, "Error"));
    });
    assert_eq!(judged(&cluster, &baseline(), 5).state, State::Progressing);
    tell(&mut cluster, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500");
    tell(&mut cluster, "Killing", "Container auth failed liveness probe, will be restarted");
    let verdict = judged(&cluster, &baseline(), 5);
    let said = "killed twice because its liveness probe fails: HTTP probe failed with statuscode: 500";
    assert_eq!((verdict.state, headline(&verdict)), (State::Failed, said));
}

#[test]
fn a_readiness_probe_that_fails_is_progress_in_its_own_words() {
    let mut cluster = rolling(|_| {});
    tell(&mut cluster, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503");
    let verdict = judged(&cluster, &baseline(), 90);
    let said = "its readiness probe fails: HTTP probe failed with statuscode: 503";
    assert_eq!((verdict.state, headline(&verdict)), (State::Progressing, said));
}

#[test]
fn a_pod_without_a_node_fails_after_five_minutes_and_sooner_when_no_node_will_come() {
    let mut cluster = rolling(|pod| {
        pod.unscheduled = Some(condition("PodScheduled", "Unschedulable", "0/3 nodes are available"));
        pod.containers.clear();
    });
    assert_eq!(judged(&cluster, &baseline(), 299).state, State::Progressing);
    assert_eq!(judged(&cluster, &baseline(), 300).state, State::Failed);
    tell(&mut cluster, "NotTriggerScaleUp", "pod didn't trigger scale-up");
    assert_eq!(judged(&cluster, &baseline(), 60).state, State::Failed);
}

#[test]
fn a_volume_is_shown_after_a_minute_and_fails_after_five() {
    let mut cluster = rolling(|pod| {
        waiting("ContainerCreating", "")(pod);
        pod.phase = Phase::Pending;
    });
    tell(&mut cluster, "FailedMount", "MountVolume.SetUp failed: secret \"keys\" not found");
    assert_eq!(cause(&judged(&cluster, &baseline(), 59)), None);
    let shown = judged(&cluster, &baseline(), 60);
    assert_eq!((shown.state, cause(&shown)), (State::Progressing, Some(&Cause::NoVolume)));
    assert_eq!(judged(&cluster, &baseline(), 300).state, State::Failed);
}

#[test]
fn evicted_pods_are_no_failure_and_hide_none() {
    let mut cluster = rolling(waiting("ErrImagePull", "connection refused"));
    for number in 1..4 {
        cluster.pod("auth", NEW, number, |pod| {
            (pod.phase, pod.ready) = (Phase::Failed, false);
            pod.reason = Some("Evicted".into());
        });
    }
    assert_eq!(judged(&cluster, &baseline(), 60).state, State::Progressing);
    let mut cluster = rolling(restarted(2, 1, "Error"));
    cluster.pod("auth", NEW, 1, |pod| (pod.phase, pod.ready) = (Phase::Failed, false));
    assert_eq!(judged(&cluster, &baseline(), 5).state, State::Failed);
}

#[test]
fn some_new_pods_that_crash_are_no_failure_until_a_limit_ends_it() {
    let mut cluster = rolling(restarted(2, 1, "Error"));
    cluster.pod("auth", NEW, 1, |_| {});
    assert_eq!(judged(&cluster, &baseline(), 5).state, State::Degraded);
    let verdict = judged(&cluster, &baseline(), 700);
    assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::TimedOut)));
    assert_eq!(headline(&verdict), "not done after 700s: crashes on start: exit code 1, twice");
}

#[test]
fn each_refusal_has_its_own_class_and_grace() {
    let rows = [
        ("pods \"a\" is forbidden: exceeded quota: q, requested: pods=1", 30, Cause::Quota),
        ("pods \"a\" is forbidden: failed quota: q: must specify limits.cpu", 5, Cause::PolicyDenied),
        ("pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\"", 5, Cause::PolicyDenied),
        ("pods \"a\" is forbidden: maximum cpu usage per Container is 1", 5, Cause::PolicyDenied),
        ("pods \"a\" is forbidden: error looking up service account x/y: not found", 5, Cause::PodCreation),
        ("pods \"a\" is forbidden: no PriorityClass with name high was found", 5, Cause::PodCreation),
        ("ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no", 5, Cause::PolicyDenied),
        ("admission webhook \"w\" denied the request: no", 5, Cause::PolicyDenied),
    ];
    for (message, grace, wanted) in rows {
        let cluster = refused(message);
        let before = judged(&cluster, &baseline(), grace - 1);
        // It is shown from the first moment.
        assert_eq!((before.state, cause(&before)), (State::Progressing, Some(&wanted)), "{message}");
        let after = judged(&cluster, &baseline(), grace);
        assert_eq!((after.state, cause(&after)), (State::Failed, Some(&wanted)), "{message}");
    }
}

#[test]
fn a_webhook_that_does_not_answer_is_shown_and_is_no_failure() {
    let cluster = refused("Internal error occurred: failed calling webhook \"w\": timeout");
    let verdict = judged(&cluster, &baseline(), 300);
    assert_eq!((verdict.state, cause(&verdict)), (State::Progressing, Some(&Cause::PodCreation)));
}

#[test]
fn quota_is_no_failure_while_pods_are_still_leaving() {
    let mut cluster = refused("pods \"a\" is forbidden: exceeded quota: q");
    cluster.pod("auth", OLD, 0, |pod| pod.meta.deleting = Some(START));
    assert_eq!(judged(&cluster, &baseline(), 60).state, State::Progressing);
}

#[test]
fn a_grace_is_never_counted_from_before_our_change() {
    let mut late = baseline();
    (late.at, late.reached.at) = (later(100), later(100));
    let cluster = refused("pods \"a\" is forbidden: exceeded quota: q");
    assert_eq!(judged(&cluster, &late, 129).state, State::Progressing);
    assert_eq!(judged(&cluster, &late, 130).state, State::Failed);
}

#[test]
fn a_start_that_fails_in_the_runtime_is_told_in_its_words_and_exit_code_128_is_left_to_the_restarts() {
    let failed = |exit_code| {
        rolling(move |pod| {
            let ended = Terminated { message: "exec: no such file".into(), ..ended(exit_code, "StartError") };
            pod.containers[0].state = ContainerState::Terminated(ended);
        })
    };
    assert_eq!(judged(&failed(127), &baseline(), 59).state, State::Progressing);
    let verdict = judged(&failed(127), &baseline(), 60);
    let said = "the container cannot start: exec: no such file";
    assert_eq!((verdict.state, headline(&verdict)), (State::Failed, said));
    assert_eq!(judged(&failed(128), &baseline(), 120).state, State::Progressing);
}

#[test]
fn what_keeps_pods_of_the_old_version_from_coming_too_is_not_the_release() {
    let words = "is forbidden: exceeded quota: small, requested: pods=1";
    let mut cluster = refused(&format!("pods \"auth-new-1\" {words}"));
    let detail = "pods of the old version are refused too: the namespace changed, not the release";
    let told =
        |cluster: &TestWorld| judged(cluster, &baseline(), 40).evidence.unwrap().details.contains(&detail.to_owned());
    assert!(!told(&cluster));
    let env = cluster.world.env(&cluster.env).unwrap();
    let mut set = env.replica_set(&set_name("auth", OLD)).unwrap().clone();
    set.conditions = vec![condition("ReplicaFailure", "FailedCreate", &format!("pods \"auth-old-9\" {words}"))];
    cluster.put(Object::ReplicaSet(Box::new(set)));
    assert!(told(&cluster));
}

#[test]
fn a_set_that_was_refused_for_so_long_that_kubernetes_gave_up_says_what_wakes_it() {
    let mut cluster = TestWorld::new("staging");
    let conditions = vec![condition("Progressing", "ReplicaSetCreateError", "exceeded quota: count/replicasets.apps")];
    cluster.deployment("auth", NEW, 2, |workload| {
        (workload.generation, workload.observed_generation) = (2, 1);
        workload.status.conditions = conditions;
    });
    let remedy = |seconds| judged(&cluster, &baseline(), seconds).evidence.unwrap().remedy;
    assert!(remedy(60).ends_with("The next try may be minutes away."), "{}", remedy(60));
    assert!(remedy(165).ends_with("Kubernetes has given up trying; then change an annotation of the Deployment."));
    let said = "no quota for ReplicaSets: exceeded quota: count/replicasets.apps";
    assert_eq!(headline(&judged(&cluster, &baseline(), 60)), said);
}

/// StatefulSets and DaemonSets have no condition that says it.
#[test]
fn pods_of_a_stateful_set_that_are_refused_are_known_by_the_event_until_one_is_created() {
    let mut cluster = TestWorld::new("staging");
    cluster.deployment("auth", NEW, 2, |workload| {
        workload.kind = crate::domain::observed::WorkloadKind::StatefulSet;
        (workload.generation, workload.observed_generation) = (2, 2);
        (workload.status.updated, workload.status.available) = (0, 0);
        workload.status.update_revision = Some("auth-2".into());
    });
    let mut said = |reason: &str, message: &str, at: i64| {
        cluster.put(Object::Event(Box::new(Event {
            meta: meta(&format!("auth.{at}"), None),
            about_kind: "StatefulSet".into(),
            about: Uid::new("uid-auth"),
            about_name: "auth".into(),
            warning: true,
            reason: reason.into(),
            message: message.into(),
            count: 1,
            last_seen: later(at),
        })));
        let env = cluster.world.env(&cluster.env).unwrap();
        let set = crate::domain::observed::WorkloadRef::new(crate::domain::observed::WorkloadKind::StatefulSet, "auth");
        judge(&View::new(env, env.workload(&set).unwrap()), &baseline(), later(35))
    };
    let verdict = said("FailedCreate", "create Pod auth-0 failed: exceeded quota: small", 1);
    assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::Quota)));
    assert_eq!(said("SuccessfulCreate", "create Pod auth-0 successful", 2).state, State::Progressing);
}

#[test]
fn three_evictions_are_told_and_fewer_are_everyday_life() {
    let evicted = |pods: u32| {
        let mut cluster = rolling(|_| {});
        for number in 1..=pods {
            cluster.pod("auth", NEW, number, |pod| {
                (pod.phase, pod.ready) = (Phase::Failed, false);
                (pod.reason, pod.message) = (Some("Evicted".into()), Some("The node was low on memory.".into()));
            });
        }
        judged(&cluster, &baseline(), 60)
    };
    assert_eq!(cause(&evicted(2)), None);
    let verdict = evicted(3);
    let said = "3 pods were lost (Evicted): The node was low on memory.";
    assert_eq!((verdict.state, headline(&verdict)), (State::Progressing, said));
}

#[test]
fn a_liveness_probe_that_fails_now_and_then_is_no_failure_before_the_second_restart() {
    let mut cluster = rolling(|pod| {
        pod.containers[0].restarts = 1;
        pod.containers[0].last = Some(ended(137, "Error"));
    });
    tell(&mut cluster, "Unhealthy", "Liveness probe failed: timeout");
    tell(&mut cluster, "Killing", "Container auth failed liveness probe, will be restarted");
    assert_eq!(judged(&cluster, &baseline(), 60).state, State::Progressing);
}

/// A cell of the matrix has ten columns.
#[test]
fn every_cause_has_a_word_that_fits_a_cell() {
    let causes = [
        Cause::ImageNotFound,
        Cause::ImageRefused,
        Cause::ImagePull,
        Cause::ImageNameInvalid,
        Cause::Crash { exit_code: 1, restarts: 40_000 },
        Cause::OutOfMemory { restarts: 3 },
        Cause::Configuration,
        Cause::CannotStart,
        Cause::Unschedulable,
        Cause::Quota,
        Cause::PolicyDenied,
        Cause::PodCreation,
        Cause::Deadline,
        Cause::TimedOut,
        Cause::ControllerSilent,
        Cause::NotReady,
        Cause::Draining,
        Cause::HeldByPartition,
        Cause::NeedsManualDelete,
        Cause::Paused,
        Cause::ScaledToZero,
        Cause::SupersededBy(Some("a-manager-with-a-long-name".into())),
        Cause::Replaced,
        Cause::Deleted,
        Cause::NotVisible,
        Cause::PodFailed,
        Cause::Unhealthy { restarts: 40_000 },
        Cause::NoVolume,
        Cause::StuckOnOldPod,
        Cause::NoNodeMeant,
    ];
    for cause in causes {
        assert!((1..=10).contains(&cause.word().chars().count()), "{}", cause.word());
    }
}
