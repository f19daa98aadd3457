//! The end of a run, and what is seen of it later: how it ended stands, whatever somebody does to its services after it.

use jiff::Timestamp;

use super::{Announcement, Baseline, Hold, Run, RunCommand, RunState, StepRun, StepState};
use crate::domain::verdict::{State, Verdict};

impl Run {
    /// Services whose rollout is to be judged: those being watched, and those that failed and may still come right. Of a run
    /// that is over only what was on its way then, for whoever looks on: it decides nothing any more.
    pub fn watched(&self) -> impl Iterator<Item = (&StepRun, &Baseline)> {
        let over = self.state.is_over();
        self.steps
            .iter()
            .filter(move |step| match step.state {
                StepState::Watching => !over || !step.has_come_to_rest(),
                StepState::Failed => !over,
                _ => false,
            })
            .filter_map(|step| step.baseline.as_ref().map(|baseline| (step, baseline)))
    }

    /// What is known of a step that was still under way when its run was ended; none: it was not, or the run goes on.
    pub fn not_followed(&self, step: &StepRun) -> Option<&'static str> {
        let seen = step.verdict.as_ref().map(|verdict| verdict.state);
        match (&step.state, seen) {
            _ if !self.state.is_over() => None,
            (StepState::Writing, _) => Some("perhaps written: the run was ended before the answer came"),
            (StepState::Watching, Some(State::Done)) => Some("ready since the run was ended"),
            (StepState::Watching, Some(State::Failed)) => Some("not followed to the end, and failing since"),
            (StepState::Watching, Some(State::Superseded)) => Some("not followed to the end, and replaced since"),
            (StepState::Watching, _) => Some("not followed to the end"),
            _ => None,
        }
    }

    /// Whether anything of it is being written or rolls out.
    pub fn moves(&self) -> bool {
        self.steps.iter().any(|step| step.state == StepState::Writing)
            || self.watched().any(|(step, _)| step.state == StepState::Watching)
    }

    pub(super) fn abort(&mut self, now: Timestamp) -> Vec<RunCommand> {
        if self.state.is_over() {
            return Vec::new();
        }
        for step in self.steps.iter_mut().filter(|step| step.state == StepState::Waiting) {
            step.state = StepState::Skipped;
        }
        // What was tried again and still stood as before has failed, for all that this run will ever know.
        for step in self.steps.iter_mut().filter(|step| step.state == StepState::Watching && step.stands_as_before()) {
            (step.state, step.finished) = (StepState::Failed, Some(now));
            if let Some(verdict) = &mut step.verdict {
                verdict.state = State::Failed;
            }
        }
        self.give_up(now);
        self.finish(RunState::Ended, Announcement::Ended, now)
    }

    pub(super) fn finish(&mut self, state: RunState, news: Announcement, now: Timestamp) -> Vec<RunCommand> {
        self.state = state;
        self.finished = Some(now);
        if self.may_write() {
            self.hold = Hold::Released;
        }
        vec![RunCommand::Release, RunCommand::Announce(news)]
    }
}

impl StepRun {
    /// What comes of it after the run may be anybody's doing: it is shown to those who look on, and changes no end.
    pub(super) fn seen_after_the_end(&mut self, verdict: Verdict) {
        if self.state == StepState::Watching && verdict.state != State::Unknown {
            self.verdict = Some(verdict);
        }
    }

    fn stands_as_before(&self) -> bool {
        self.known.is_some() && self.verdict.as_ref().is_some_and(|verdict| verdict.evidence == self.known)
    }

    fn has_come_to_rest(&self) -> bool {
        let rests = |verdict: &Verdict| matches!(verdict.state, State::Done | State::Failed | State::Superseded);
        self.verdict.as_ref().is_some_and(rests)
    }
}
