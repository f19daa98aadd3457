//! What is found, and above all what never is.

use super::*;
use crate::domain::fixtures::{TestWorld, catalog, condition, later, meta};
use crate::domain::observed::{Object, Owner};

fn environment(namespace: &str) -> Environment {
    let mut env = catalog(&[]).environments[0].clone();
    env.namespace = namespace.into();
    env
}

fn found(cluster: &TestWorld, namespace: &str, minutes: i64) -> Vec<String> {
    let world = cluster.world.env(&cluster.env).unwrap();
    let found = findings(&environment(namespace), world, MINIMUM_AGE, later(minutes * 60));
    found.iter().map(|finding| finding.name.to_string()).collect()
}

fn with_evicted(change: impl FnOnce(&mut Pod)) -> TestWorld {
    let mut cluster = TestWorld::new("staging");
    cluster.rolled_out("cart", "r/cart:v1", 2);
    cluster.pod("cart", "r/cart:v1", 7, |pod| {
        (pod.phase, pod.ready, pod.reason) = (Phase::Failed, false, Some("Evicted".into()));
        change(pod);
    });
    cluster
}

fn with_job(change: impl FnOnce(&mut Job)) -> TestWorld {
    let mut cluster = TestWorld::new("staging");
    let failed = condition("Failed", "BackoffLimitExceeded", "too many");
    let meta = meta("migrate", None);
    let mut job = Job {
        meta,
        active: 0,
        succeeded: 0,
        failed: 3,
        ttl: false,
        suspended: false,
        wanted: 1,
        containers: Vec::new(),
        conditions: vec![failed],
    };
    change(&mut job);
    cluster.put(Object::Job(Box::new(job)));
    cluster
}

fn owner(kind: &str) -> Owner {
    Owner { kind: kind.into(), name: "it".into(), uid: Uid::new("uid-it") }
}

#[test]
fn a_replaced_pod_is_found_once_it_is_old_enough() {
    let cluster = with_evicted(|_| {});
    assert_eq!(found(&cluster, "shop", 11).len(), 1);
    assert!(found(&cluster, "shop", 9).is_empty());
    let env = environment("shop");
    let young =
        |minutes: i64| too_young(&env, cluster.world.env(&cluster.env).unwrap(), MINIMUM_AGE, later(minutes * 60));
    assert_eq!((young(9), young(11)), (1, 0), "what is not offered yet is counted");
}

#[test]
fn a_failed_job_and_a_bare_pod_that_ended_are_found() {
    assert_eq!(found(&with_job(|_| {}), "shop", 60), ["migrate"]);
    for phase in [Phase::Failed, Phase::Succeeded] {
        let bare = with_evicted(|pod| (pod.meta.owner, pod.phase) = (None, phase));
        assert_eq!(found(&bare, "shop", 60).len(), 1, "{phase:?}");
    }
}

/// Every row of "never delete" in `cleanup-and-helm.md` 3.7 that pods and Jobs can have; nothing else is ever found.
#[test]
fn no_pod_that_must_stay_is_ever_found() {
    type Change = fn(&mut Pod);
    let rows: [(&str, Change); 15] = [
        ("kept by its chart, by Argo CD or by a finalizer", |pod| pod.meta.marks.keep = true),
        ("a hook of a release", |pod| pod.meta.marks.helm_hook = true),
        ("on its way out", |pod| pod.meta.deleting = Some(later(0))),
        ("of a StatefulSet, which replaces it itself", |pod| pod.meta.owner = Some(owner("StatefulSet"))),
        ("of a DaemonSet, which replaces it itself", |pod| pod.meta.owner = Some(owner("DaemonSet"))),
        ("of a Job, which counts it", |pod| pod.meta.owner = Some(owner("Job"))),
        ("of another controller, whose ways nobody knows", |pod| pod.meta.owner = Some(owner("Rollout"))),
        ("of a ReplicaSet that is not known", |pod| pod.meta.owner = Some(owner("ReplicaSet"))),
        ("running", |pod| pod.phase = Phase::Running),
        ("pending", |pod| pod.phase = Phase::Pending),
        ("completed, of a ReplicaSet", |pod| pod.phase = Phase::Succeeded),
        ("bare and running", |pod| (pod.meta.owner, pod.phase) = (None, Phase::Running)),
        ("bare and lost with its node", |pod| (pod.meta.owner, pod.phase) = (None, Phase::Unknown)),
        ("bare and a GitOps tool's", |pod| (pod.meta.owner, pod.meta.marks.gitops) = (None, true)),
        ("bare and kept", |pod| (pod.meta.owner, pod.meta.marks.keep) = (None, true)),
    ];
    for (why, change) in rows {
        assert!(found(&with_evicted(change), "shop", 600).is_empty(), "{why}");
    }
}

#[test]
fn no_job_that_must_stay_is_ever_found() {
    type Change = fn(&mut Job);
    let rows: [(&str, Change); 9] = [
        ("kept by its chart, by Argo CD or by a finalizer", |job| job.meta.marks.keep = true),
        ("a hook of a release", |job| job.meta.marks.helm_hook = true),
        ("a GitOps tool's", |job| job.meta.marks.gitops = true),
        ("on its way out", |job| job.meta.deleting = Some(later(0))),
        ("a CronJob's, whose history has limits of its own", |job| job.meta.owner = Some(owner("CronJob"))),
        ("one that removes itself", |job| job.ttl = true),
        ("still at work", |job| job.active = 1),
        ("not failed", |job| job.conditions.clear()),
        ("no longer failed", |job| job.conditions[0].status = false),
    ];
    for (why, change) in rows {
        assert!(found(&with_job(change), "shop", 600).is_empty(), "{why}");
    }
}

#[test]
fn nothing_is_ever_found_in_a_protected_namespace_or_before_its_time() {
    for namespace in ["default", "kube-system", "kube-public", "kube-node-lease", "kube-flannel"] {
        assert!(found(&with_evicted(|_| {}), namespace, 600).is_empty(), "{namespace}");
        assert!(found(&with_job(|_| {}), namespace, 600).is_empty(), "{namespace}");
    }
    assert!(found(&with_job(|_| {}), "shop", 9).is_empty());
}

#[test]
fn nothing_but_pods_and_jobs_is_ever_found() {
    let mut cluster = TestWorld::new("staging");
    // Old ReplicaSets are the way back.
    cluster.rolled_out("cart", "r/cart:v2", 1);
    cluster.replica_set("cart", "r/cart:v1", 0);
    assert!(found(&cluster, "shop", 600).is_empty());
    assert!(FindingKind::ALL.iter().all(|kind| matches!(kind.resource(), "pod" | "job")));
}

#[test]
fn a_pod_that_was_not_replaced_stays_as_a_witness() {
    let mut cluster = with_evicted(|_| {});
    cluster.replica_set("cart", "r/cart:v1", 3);
    assert!(found(&cluster, "shop", 60).is_empty());
}

#[test]
fn nothing_is_found_of_a_workload_that_is_being_rolled_out_until_it_stands_still() {
    let mut cluster = with_evicted(|_| {});
    cluster.deployment("cart", "r/cart:v2", 2, |workload| workload.status.updated = 1);
    assert!(found(&cluster, "shop", 60).is_empty());
    cluster.deployment("cart", "r/cart:v2", 2, |workload| (workload.generation, workload.observed_generation) = (3, 2));
    assert!(found(&cluster, "shop", 60).is_empty(), "its controller has not looked yet");
    cluster.deployment("cart", "r/cart:v2", 2, |workload| {
        let mut stuck = condition("Progressing", "ProgressDeadlineExceeded", "");
        stuck.status = false;
        (workload.status.updated, workload.status.conditions) = (1, vec![stuck]);
    });
    assert_eq!(found(&cluster, "shop", 60).len(), 1, "one that is stuck for good is no operation");
}
