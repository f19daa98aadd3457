//! How a pod stands, in few words and with its sign: the same wherever pods are listed.

use super::look::Token;
use super::{format, signs};
use crate::domain::observed::{ContainerState, ContainerStatus, Phase, Pod};
use crate::domain::verdict::State;

/// What is shown of a pod.
pub(super) struct Stand {
    pub(super) sign: &'static str,
    pub(super) words: String,
    pub(super) token: Token,
}

impl Stand {
    fn new(sign: &'static str, words: impl Into<String>, token: Token) -> Self {
        Self { sign, words: words.into(), token }
    }

    fn of(state: State, words: impl Into<String>) -> Self {
        Self::new(signs::glyph(state, false), words, signs::token(state))
    }

    /// What it says, quietly where nothing is to be looked at.
    pub(super) fn voice(&self) -> Token {
        if self.token == Token::Calm { Token::Muted } else { self.token }
    }
}

/// How it stands. One that failed and was replaced is a leftover; `moving`: its service is under way, so that one that is
/// not ready yet is in no trouble.
pub(super) fn stand(pod: &Pod, moving: bool) -> Stand {
    if pod.meta.deleting.is_some() {
        return Stand::new("○", "ending", Token::Muted);
    }
    let restarts = pod.containers.iter().map(|status| status.restarts).max().unwrap_or(0);
    let again =
        if restarts > 0 { format!(" · {}", format::count(restarts as usize, "restart")) } else { String::new() };
    if pod.ready {
        return Stand::new("●", format!("ready{again}"), Token::Calm);
    }
    match pod.phase {
        Phase::Succeeded => return Stand::of(State::Done, "completed"),
        Phase::Failed if pod.containers.is_empty() || pod.reason.is_some() => {
            let reason = pod.reason.as_deref().map_or_else(|| "failed".to_owned(), str::to_lowercase);
            return Stand::of(State::Superseded, reason);
        }
        _ => {}
    }
    if let Some(trouble) = pod.containers.iter().find_map(trouble) {
        return Stand::of(State::Failed, format!("{trouble}{again}"));
    }
    match (pod.unscheduled.is_some(), moving) {
        (true, true) => Stand::new("◐", "waits for a node", Token::Warn),
        (true, false) => Stand::of(State::Failed, "no node"),
        (false, true) if runs(pod) => Stand::of(State::Progressing, format!("runs, not ready{again}")),
        (false, true) => Stand::of(State::Progressing, format!("starting{again}")),
        (false, false) => Stand::of(State::Failed, format!("not ready{again}")),
    }
}

/// Everything that is to run in it runs.
fn runs(pod: &Pod) -> bool {
    let runs = |status: &ContainerStatus| status.init || matches!(status.state, ContainerState::Running { .. });
    !pod.containers.is_empty() && pod.containers.iter().all(runs)
}

/// What is wrong with a container, in the words of the matrix where it has some; none: it is on its way.
fn trouble(status: &ContainerStatus) -> Option<String> {
    let reason = match (&status.state, &status.last) {
        (ContainerState::Waiting { .. }, Some(last)) => return Some(format!("exit {}", last.exit_code)),
        (ContainerState::Terminated(end), _) if !status.init || end.exit_code != 0 => {
            return Some(format!("exit {}", end.exit_code));
        }
        (ContainerState::Waiting { reason, .. }, None) => &**reason,
        _ => return None,
    };
    Some(match reason {
        // What every pod waits for on its way.
        "" | "ContainerCreating" | "PodInitializing" => return None,
        "ErrImagePull" | "ImagePullBackOff" | "ErrImageNeverPull" => "no image".to_owned(),
        "InvalidImageName" => "bad image".to_owned(),
        "CreateContainerConfigError" => "bad config".to_owned(),
        "CreateContainerError" | "RunContainerError" => "no start".to_owned(),
        other => other.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::TestWorld;

    fn told(moving: bool, change: impl FnOnce(&mut Pod)) -> String {
        let mut cluster = TestWorld::new("staging");
        cluster.pod("auth", "r/auth:v1", 0, |pod| {
            pod.ready = false;
            change(pod);
        });
        let Stand { sign, words, .. } = stand(cluster.world.env(&cluster.env).unwrap().pods().next().unwrap(), moving);
        format!("{sign} {words}")
    }

    fn waits(reason: &str) -> impl FnOnce(&mut Pod) {
        let state = ContainerState::Waiting { reason: reason.into(), message: "".into() };
        |pod| pod.containers[0].state = state
    }

    #[test]
    fn one_that_is_on_its_way_is_in_no_trouble_while_its_service_moves() {
        assert_eq!(told(true, waits("ContainerCreating")), "◐ starting");
        assert_eq!(
            told(true, |pod| pod.containers[0].state = ContainerState::Running { since: None }),
            "◐ runs, not ready"
        );
        assert_eq!(told(false, waits("ContainerCreating")), "✗ not ready");
        assert_eq!(told(true, waits("ImagePullBackOff")), "✗ no image");
        assert_eq!(told(true, waits("SomethingNew")), "✗ SomethingNew");
    }

    #[test]
    fn one_that_was_thrown_out_is_a_leftover() {
        let evicted = |pod: &mut Pod| {
            (pod.phase, pod.reason) = (Phase::Failed, Some("Evicted".into()));
        };
        assert_eq!(told(false, evicted), "» evicted");
    }
}
