//! What is wrong with new pods: the table of `rollout-verdict.md` 2.11.
//!
//! [`doom`] finds what waiting will not mend, each cause with the grace that keeps a hiccup from being called a failure;
//! [`hint`] finds what is worth showing while waiting. The rows stand in [`containers`] (what a container says),
//! [`claims`] (volumes that a pod asks for), [`pods`] (what is said about a pod) and [`creation`] (pods that are not even created).

mod claims;
mod containers;
mod creation;
mod pods;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{View, shared};
use crate::domain::observed::{ContainerState, ContainerStatus, Phase, Pod, WorkloadKind};
use crate::domain::run::Baseline;
use crate::domain::verdict::{Cause, Evidence, PodContainer};

/// What is asked about: a workload, perhaps since a change of ours, at a moment.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub view: &'a View<'a>,
    pub baseline: Option<&'a Baseline>,
    pub now: Timestamp,
}

impl<'a> Asked<'a> {
    /// For how long something lasts. What lasted before our change began is counted from our change.
    fn waited(&self, since: Timestamp) -> SignedDuration {
        let since = self.baseline.map_or(since, |baseline| since.max(baseline.at));
        self.now.duration_since(since)
    }

    /// New pods that count: one that is being deleted or was evicted has been replaced, or will be.
    fn pods(&self) -> impl Iterator<Item = &'a Pod> {
        let view: &'a View<'a> = self.view;
        view.new_pods().filter(|pod| pod.meta.deleting.is_none() && pod.phase != Phase::Failed)
    }
}

/// Something that is wrong for certain.
pub(super) struct Doom {
    pub evidence: Evidence,
    /// The rollout has failed even while old pods serve: every pod will meet it, or every new pod has.
    pub fatal: bool,
    /// New pods that are doomed.
    pub pods: u32,
}

/// Something that is wrong, and how long it may last. One row of the table each.
struct Sign {
    cause: Cause,
    headline: String,
    since: Timestamp,
    /// None: it may still come right, and is only shown.
    grace: Option<SignedDuration>,
    /// Every pod of this template will meet it.
    fatal: bool,
    remedy: &'static str,
    /// The log that tells more: of which container, and whether of the one before the last restart.
    log: Option<(Arc<str>, bool)>,
}

const NONE: Option<SignedDuration> = Some(SignedDuration::ZERO);

const fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// What waiting will not mend.
pub(super) fn doom(asked: &Asked<'_>) -> Option<Doom> {
    let mut due = Vec::new();
    let mut doomed = 0;
    for pod in asked.pods() {
        let before = due.len();
        let is_due = |sign: &Sign| sign.grace.is_some_and(|grace| asked.waited(sign.since) >= grace);
        due.extend(signs(asked, pod).into_iter().filter(is_due).map(|sign| (sign, pod)));
        doomed += u32::from(due.len() > before);
    }
    // A cause that is the same for all pods outweighs one that may be bad luck.
    due.sort_by_key(|(sign, _)| !sign.fatal);
    if let Some((sign, pod)) = due.into_iter().next() {
        let all = doomed >= asked.pods().count() as u32;
        let spreads = match asked.view.workload.kind {
            WorkloadKind::Deployment => all,
            // The others go on only when this pod is well.
            WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => true,
            // It says itself how often it tries.
            WorkloadKind::Job => false,
        };
        return Some(Doom { fatal: sign.fatal || spreads, evidence: evidence(sign, pod), pods: doomed });
    }
    if let Some(evidence) = pods::stuck(asked) {
        return Some(Doom { evidence, fatal: true, pods: 0 });
    }
    creation::refused(asked).filter(|refusal| refusal.due).map(|it| Doom {
        evidence: it.evidence,
        fatal: true,
        pods: 0,
    })
}

/// Whether a container runs that has crashed again and again, and that has yet to show that it stays.
pub(super) fn on_trial(asked: &Asked<'_>) -> bool {
    asked.pods().any(|pod| pod.containers.iter().any(|status| containers::on_trial(asked, status)))
}

/// A StatefulSet may be found to be stuck by time alone.
pub(super) fn is_behind(asked: &Asked<'_>) -> bool {
    pods::behind(asked).is_some() && pods::stuck(asked).is_none()
}

/// What is worth showing while waiting.
pub(super) fn hint(asked: &Asked<'_>) -> Option<Evidence> {
    let shown = asked.pods().find_map(|pod| signs(asked, pod).into_iter().next().map(|sign| evidence(sign, pod)));
    shown
        .or_else(|| creation::refused(asked).map(|refusal| refusal.evidence))
        .or_else(|| pods::evicted(asked))
        .or_else(|| asked.pods().find_map(|pod| pods::probe(asked, pod)))
}

fn signs(asked: &Asked<'_>, pod: &Pod) -> Vec<Sign> {
    let containers = pod.containers.iter().filter_map(|status| containers::sign(asked, pod, status));
    containers.chain(pods::sign(asked, pod)).collect()
}

/// The container whose log tells most: the first that is not ready.
pub(super) fn container_of_interest(pod: &Pod) -> Option<PodContainer> {
    let status = pod.containers.iter().find(|status| !status.ready && !status.init).or(pod.containers.first())?;
    Some(place(pod, status))
}

fn place(pod: &Pod, status: &ContainerStatus) -> PodContainer {
    let crashed = status.last.is_some() && !matches!(status.state, ContainerState::Running { .. });
    PodContainer { pod: Arc::clone(&pod.meta.name), container: Arc::clone(&status.name), previous: crashed }
}

fn evidence(sign: Sign, pod: &Pod) -> Evidence {
    let detail = match &sign.log {
        Some((container, _)) => format!("pod {}, container {container}", pod.meta.name),
        None => format!("pod {}", pod.meta.name),
    };
    let place = |(container, previous)| PodContainer { pod: Arc::clone(&pod.meta.name), container, previous };
    Evidence {
        cause: sign.cause,
        headline: sign.headline,
        details: vec![detail],
        pod: sign.log.map(place),
        since: Some(sign.since),
        remedy: sign.remedy.to_owned(),
    }
}

/// Messages of the API are long: people need the first line, cut at 160 characters.
pub(super) fn first_line(message: &str) -> Arc<str> {
    let line = message.trim().lines().next().unwrap_or_default();
    match line.char_indices().nth(160) {
        Some((at, _)) => shared(&format!("{}…", &line[..at])),
        None => shared(line),
    }
}
