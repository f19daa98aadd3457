//! What becomes of a rollout after its success: old pods that still end, and, for a while, restarts, lost readiness and
//! new warnings of its own pods.
//!
//! Success is what the controller says in one moment; a version that crashes at its first request, or loses its
//! connection after a minute, was a success too. Nothing here depends on clocks of others: what counts is what the pods
//! show that they did not show when success was seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::causes::first_line;
use super::{View, plain};
use crate::domain::ids::Uid;
use crate::domain::observed::{ContainerStatus, Event, Phase, Pod};
use crate::domain::run::Baseline;
use crate::domain::verdict::{Cause, Evidence, PodContainer};

/// Warnings that come so soon after success are of the start: events travel by a watch of their own.
const SETTLES: SignedDuration = SignedDuration::from_secs(3);

/// Whoever watches writes down that it is over a moment later than it is.
const WRITES: SignedDuration = SignedDuration::from_secs(30);

/// How the watch after a success has ended, or has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Soaked {
    Degraded,
    Well,
    Watching {
        until: Timestamp,
    },
    /// It ought to be over and nobody says so: whoever watched has gone.
    Unfinished,
}

/// What is seen of a rollout since its success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    /// For how long the pods have to be well.
    pub soak: SignedDuration,
    pub since: Timestamp,
    /// Until when they are watched: as long again after each trouble.
    pub until: Timestamp,
    /// Old pods that still end.
    pub draining: u32,
    /// The worst that was seen; it stays, whatever comes right by itself.
    pub trouble: Option<Evidence>,
    /// Nothing is watched any more: the time is over, or something else runs there now.
    pub over: bool,
    /// Another process began the watch: what its pods show at the first look says nothing.
    unknown: bool,
    known: BTreeMap<Uid, Known>,
    warnings: BTreeSet<Arc<str>>,
}

/// What a pod has shown so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    restarts: BTreeMap<Arc<str>, u32>,
    ready: bool,
}

impl After {
    /// Begins at the success that was seen at `since`: what its pods show now is what they may go on showing.
    pub fn begin(view: &View<'_>, since: Timestamp, soak: SignedDuration, now: Timestamp) -> Self {
        let until = since + soak;
        let mut after = Self {
            soak,
            since,
            until,
            draining: draining(view),
            trouble: None,
            over: now >= until,
            unknown: false,
            known: BTreeMap::new(),
            warnings: BTreeSet::new(),
        };
        after.learn(view);
        after
    }

    /// As another process has noted it, which may have ended since.
    pub fn noted(
        soak: SignedDuration,
        (since, until): (Timestamp, Timestamp),
        trouble: Option<Evidence>,
        over: bool,
    ) -> Self {
        let (known, warnings) = (BTreeMap::new(), BTreeSet::new());
        Self { soak, since, until, draining: 0, trouble, over, unknown: true, known, warnings }
    }

    /// What its pods show now is what they may go on showing.
    fn learn(&mut self, view: &View<'_>) {
        for pod in living(view) {
            let restarts = restarts(pod).collect();
            self.known.insert(pod.meta.uid.clone(), Known { restarts, ready: pod.ready });
            self.warnings.extend(warnings(view, pod).map(|event| Arc::clone(&event.meta.name)));
        }
    }

    /// How it has ended, or has not.
    pub fn soaked(&self, now: Timestamp) -> Soaked {
        match self.until {
            _ if self.trouble.is_some() => Soaked::Degraded,
            _ if self.over => Soaked::Well,
            until if now >= until + WRITES => Soaked::Unfinished,
            until => Soaked::Watching { until },
        }
    }

    /// What is seen now, together with what was seen before.
    #[must_use]
    pub fn look(&self, view: &View<'_>, baseline: &Baseline, now: Timestamp) -> Self {
        let mut next = Self { draining: draining(view), ..self.clone() };
        let ours = view.workload.meta.uid == baseline.uid && view.workload.template == baseline.template;
        next.over |= !ours || now >= next.until;
        if next.over {
            return next;
        }
        if std::mem::take(&mut next.unknown) {
            next.learn(view);
        }
        let settles = now.duration_since(self.since).abs() < SETTLES;
        for pod in living(view) {
            let seen = next.take(view, pod, settles);
            if let Some(evidence) = seen {
                next.until = now + next.soak;
                if next.trouble.as_ref().is_none_or(|known| rank(&evidence) > rank(known)) {
                    next.trouble = Some(Evidence { since: evidence.since.or(Some(now)), ..evidence });
                }
            }
        }
        next
    }

    /// Services in front of it send traffic to none of its pods, though they are ready.
    #[must_use]
    pub fn cut_off(&self, services: &[Arc<str>], now: Timestamp) -> Self {
        let named = services.iter().map(|it| format!("service/{it}")).collect::<Vec<_>>().join(", ");
        let has = if services.len() == 1 { "has" } else { "have" };
        let headline = format!("degraded after success: {named} {has} no ready address");
        let remedy = "Compare its selector and the port it names with the pods; roll back if this deploy changed them.";
        let evidence = Evidence {
            details: vec!["its pods are ready, and no traffic reaches them".to_owned()],
            since: Some(now),
            ..plain(Cause::NoTraffic, &headline, remedy)
        };
        let trouble = self.trouble.clone().filter(|known| rank(known) > rank(&evidence)).unwrap_or(evidence);
        Self { trouble: Some(trouble), until: now + self.soak, ..self.clone() }
    }

    /// The workload is gone: nothing more is seen of it.
    #[must_use]
    pub fn gone(&self) -> Self {
        Self { over: true, draining: 0, ..self.clone() }
    }

    /// Whether something of it still has to be looked at.
    pub fn goes_on(&self) -> bool {
        !self.over || self.draining > 0
    }

    /// Takes a pod in, and says what is wrong with it that was not known.
    fn take(&mut self, view: &View<'_>, pod: &Pod, settles: bool) -> Option<Evidence> {
        let known = self.known.entry(pod.meta.uid.clone()).or_default();
        let again = pod
            .containers
            .iter()
            .filter(|it| !it.init)
            .find(|status| status.restarts > known.restarts.get(&status.name).copied().unwrap_or(0));
        let lost = known.ready && !pod.ready;
        let stood = known.ready;
        *known = Known { restarts: restarts(pod).collect(), ready: pod.ready };
        let mut news = None;
        for event in warnings(view, pod) {
            // A pod that came later has yet to start, and may say so.
            let is_new = self.warnings.insert(Arc::clone(&event.meta.name));
            if is_new && stood && !settles {
                news = Some(event);
            }
        }
        again
            .map(|status| restarted(pod, status))
            .or_else(|| lost.then(|| unready(view, pod)))
            .or_else(|| news.map(|event| warned(pod, event)))
    }
}

fn draining(view: &View<'_>) -> u32 {
    view.old_pods().filter(|pod| pod.meta.deleting.is_some()).count() as u32
}

/// New pods that count: whoever deletes or evicts one does not blame its version.
fn living<'a>(view: &'a View<'a>) -> impl Iterator<Item = &'a Pod> {
    view.new_pods().filter(|pod| pod.meta.deleting.is_none() && pod.phase != Phase::Failed)
}

fn restarts(pod: &Pod) -> impl Iterator<Item = (Arc<str>, u32)> {
    pod.containers.iter().map(|status| (Arc::clone(&status.name), status.restarts))
}

fn warnings<'a>(view: &View<'a>, pod: &Pod) -> impl Iterator<Item = &'a Event> {
    view.world.events_about(&pod.meta.uid).into_iter().filter(|event| event.warning)
}

fn rank(evidence: &Evidence) -> u8 {
    match evidence.cause {
        Cause::Crash { .. } | Cause::OutOfMemory { .. } => 2,
        Cause::NotReady | Cause::NoTraffic => 1,
        _ => 0,
    }
}

fn restarted(pod: &Pod, status: &ContainerStatus) -> Evidence {
    let restarts = status.restarts;
    let (cause, how) = match &status.last {
        Some(ended) if &*ended.reason == "OOMKilled" => {
            (Cause::OutOfMemory { restarts }, "killed for memory".to_owned())
        }
        Some(ended) => {
            (Cause::Crash { exit_code: ended.exit_code, restarts }, format!("exit code {}", ended.exit_code))
        }
        None => (Cause::Crash { exit_code: 0, restarts }, "nobody says why".to_owned()),
    };
    let headline = format!("degraded after success: container {} ended and was started again ({how})", status.name);
    let place = PodContainer { pod: Arc::clone(&pod.meta.name), container: Arc::clone(&status.name), previous: true };
    Evidence {
        details: vec![format!("pod {}, container {}", pod.meta.name, status.name)],
        pod: Some(place),
        since: status.last.as_ref().and_then(|ended| ended.finished),
        ..plain(cause, &headline, "Read its last lines; roll back if they do not help at once.")
    }
}

fn unready(view: &View<'_>, pod: &Pod) -> Evidence {
    let remedy = "Look at its log; roll back if it does not come right by itself.";
    let probe = view.world.events_about(&pod.meta.uid).into_iter().find(|event| &*event.reason == "Unhealthy");
    let said = probe.map(|event| first_line(&event.message).to_string());
    let details = std::iter::once(format!("pod {}", pod.meta.name)).chain(said).collect();
    Evidence {
        details,
        pod: super::causes::container_of_interest(pod),
        ..plain(Cause::NotReady, "degraded after success: a pod was ready and is not any more", remedy)
    }
}

fn warned(pod: &Pod, event: &Event) -> Evidence {
    let headline = format!("degraded after success: {}: {}", event.reason, first_line(&event.message));
    Evidence {
        details: vec![format!("pod {}", pod.meta.name)],
        pod: super::causes::container_of_interest(pod),
        since: Some(event.last_seen),
        ..plain(Cause::Warned, &headline, "Look at its log, and at what the warning names.")
    }
}

#[cfg(test)]
mod tests;
