//! Watching a run: hold, try again, put back, leave.

use crate::app::effect::Effect;
use crate::app::model::{Confirm, Confirmed, Model, Overlay, Page, PlanReview};
use crate::app::{input::LineInput, journal, runs};
use crate::domain::ids::RunId;
use crate::domain::plan::{Purpose, Request, Wanted};
use crate::domain::run::{self, Run, RunEvent};
use crate::domain::verdict::State;

/// The run whose page is open.
pub fn shown(model: &Model) -> Option<&Run> {
    match &model.page {
        Some(Page::Run(page)) => model.run(page.run),
        _ => None,
    }
}

/// Holds after the active wave, or goes on.
pub fn pause(model: &mut Model) -> Vec<Effect> {
    let Some(run) = shown(model) else { return Vec::new() };
    let (id, event) = (run.id, if run.is_held() { RunEvent::Resume } else { RunEvent::Pause });
    runs::on(model, id, event)
}

/// Tries again what failed.
pub fn retry(model: &mut Model) -> Vec<Effect> {
    let Some(id) = shown(model).map(|run| run.id) else { return Vec::new() };
    runs::on(model, id, RunEvent::Retry)
}

/// Shows the plan that puts everything back.
pub fn roll_back(model: &mut Model) -> Vec<Effect> {
    let Some(mut plan) = shown(model).and_then(run::inverse) else {
        journal::notice(model, State::Blocked, "this run has changed nothing, so there is nothing to put back", "");
        return Vec::new();
    };
    run::learn(&mut plan, &model.runs);
    let image = |text: &str| text.parse().ok().map(Wanted::Image);
    let services = plan.steps().filter_map(|step| Some((step.service.clone(), image(&step.to)?))).collect();
    let request = Request { env: plan.env.clone(), purpose: Purpose::RollBack, title: plan.title.clone(), services };
    model.overlays.push(Overlay::Plan(PlanReview {
        request,
        plan,
        confirm: LineInput::default(),
        selected: 0,
        scroll: 0,
        form: None,
        warnings: Vec::new(),
    }));
    Vec::new()
}

/// Asks before the run is ended.
pub fn abort(model: &mut Model) -> Vec<Effect> {
    let Some(run) = shown(model) else { return Vec::new() };
    let lines = what_remains(run);
    let confirm = Confirm {
        title: format!("Abort the {}", runs::name(&run.plan)),
        lines,
        question: "Begin nothing more?".to_owned(),
        word: None,
        typed: LineInput::default(),
        then: Confirmed::AbortRun(run.id),
        scroll: 0,
    };
    model.overlays.push(Overlay::Confirm(confirm));
    Vec::new()
}

/// The question whether to abort tells how the run stands now, not how it stood when it was asked.
pub fn retell(model: &mut Model) {
    let Model { overlays, runs, .. } = model;
    for overlay in overlays {
        if let Overlay::Confirm(Confirm { lines, then: Confirmed::AbortRun(id), .. }) = overlay
            && let Some(run) = runs.iter().find(|run| run.id == *id)
        {
            *lines = what_remains(run);
        }
    }
}

/// What goes on without shipdeck, and what does not.
pub fn what_remains(run: &Run) -> Vec<String> {
    use crate::domain::run::StepState;
    let count = |wanted: fn(&StepState) -> bool| run.steps.iter().filter(|step| wanted(&step.state)).count();
    let begun = count(|state| matches!(state, StepState::Writing | StepState::Watching));
    let waiting = count(|state| matches!(state, StepState::Waiting));
    vec![
        format!("{begun} rolling out: Kubernetes goes on with them"),
        format!("{waiting} waiting: they will not begin"),
        format!("{} done: they stay as they are", run.succeeded()),
    ]
}

/// Ends the run.
pub fn aborted(model: &mut Model, run: RunId) -> Vec<Effect> {
    runs::on(model, run, RunEvent::Abort)
}
