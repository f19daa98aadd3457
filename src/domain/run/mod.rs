//! A run: a plan being carried out, as an explicit state machine.
//!
//! [`Run::on`](machine) takes what happened and returns what to do; it never does anything itself. Invariants: at most
//! one wave is active; nothing is written without the leases of all services, after a halt or an abort; a step is
//! written once, and written again only when a person asks for it, or when the write got no answer and a repeat is
//! harmless (the test on the old image refuses a second deploy): then with growing pauses, for a bounded time; every step
//! ends in exactly one end state.

mod again;
mod before;
pub mod document;
mod hold;
#[cfg(test)]
mod laws;
mod learn;
mod left_out;
mod machine;
mod over;
mod pace;
mod rollback;
mod superseded;
#[cfg(test)]
pub(in crate::domain) mod tests;
mod tries;
mod waits;

pub use before::{Before, ran_before};
pub use hold::{Ahead, Hold, Turn};
pub use learn::{known, learn};
pub use left_out::LeftOut;
pub use pace::Pace;
pub use rollback::{inverse, leads_back};
pub use waits::Wait;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::fault::Fault;
use super::ids::{RunId, ServiceId};
use super::lease::Patience;
use super::observed::{Condition, TemplateHash, Workload};
use super::plan::{Plan, Step};
use super::rollout::After;
use super::verdict::{Evidence, Progress, State, Verdict};

/// A plan being carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub id: RunId,
    pub plan: Plan,
    pub by: Arc<str>,
    pub state: RunState,
    /// Index into `plan.waves` of the wave that is active or comes next.
    pub wave: usize,
    /// One for each step of the plan, in its order.
    pub steps: Vec<StepRun>,
    pub started: Timestamp,
    pub finished: Option<Timestamp>,
    /// The run that undoes this one, once a person has asked for it.
    pub undone_by: Option<RunId>,
    /// The leases of its services.
    pub hold: Hold,
    /// Asked to hold after its wave while it still asks for its leases.
    pub hold_wanted: bool,
    /// Asked to try again what failed while it still asks for its leases.
    pub retry_wanted: bool,
    /// What it does about somebody else who holds one.
    pub patience: Patience,
    /// Who took it up from whom, oldest first.
    pub taken_up: Vec<TakenUp>,
    /// What the run is called that it goes on with, which was over and not done.
    pub follows: Option<Arc<str>>,
    /// When it waited for people, oldest first.
    pub waits: Vec<Wait>,
}

/// Somebody went on with a run that another process had begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenUp {
    /// `bob@pc`
    pub by: Arc<str>,
    pub from: Arc<str>,
    pub at: Timestamp,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It asks for the leases of its services; nothing is written before it has all of them.
    Acquiring,
    Running,
    /// Holds when the active wave is done.
    Pausing,
    /// Holds between two waves until a person goes on.
    Paused,
    /// A step failed: what was begun is followed to its end, nothing new is begun, a person decides.
    Halted,
    Succeeded,
    /// A person left it after a failure, aborted it, or went on without a part of it.
    Ended,
}

impl RunState {
    pub fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Ended)
    }
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRun {
    pub service: ServiceId,
    pub wave: usize,
    pub state: StepState,
    /// The newest judgement while watched and after.
    pub verdict: Option<Verdict>,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    /// Set once the patch was answered: what the rollout is judged against.
    pub baseline: Option<Baseline>,
    /// Why it is still being written, while the cluster cannot be reached or gives no clear answer.
    pub trouble: Option<Trouble>,
    /// The answer to a write of it was lost: it may have taken effect, whatever later tries met with.
    pub lost: bool,
    /// What was wrong with its rollout when a person asked to try it again.
    pub known: Option<Evidence>,
    /// A person had its rollout tried again: how long it took from then on is no usual time.
    pub mended: bool,
    /// What is seen of it since it succeeded.
    pub after: Option<After>,
    /// A person went on without it.
    pub left_out: Option<LeftOut>,
}

/// A write that has not come through yet and is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What the last try met with.
    pub fault: Fault,
    pub tries: u32,
    pub since: Timestamp,
    /// When it is tried again; none: a try is under way.
    pub again: Option<Timestamp>,
}

impl StepRun {
    /// Why it went wrong, in one line; none: it did not.
    pub fn why(&self) -> Option<String> {
        match &self.state {
            StepState::Refused(fault) => Some(fault.to_string()),
            StepState::Failed => {
                let evidence = self.verdict.as_ref().and_then(|verdict| verdict.evidence.as_ref());
                Some(evidence.map_or_else(|| "failed".to_owned(), |evidence| evidence.headline.clone()))
            }
            _ => None,
        }
    }

    /// It is being written, or rolls out.
    pub fn is_under_way(&self) -> bool {
        matches!(self.state, StepState::Writing | StepState::Watching)
    }

    /// What was written stands and is ready, and nobody has noted that yet.
    pub fn is_there(&self) -> bool {
        self.is_under_way() && self.verdict.as_ref().is_some_and(|it| it.state == State::Done)
    }

    /// What went wrong with it after it had succeeded.
    pub fn degraded(&self) -> Option<&Evidence> {
        self.after.as_ref().and_then(|after| after.trouble.as_ref()).filter(|_| self.state == StepState::Succeeded)
    }

    /// Why it is not at rest, or has gone wrong: also what it ran into after success, or that it is not what was asked for.
    pub fn found(&self) -> Option<&Evidence> {
        self.degraded().or_else(|| self.verdict.as_ref().and_then(|verdict| verdict.evidence.as_ref()))
    }
}

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    Waiting,
    /// The patch is under way.
    Writing,
    /// The patch was applied; the rollout is being judged.
    Watching,
    Succeeded,
    /// The rollout failed; evidence is in the verdict.
    Failed,
    /// The patch was refused: nothing of this step was changed, unless an earlier answer was lost.
    Refused(Fault),
    /// Never begun, because the run ended before or a person went on without it.
    Skipped,
}

impl StepState {
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Refused(_) | Self::Skipped)
    }

    pub fn went_wrong(&self) -> bool {
        matches!(self, Self::Failed | Self::Refused(_))
    }
}

/// What the answer to our own patch said: the rollout is judged against this, never against a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    pub uid: super::ids::Uid,
    /// Generation that our patch made.
    pub generation: i64,
    pub template: TemplateHash,
    /// Images of the template, container by container.
    pub images: Vec<Arc<str>>,
    /// The condition `Progressing` at that moment, which may be a leftover of a former rollout.
    pub progressing: Option<Condition>,
    /// False where the patch changed nothing: then only the current state is judged.
    pub changed: bool,
    pub at: Timestamp,
    pub progress_deadline: Option<u32>,
    /// The most that was reached so far: only more than this is progress, a pod that comes again is none.
    pub reached: Reached,
}

/// How far a rollout came, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    pub created: u32,
    pub ready: u32,
    pub at: Timestamp,
    /// When pods that were ending were seen last: until then they took up room.
    pub drained: Option<Timestamp>,
}

impl Baseline {
    /// What the answer to a patch says. `changed`: the patch was to change something.
    pub fn of(answer: &Workload, changed: bool, at: Timestamp) -> Self {
        let is_progressing = |condition: &&Condition| &*condition.kind == "Progressing";
        Self {
            uid: answer.meta.uid.clone(),
            generation: answer.generation,
            template: answer.template,
            images: answer.images().cloned().collect(),
            progressing: answer.status.conditions.iter().find(is_progressing).cloned(),
            changed,
            at,
            progress_deadline: answer.progress_deadline,
            reached: Reached { created: 0, ready: 0, at, drained: None },
        }
    }

    /// Whether a condition is news: one that was there when we patched says nothing about our change.
    pub fn proves(&self, condition: &Condition) -> bool {
        self.changed && Some(condition) != self.progressing.as_ref()
    }

    /// Takes in how far it is now.
    pub fn reach(&mut self, progress: Progress, now: Timestamp) {
        let best = &mut self.reached;
        if progress.created > best.created || progress.ready > best.ready {
            best.at = now;
        }
        best.created = best.created.max(progress.created);
        best.ready = best.ready.max(progress.ready);
        if progress.draining > 0 {
            best.drained = Some(now);
        }
    }
}

/// What happened to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEvent {
    Start,
    /// Taken up by another process than the one that began it, as its document tells.
    TakeUp,
    /// Something became of the leases.
    Held(Hold),
    /// The patch of a step was answered.
    Written {
        service: ServiceId,
        result: Result<Baseline, Fault>,
    },
    /// The rollout of a step was judged anew.
    Judged {
        service: ServiceId,
        verdict: Verdict,
    },
    /// The pods of a step that succeeded were looked at again.
    Looked {
        service: ServiceId,
        after: After,
    },
    Pause,
    Resume,
    /// Time has passed: writes that wait for another try may be due.
    Tick,
    /// Try the failed steps again.
    Retry,
    /// Go on without this service.
    LeaveOut {
        service: ServiceId,
        how: LeftOut,
    },
    /// Begin nothing more; what was begun is left to Kubernetes.
    Abort,
    /// Another process has written its document: it was ended there, or is carried out there from now on.
    Passed {
        by: Arc<str>,
        ended: bool,
    },
}

/// What a run wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunCommand {
    /// Take the leases of all services.
    Acquire,
    /// Give them back.
    Release,
    /// Write the image of this step.
    Write(Step),
    /// The run reached an end or needs a person.
    Announce(Announcement),
}

/// News of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Announcement {
    StepSucceeded {
        service: ServiceId,
        took: Duration,
    },
    StepFailed {
        service: ServiceId,
        why: String,
    },
    /// It had succeeded, and something is wrong with its pods since.
    Degraded {
        service: ServiceId,
        why: String,
    },
    WaveDone(usize),
    /// A person goes on without it.
    LeftOut {
        service: ServiceId,
        how: LeftOut,
    },
    Paused,
    Halted,
    Succeeded,
    Ended,
    /// Somebody else holds it: nothing (more) is written.
    NotHeld {
        service: ServiceId,
        why: String,
    },
    /// Leases of somebody who was silent, or has agreed.
    TakenOver {
        services: Vec<ServiceId>,
        from: Arc<str>,
    },
    LeaseLost {
        service: ServiceId,
        why: String,
    },
    WithoutLeases(String),
    /// Another process has ended it, or carries it out now.
    Passed {
        by: Arc<str>,
        ended: bool,
    },
}
