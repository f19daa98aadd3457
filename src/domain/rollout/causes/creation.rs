//! Pods, or their ReplicaSet, that the API server refuses to create.

use jiff::{SignedDuration, Timestamp};

use super::{Asked, first_line, seconds};
use crate::domain::observed::{Condition, Phase, WorkloadKind};
use crate::domain::verdict::{Cause, Evidence};

/// After so many retries the controller gives up and waits to be touched.
const GIVEN_UP: SignedDuration = SignedDuration::from_secs(164);

/// That something was refused.
pub(super) struct Refusal {
    pub evidence: Evidence,
    /// Its grace is over.
    pub due: bool,
}

struct Refused<'a> {
    reason: &'a str,
    message: &'a str,
    since: Timestamp,
}

/// The refusal that keeps new pods from being created, if there is one.
pub(super) fn refused(asked: &Asked<'_>) -> Option<Refusal> {
    let refused = of_set(asked).or_else(|| of_deployment(asked)).or_else(|| of_event(asked))?;
    let (cause, grace, remedy) = class(refused.message);
    let text = first_line(refused.message);
    let headline = match cause {
        Cause::Quota if refused.reason == "ReplicaSetCreateError" => format!("no quota for ReplicaSets: {text}"),
        Cause::Quota => format!("no quota for new pods: {text}"),
        Cause::PolicyDenied => format!("new pods are denied: {text}"),
        _ => format!("new pods cannot be created: {text}"),
    };
    // Pods that are going still count, so their end may make room; the next try after it takes a while.
    let leaving = cause == Cause::Quota && asked.view.pods.iter().any(|pod| pod.meta.deleting.is_some());
    let drained = asked.baseline.and_then(|baseline| baseline.reached.drained).filter(|_| cause == Cause::Quota);
    let waited = asked.waited(drained.map_or(refused.since, |drained| drained.max(refused.since)));
    let mut details = vec![format!("reason {}", refused.reason)];
    let mut remedy = remedy.to_owned();
    if old_set_refused(asked, refused.message) {
        details.push("pods of the old version are refused too: the namespace changed, not the release".to_owned());
    }
    if refused.reason == "ReplicaSetCreateError" && waited > GIVEN_UP {
        remedy.push_str(" Kubernetes has given up trying; then change an annotation of the Deployment.");
    } else if cause == Cause::Quota {
        remedy.push_str(" The next try may be minutes away.");
    }
    let due = !leaving && grace.is_some_and(|grace| waited >= grace);
    Some(Refusal {
        evidence: Evidence { cause, headline, details, pod: None, since: Some(refused.since), remedy },
        due,
    })
}

fn fails(condition: &Condition) -> bool {
    &*condition.kind == "ReplicaFailure" && condition.status
}

/// Only the new ReplicaSet's own words count: the Deployment repeats those of old ones.
fn of_set<'a>(asked: &Asked<'a>) -> Option<Refused<'a>> {
    let condition = asked.view.new_set()?.conditions.iter().find(|it| fails(it))?;
    Some(Refused {
        reason: &condition.reason,
        message: &condition.message,
        since: condition.updated.unwrap_or(asked.now),
    })
}

fn of_deployment<'a>(asked: &Asked<'a>) -> Option<Refused<'a>> {
    let leftover = asked.baseline.and_then(|baseline| baseline.progressing.as_ref());
    let conditions = &asked.view.workload.status.conditions;
    let is_ours = |it: &&Condition| &*it.reason == "ReplicaSetCreateError" && Some(*it) != leftover;
    let condition = conditions.iter().find(is_ours)?;
    Some(Refused {
        reason: &condition.reason,
        message: &condition.message,
        since: condition.updated.unwrap_or(asked.now),
    })
}

/// StatefulSets and DaemonSets have no condition for it, only events.
fn of_event<'a>(asked: &Asked<'a>) -> Option<Refused<'a>> {
    let view = asked.view;
    let there = view.pods.iter().filter(|pod| pod.meta.deleting.is_none() && pod.phase != Phase::Failed).count();
    if view.workload.kind == WorkloadKind::Deployment || there >= view.workload.desired as usize {
        return None;
    }
    let events = view.world.events_about(&view.workload.meta.uid);
    let event = events.into_iter().find(|event| matches!(&*event.reason, "FailedCreate" | "SuccessfulCreate"))?;
    (&*event.reason == "FailedCreate").then_some(Refused {
        reason: &event.reason,
        message: &event.message,
        since: event.meta.created,
    })
}

/// What kind of refusal it is, by the words of the API server. A grace of none: it may still come right.
fn class(message: &str) -> (Cause, Option<SignedDuration>, &'static str) {
    let text = message.to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if any(&["exceeded quota"]) {
        (Cause::Quota, Some(seconds(30)), "Free or raise the quota of the namespace.")
    } else if any(&["failed calling webhook"]) {
        (Cause::PodCreation, None, "A webhook does not answer; Kubernetes tries again by itself.")
    } else if any(&["failed quota"]) {
        (Cause::PolicyDenied, Some(seconds(5)), "Give the containers the requests and limits that the quota asks for.")
    } else if any(&["violates podsecurity", "denied request", "denied the request"]) {
        (Cause::PolicyDenied, Some(seconds(5)), "The policy's own words say what it wants.")
    } else if any(&["usage per container", "usage per pod"]) {
        (Cause::PolicyDenied, Some(seconds(5)), "Keep requests and limits within the LimitRange of the namespace.")
    } else if any(&["looking up service account", "no priorityclass"]) {
        (Cause::PodCreation, Some(seconds(5)), "Create what is missing, or correct its name.")
    } else if any(&["forbidden"]) {
        (Cause::PolicyDenied, Some(seconds(5)), "The API server's words say what is not allowed.")
    } else {
        (Cause::PodCreation, Some(seconds(30)), "The API server's words say what is missing.")
    }
}

/// Whether an old ReplicaSet is refused with the same words, apart from the name of the pod.
fn old_set_refused(asked: &Asked<'_>, message: &str) -> bool {
    fn words(message: &str) -> &str {
        message.split_once("forbidden: ").map_or(message, |(_, words)| words)
    }
    let new = asked.view.new_set().map(|set| &set.meta.uid);
    let old = asked.view.sets.iter().filter(|set| Some(&set.meta.uid) != new);
    old.flat_map(|set| set.conditions.iter().filter(|it| fails(it))).any(|it| words(&it.message) == words(message))
}
