//! The way back.

use super::{Run, StepState};
use crate::domain::plan::{Plan, Purpose, Step, Wave};

/// The plan that undoes what a run has begun: exactly the previous images, in reverse order. None: it changed nothing.
///
/// A step whose patch was lost on the way is undone too, whatever a later try of it met with: if it was never applied,
/// or somebody has changed it since, the test on the image keeps the way back from changing anything.
pub fn inverse(run: &Run) -> Option<Plan> {
    let begun = |step: &Step| {
        // What was only followed was not changed.
        step.changes()
            && run.step(&step.service).is_some_and(|it| match &it.state {
                StepState::Watching | StepState::Succeeded | StepState::Failed | StepState::Writing => true,
                StepState::Refused(_) => it.lost,
                StepState::Waiting | StepState::Skipped => false,
            })
    };
    let waves: Vec<Wave> = run
        .plan
        .waves
        .iter()
        .rev()
        .map(|wave| Wave { steps: wave.steps.iter().filter(|step| begun(step)).map(back).collect() })
        .filter(|wave: &Wave| !wave.steps.is_empty())
        .collect();
    let plan = Plan {
        env: run.plan.env.clone(),
        protected: run.plan.protected,
        purpose: Purpose::RollBack,
        title: run.plan.title.clone(),
        waves,
        skipped: Vec::new(),
        warnings: Vec::new(),
        passes: crate::domain::lock::Passes::default(),
    };
    (!plan.is_empty()).then_some(plan)
}

fn back(step: &Step) -> Step {
    Step {
        from: step.to.clone(),
        to: step.from.clone(),
        from_version: step.to_version.clone(),
        to_version: step.from_version.clone(),
        // The order is that of the waves, turned round.
        after: Vec::new(),
        ..step.clone()
    }
}
