//! What is wrong with new pods: the table of `rollout-verdict.md` 2.11.
//!
//! [`doom`] finds what waiting will not mend, each cause with the grace that keeps a hiccup from being called a failure;
//! [`hint`] finds what is worth showing while waiting.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{View, shared};
use crate::domain::observed::{Condition, ContainerState, ContainerStatus, Pod, Terminated};
use crate::domain::verdict::{Cause, Evidence, PodContainer};

/// Something that is wrong for certain.
pub(super) struct Doom {
    pub evidence: Evidence,
    /// The same for every pod, so the rollout has failed even while old pods serve.
    pub fatal: bool,
    /// New pods that are doomed.
    pub pods: u32,
}

/// How certain a sign is, and how long it may last.
struct Sign {
    cause: Cause,
    headline: String,
    grace: SignedDuration,
    /// Every pod of this template will meet it.
    fatal: bool,
    remedy: &'static str,
    previous: bool,
}

const NONE: SignedDuration = SignedDuration::ZERO;

/// What waiting will not mend. A condition `leftover` from before our change proves nothing.
pub(super) fn doom(view: &View<'_>, leftover: Option<&Condition>, now: Timestamp) -> Option<Doom> {
    let mut dooms: Vec<(Sign, &Pod, &ContainerStatus)> = Vec::new();
    let mut pods = 0;
    for pod in view.new_pods().filter(|pod| pod.meta.deleting.is_none()) {
        let age = now.duration_since(pod.meta.created);
        let signs = pod.containers.iter().filter_map(|status| sign(status).map(|sign| (sign, pod, status)));
        let mut due: Vec<_> = signs.filter(|(sign, ..)| age >= sign.grace).collect();
        pods += u32::from(!due.is_empty());
        dooms.append(&mut due);
    }
    // A cause that is the same for all pods outweighs one that may be bad luck.
    dooms.sort_by_key(|(sign, ..)| !sign.fatal);
    if let Some((sign, pod, status)) = dooms.into_iter().next() {
        let all = pods >= view.new_pods().filter(|pod| pod.meta.deleting.is_none()).count() as u32;
        return Some(Doom { fatal: sign.fatal || all, evidence: evidence(sign, pod, status), pods });
    }
    no_pods(view, leftover, now)
}

/// What is worth showing while waiting.
pub(super) fn hint(view: &View<'_>, now: Timestamp) -> Option<Evidence> {
    let pods = || view.new_pods().filter(|pod| pod.meta.deleting.is_none());
    let unscheduled = pods().find_map(|pod| pod.unscheduled.as_ref().map(|condition| (pod, condition)));
    if let Some((pod, condition)) = unscheduled {
        return Some(unschedulable(pod, condition));
    }
    for pod in pods() {
        for status in &pod.containers {
            if let Some(sign) = sign(status) {
                return Some(evidence(sign, pod, status));
            }
            if let ContainerState::Waiting { reason, message } = &status.state
                && let Some(evidence) = pulling(reason, message, pod, status)
            {
                return Some(evidence);
            }
        }
    }
    no_pods(view, None, now).map(|doom| doom.evidence)
}

/// The container whose log tells most: the first that is not ready.
pub(super) fn container_of_interest(pod: &Pod) -> Option<PodContainer> {
    let status = pod.containers.iter().find(|status| !status.ready && !status.init).or(pod.containers.first())?;
    let crashed = status.last.is_some() && !matches!(status.state, ContainerState::Running { .. });
    Some(PodContainer { pod: Arc::clone(&pod.meta.name), container: Arc::clone(&status.name), previous: crashed })
}

fn evidence(sign: Sign, pod: &Pod, status: &ContainerStatus) -> Evidence {
    let place =
        PodContainer { pod: Arc::clone(&pod.meta.name), container: Arc::clone(&status.name), previous: sign.previous };
    Evidence {
        cause: sign.cause,
        headline: sign.headline,
        details: vec![format!("pod {}, container {}", pod.meta.name, status.name)],
        pod: Some(place),
        since: ended(status).and_then(|ended| ended.finished).or(Some(pod.meta.created)),
        remedy: sign.remedy.to_owned(),
    }
}

/// The sign that a container shows, if any. One row of the table each.
fn sign(status: &ContainerStatus) -> Option<Sign> {
    if let Some(sign) = ended_badly(status) {
        return Some(sign);
    }
    let ContainerState::Waiting { reason, message } = &status.state else { return None };
    match &**reason {
        "InvalidImageName" | "ErrImageNeverPull" => Some(Sign {
            cause: Cause::ImageNameInvalid,
            headline: format!("the image cannot be used: {} ({})", status.image, first_sentence(message)),
            grace: NONE,
            fatal: true,
            remedy: "Correct the image name and deploy again.",
            previous: false,
        }),
        "ErrImagePull" | "ImagePullBackOff" => pull_failed(status, message),
        "CreateContainerConfigError" if !(message.contains("failed to sync") && message.contains("cache")) => {
            Some(Sign {
                cause: Cause::Configuration,
                headline: format!("configuration error: {}", first_sentence(message)),
                grace: SignedDuration::from_secs(30),
                fatal: true,
                remedy: "Create what is missing, or deploy a version that does not need it.",
                previous: false,
            })
        }
        "CreateContainerError" | "RunContainerError" | "StartError" | "ContainerCannotRun" | "PostStartHookError" => {
            Some(Sign {
                cause: Cause::CannotStart,
                headline: format!("the container cannot start: {}", first_sentence(message)),
                grace: SignedDuration::from_secs(60),
                fatal: false,
                remedy: "Read the message; the image or its command is usually wrong.",
                previous: false,
            })
        }
        _ => None,
    }
}

fn pull_failed(status: &ContainerStatus, message: &str) -> Option<Sign> {
    let text = message.to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let (cause, headline, grace, remedy) =
        if any(&["not found", "manifest unknown", "no match for platform", "name unknown"]) {
            let said = if text.contains("manifest unknown") { " (registry says manifest unknown)" } else { "" };
            let headline = format!("image not found: {}{said}", status.image);
            (Cause::ImageNotFound, headline, NONE, "Check that the build pushed this version, or deploy another one.")
        } else if any(&["unauthorized", "denied", "403"]) {
            let headline = format!("no access to the image {}", status.image);
            let remedy = "Check the pull secret of the service account.";
            (Cause::ImageRefused, headline, SignedDuration::from_secs(15), remedy)
        } else {
            return None;
        };
    Some(Sign { cause, headline, grace, fatal: true, remedy, previous: false })
}

/// Pulling that may still come right is shown, and never called a failure.
fn pulling(reason: &str, message: &str, pod: &Pod, status: &ContainerStatus) -> Option<Evidence> {
    if !matches!(reason, "ErrImagePull" | "ImagePullBackOff" | "RegistryUnavailable") {
        return None;
    }
    let sign = Sign {
        cause: Cause::ImagePull,
        headline: format!("the image {} cannot be pulled at the moment: {}", status.image, first_sentence(message)),
        grace: NONE,
        fatal: false,
        remedy: "Kubernetes tries again by itself; check the registry if it lasts.",
        previous: false,
    };
    Some(evidence(sign, pod, status))
}

fn ended(status: &ContainerStatus) -> Option<&Terminated> {
    match &status.state {
        ContainerState::Terminated(ended) => Some(ended),
        _ => status.last.as_ref(),
    }
}

/// Containers that ended and will end again: crash loops, by their restarts and never by one exit alone.
fn ended_badly(status: &ContainerStatus) -> Option<Sign> {
    let ended = ended(status)?;
    let running = matches!(status.state, ContainerState::Running { .. });
    let backing_off =
        matches!(&status.state, ContainerState::Waiting { reason, .. } if &**reason == "CrashLoopBackOff");
    if ended.exit_code == 0 || (running && status.ready) {
        return None;
    }
    let restarts = status.restarts;
    if &*ended.reason == "OOMKilled" && restarts >= 1 {
        return Some(Sign {
            cause: Cause::OutOfMemory { restarts },
            headline: format!("out of memory: killed {}", times(restarts)),
            grace: NONE,
            fatal: false,
            remedy: "Raise the memory limit, or deploy a version that needs less.",
            previous: true,
        });
    }
    let kept_failing = restarts >= 2 && (backing_off || !running);
    kept_failing.then(|| Sign {
        cause: Cause::Crash { exit_code: ended.exit_code, restarts },
        headline: format!(
            "{} on start: exit code {}, {}",
            if status.init { "the init container fails" } else { "crashes" },
            ended.exit_code,
            times(restarts)
        ),
        grace: NONE,
        fatal: false,
        remedy: "Read its last lines; roll back if they do not help at once.",
        previous: true,
    })
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        many => format!("{many} times"),
    }
}

fn unschedulable(pod: &Pod, condition: &Condition) -> Evidence {
    let text = &*condition.message;
    let end = [". no new claims", " no new claims", ". preemption:", " preemption:"]
        .iter()
        .filter_map(|cut| text.find(cut))
        .min();
    let text = &text[..end.unwrap_or(text.len())];
    Evidence {
        cause: Cause::Unschedulable,
        headline: format!("no node takes the pod: {}", text.trim_end_matches('.')),
        details: vec![format!("pod {}", pod.meta.name)],
        pod: None,
        since: condition.updated,
        remedy: "Wait for a node (an autoscaler may be adding one), or lower what the pod asks for.".to_owned(),
    }
}

/// The new ReplicaSet may not create pods.
fn no_pods(view: &View<'_>, leftover: Option<&Condition>, now: Timestamp) -> Option<Doom> {
    let refused = |condition: &&Condition| &*condition.kind == "ReplicaFailure" && condition.status;
    let on_set = view.new_set().and_then(|set| set.conditions.iter().find(refused));
    let set_refused =
        |condition: &&Condition| &*condition.reason == "ReplicaSetCreateError" && Some(*condition) != leftover;
    let condition = on_set.or_else(|| view.workload.status.conditions.iter().find(set_refused))?;
    let text = first_sentence(&condition.message);
    let lower = text.to_ascii_lowercase();
    let (cause, grace, remedy) = if lower.contains("exceeded quota") || lower.contains("quota") {
        (Cause::Quota, 30, "Free or raise the quota of the namespace.")
    } else if lower.contains("failed calling webhook") {
        return None;
    } else if lower.contains("denied") || lower.contains("violates") || lower.contains("forbidden") {
        (Cause::PolicyDenied, 5, "The policy's own words say what it wants.")
    } else {
        (Cause::PodCreation, 30, "The API server's words say what is missing.")
    };
    let since = condition.updated.unwrap_or(now);
    if now.duration_since(since) < SignedDuration::from_secs(grace) {
        return None;
    }
    let headline = match cause {
        Cause::Quota => format!("no quota for new pods: {text}"),
        Cause::PolicyDenied => format!("new pods are denied: {text}"),
        _ => format!("new pods cannot be created: {text}"),
    };
    let details = vec![format!("reason {}", condition.reason)];
    let evidence = Evidence { cause, headline, details, pod: None, since: Some(since), remedy: remedy.to_owned() };
    Some(Doom { evidence, fatal: true, pods: 0 })
}

/// Messages of the API are long: people need the first sentence, cut at 160 characters.
fn first_sentence(message: &str) -> Arc<str> {
    let message = message.trim();
    let line = message.lines().next().unwrap_or_default();
    match line.char_indices().nth(160) {
        Some((at, _)) => shared(&format!("{}…", &line[..at])),
        None => shared(line),
    }
}
