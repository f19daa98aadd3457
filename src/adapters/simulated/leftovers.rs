//! What a busy namespace leaves behind: some to clean up, and some that must never be offered.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::render::{meta, set_name};
use super::world::{Dice, Workload};
use crate::domain::ids::Uid;
use crate::domain::observed::{
    Condition, ContainerState, ContainerStatus, Job, Object, Owner, Phase, Pod, Terminated, WorkloadKind,
};

type Found = (Arc<str>, Object);

/// Pods without an owner and Jobs; two of the Jobs belong to somebody who cleans up himself.
pub(super) fn leftovers(namespace: &Arc<str>, dice: &mut Dice, now: Timestamp) -> Vec<Found> {
    let minutes = |number: i64| now - SignedDuration::from_mins(number);
    let mut found = Vec::new();
    for (name, reason, age) in [
        ("debug-shell", None, 70 * 60),
        ("load-test", Some(("Evicted", "The node was low on resource: ephemeral-storage.")), 26 * 60),
        ("psql-by-petra", None, 4),
    ] {
        let name = format!("{name}-{}", dice.suffix());
        found.push(Object::Pod(Box::new(pod(namespace, &name, reason, minutes(age)))));
    }
    for (name, reason, age) in [
        ("ledger-migrate-188", "BackoffLimitExceeded", 5 * 24 * 60),
        ("feed-rebuild", "DeadlineExceeded", 4 * 24 * 60),
        // A CronJob keeps as many of its own as it was told to.
        ("nightly-report-29811240", "BackoffLimitExceeded", 9 * 60),
        // It removes itself when its time has come.
        ("reindex-once", "BackoffLimitExceeded", 45),
    ] {
        let mut job = job(namespace, name, reason, minutes(age));
        if name.starts_with("nightly") {
            let uid = Uid::new(format!("{namespace}/cronjob/nightly-report"));
            job.meta.owner = Some(Owner { kind: "CronJob".into(), name: "nightly-report".into(), uid });
        }
        job.ttl = name == "reindex-once";
        found.push(Object::Job(Box::new(job)));
    }
    found.into_iter().map(|object| (Arc::clone(namespace), object)).collect()
}

/// A pod of a Deployment that its node has thrown out, and that was replaced long ago.
pub(super) fn evicted(of: &Workload, dice: &mut Dice, at: Timestamp) -> Option<Found> {
    if of.reference.kind != WorkloadKind::Deployment {
        return None;
    }
    let set = set_name(&of.reference, of.image());
    let reason = Some(("Evicted", "The node was low on resource: memory."));
    let mut pod = pod(&of.namespace, &format!("{set}-{}", dice.suffix()), reason, at);
    let uid = Uid::new(format!("{}/{set}", of.namespace));
    pod.meta.owner = Some(Owner { kind: "ReplicaSet".into(), name: set.as_str().into(), uid });
    pod.revision = Some(set.into());
    // An evicted pod has lost what its containers did.
    pod.containers.clear();
    Some((Arc::clone(&of.namespace), Object::Pod(Box::new(pod))))
}

fn pod(namespace: &str, name: &str, reason: Option<(&str, &str)>, at: Timestamp) -> Pod {
    let ended = Terminated {
        exit_code: if reason.is_some() { 137 } else { 0 },
        reason: if reason.is_some() { "Error".into() } else { "Completed".into() },
        message: "".into(),
        finished: Some(at),
    };
    let status = ContainerStatus {
        name: "main".into(),
        image: "registry.example/tools:v1".into(),
        digest: None,
        init: false,
        memory: None,
        ready: false,
        restarts: 0,
        state: ContainerState::Terminated(ended),
        last: None,
    };
    Pod {
        meta: meta(name, Uid::new(format!("{namespace}/{name}")), at, None),
        revision: None,
        phase: if reason.is_some() { Phase::Failed } else { Phase::Succeeded },
        reason: reason.map(|(reason, _)| reason.into()),
        message: reason.map(|(_, message)| message.into()),
        ready: false,
        unscheduled: None,
        node: Some("node-b".into()),
        claims: Vec::new(),
        containers: vec![status],
    }
}

fn job(namespace: &str, name: &str, reason: &str, at: Timestamp) -> Job {
    let message = match reason {
        "DeadlineExceeded" => "Job was active longer than specified deadline",
        _ => "Job has reached the specified backoff limit",
    };
    let failed = Condition {
        kind: "Failed".into(),
        status: true,
        reason: reason.into(),
        message: message.into(),
        updated: Some(at),
    };
    Job {
        meta: meta(name, Uid::new(format!("{namespace}/{name}")), at, None),
        active: 0,
        succeeded: 0,
        failed: 6,
        ttl: false,
        suspended: false,
        wanted: 1,
        containers: Vec::new(),
        conditions: vec![failed],
    }
}
