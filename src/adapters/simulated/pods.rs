//! Pods of the simulation: what they show is a function of their age, and of what their image does.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::observed::{Condition, ContainerState, Phase, Terminated, WorkloadRef};

/// What an image does, told by its tag as in the test control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    Fine,
    Slow,
    Unready,
    Crash,
    OutOfMemory,
    Missing,
    BadConfig,
    /// No node has room for it.
    NoNode,
}

impl Behaviour {
    pub(super) fn of(image: &str) -> Self {
        let tag = image.split('@').next().and_then(|name| name.rsplit(':').next()).unwrap_or_default();
        match tag.split('-').next().unwrap_or_default() {
            "crash" => Self::Crash,
            "oom" => Self::OutOfMemory,
            "nonode" => Self::NoNode,
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

/// How often a crashing container has ended at an age in seconds, and at which age it did last: the pause doubles up to
/// five minutes.
fn crashes(age: i64) -> (u32, i64) {
    let (mut at, mut pause, mut count, mut last) = (3, 8, 0, 0);
    while at <= age && count < 200 {
        count += 1;
        last = at;
        at += pause + 2;
        pause = (pause * 2).min(300);
    }
    (count, last)
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
            Behaviour::Crash | Behaviour::OutOfMemory => self.age(now).as_secs() < 120,
            Behaviour::Missing | Behaviour::BadConfig | Behaviour::Unready | Behaviour::NoNode => {
                self.age(now).as_secs() < 10
            }
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
        if age.as_secs() < 1 || self.behaviour == Behaviour::NoNode {
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
            Behaviour::Crash => self.crashing(age, 101, "Error"),
            Behaviour::OutOfMemory => self.crashing(age, 137, "OOMKilled"),
            Behaviour::Fine | Behaviour::Slow | Behaviour::Unready | Behaviour::NoNode => Shown {
                phase: Phase::Running,
                ready: self.is_ready(now),
                state: ContainerState::Running { since },
                restarts: 0,
                last: None,
            },
        }
    }

    fn crashing(&self, age: SignedDuration, exit_code: i32, reason: &str) -> Shown {
        let (ends, last) = crashes(age.as_secs());
        let finished = Some(self.created + SignedDuration::from_secs(last));
        let ended = Terminated { exit_code, reason: reason.into(), message: "".into(), finished };
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

    /// Why the scheduler finds no node for it.
    pub(super) fn unscheduled(&self) -> Option<Condition> {
        (self.behaviour == Behaviour::NoNode).then(|| Condition {
            kind: "PodScheduled".into(),
            status: false,
            reason: "Unschedulable".into(),
            message: "0/6 nodes are available: 4 Insufficient memory, 2 node(s) had untolerated taint(s).".into(),
            updated: Some(self.created),
        })
    }
}
