//! Writes that meet with no clear answer: made again with growing pauses, for a bounded time.

use std::time::Duration;

use jiff::Timestamp;

use super::{Run, RunCommand, StepRun, StepState, Trouble};
use crate::domain::fault::{Fault, FaultKind};

/// For how long a write that meets with no clear answer is tried again before a person is asked.
pub(super) const TRIED_FOR: Duration = Duration::from_mins(5);
/// The longest pause between two tries, unless the server asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

impl Run {
    /// Writes again what is due. The test on the old image makes a repeat harmless: it cannot deploy twice.
    pub(super) fn tick(&mut self, now: Timestamp) -> Vec<RunCommand> {
        if !self.writes() {
            return Vec::new();
        }
        let mut due = Vec::new();
        for step in self.steps.iter_mut().filter(|step| step.state == StepState::Writing) {
            if let Some(trouble) = step.trouble.as_mut().filter(|it| it.again.is_some_and(|at| at <= now)) {
                trouble.again = None;
                due.push(step.service.clone());
            }
        }
        self.writes_of(&due)
    }

    /// Nothing more is written: what waited for another try is refused. A try under way is still heard out.
    pub(super) fn give_up(&mut self, now: Timestamp) {
        for step in self.steps.iter_mut().filter(|step| step.state == StepState::Writing) {
            if let Some(trouble) = step.trouble.take_if(|trouble| trouble.again.is_some()) {
                refused(step, trouble, now);
            }
        }
    }
}

/// What time or another try may cure: the cluster is not reached, busy, or its answer was lost.
pub(super) fn may_pass(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Unreachable | FaultKind::Throttled | FaultKind::OutcomeUnknown)
}

pub(super) fn troubled(before: Option<Trouble>, fault: Fault, now: Timestamp) -> Trouble {
    let tries = before.as_ref().map_or(0, |trouble| trouble.tries).saturating_add(1);
    let pause = Duration::from_secs(1 << (tries - 1).min(5)).min(LONGEST_PAUSE);
    let pause = pause.max(fault.retry_after.unwrap_or_default()).min(TRIED_FOR);
    Trouble { tries, since: before.map_or(now, |trouble| trouble.since), again: Some(now + pause), fault }
}

/// The end of a step that never came through. A lost answer stays one, whatever later tries met with.
pub(super) fn refused(step: &mut StepRun, trouble: Trouble, now: Timestamp) -> Fault {
    let kind = if step.lost { FaultKind::OutcomeUnknown } else { trouble.fault.kind };
    let fault = Fault { kind, ..trouble.fault };
    step.state = StepState::Refused(fault.clone());
    step.finished = Some(now);
    fault
}
