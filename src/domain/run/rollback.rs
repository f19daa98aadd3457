//! The way back.

use super::{Run, StepState};
use crate::domain::plan::{Plan, Purpose, Step, Warning, Wave, was_failing};

/// The plan that undoes what a run has begun: exactly the previous images, in reverse order, and last those that were
/// failing before. None: it changed nothing.
///
/// The way back of a roll back leads forward again, to what was fled from: that is a deploy, and nothing that lets roll backs
/// pass lets it pass.
///
/// A step whose patch was lost on the way is undone too, whatever a later try of it met with: if it was never applied,
/// or somebody has changed it since, the test on the image keeps the way back from changing anything.
pub fn inverse(run: &Run) -> Option<Plan> {
    let undone = |step: &&Step| has_begun(run, step);
    let wave = |wave: &Wave, failing: bool| Wave {
        steps: wave
            .steps
            .iter()
            .filter(undone)
            .filter(|step| step.failing == failing)
            .map(|it| back(run, it))
            .collect(),
    };
    let reversed = || run.plan.waves.iter().rev();
    // What was failing before may fail again, which halts the way back: so it comes after all others and keeps none of them
    // on the versions that are fled from. All of it at once, that none of it waits for another that never gets well.
    let last = Wave { steps: reversed().flat_map(|it| wave(it, true).steps).collect() };
    let purpose = if leads_back(run) { Purpose::RollBack } else { Purpose::Deploy };
    let mut waves: Vec<Wave> = reversed().map(|it| wave(it, false)).collect();
    waves.retain(|wave| !wave.steps.is_empty());
    let warned = last.steps.iter().map(|step| was_failing(step, &purpose, !waves.is_empty()));
    let warnings: Vec<Warning> = warned.collect();
    waves.extend((!last.steps.is_empty()).then_some(last));
    let plan = Plan {
        env: run.plan.env.clone(),
        protected: run.plan.protected,
        purpose,
        title: run.plan.title.clone(),
        waves,
        skipped: Vec::new(),
        warnings,
        passes: crate::domain::lock::Passes::default(),
        unheld: false,
    };
    (!plan.is_empty()).then_some(plan)
}

/// Whether something may have been written. What was only followed was not changed.
pub(super) fn has_begun(run: &Run, step: &Step) -> bool {
    step.changes()
        && run.step(&step.service).is_some_and(|it| match &it.state {
            StepState::Watching | StepState::Succeeded | StepState::Failed | StepState::Writing => true,
            StepState::Refused(_) => it.lost,
            StepState::Waiting | StepState::Skipped => false,
        })
}

/// Whether putting a run back is a roll back: of anything but a roll back.
pub fn leads_back(run: &Run) -> bool {
    run.plan.purpose != Purpose::RollBack
}

fn back(run: &Run, step: &Step) -> Step {
    Step {
        failing: run.step(&step.service).is_some_and(|it| it.state == StepState::Failed || it.degraded().is_some()),
        from: step.to.clone(),
        to: step.from.clone(),
        from_version: step.to_version.clone(),
        to_version: step.from_version.clone(),
        // The order is that of the waves, turned round.
        after: Vec::new(),
        ..step.clone()
    }
}
