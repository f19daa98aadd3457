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
    /// Becomes ready and ends soon after, again and again.
    Dies,
    /// Ready and not ready by turns.
    Flaps,
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
            "dies" => Self::Dies,
            "flaps" => Self::Flaps,
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

/// One run of a container, from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) start: Timestamp,
    pub(super) end: Option<Timestamp>,
}

/// How long a container that crashes at once runs, in seconds.
const CRASH: i64 = 2;
/// How long a container that dies is ready before, and one that flaps is each.
const DIES_AFTER: SignedDuration = SignedDuration::from_secs(6);
const FLAP: i64 = 3;
/// Before a container is started again, in seconds.
const FIRST_PAUSE: i64 = 8;
const LONGEST_PAUSE: i64 = 300;
/// More restarts than anybody watches a demo for.
const MOST_RUNS: usize = 200;

impl SimPod {
    fn age(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.created)
    }

    pub(super) fn ready_at(&self) -> SignedDuration {
        let extra = if self.behaviour == Behaviour::Slow { 12 } else { 0 };
        self.ready_after + SignedDuration::from_secs(extra)
    }

    pub(super) fn is_ready(&self, now: Timestamp) -> bool {
        match self.behaviour {
            Behaviour::Fine | Behaviour::Slow => self.age(now) >= self.ready_at(),
            Behaviour::Flaps => self.age(now).as_secs().div_euclid(FLAP) % 2 == 1,
            Behaviour::Dies => {
                let run = self.runs(now).pop().filter(|run| run.end.is_some_and(|end| now < end));
                run.is_some_and(|run| now >= run.start + self.ready_after)
            }
            _ => false,
        }
    }

    /// Every run that has begun by now, oldest first. One that ends is started again after a pause that doubles up to
    /// five minutes.
    pub(super) fn runs(&self, now: Timestamp) -> Vec<Run> {
        let length = match self.behaviour {
            Behaviour::Missing | Behaviour::BadConfig | Behaviour::NoNode => return Vec::new(),
            Behaviour::Crash | Behaviour::OutOfMemory => SignedDuration::from_secs(CRASH),
            Behaviour::Dies => self.ready_after + DIES_AFTER,
            Behaviour::Fine | Behaviour::Slow | Behaviour::Unready | Behaviour::Flaps => SignedDuration::MAX,
        };
        let (mut start, mut pause) = (self.created + SignedDuration::from_secs(1), FIRST_PAUSE);
        let mut runs = Vec::new();
        while start <= now && runs.len() < MOST_RUNS {
            let end = start.checked_add(length).ok();
            runs.push(Run { start, end });
            let Some(end) = end else { break };
            start = end + SignedDuration::from_secs(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        runs
    }

    /// Whether it will show something else by itself soon.
    pub(super) fn in_motion(&self, now: Timestamp) -> bool {
        match self.behaviour {
            Behaviour::Fine | Behaviour::Slow => self.age(now) <= self.ready_at(),
            Behaviour::Crash | Behaviour::OutOfMemory | Behaviour::Dies => self.age(now).as_secs() < 120,
            Behaviour::Flaps => true,
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
            Behaviour::Crash | Behaviour::Dies => self.crashing(now, 101, "Error"),
            Behaviour::OutOfMemory => self.crashing(now, 137, "OOMKilled"),
            Behaviour::Fine | Behaviour::Slow | Behaviour::Unready | Behaviour::Flaps | Behaviour::NoNode => Shown {
                phase: Phase::Running,
                ready: self.is_ready(now),
                state: ContainerState::Running { since },
                restarts: 0,
                last: None,
            },
        }
    }

    fn crashing(&self, now: Timestamp, exit_code: i32, reason: &str) -> Shown {
        let runs = self.runs(now);
        let mut ends = runs.iter().filter_map(|run| run.end).filter(|end| *end <= now);
        let last = ends.next_back().map(|end| Terminated {
            exit_code,
            reason: reason.into(),
            message: "".into(),
            finished: Some(end),
        });
        let running = runs.last().filter(|run| run.end.is_none_or(|end| now < end));
        let restarts = runs.len().saturating_sub(1) as u32;
        let state = running.map_or_else(
            || {
                let pause = FIRST_PAUSE.saturating_mul(1 << restarts.min(10)).min(LONGEST_PAUSE);
                let text = format!("back-off {pause}s restarting failed container");
                ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: text.into() }
            },
            |run| ContainerState::Running { since: Some(run.start) },
        );
        Shown { phase: Phase::Running, ready: self.is_ready(now), state, restarts, last }
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
