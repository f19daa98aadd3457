//! What is said about a pod: no node, no volume, a probe that fails, one that stands in the way of the next.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Asked, Sign, claims, first_line, place, seconds};
use crate::domain::observed::{Condition, ContainerState, Event, Phase, Pod, WorkloadKind};
use crate::domain::verdict::{Cause, Evidence};

/// A volume that is not there at once is usual; so long is not.
const MOUNT_SHOWN: SignedDuration = SignedDuration::from_secs(60);
/// An old pod of a StatefulSet may be unready for a moment.
const STUCK: SignedDuration = SignedDuration::from_secs(30);
/// Fewer evictions than this are everyday life.
const EVICTIONS_SHOWN: usize = 3;

/// The sign that the pod itself shows.
pub(super) fn sign(asked: &Asked<'_>, pod: &Pod) -> Option<Sign> {
    if let Some(condition) = &pod.unscheduled {
        return Some(claims::sign(asked, pod, condition).unwrap_or_else(|| unschedulable(asked, pod, condition)));
    }
    not_mounted(asked, pod)
}

fn unschedulable(asked: &Asked<'_>, pod: &Pod, condition: &Condition) -> Sign {
    let text = &*condition.message;
    let end = [". no new claims", " no new claims", ". preemption:", " preemption:"]
        .iter()
        .filter_map(|cut| text.find(cut))
        .min();
    let text = text[..end.unwrap_or(text.len())].trim_end_matches('.');
    // An autoscaler that says so will not bring a node.
    let hopeless = newest(asked, pod, &["NotTriggerScaleUp"]).is_some();
    Sign {
        cause: Cause::Unschedulable,
        headline: format!("no node takes the pod: {text}"),
        since: condition.updated.unwrap_or(pod.meta.created),
        grace: Some(seconds(if hopeless { 60 } else { 300 })),
        fatal: false,
        remedy: "Wait for a node (an autoscaler may be adding one), or lower what the pod asks for.",
        log: None,
    }
}

fn not_mounted(asked: &Asked<'_>, pod: &Pod) -> Option<Sign> {
    let creating = |state: &ContainerState| match state {
        ContainerState::Waiting { reason, .. } => matches!(&**reason, "ContainerCreating" | "PodInitializing"),
        _ => false,
    };
    if pod.phase != Phase::Pending || !pod.containers.iter().any(|status| creating(&status.state)) {
        return None;
    }
    let event = newest(asked, pod, &["FailedMount", "FailedAttachVolume"])?;
    let since = event.meta.created.max(pod.meta.created);
    (asked.waited(since) >= MOUNT_SHOWN).then(|| Sign {
        cause: Cause::NoVolume,
        headline: format!("a volume cannot be mounted: {}", first_line(&event.message)),
        since,
        grace: Some(seconds(300)),
        fatal: true,
        remedy: "Check that the volume, Secret or ConfigMap that is named exists and is free.",
        log: None,
    })
}

/// The newest event about a pod with one of these reasons.
fn newest<'a>(asked: &Asked<'a>, pod: &Pod, reasons: &[&str]) -> Option<&'a Event> {
    let events = asked.view.world.events_about(&pod.meta.uid);
    events.into_iter().find(|event| reasons.contains(&&*event.reason))
}

/// What the liveness or startup probe said before it had the container killed.
pub(super) fn killed_by_probe(asked: &Asked<'_>, pod: &Pod) -> Option<Arc<str>> {
    newest(asked, pod, &["Killing"]).filter(|event| event.message.contains("probe"))?;
    let events = asked.view.world.events_about(&pod.meta.uid);
    let said = |event: &&Event| {
        let probe = event.message.starts_with("Liveness probe") || event.message.starts_with("Startup probe");
        &*event.reason == "Unhealthy" && probe
    };
    let event = events.into_iter().find(said)?;
    Some(first_line(event.message.split_once(": ").map_or(&*event.message, |(_, text)| text)))
}

/// A container that runs and is not ready: what its probe says.
pub(super) fn probe(asked: &Asked<'_>, pod: &Pod) -> Option<Evidence> {
    if pod.ready || pod.phase != Phase::Running {
        return None;
    }
    let events = asked.view.world.events_about(&pod.meta.uid);
    let event = events.into_iter().find(|event| &*event.reason == "Unhealthy")?;
    let status = pod.containers.iter().find(|status| !status.ready && !status.init);
    let message = first_line(&event.message);
    let headline = match message.split_once(" probe failed: ") {
        Some((kind, text)) => format!("its {} probe fails: {text}", kind.to_ascii_lowercase()),
        None => format!("not ready: {message}"),
    };
    Some(Evidence {
        cause: Cause::NotReady,
        headline,
        details: vec![format!("pod {}", pod.meta.name)],
        pod: status.map(|status| place(pod, status)),
        since: Some(event.meta.created),
        remedy: "Look at the log of the pod: what its probe asks for does not answer.".to_owned(),
    })
}

/// Pods that the nodes threw out, again and again.
pub(super) fn evicted(asked: &Asked<'_>) -> Option<Evidence> {
    let ended: Vec<&Pod> = asked.view.new_pods().filter(|pod| pod.phase == Phase::Failed).collect();
    let last = ended.iter().max_by_key(|pod| pod.meta.created).filter(|_| ended.len() >= EVICTIONS_SHOWN)?;
    let reason = last.reason.as_deref().unwrap_or("Failed");
    let message = last.message.as_deref().map_or_else(String::new, |text| format!(": {}", first_line(text)));
    Some(Evidence {
        cause: Cause::PodFailed,
        headline: format!("{} pods were lost ({reason}){message}", ended.len()),
        details: vec![format!("pod {}", last.meta.name)],
        pod: None,
        since: Some(last.meta.created),
        remedy: "Look at the nodes; Kubernetes replaces such pods by itself.".to_owned(),
    })
}

/// A StatefulSet replaces its pods in order and waits for each: one that is broken stops it even after the fix
/// (kubernetes #67250).
pub(super) fn stuck(asked: &Asked<'_>) -> Option<Evidence> {
    let (pod, since) = behind(asked)?;
    if asked.now.duration_since(since) < STUCK {
        return None;
    }
    Some(Evidence {
        cause: Cause::StuckOnOldPod,
        headline: format!("stuck on the old pod {}: it is not ready, so Kubernetes does not replace it", pod.meta.name),
        details: pod.revision.iter().map(|revision| format!("it is of revision {revision}")).collect(),
        pod: super::container_of_interest(pod),
        since: Some(pod.meta.created),
        remedy: format!("Delete it, in this cluster and namespace: kubectl delete pod {}.", pod.meta.name),
    })
}

/// The old pod that a StatefulSet waits for, and since when it does: nobody notes that, but not before somebody wrote the
/// template.
pub(super) fn behind<'a>(asked: &Asked<'a>) -> Option<(&'a Pod, Timestamp)> {
    let view = asked.view;
    let workload = view.workload;
    if workload.kind != WorkloadKind::StatefulSet {
        return None;
    }
    let written = || workload.writer.as_ref().and_then(|writer| writer.at);
    let since = asked.baseline.map(|baseline| baseline.at).or_else(written)?;
    // It waits for the old one only where no new one is on its way.
    if asked.pods().any(|pod| !pod.ready) || view.pods.iter().any(|pod| pod.meta.deleting.is_some()) {
        return None;
    }
    let mut old = view.pods.iter().copied().filter(|pod| !view.is_new(pod));
    old.find(|pod| !pod.ready && pod.phase != Phase::Failed).map(|pod| (pod, since))
}
