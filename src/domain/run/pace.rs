//! How long things take: what this session saw itself, and whether a step is slower than usual.

use jiff::{SignedDuration, Timestamp};

use super::{Run, RunState, StepRun, StepState};
use crate::domain::plan::Plan;

/// By less than this nothing is slower: pods come and go in seconds.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// Puts into a plan how long its steps took the last time in these runs, which is better known than what clusters say.
pub fn learn(plan: &mut Plan, runs: &[Run]) {
    for step in plan.waves.iter_mut().flat_map(|wave| &mut wave.steps) {
        let here = runs.iter().rev().filter(|run| run.plan.env == plan.env);
        let took = here.filter_map(|run| run.step(&step.service)).find_map(StepRun::took);
        step.estimate = took.or(step.estimate);
    }
}

impl StepRun {
    /// How long it took, if it succeeded.
    fn took(&self) -> Option<SignedDuration> {
        let (started, finished) = self.started.zip(self.finished).filter(|_| self.state == StepState::Succeeded)?;
        Some(finished.duration_since(started))
    }
}

impl Run {
    /// Until when its time counts: a run that is over, or has halted with nothing under way, takes no longer by the hour.
    pub fn clock(&self, now: Timestamp) -> Timestamp {
        let moves = |step: &StepRun| matches!(step.state, StepState::Writing | StepState::Watching);
        let rests = self.state == RunState::Halted && !self.steps.iter().any(moves);
        let last = || self.steps.iter().filter_map(|step| step.finished).max().filter(|_| rests);
        self.finished.or_else(last).unwrap_or(now)
    }

    /// How long a step takes as a rule, where it has been under way for more than twice that.
    pub fn slower_than(&self, step: &StepRun, now: Timestamp) -> Option<SignedDuration> {
        let usual = self.planned(&step.service)?.estimate?;
        let since = step.started.filter(|_| step.state == StepState::Watching)?;
        (now.duration_since(since) > (usual * 2).max(usual + MARGIN)).then_some(usual)
    }
}
