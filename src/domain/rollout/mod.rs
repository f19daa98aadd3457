//! Conclusions about a workload: [`health`] says how it stands, [`judge`] how our own change to it is going, [`After`] what
//! becomes of it once it has succeeded, [`Reach`] whether traffic reaches it, [`estimate()`] how long a change takes.
//!
//! The rules are those of `rollout-verdict.md` 2.8 to 2.12: counts decide and conditions only help; pods are found by
//! ownership and never by labels; the new ReplicaSet is the one with the wanted template, never the one with the highest
//! revision; a condition that was there before our change proves nothing about it.

mod after;
mod causes;
mod counts;
mod digest;
mod estimate;
mod job;
#[cfg(test)]
mod mistakes;
mod reach;
#[cfg(test)]
mod tests;
mod view;

pub use after::{After, Soaked};
pub use estimate::estimate;
pub use job::{LEFT_ALONE, of_job};
pub use reach::{Backends, Reach};
pub use view::View;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::observed::{Condition, Pod, Workload, WorkloadKind, WorkloadRef};
use super::run::Baseline;
use super::verdict::{Cause, Evidence, Progress, State, Verdict};
use super::words;
use causes::{Asked, Doom};

/// Without any reaction of the controller for so long, it is said.
const CONTROLLER_PATIENCE: SignedDuration = SignedDuration::from_secs(30);
/// Our own limit on top of the server's progress deadline.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// The limit where the server has none.
const LIMIT: SignedDuration = SignedDuration::from_secs(600);

/// How a workload stands, whoever changed it last.
pub fn health(view: &View<'_>, now: Timestamp) -> Verdict {
    let asked = Asked { view, baseline: None, now };
    let progress = counts::progress(view);
    if view.workload.paused && !counts::is_complete(view) {
        return Verdict::new(State::Paused, progress).because(paused(view));
    }
    if view.workload.desired == 0 {
        return Verdict::new(State::ScaledToZero, progress);
    }
    if counts::is_complete(view) && !causes::on_trial(&asked) {
        return Verdict::new(State::Ok, progress);
    }
    if let Some(doom) = causes::doom(&asked) {
        let serves = old_and_ready(view).count() + progress.ready as usize > 0;
        let state = if doom.fatal || !serves { State::Failed } else { State::Degraded };
        return doom.verdict(state, view, progress);
    }
    if let Some(evidence) = held(view) {
        return Verdict::new(State::Blocked, progress).because(evidence);
    }
    let hint = causes::hint(&asked);
    if let Some(condition) = deadline(view).filter(|condition| names_new_set(view, condition)) {
        return Verdict::new(State::Failed, progress).because(deadline_passed(view, hint, condition));
    }
    if was_whole(view) {
        return with(Verdict::new(State::Degraded, progress), hint.or_else(|| Some(not_ready(view))));
    }
    with(Verdict::new(State::Progressing, progress), hint)
}

/// Whether time alone may change how a workload stands: something that crashed is up again and on trial, or an old pod has
/// yet to become ready.
pub fn on_trial(view: &View<'_>, now: Timestamp) -> bool {
    let asked = Asked { view, baseline: None, now };
    causes::on_trial(&asked) || causes::is_behind(&asked)
}

/// How the rollout is going that our own patch began. [`State::Done`] is success and is latched by the run.
pub fn judge(view: &View<'_>, baseline: &Baseline, now: Timestamp) -> Verdict {
    let workload = view.workload;
    let progress = counts::progress(view);
    if let Some(evidence) = no_longer_ours(view, baseline) {
        let state = if evidence.cause == Cause::Deleted { State::Failed } else { State::Superseded };
        return Verdict::new(state, progress).because(evidence);
    }
    // The answer to our patch has overtaken the watch: what is still shown are the pods of the former template, and
    // neither their crashes nor their readiness say anything about ours.
    if workload.template != baseline.template {
        let (old, serving) = (progress.old + progress.created, progress.serving + progress.ready);
        let before = Progress { ready: 0, created: 0, old, serving, ..progress };
        return Verdict::new(State::Progressing, before);
    }
    if workload.paused {
        return Verdict::new(State::Paused, progress).because(paused(view));
    }
    let observed = workload.observed_generation >= workload.generation.max(baseline.generation);
    if workload.desired == 0 && observed {
        return Verdict::new(State::Done, progress).because(scaled_to_zero(view));
    }
    if observed && counts::is_complete(view) || was_complete(view, baseline) {
        return with(Verdict::new(State::Done, progress), digest::strange(view));
    }
    unfinished(&Asked { view, baseline: Some(baseline), now }, baseline, observed)
}

/// A rollout of ours that is not done: it fails, or it goes on.
fn unfinished(asked: &Asked<'_>, baseline: &Baseline, observed: bool) -> Verdict {
    let Asked { view, now, .. } = *asked;
    let progress = counts::progress(view);
    // Until the controller has seen our change, a StatefulSet or DaemonSet still calls the old pods the wanted ones.
    let credible = observed || view.workload.kind == WorkloadKind::Deployment;
    let (doom, hint) = if credible { (causes::doom(asked), causes::hint(asked)) } else { (None, None) };
    let doom = match doom {
        Some(doom) if doom.fatal => return doom.verdict(State::Failed, view, progress),
        other => other,
    };
    if let Some(evidence) = held(view) {
        return Verdict::new(State::Failed, progress).because(evidence);
    }
    let waited = now.duration_since(baseline.at);
    if !observed {
        let silent = (waited > CONTROLLER_PATIENCE).then(controller_silent);
        return with(Verdict::new(State::Progressing, progress), hint.or(silent));
    }
    let hint = doom.as_ref().map(|doom| doom.evidence.clone()).or(hint);
    // Where our patch changed nothing there is no leftover: what is said of this template is said of it.
    let is_news = |it: &&Condition| !baseline.changed || baseline.proves(it);
    let passed = deadline(view).filter(is_news).filter(|it| names_new_set(view, it));
    if let Some(condition) = passed {
        return Verdict::new(State::Failed, progress).because(deadline_passed(view, hint, condition));
    }
    let limit = baseline.progress_deadline.map_or(LIMIT, |seconds| SignedDuration::from_secs(seconds.into())) + MARGIN;
    if now.duration_since(baseline.reached.at) > limit {
        return Verdict::new(State::Failed, progress).because(timed_out(view, hint, waited));
    }
    match doom {
        // Some new pods fail and others do not: it may be bad luck, and the limits above end it.
        Some(doom) => doom.verdict(State::Degraded, view, progress),
        None => with(Verdict::new(State::Progressing, progress), hint.or_else(|| draining(progress))),
    }
}

/// The verdict on a workload that is not there any more.
pub fn gone(workload: &WorkloadRef) -> Verdict {
    let headline = format!("{workload} was deleted while it rolled out");
    let evidence = plain(
        Cause::Deleted,
        &headline,
        "Find out who removed it. shipdeck changes images and creates nothing: apply it again, then deploy.",
    );
    Verdict::new(State::Failed, Progress::default()).because(evidence)
}

fn with(mut verdict: Verdict, evidence: Option<Evidence>) -> Verdict {
    verdict.evidence = evidence;
    verdict
}

fn plain(cause: Cause, headline: &str, remedy: &str) -> Evidence {
    Evidence {
        cause,
        headline: headline.to_owned(),
        details: Vec::new(),
        pod: None,
        since: None,
        remedy: remedy.to_owned(),
    }
}

/// Replaced, deleted or superseded: it is not our rollout any more.
fn no_longer_ours(view: &View<'_>, baseline: &Baseline) -> Option<Evidence> {
    let workload = view.workload;
    if workload.meta.uid != baseline.uid {
        return Some(plain(
            Cause::Replaced,
            "it was deleted and created again",
            "Look at what runs now, then deploy again.",
        ));
    }
    if workload.meta.deleting.is_some() {
        return Some(plain(Cause::Deleted, "it is being deleted", "Find out who removes it."));
    }
    if workload.template == baseline.template || workload.generation < baseline.generation {
        return None;
    }
    Some(superseded(workload, baseline))
}

fn superseded(workload: &Workload, baseline: &Baseline) -> Evidence {
    let manager = workload.writer.as_ref().map(|writer| Arc::clone(&writer.manager));
    let who = match manager.as_deref() {
        Some("shipdeck") => "another shipdeck",
        Some(manager) => manager,
        None => "somebody else",
    };
    let what = if workload.images().eq(&baseline.images) {
        "changed its settings meanwhile: the same image, but a restart or another environment, command or resources"
            .to_owned()
    } else {
        let images: Vec<&str> = workload.images().map(|image| &**image).collect();
        format!("changed it meanwhile: it now wants {}", images.join(", "))
    };
    let headline = format!("{who} {what}");
    let remedy = "Ask who did it, then decide which version stays.";
    let since = workload.writer.as_ref().and_then(|writer| writer.at);
    Evidence { since, ..plain(Cause::SupersededBy(manager), &headline, remedy) }
}

fn paused(view: &View<'_>) -> Evidence {
    let headline = format!("{} is paused in the cluster", view.workload.reference());
    plain(Cause::Paused, &headline, &format!("Resume it: kubectl rollout resume {}.", view.workload.reference()))
}

/// Nothing is wanted: no replicas, or no node that the pods are meant for.
fn scaled_to_zero(view: &View<'_>) -> Evidence {
    if view.workload.kind == WorkloadKind::DaemonSet {
        let remedy = "Check its node selector and tolerations.";
        return plain(Cause::NoNodeMeant, "no node matches: nothing runs, so nothing was verified", remedy);
    }
    plain(
        Cause::ScaledToZero,
        "scaled to zero: nothing runs, so nothing was verified",
        "Scale it up to see whether it starts.",
    )
}

fn controller_silent() -> Evidence {
    plain(
        Cause::ControllerSilent,
        "the controller manager does not react to the change",
        "Ask a cluster administrator whether kube-controller-manager runs.",
    )
}

fn not_ready(view: &View<'_>) -> Evidence {
    let missing = view.workload.desired.saturating_sub(view.workload.status.available);
    let pod = view.pods.iter().find(|pod| !pod.ready && pod.meta.deleting.is_none());
    let mut evidence = plain(
        Cause::NotReady,
        &format!("{missing} of {} not ready", view.workload.desired),
        "Look at the log of the pod that is not ready.",
    );
    evidence.pod = pod.and_then(|pod| causes::container_of_interest(pod));
    evidence.details.extend(pod.map(|pod| format!("pod {} is not ready", pod.meta.name)));
    evidence
}

fn draining(progress: Progress) -> Option<Evidence> {
    let waits = progress.created == 0 && progress.draining > 0;
    waits.then(|| {
        plain(
            Cause::Draining,
            &format!("waits for {} to end", words::count(progress.draining as usize, "old pod")),
            "Wait.",
        )
    })
}

/// The condition that says that the server's progress deadline has passed.
fn deadline<'a>(view: &View<'a>) -> Option<&'a Condition> {
    view.workload
        .status
        .conditions
        .iter()
        .find(|it| &*it.kind == "Progressing" && &*it.reason == "ProgressDeadlineExceeded")
}

/// A leftover of a former rollout names another ReplicaSet.
fn names_new_set(view: &View<'_>, condition: &Condition) -> bool {
    view.new_set().is_some_and(|set| condition.message.contains(&format!("\"{}\"", set.meta.name)))
}

fn deadline_passed(view: &View<'_>, hint: Option<Evidence>, condition: &Condition) -> Evidence {
    let seconds = view.workload.progress_deadline.unwrap_or_default();
    let mut evidence = hint.unwrap_or_else(|| not_ready(view));
    evidence.cause = Cause::Deadline;
    evidence.headline = format!("no progress for {seconds}s: {}", evidence.headline);
    evidence.since = condition.updated;
    evidence
}

fn timed_out(view: &View<'_>, hint: Option<Evidence>, waited: SignedDuration) -> Evidence {
    let mut evidence = hint.unwrap_or_else(|| not_ready(view));
    evidence.headline = format!("not done after {}s: {}", waited.as_secs(), evidence.headline);
    evidence.cause = Cause::TimedOut;
    evidence
}

/// What will never roll by itself.
fn held(view: &View<'_>) -> Option<Evidence> {
    use super::observed::Strategy;
    let workload = view.workload;
    match workload.strategy {
        Strategy::OnDelete => {
            let left = workload.desired.saturating_sub(workload.status.updated);
            (left > 0).then(|| {
                let left = left as usize;
                let pods = format!("{} {}", words::count(left, "pod"), words::verb(left, "keep"));
                let them = words::them(left);
                plain(
                    Cause::NeedsManualDelete,
                    &format!("update strategy OnDelete: {pods} the old version until somebody deletes {them}"),
                    "Delete the old pods one by one.",
                )
            })
        }
        Strategy::Partition(partition)
            if partition >= workload.desired && workload.status.current_revision != workload.status.update_revision =>
        {
            Some(plain(
                Cause::HeldByPartition,
                &format!("held by partition {partition}: nothing is rolled out"),
                "Lower the partition of the StatefulSet.",
            ))
        }
        Strategy::RollingUpdate | Strategy::Recreate | Strategy::Partition(_) => None,
    }
}

/// Whether it was complete once since our change, though a scale has moved the goal meanwhile: the controller says so of
/// the new ReplicaSet, and a pod of it is available.
fn was_complete(view: &View<'_>, baseline: &Baseline) -> bool {
    let said = |it: &&Condition| &*it.kind == "Progressing" && &*it.reason == "NewReplicaSetAvailable";
    let condition = view.workload.status.conditions.iter().find(said);
    view.workload.observed_generation >= baseline.generation
        && condition.is_some_and(|it| baseline.proves(it) && names_new_set(view, it))
        && view.new_set().is_some_and(|set| set.available >= 1)
}

/// Whether the present template was once fully rolled out, so that missing pods are a loss and not a beginning.
fn was_whole(view: &View<'_>) -> bool {
    let workload = view.workload;
    let settled = workload.observed_generation >= workload.generation && workload.status.updated >= workload.desired;
    match workload.kind {
        WorkloadKind::Deployment => {
            settled
                && workload.status.conditions.iter().any(|it| {
                    &*it.kind == "Progressing" && &*it.reason == "NewReplicaSetAvailable" && names_new_set(view, it)
                })
        }
        WorkloadKind::StatefulSet => settled && workload.status.current_revision == workload.status.update_revision,
        WorkloadKind::DaemonSet => settled && workload.status.available > 0,
        WorkloadKind::Job => false,
    }
}

/// Pods of other templates that still serve.
fn old_and_ready<'a>(view: &'a View<'a>) -> impl Iterator<Item = &'a Pod> {
    view.old_pods().filter(|pod| pod.ready && pod.meta.deleting.is_none())
}

impl Doom {
    fn verdict(self, state: State, view: &View<'_>, progress: Progress) -> Verdict {
        let mut evidence = self.evidence;
        let serving = old_and_ready(view).count();
        if serving > 0 {
            let version = old_and_ready(view).next().and_then(|pod| pod.containers.first());
            let version =
                version.map_or_else(String::new, |status| format!(" {}", super::plan::version_of(&status.image)));
            evidence.details.push(format!("{serving} old{version} still ready"));
        }
        Verdict::new(state, Progress { failed: self.pods, ..progress }).because(evidence)
    }
}

/// Shares a text.
fn shared(text: &str) -> Arc<str> {
    Arc::from(text)
}
