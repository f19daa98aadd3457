//! Watching a run: hold, try again, put back, leave.

use crate::app::effect::Effect;
use crate::app::model::{Confirm, Confirmed, Model, Overlay, Page, RunOf, RunPage};
use crate::app::overlays::plan::{open_way_back, way_back};
use crate::app::{input::LineInput, journal, runs};
use crate::domain::ids::RunId;
use crate::domain::run::{Run, RunEvent, RunState, StepRun, StepState};
use crate::domain::verdict::State;

/// The run whose page is open, of whomever.
pub fn shown(model: &Model) -> Option<&Run> {
    match &model.page {
        Some(Page::Run(RunPage { of: RunOf::Ours(id), .. })) => model.run(*id),
        Some(Page::Run(RunPage { of: RunOf::Theirs(theirs), .. })) => Some(&theirs.run),
        _ => None,
    }
}

/// The run whose page is open, where this session carries it out.
pub fn ours(model: &Model) -> Option<&Run> {
    match &model.page {
        Some(Page::Run(RunPage { of: RunOf::Ours(id), .. })) => model.run(*id),
        _ => None,
    }
}

/// Holds after the active wave, or goes on.
pub fn pause(model: &mut Model) -> Vec<Effect> {
    let Some(run) = ours(model) else { return Vec::new() };
    let (id, event) = (run.id, if run.is_held() { RunEvent::Resume } else { RunEvent::Pause });
    runs::on(model, id, event)
}

/// Tries again what failed.
pub fn retry(model: &mut Model) -> Vec<Effect> {
    let Some(id) = ours(model).map(|run| run.id) else { return Vec::new() };
    runs::on(model, id, RunEvent::Retry)
}

/// Shows the plan that puts everything back; a run that is under way is aborted when that begins.
pub fn roll_back(model: &mut Model) -> Vec<Effect> {
    if ours(model).is_none() {
        return super::others::roll_back(model);
    }
    let undone = ours(model).and_then(|run| Some((run.id, way_back(run, &model.runs, &model.world)?)));
    let Some((undone, plan)) = undone else {
        journal::notice(model, State::Blocked, "this run has changed nothing, so there is nothing to put back", "");
        return Vec::new();
    };
    open_way_back(model, plan, Some(undone), None);
    Vec::new()
}

/// Asks before the run is ended.
pub fn abort(model: &mut Model) -> Vec<Effect> {
    let Some(run) = ours(model) else { return super::others::ask_end(model) };
    let name = runs::name(&run.plan);
    let (title, question) = if run.state == RunState::Halted {
        (format!("Leave the {name} as it is"), "Leave it?")
    } else {
        (format!("Abort the {name}"), "Begin nothing more?")
    };
    let confirm = Confirm {
        title,
        lines: what_remains(run),
        question: question.to_owned(),
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
        let Overlay::Confirm(Confirm { lines, then, .. }) = overlay else { continue };
        let run = match then {
            Confirmed::AbortRun(id) => runs.iter().find(|run| run.id == *id),
            Confirmed::Quit => runs.iter().rev().find(|run| !run.state.is_over()),
            _ => None,
        };
        if let Some(run) = run {
            *lines = what_remains(run);
        }
    }
}

/// What goes on without shipdeck and what does not, each with its services.
pub fn what_remains(run: &Run) -> Vec<String> {
    type Kind = (&'static str, fn(&StepRun) -> bool);
    let kinds: [Kind; 6] = [
        ("rolling out, Kubernetes goes on", |it| matches!(it.state, StepState::Writing | StepState::Watching)),
        ("waiting, will not begin", |it| matches!(it.state, StepState::Waiting | StepState::Skipped)),
        ("done, stays as it is", |it| it.state == StepState::Succeeded),
        ("failed, stays as it is", |it| it.state == StepState::Failed),
        ("refused, is unchanged", |it| matches!(it.state, StepState::Refused(_)) && !it.lost),
        ("perhaps written, look at what runs", |it| matches!(it.state, StepState::Refused(_)) && it.lost),
    ];
    let line = |(what, is): Kind| {
        let names: Vec<&str> = run.steps.iter().filter(|it| is(it)).map(|it| it.service.as_str()).collect();
        (!names.is_empty()).then(|| format!("{} {what}: {}", names.len(), names.join(", ")))
    };
    kinds.into_iter().filter_map(line).collect()
}

/// Ends the run.
pub fn aborted(model: &mut Model, run: RunId) -> Vec<Effect> {
    runs::on(model, run, RunEvent::Abort)
}
