//! What can arrive. Everything that happens to the model is one of these, in one order.

use std::sync::Arc;

use jiff::Timestamp;

use super::effect::{LockChange, RunChange, TaskKey};
use super::touch::Drawn;
use crate::actions::chord::Chord;
use crate::domain::fault::Fault;
use crate::domain::ids::{ClusterId, EnvId, RunId, ServiceId, Uid};
use crate::domain::lock::Force;
use crate::domain::observed::{Change, Workload};
use crate::domain::rights::Need;
use crate::domain::rollout::Backends;
use crate::domain::run::Hold;
use crate::domain::steward::Practice;
use crate::ports::cluster::{Discovery, LogLine, Revision};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Msg {
    Input(Input),
    /// Once a second while something shown ages, else only when something happens.
    Tick,
    /// A frame was drawn: where everything is on it.
    Drawn(Box<Drawn>),
    Fact {
        env: EnvId,
        change: Change,
    },
    Log {
        stream: u64,
        event: LogEvent,
    },
    Done(Outcome),
    /// This machine slept, the process was stopped, or the clock was set forward: for so long nobody listened.
    Woke(std::time::Duration),
    /// The process was asked to end: SIGTERM or SIGHUP.
    Terminate,
}

/// What a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Key(Chord),
    Paste(String),
    Resize {
        width: u16,
        height: u16,
    },
    Click {
        x: u16,
        y: u16,
    },
    /// Positive is down.
    Wheel {
        x: u16,
        y: u16,
        lines: i16,
    },
}

/// What a log stream says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEvent {
    Lines(Vec<LogLine>),
    /// End of file, which is not the end of the container.
    Ended,
    Failed(Fault),
}

/// What an effect came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    Held {
        run: RunId,
        news: Hold,
    },
    /// A clean-up is not in the history of its environment, and why.
    Unrecorded {
        env: EnvId,
        fault: Fault,
    },
    /// The cluster does not keep a run, or not any more, and why.
    Unkept {
        run: RunId,
        fault: Fault,
    },
    /// Whether the user may do what it takes.
    Rights {
        env: EnvId,
        need: Need,
        result: Result<(), Fault>,
    },
    Practice {
        env: EnvId,
        service: ServiceId,
        practice: Practice,
    },
    Traffic {
        run: RunId,
        result: Result<Vec<Backends>, Fault>,
    },
    LockChanged {
        env: EnvId,
        change: LockChange,
        /// Of one that was placed: whether it holds for every tool.
        result: Result<Option<Force>, Fault>,
    },
    /// With the version that stands now, where one was written.
    RunChanged {
        env: EnvId,
        change: RunChange,
        result: Result<Option<(Uid, Arc<str>)>, Fault>,
    },
    Discovered {
        cluster: ClusterId,
        result: Result<Discovery, Fault>,
    },
    Written {
        run: RunId,
        service: ServiceId,
        result: Result<Box<Workload>, Fault>,
        at: Timestamp,
    },
    Revisions {
        env: EnvId,
        service: ServiceId,
        result: Result<Vec<Revision>, Fault>,
    },
    Deleted {
        uid: Uid,
        result: Result<Option<String>, Fault>,
    },
    /// A file was written: what it holds and where it is, or why not.
    Saved {
        what: String,
        result: Result<String, Fault>,
    },
    /// A task ended by a fault that nobody else reports.
    TaskFailed {
        key: TaskKey,
        fault: Fault,
    },
}
