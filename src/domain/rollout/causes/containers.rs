//! What a container says of itself: pulling, configuration, starting, crashing.

use std::sync::Arc;

use super::{Asked, NONE, Sign, first_line, seconds};
use crate::domain::observed::{ContainerState, ContainerStatus, Pod, Terminated};
use crate::domain::verdict::Cause;
use crate::domain::words::times;

/// The sign that a container shows, if any.
pub(super) fn sign(asked: &Asked<'_>, pod: &Pod, status: &ContainerStatus) -> Option<Sign> {
    if let Some(sign) = ended_badly(asked, pod, status) {
        return Some(sign);
    }
    let ContainerState::Waiting { reason, message } = &status.state else { return None };
    let sign = |cause, headline, grace, fatal, remedy| {
        let log = Some((Arc::clone(&status.name), false));
        Some(Sign { cause, headline, since: pod.meta.created, grace, fatal, remedy, log })
    };
    match &**reason {
        "InvalidImageName" | "ErrImageNeverPull" => {
            let headline = format!("the image cannot be used: {} ({})", status.image, first_line(message));
            sign(Cause::ImageNameInvalid, headline, NONE, true, "Correct the image name and deploy again.")
        }
        "ErrImagePull" | "ImagePullBackOff" | "RegistryUnavailable" => {
            let told = told_when_it_failed(asked, pod, status)
                .filter(|_| &**reason == "ImagePullBackOff" && is_vague(message));
            let (cause, headline, grace, remedy) = pull_failed(status, told.unwrap_or(message));
            sign(cause, headline, grace, grace.is_some(), remedy)
        }
        "CreateContainerConfigError" if !(message.contains("failed to sync") && message.contains("cache")) => {
            let headline = format!("configuration error: {}", first_line(message));
            let remedy = "Create what is missing, or deploy a version that does not need it.";
            sign(Cause::Configuration, headline, Some(seconds(30)), true, remedy)
        }
        // The runtime was too busy to answer: it tries again.
        _ if message.contains("deadline exceeded") => None,
        "CreateContainerError" | "RunContainerError" | "StartError" | "ContainerCannotRun" => {
            let headline = format!("the container cannot start: {}", first_line(message));
            let remedy = "Read the message; the image or its command is usually wrong.";
            sign(Cause::CannotStart, headline, Some(seconds(60)), false, remedy)
        }
        "PostStartHookError" => {
            let headline = format!("its postStart hook fails: {}", first_line(message));
            let grace = if status.restarts >= 2 { NONE } else { None };
            sign(Cause::CannotStart, headline, grace, false, "Read its log; the hook runs right after the start.")
        }
        _ => None,
    }
}

/// Kubelets before 1.32 say only that they wait before the next try; what the registry said is in the event.
fn told_when_it_failed<'a>(asked: &Asked<'a>, pod: &Pod, status: &ContainerStatus) -> Option<&'a str> {
    let events = asked.view.world.events_about(&pod.meta.uid).into_iter();
    let quoted = format!("\"{}\"", status.image);
    let mut failed = events.filter(|event| &*event.reason == "Failed" && event.message.starts_with("Failed to pull"));
    failed.find(|event| event.message.contains(&quoted)).map(|event| &*event.message)
}

fn is_vague(message: &str) -> bool {
    message.is_empty() || message.starts_with("Back-off pulling image") && !message.contains("Err")
}

/// A grace of none: a registry that is busy or out of reach may still answer.
fn pull_failed(status: &ContainerStatus, message: &str) -> (Cause, String, Option<jiff::SignedDuration>, &'static str) {
    let text = message.to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if any(&["not found", "manifest unknown", "no match for platform", "name unknown"]) {
        let said = if text.contains("manifest unknown") { " (registry says manifest unknown)" } else { "" };
        let headline = format!("image not found: {}{said}", status.image);
        (Cause::ImageNotFound, headline, NONE, "Check that the build pushed this version, or deploy another one.")
    } else if any(&["unauthorized", "denied", "403"]) {
        let headline = format!("no access to the image {}", status.image);
        // The second attempt comes 10 s after the first.
        (Cause::ImageRefused, headline, Some(seconds(15)), "Check the pull secret of the service account.")
    } else {
        let headline = format!("the image {} cannot be pulled at the moment: {}", status.image, first_line(message));
        (Cause::ImagePull, headline, None, "Kubernetes tries again by itself; check the registry if it lasts.")
    }
}

fn ended(status: &ContainerStatus) -> Option<&Terminated> {
    match &status.state {
        ContainerState::Terminated(ended) => Some(ended),
        _ => status.last.as_ref(),
    }
}

/// The runtime could not run it at all. Exit code 128 is its own, and may pass.
fn never_ran(pod: &Pod, status: &ContainerStatus, ended: &Terminated) -> Option<Sign> {
    let refused = matches!(&*ended.reason, "StartError" | "ContainerCannotRun") && ended.exit_code != 128;
    (refused && !matches!(status.state, ContainerState::Running { .. })).then(|| Sign {
        cause: Cause::CannotStart,
        headline: format!("the container cannot start: {}", first_line(&ended.message)),
        since: pod.meta.created,
        grace: Some(seconds(60)),
        fatal: false,
        remedy: "Read the message; the image or its command is usually wrong.",
        log: Some((Arc::clone(&status.name), false)),
    })
}

/// Whether a container that crashed again and again and runs at the moment has yet to show that it stays: ready for half
/// a minute, or ten minutes without, after which a kubelet forgives the crashes too. Until then it is called what it was
/// called between two runs, so that nobody sees it well and ill by turns.
///
/// This is about how a service stands. A change of ours is not failed by what is up at the moment.
pub(super) fn on_trial(asked: &Asked<'_>, status: &ContainerStatus) -> bool {
    let ContainerState::Running { .. } = status.state else { return false };
    let patience = if status.ready { seconds(30) } else { seconds(600) };
    let crashed = status.last.as_ref().filter(|last| last.exit_code != 0 && status.restarts >= 2);
    let recently = |at: jiff::Timestamp| asked.now.duration_since(at) < patience;
    asked.baseline.is_none() && crashed.and_then(|last| last.finished).is_some_and(recently)
}

/// Containers that ended and will end again: crash loops, by their restarts and never by one exit alone.
fn ended_badly(asked: &Asked<'_>, pod: &Pod, status: &ContainerStatus) -> Option<Sign> {
    let ended = ended(status)?;
    let on_trial = on_trial(asked, status);
    let running = matches!(status.state, ContainerState::Running { .. }) && !on_trial;
    let restarts = status.restarts;
    // Whatever the code: a kubelet that backs off says that the container does not stay.
    let backs_off = matches!(&status.state, ContainerState::Waiting { reason, .. } if &**reason == "CrashLoopBackOff");
    if (ended.exit_code == 0 && !backs_off) || (running && status.ready) {
        return None;
    }
    if let Some(sign) = never_ran(pod, status, ended) {
        return Some(sign);
    }
    let (cause, headline, remedy) = if &*ended.reason == "OOMKilled" && restarts >= 1 {
        let limit = status.memory.as_ref().map(|limit| format!(" at its limit of {limit}")).unwrap_or_default();
        let headline = format!("out of memory: killed {}{limit}", times(restarts));
        (Cause::OutOfMemory { restarts }, headline, "Raise the memory limit, or deploy a version that needs less.")
    } else if restarts < 2 {
        return None;
    } else if let Some(probe) = super::pods::killed_by_probe(asked, pod) {
        let headline = format!("killed {} because its liveness probe fails: {probe}", times(restarts));
        (Cause::Unhealthy { restarts }, headline, "Read its log from before the kill; it may hang or start too slowly.")
    } else if running {
        return None;
    } else {
        let code = ended.exit_code;
        let what = match code {
            0 => "ends by itself",
            _ if status.init => "the init container fails on start",
            _ => "crashes on start",
        };
        let headline = format!("{what}: exit code {code}, {}", times(restarts));
        let remedy = "Read its last lines; roll back if they do not help at once.";
        (Cause::Crash { exit_code: ended.exit_code, restarts }, headline, remedy)
    };
    let since = ended.finished.unwrap_or(pod.meta.created);
    Some(Sign {
        cause,
        headline,
        since,
        grace: NONE,
        fatal: false,
        remedy,
        log: Some((Arc::clone(&status.name), true)),
    })
}
