//! Pods of the simulation: what they show is a function of their age, and of what their image does.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::observed::{ContainerState, Phase, Terminated, WorkloadRef};

/// What an image does, told by its tag as in the test control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    Fine,
    Slow,
    Unready,
    Crash,
    Missing,
    BadConfig,
}

impl Behaviour {
    pub(super) fn of(image: &str) -> Self {
        let tag = image.rsplit(['/', ':']).find(|_| true).unwrap_or_default();
        let tag = image.split('@').next().and_then(|name| name.rsplit(':').next()).unwrap_or(tag);
        match tag.split('-').next().unwrap_or_default() {
            "crash" => Self::Crash,
            "missing" => Self::Missing,
            "badconfig" => Self::BadConfig,
            "unready" => Self::Unready,
            "slow" => Self::Slow,
            _ => Self::Fine,
        }
    }
}

/// A pod.
#[derive(Clone, Debug)]
pub(super) struct SimPod {
    pub(super) namespace: Arc<str>,
    pub(super) workload: WorkloadRef,
    pub(super) uid: String,
    pub(super) name: Arc<str>,
    pub(super) image: Arc<str>,
    pub(super) behaviour: Behaviour,
    pub(super) created: Timestamp,
    pub(super) deleting: Option<Timestamp>,
    pub(super) ready_after: SignedDuration,
}

/// What its container shows.
pub(super) struct Shown {
    pub(super) phase: Phase,
    pub(super) ready: bool,
    pub(super) state: ContainerState,
    pub(super) restarts: u32,
    pub(super) last: Option<Terminated>,
}

/// Seconds of age at which a crashing container ends for the nth time: the pause doubles up to five minutes.
fn crashes(age: i64) -> u32 {
    let (mut at, mut pause, mut count) = (3, 8, 0);
    while at <= age && count < 200 {
        count += 1;
        at += pause + 2;
        pause = (pause * 2).min(300);
    }
    count
}

impl SimPod {
    fn age(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.created)
    }

    pub(super) fn ready_at(&self) -> SignedDuration {
        let extra = if self.behaviour == Behaviour::Slow { 12 } else { 0 };
        self.ready_after + SignedDuration::from_secs(extra)
    }

    pub(super) fn is_ready(&self, now: Timestamp) -> bool {
        matches!(self.behaviour, Behaviour::Fine | Behaviour::Slow) && self.age(now) >= self.ready_at()
    }

    /// Whether it will show something else by itself soon.
    pub(super) fn in_motion(&self, now: Timestamp) -> bool {
        match self.behaviour {
            Behaviour::Fine | Behaviour::Slow => self.age(now) <= self.ready_at(),
            Behaviour::Crash => self.age(now).as_secs() < 120,
            Behaviour::Missing | Behaviour::BadConfig | Behaviour::Unready => self.age(now).as_secs() < 10,
        }
    }

    pub(super) fn shown(&self, now: Timestamp) -> Shown {
        let age = self.age(now);
        let since = Some(self.created + SignedDuration::from_secs(1));
        let waiting = |reason: &str, message: String| Shown {
            phase: Phase::Pending,
            ready: false,
            state: ContainerState::Waiting { reason: reason.into(), message: message.into() },
            restarts: 0,
            last: None,
        };
        if age.as_secs() < 1 {
            return waiting("ContainerCreating", String::new());
        }
        match self.behaviour {
            Behaviour::Missing => {
                let message = format!("rpc error: code = NotFound desc = {}: manifest unknown: not found", self.image);
                waiting(if age.as_secs() % 20 < 4 { "ErrImagePull" } else { "ImagePullBackOff" }, message)
            }
            Behaviour::BadConfig => {
                let message = format!("configmap \"{}-env\" not found", self.workload.name);
                waiting("CreateContainerConfigError", message)
            }
            Behaviour::Crash => self.crashing(age),
            Behaviour::Fine | Behaviour::Slow | Behaviour::Unready => Shown {
                phase: Phase::Running,
                ready: self.is_ready(now),
                state: ContainerState::Running { since },
                restarts: 0,
                last: None,
            },
        }
    }

    fn crashing(&self, age: SignedDuration) -> Shown {
        let ends = crashes(age.as_secs());
        let ended = Terminated { exit_code: 101, reason: "Error".into(), message: "".into(), finished: None };
        let state = if ends == 0 {
            ContainerState::Running { since: Some(self.created) }
        } else {
            ContainerState::Waiting {
                reason: "CrashLoopBackOff".into(),
                message: "back-off 20s restarting failed container".into(),
            }
        };
        Shown { phase: Phase::Running, ready: false, state, restarts: ends, last: (ends > 0).then_some(ended) }
    }
}
