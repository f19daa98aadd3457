//! What should be done outside, as data. `runtime::executor` does it and answers with a message.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::cleanup::Finding;
use crate::domain::ids::{ClusterId, EnvId, RunId, ServiceId, Uid};
use crate::domain::lease::Patience;
use crate::domain::lock::{Attempt, Lock, Override, Posted, Release};
use crate::domain::observed::{Texts, WorkloadRef};
use crate::domain::plan::Plan;
use crate::domain::rights::{Need, Wanted};
use crate::domain::run::document::Entry;
use crate::ports::cluster::{ImageChange, LogRequest, Scope};
use crate::ports::lease::Target;
use crate::ports::stewards::Question;

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Find namespaces and workloads. Answer: `Outcome::Discovered`.
    Discover(ClusterId),
    /// Watch an environment from now on; watching it already is fine.
    Watch {
        cluster: ClusterId,
        scope: Scope,
    },
    Unwatch(EnvId),
    /// Somebody looks, or nobody does.
    Attend(bool),
    /// Take the leases of a run and keep them. Answers: `Outcome::Held`, as long as it goes on.
    Acquire {
        run: RunId,
        cluster: ClusterId,
        leases: Vec<(ServiceId, Target)>,
        patience: Patience,
        /// What for, as others who wait read it.
        what: Arc<str>,
        /// It takes back what was deployed, and goes before all who wait to deploy.
        first: bool,
        /// The run that is undone by this one: it has to stand as ended in the cluster first.
        undoes: Option<RunId>,
    },
    /// Give the leases of a run back.
    Release(RunId),
    /// The cluster is to keep this of a run, before anything that comes after it is written. Answer only where it cannot:
    /// `Outcome::Unkept`.
    Keep {
        run: RunId,
        cluster: ClusterId,
        namespace: Arc<str>,
        key: Arc<str>,
        /// The document that was taken up.
        replaces: Option<(Uid, Arc<str>)>,
        text: String,
        /// The run is over.
        over: bool,
    },
    /// May the user do what is needed there? Answer: `Outcome::Rights`.
    AskRights {
        env: EnvId,
        cluster: ClusterId,
        namespace: Arc<str>,
        need: Need,
        wanted: Vec<Wanted>,
    },
    /// How does who keeps a service go about it? Answer: `Outcome::Practice`.
    AskSteward {
        env: EnvId,
        service: ServiceId,
        cluster: ClusterId,
        question: Box<Question>,
    },
    /// Whom do the Services there send traffic to? Answer: `Outcome::Traffic`.
    AskTraffic {
        run: RunId,
        cluster: ClusterId,
        namespace: Arc<str>,
    },
    /// Place, release or override locks. Answer: `Outcome::LockChanged`. Never aborted once begun.
    ChangeLock {
        env: EnvId,
        cluster: ClusterId,
        namespace: Arc<str>,
        change: LockChange,
    },
    /// Change the document of a run of another process. Answer: `Outcome::RunChanged`. Never aborted once begun.
    ChangeRun {
        env: EnvId,
        cluster: ClusterId,
        namespace: Arc<str>,
        change: RunChange,
    },
    /// Answer: `Outcome::Written`. Never aborted once begun.
    SetImage {
        run: RunId,
        service: ServiceId,
        cluster: ClusterId,
        change: ImageChange,
        /// What it is an attempt to do, for the locks that stand in that moment.
        attempt: Box<Attempt>,
    },
    /// Answer: `Outcome::Revisions`.
    Revisions {
        env: EnvId,
        service: ServiceId,
        cluster: ClusterId,
        namespace: Arc<str>,
        workload: WorkloadRef,
    },
    /// Open a log stream after a delay; answers are `Msg::Log` with this number.
    OpenLog {
        stream: u64,
        cluster: ClusterId,
        request: LogRequest,
        delay_ms: u64,
    },
    CloseLog {
        stream: u64,
    },
    /// Save log and status of the finding, then delete it. Answer: `Outcome::Deleted` with where it was saved.
    Delete {
        cluster: ClusterId,
        namespace: Arc<str>,
        finding: Box<Finding>,
    },
    /// Keep this in the history of an environment, and forget there what is old. Answer only where it cannot:
    /// `Outcome::Unrecorded`.
    Record {
        env: EnvId,
        cluster: ClusterId,
        namespace: Arc<str>,
        name: Arc<str>,
        texts: Texts,
    },
    /// Write a file in the data directory (`name` without folders), or exactly at `path`. Answer: `Outcome::Saved`.
    Save {
        what: String,
        file: FileTarget,
        text: String,
    },
    /// Put text on the clipboard by OSC 52.
    Copy(String),
    /// Forget what the terminal shows and draw it anew.
    Redraw,
    /// Capture the mouse, or leave it to the terminal.
    Mouse(bool),
    Suspend,
    Quit,
}

/// What becomes of locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockChange {
    /// With the workloads that it covers.
    Place(Box<Lock>, Vec<WorkloadRef>),
    /// As it was seen.
    Release(Box<Posted>, Release),
    /// What it waited for is so: that is written down with the time.
    Lift(Box<Posted>, Timestamp),
    /// Record on all of these that somebody goes on in spite of them.
    Override(Vec<Posted>, Override),
}

/// What becomes of a run of another process, over exactly what was seen of its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunChange {
    /// It is carried out here from now on, whatever its owner is about to do.
    Claim(Box<Entry>),
    /// It is over, as the entry says; then this plan begins, with the patience that was agreed to.
    End(Box<Entry>, Option<Box<(Plan, Patience)>>),
    /// The document goes.
    Clear { key: Arc<str>, over: (Uid, Arc<str>) },
}

/// Where a file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileTarget {
    /// A name in shipdeck's data directory.
    Data(String),
    /// The configuration, which is never overwritten.
    Configuration,
}

/// Which background task something belongs to; a newer one with the same key takes the place of an older one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskKey {
    Watch(EnvId),
    Log(u64),
    Discover(ClusterId),
    Write(RunId, ServiceId),
    Rights(EnvId, Need),
    Other(u64),
}
