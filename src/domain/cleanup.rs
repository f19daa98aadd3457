//! What may be removed, what is protected, and why.
//!
//! Everything that `cleanup-and-helm.md` 3.7 lists as "never delete" is simply never found here.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::catalog::Environment;
use super::ids::{EnvId, Uid};
use super::observed::{ContainerState, Job, Phase, Pod, ReplicaSet, Terminated, WorkloadRef};
use super::words;
use super::world::EnvWorld;

/// A leftover that may be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub env: EnvId,
    pub kind: FindingKind,
    pub name: Arc<str>,
    pub uid: Uid,
    /// Deleted only if it is still this version.
    pub resource_version: Arc<str>,
    /// In people's words: `evicted: node disk full`.
    pub reason: String,
    /// `replicaset/cart-6d9f7`, or none for a bare pod.
    pub owner: Option<String>,
    /// When it ended, or was created if that is not known.
    pub since: Timestamp,
    /// The proof, one line each.
    pub proof: Vec<String>,
}

impl Finding {
    /// The kubectl command that would do the same, without its preconditions.
    pub fn kubectl(&self, context: &str, namespace: &str) -> String {
        let cascade = if self.kind == FindingKind::FailedJob { " --cascade=background" } else { "" };
        format!("kubectl --context {context} -n {namespace} delete {}/{}{cascade}", self.kind.resource(), self.name)
    }
}

/// Kinds of leftovers, in the order of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// Failed, evicted or lost pods that their ReplicaSet has replaced.
    DeadPod,
    /// Completed or failed pods without an owner.
    BarePod,
    /// Jobs that gave up.
    FailedJob,
}

impl FindingKind {
    pub const ALL: [Self; 3] = [Self::DeadPod, Self::BarePod, Self::FailedJob];

    pub fn resource(self) -> &'static str {
        match self {
            Self::DeadPod | Self::BarePod => "pod",
            Self::FailedJob => "job",
        }
    }
}

/// Younger leftovers are not offered: somebody may still be reading them.
pub const MINIMUM_AGE: SignedDuration = SignedDuration::from_mins(10);

/// Namespaces in which nothing is ever offered.
pub fn is_protected(namespace: &str) -> bool {
    namespace == "default" || namespace.starts_with("kube-")
}

/// Leftovers of one environment, by kind and then oldest first.
pub fn findings(env: &Environment, world: &EnvWorld, minimum_age: SignedDuration, now: Timestamp) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        leftovers(env, world).filter(|finding| is_old(finding, minimum_age, now)).collect();
    findings.sort_by(|a, b| (a.kind, a.since, &a.name).cmp(&(b.kind, b.since, &b.name)));
    findings
}

/// How many leftovers are not offered yet, because somebody may still be reading them.
pub fn too_young(env: &Environment, world: &EnvWorld, minimum_age: SignedDuration, now: Timestamp) -> usize {
    leftovers(env, world).filter(|finding| !is_old(finding, minimum_age, now)).count()
}

fn is_old(finding: &Finding, minimum_age: SignedDuration, now: Timestamp) -> bool {
    now.duration_since(finding.since) >= minimum_age
}

fn leftovers<'a>(env: &'a Environment, world: &'a EnvWorld) -> impl Iterator<Item = Finding> {
    let pods = world.pods().filter_map(|pod| dead_pod(&env.name, world, pod));
    let jobs = world.jobs().filter_map(|job| failed_job(&env.name, job));
    pods.chain(jobs).filter(|_| !is_protected(&env.namespace))
}

fn dead_pod(env: &EnvId, world: &EnvWorld, pod: &Pod) -> Option<Finding> {
    let marks = pod.meta.marks;
    if pod.meta.deleting.is_some() || marks.keep || marks.helm_hook {
        return None;
    }
    let (kind, owner, replaced) = match &pod.meta.owner {
        None if !marks.gitops && matches!(pod.phase, Phase::Failed | Phase::Succeeded) => {
            (FindingKind::BarePod, None, None)
        }
        // Only a ReplicaSet leaves its dead pods behind; other controllers replace or count them.
        Some(owner) if &*owner.kind == "ReplicaSet" && matches!(pod.phase, Phase::Failed | Phase::Unknown) => {
            let set = world.replica_set(&owner.name).filter(|set| set.meta.uid == owner.uid)?;
            let lives =
                |pod: &&Pod| pod.meta.deleting.is_none() && !matches!(pod.phase, Phase::Failed | Phase::Unknown);
            let alive = world.pods_of(&owner.uid).filter(lives).count();
            // Not replaced yet: it may be the only witness of why. While its workload is being rolled out it is part of
            // what people watch.
            if alive < set.desired as usize || is_rolling_out(world, set) {
                return None;
            }
            let pods = words::count(set.desired as usize, "pod");
            let proof = format!("{alive} of {pods} of {} {} there without it", owner.name, words::are(alive));
            (FindingKind::DeadPod, Some(format!("replicaset/{}", owner.name)), Some(proof))
        }
        _ => return None,
    };
    let mut proof = vec![format!("phase {:?}", pod.phase)];
    proof.extend(replaced);
    proof.extend(pod.node.as_ref().map(|node| format!("was on node {node}")));
    Some(Finding {
        env: env.clone(),
        kind,
        name: Arc::clone(&pod.meta.name),
        uid: pod.meta.uid.clone(),
        resource_version: Arc::clone(&pod.meta.resource_version),
        reason: why_dead(pod),
        owner,
        since: ended_at(pod).unwrap_or(pod.meta.created),
        proof,
    })
}

/// Whether the Deployment of a ReplicaSet is on its way to another version; one that came to a standstill is not.
fn is_rolling_out(world: &EnvWorld, set: &ReplicaSet) -> bool {
    let owner = set.meta.owner.as_ref().filter(|owner| &*owner.kind == "Deployment");
    let Some(workload) = owner.and_then(|owner| world.workload(&WorkloadRef::deployment(&*owner.name))) else {
        return false;
    };
    let status = &workload.status;
    let stands = status.conditions.iter().any(|it| &*it.kind == "Progressing" && !it.status);
    workload.observed_generation < workload.generation || (status.updated < workload.desired && !stands)
}

fn terminated(pod: &Pod) -> impl Iterator<Item = &Terminated> {
    pod.containers.iter().filter_map(|status| match &status.state {
        ContainerState::Terminated(ended) => Some(ended),
        _ => None,
    })
}

fn ended_at(pod: &Pod) -> Option<Timestamp> {
    terminated(pod).filter_map(|ended| ended.finished).max()
}

fn why_dead(pod: &Pod) -> String {
    let said = |text: &Option<Arc<str>>| text.as_deref().map(|text| text.chars().take(80).collect::<String>());
    if let Some(reason) = pod.reason.as_deref() {
        let message = said(&pod.message).map(|message| format!(": {message}")).unwrap_or_default();
        return format!("{}{message}", reason.to_lowercase());
    }
    match (pod.phase, terminated(pod).find(|ended| ended.exit_code != 0)) {
        (_, Some(ended)) => format!("exit code {}", ended.exit_code),
        (Phase::Succeeded, None) => "completed".to_owned(),
        (Phase::Unknown, None) => "its node went away".to_owned(),
        _ => "failed".to_owned(),
    }
}

fn failed_job(env: &EnvId, job: &Job) -> Option<Finding> {
    let marks = job.meta.marks;
    let failed = job.conditions.iter().find(|condition| &*condition.kind == "Failed" && condition.status)?;
    let owned = job.meta.owner.is_some();
    if owned
        || job.ttl
        || job.meta.deleting.is_some()
        || marks.keep
        || marks.helm_hook
        || marks.gitops
        || job.active > 0
    {
        return None;
    }
    let reason = match &*failed.reason {
        "BackoffLimitExceeded" => match job.failed {
            0 | 1 => "gave up after one try".to_owned(),
            tries => format!("gave up after {tries} tries"),
        },
        "DeadlineExceeded" => "deadline passed".to_owned(),
        other => other.to_owned(),
    };
    Some(Finding {
        env: env.clone(),
        kind: FindingKind::FailedJob,
        name: Arc::clone(&job.meta.name),
        uid: job.meta.uid.clone(),
        resource_version: Arc::clone(&job.meta.resource_version),
        reason,
        owner: None,
        since: failed.updated.unwrap_or(job.meta.created),
        proof: vec![
            format!("condition Failed: {}", failed.message),
            "no CronJob owns it and it has no time to live".to_owned(),
        ],
    })
}

#[cfg(test)]
#[path = "cleanup_tests.rs"]
mod tests;
