//! The conclusion about one service in one environment, and its evidence.
//!
//! [`State`] is the vocabulary of `visual.md` 4: one glyph, one word, one colour each, the same on every screen and in
//! the headless output. [`super::rollout`] draws the conclusions.

use std::sync::Arc;

use jiff::Timestamp;

/// The states that anything on screen can be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Verdict is failed: act on it.
    Failed,
    /// Serves, but not whole.
    Degraded,
    /// Wanted, and a condition refuses it.
    Blocked,
    /// New pods are coming.
    Progressing,
    /// Waits for its turn.
    Queued,
    /// The run or the workload is paused.
    Paused,
    /// A newer change by somebody else took its place.
    Superseded,
    /// May not be read, or lost.
    Unknown,
    /// Nothing read yet.
    Reading,
    /// Nothing runs because nothing is wanted: nothing verified.
    ScaledToZero,
    /// Ready as wanted.
    Ok,
    /// A step or check that is done, never a running thing.
    Done,
    /// The service does not exist in this environment.
    Absent,
}

impl State {
    /// As in JSON output: lower case, words joined by hyphens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Degraded => "degraded",
            Self::Blocked => "blocked",
            Self::Progressing => "progressing",
            Self::Queued => "queued",
            Self::Paused => "paused",
            Self::Superseded => "superseded",
            Self::Unknown => "unknown",
            Self::Reading => "reading",
            Self::ScaledToZero => "scaled-to-zero",
            Self::Ok => "ok",
            Self::Done => "done",
            Self::Absent => "absent",
        }
    }

    /// For people: `scaled to zero`.
    pub fn words(self) -> &'static str {
        if self == Self::ScaledToZero { "scaled to zero" } else { self.as_str() }
    }

    /// Trouble comes first when rows are sorted by it; smaller is worse.
    pub fn urgency(self) -> u8 {
        match self {
            Self::Failed => 0,
            Self::Degraded => 1,
            Self::Blocked => 2,
            Self::Paused => 3,
            Self::Progressing => 4,
            Self::Queued => 5,
            Self::Superseded => 6,
            Self::Unknown => 7,
            Self::Reading | Self::ScaledToZero | Self::Ok | Self::Done | Self::Absent => 8,
        }
    }
}

/// A conclusion: what is, how far, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub state: State,
    pub progress: Progress,
    pub evidence: Option<Evidence>,
}

impl Verdict {
    pub fn new(state: State, progress: Progress) -> Self {
        Self { state, progress, evidence: None }
    }

    #[must_use]
    pub fn because(mut self, evidence: Evidence) -> Self {
        self.evidence = Some(evidence);
        self
    }
}

/// Pods, counted. Old ones are those of any other template than the wanted one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Pods wanted by the spec.
    pub wanted: u32,
    /// Pods of the wanted template that are available.
    pub ready: u32,
    /// Pods of the wanted template that exist.
    pub created: u32,
    /// Pods of the wanted template that failed.
    pub failed: u32,
    /// Old pods that still exist and are not being deleted.
    pub old: u32,
    /// Those of them that are ready.
    pub serving: u32,
    /// Pods being deleted.
    pub draining: u32,
}

/// Why a verdict is what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub cause: Cause,
    /// One line in people's words: `image not found: reg/app:v9 (registry says manifest unknown)`.
    pub headline: String,
    /// Further proof, one line each, most telling first.
    pub details: Vec<String>,
    /// The pod and container whose log tells more.
    pub pod: Option<PodContainer>,
    /// When it was first seen, by the cluster's clock where it says so.
    pub since: Option<Timestamp>,
    /// What helps, as a sentence that begins with a verb.
    pub remedy: String,
}

/// A container of a pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodContainer {
    pub pod: Arc<str>,
    pub container: Arc<str>,
    /// The log that matters is that of the container before the last restart.
    pub previous: bool,
}

/// What is wrong, or what is waited for. The table of `rollout-verdict.md` 2.11; a new row does not compile until
/// [`Cause::word`] names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    ImageNotFound,
    ImageRefused,
    ImagePull,
    ImageNameInvalid,
    Crash {
        exit_code: i32,
        restarts: u32,
    },
    OutOfMemory {
        restarts: u32,
    },
    Configuration,
    CannotStart,
    Unschedulable,
    Quota,
    PolicyDenied,
    PodCreation,
    Deadline,
    TimedOut,
    ControllerSilent,
    NotReady,
    Draining,
    HeldByPartition,
    NeedsManualDelete,
    Paused,
    ScaledToZero,
    /// By whom, where the server says it.
    SupersededBy(Option<Arc<str>>),
    Replaced,
    Deleted,
    NotVisible,
    PodFailed,
    /// Killed again and again by its liveness or startup probe.
    Unhealthy {
        restarts: u32,
    },
    NoVolume,
    /// A StatefulSet waits for an old pod that never becomes ready.
    StuckOnOldPod,
    /// A DaemonSet for which no node is meant.
    NoNodeMeant,
    /// A warning about a pod that had succeeded.
    Warned,
    /// Pods are ready, and a Service in front of them sends traffic to none.
    NoTraffic,
    /// Pods run another image than was asked for, or not all the same.
    OtherImage,
}

impl Cause {
    /// For a cell of the matrix: at most ten columns.
    pub fn word(&self) -> String {
        match self {
            Self::ImageNotFound => "no image".to_owned(),
            Self::ImageRefused => "no access".to_owned(),
            Self::ImagePull => "pulling".to_owned(),
            Self::ImageNameInvalid => "bad image".to_owned(),
            Self::Crash { restarts, .. } if *restarts > 1 => format!("crash ×{}", (*restarts).min(999)),
            Self::Crash { .. } => "crashed".to_owned(),
            Self::OutOfMemory { .. } => "no memory".to_owned(),
            Self::Configuration => "bad config".to_owned(),
            Self::CannotStart => "no start".to_owned(),
            Self::Unschedulable | Self::NoNodeMeant => "no node".to_owned(),
            Self::Quota => "no quota".to_owned(),
            Self::PolicyDenied => "denied".to_owned(),
            Self::PodCreation => "no pods".to_owned(),
            Self::Deadline | Self::TimedOut => "timed out".to_owned(),
            Self::ControllerSilent => "no control".to_owned(),
            Self::NotReady => "not ready".to_owned(),
            Self::Draining => "draining".to_owned(),
            Self::HeldByPartition => "partition".to_owned(),
            Self::NeedsManualDelete => "on delete".to_owned(),
            Self::Paused => "paused".to_owned(),
            Self::ScaledToZero => "at 0".to_owned(),
            Self::SupersededBy(_) => "superseded".to_owned(),
            Self::Replaced => "replaced".to_owned(),
            Self::Deleted => "deleted".to_owned(),
            Self::NotVisible => "unknown".to_owned(),
            Self::PodFailed => "pod failed".to_owned(),
            Self::Unhealthy { restarts } => format!("killed ×{}", (*restarts).min(99)),
            Self::NoVolume => "no volume".to_owned(),
            Self::StuckOnOldPod => "stuck".to_owned(),
            Self::Warned => "warned".to_owned(),
            Self::NoTraffic => "no traffic".to_owned(),
            Self::OtherImage => "odd image".to_owned(),
        }
    }
}
